"""Sentences that the scripts of the page "Inside" fill. Called by its view."""

from __future__ import annotations

from django.utils.translation import gettext as _

from labs.inside.token_words import token_words
from portal.lib.words import gap


def page_words() -> dict[str, dict[str, str]]:
    """By section; `page` is for all of them."""
    own = {
        "page": _page(),
        "attention": _attention(),
        "alignment": _alignment(),
        "ablation": _ablation(),
        "lens": _lens(),
    }
    return own | token_words()


def _page() -> dict[str, str]:
    return {
        "failed": _("No answer came from the portal."),
        "again": _("Try again"),
        "late": _("The answer took too long."),
        "gap": gap(),
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
            "This head gives on average %(own)s to the token itself, %(before)s to the one before "
            "and %(first)s to the first."
        ),
        "sum_cross": _("The token that gets most of this head's attention is “%(key)s”: %(share)s on average."),
        "worth": _(
            "Without layer %(layer)s, head %(head)s the held-out loss changes by %(change)s, more than "
            "without any other."
        ),
    }


def _alignment() -> dict[str, str]:
    return {
        "point": _("Point at a disc, or focus the picture and use the arrow keys."),
        "reading": _("When it wrote “%(target)s”, it gave “%(source)s” %(share)s of its attention to the source."),
        "pair": _("“%(target)s” from “%(source)s”"),
    }


def _ablation() -> dict[str, str]:
    return {
        "attention": _("All heads"),
        "cross": _("Look at the source"),
        "feed_forward": _("Feed-forward"),
        "positions": _("Positions"),
        "model": _("Whole model"),
        "head": _("Head %(head)s"),
        "layer": _("Layer %(layer)s"),
        "source": _("Encoder, layer %(layer)s"),
        "target": _("Decoder, layer %(layer)s"),
        "named": _("%(layer)s, %(part)s"),
        "whole": _("All parts are on: held-out loss %(loss)s, measured on %(count)s held-out pieces."),
        "off": _(
            "Off: %(parts)s. The held-out loss goes from %(before)s to %(after)s: %(change)s, "
            "%(level)s interval %(low)s to %(high)s."
        ),
        "harm": _("Without %(part)s the held-out loss falls, by %(change)s: there this part does harm."),
        "most": _("The part that matters most alone: %(part)s, %(change)s."),
    }


def _lens() -> dict[str, str]:
    return {
        "input": _("Input"),
        "layer": _("After layer %(layer)s"),
        "whole": _("whole text"),
        "truth": _("The text itself"),
        "right": _("Right at so many of %(all)s places: %(counts)s."),
        "count": _("%(name)s %(count)s"),
        "reading": _("After “%(token)s”, %(layer)s: %(guesses)s."),
        "guess": _("“%(name)s” %(share)s"),
        "rank": _("What follows in the text, “%(name)s”, is at rank %(rank)s with %(share)s."),
    }
