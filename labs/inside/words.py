"""Sentences that the scripts of the page "Inside" fill. Called by its view."""

from __future__ import annotations

from django.utils.translation import gettext as _


def page_words() -> dict[str, dict[str, str]]:
    """By section; `page` is for all of them."""
    return {"page": _page(), "attention": _attention(), "ablation": _ablation(), "lens": _lens()}


def _page() -> dict[str, str]:
    return {
        "failed": _("No answer came from the portal."),
        "again": _("Try again"),
        "late": _("The answer took too long."),
        "unknown": _("The model's vocabulary lacks %(unknown)s; it reads the rest."),
        "left_out": _("%(count)s tokens do not fit and are left out."),
        "finished_at": _("step %(step)s, finished"),
        "step": _("step %(step)s"),
    }


def _attention() -> dict[str, str]:
    return {
        "self": _("The text looks at itself"),
        "cross": _("The target looks at the source"),
        "source": _("The source looks at itself"),
        "layer": _("Layer %(layer)s"),
        "head": _("Layer %(layer)s, head %(head)s"),
        "card": _("Layer %(layer)s, head %(head)s: open its three stages"),
        "card_loss": _(
            "Layer %(layer)s, head %(head)s: open its three stages. Without it the loss changes by %(change)s"
        ),
        "point": _("Point at a disc, or focus a grid and use the arrow keys."),
        "reading": _(
            "“%(query)s” (%(row)s) looks at “%(key)s” (%(column)s): score %(score)s, scaled %(scaled)s, "
            "share %(share)s."
        ),
        "masked": _(
            "“%(query)s” (%(row)s) may not look at “%(key)s” (%(column)s): it comes later. Score %(score)s, masked."
        ),
        "sum": _(
            "This head gives on average %(own)s %% to the token itself, %(before)s %% to the one before "
            "and %(first)s %% to the first."
        ),
        "sum_cross": _("The token that gets most of this head's attention is “%(key)s”: %(share)s %% on average."),
        "worth": _(
            "Without layer %(layer)s, head %(head)s the held-out loss changes by %(change)s, more than "
            "without any other."
        ),
    }


def _ablation() -> dict[str, str]:
    return {
        "attention": _("Layer %(layer)s, all heads"),
        "head": _("Layer %(layer)s, head %(head)s"),
        "cross": _("Layer %(layer)s, look at the source"),
        "cross_head": _("Layer %(layer)s, look at the source, head %(head)s"),
        "feed_forward": _("Layer %(layer)s, feed-forward"),
        "source": _("Encoder"),
        "target": _("Decoder"),
        "whole": _("All parts are on: held-out loss %(loss)s."),
        "off": _(
            "Loss %(before)s → %(after)s: a change of %(change)s nats a token, 95 %% interval %(low)s to %(high)s."
        ),
        "most": _("The single part that matters most: %(part)s, %(change)s."),
        "units": _("Measured on %(count)s held-out pieces."),
    }


def _lens() -> dict[str, str]:
    return {
        "input": _("Input"),
        "layer": _("After layer %(layer)s"),
        "token": _("Token"),
        "whole": _("whole text"),
        "truth": _("What follows"),
        "right": _("%(layer)s: right at %(count)s of %(all)s places."),
        "cell": _("%(share)s %%"),
        "rank": _("right answer at rank %(rank)s"),
    }
