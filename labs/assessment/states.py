"""The states of a graded attempt and the moves between them. A move is one conditional UPDATE of exactly one row."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Standing(models.TextChoices):
    """Where a graded attempt stands.

    TRAINING: the server trains the recipe anew. OPEN: trained and measured; its questions wait for answers.
    GRADED: answered and scored, for good. VOID: its run ended without a model, so there is nothing to score.
    """

    TRAINING = "training", _("training")
    OPEN = "open", _("questions to answer")
    GRADED = "graded", _("graded")
    VOID = "void", _("no score")


STANDING_MOVES: dict[Standing, frozenset[Standing]] = {
    Standing.TRAINING: frozenset({Standing.OPEN, Standing.VOID}),
    Standing.OPEN: frozenset({Standing.GRADED}),
    Standing.GRADED: frozenset(),
    Standing.VOID: frozenset(),
}

UNFINISHED = (Standing.TRAINING, Standing.OPEN)
"""A learner has at most one such attempt a lab."""


def standing_choices() -> list[tuple[str, str]]:
    """A callable, so that another state needs no migration."""
    return [(state.value, str(state.label)) for state in Standing]
