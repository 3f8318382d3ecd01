"""Sentences that the sections on tokens, the map and the gradients fill. Called by `labs.inside.words`."""

from __future__ import annotations

from django.utils.translation import gettext as _


def token_words() -> dict[str, dict[str, str]]:
    """By section."""
    return {"next": _next(), "surprise": _surprise(), "map": _map(), "layers": _layers(), "gradients": _gradients()}


def _next() -> dict[str, str]:
    return {
        "greedy": _("0, always the likeliest"),
        "all": _("all tokens"),
        "truth": _("in the text"),
        "kept": _("kept"),
        "out": _("left out"),
        "others": _("%(count)s more tokens share %(share)s."),
        "reading": _("%(kept)s of %(all)s tokens can be drawn; a draw surprises by %(bits)s bits on average."),
        "dice": _("The dice shows %(number)s. It falls on %(token)s, which holds the stretch from %(from)s to %(to)s."),
        "undrawn": _("Draw: a number from 0 to 1 chooses the token on whose stretch it falls."),
        "no_piece": _("This token is only a part of a character, or no text: it cannot be accepted alone."),
        "no_text": _("This model does not go on with a text, so there is nothing to accept."),
    }


def _surprise() -> dict[str, str]:
    return {
        "surprise": _("%(token)s: %(bits)s bits. The model gave it %(chance)s; it was number %(rank)s of its guesses."),
        "unmeasured": _("%(token)s: not measured, nothing came before it."),
        "too_little": _("Nothing to measure: the first token has nothing before it. Write one more."),
    }


def _map() -> dict[str, str]:
    return {
        "step": _("step %(step)s"),
        "play": _("Play"),
        "pause": _("Pause"),
        "explained": _(
            "%(count)s tokens; the two directions carry %(one)s and %(two)s of all differences at the last step."
        ),
        "point": _("%(token)s at step %(step)s. Click or Enter lists its neighbours."),
        "point_class": _("%(token)s, of the class “%(class)s”, at step %(step)s. Click or Enter lists its neighbours."),
        "near": _("Nearest to %(token)s, step %(step)s"),
        "nearest": _("%(token)s at step %(step)s: its nearest neighbour is %(near)s, cosine %(cosine)s."),
        "purity": _(
            "Of each word's five nearest words %(share)s are of its class (between %(low)s and %(high)s); "
            "by chance it would be %(chance)s."
        ),
        "unwritable": _("This token cannot be written as text, so its neighbours cannot be asked for."),
    }


def _layers() -> dict[str, str]:
    return {
        "reading": _(
            "At step %(step)s the gradient is largest in “%(most)s” (%(most_norm)s) and smallest in “%(least)s” "
            "(%(least_norm)s)."
        ),
        "step": _("step %(step)s"),
        "axis": _("step"),
    }


def _gradients() -> dict[str, str]:
    return {
        "input": _("Input"),
        "layer": _("After layer %(layer)s"),
        "source": _("Source"),
        "reach": _(
            "To say “%(answer)s” (loss %(loss)s nats) learning reaches back %(count)s places: further away its "
            "gradient at the input is below a hundredth of its largest."
        ),
        "here": _(
            "To say “%(answer)s” (loss %(loss)s nats) learning reaches the last place alone: everywhere else its "
            "gradient at the input is below a hundredth of its largest."
        ),
        "cell": _("“%(token)s” (%(place)s), %(layer)s: gradient %(norm)s, %(share)s of the largest."),
        "nothing": _("No gradient flows: the loss of this answer does not depend on the text."),
    }
