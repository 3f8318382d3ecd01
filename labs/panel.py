"""Joins a link or a form to what this learner can choose: corpora that suit the task, their own models. For views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labs import selectors
from labs.forms import Recipe
from labs.lab import Lab


def recipe_for(user: Any, lab: Lab, given: Mapping[str, str]) -> Recipe:
    """The recipe with its choices. One to three queries."""
    recipe = Recipe(lab, given)
    if wanted := recipe.chosen.base:
        recipe.defaults = {"base": selectors.newest_base(user, lab, wanted)}
    if any(preset.base for preset in lab.presets):
        recipe.bases = selectors.bases(user, lab.slug)
    recipe.corpora = selectors.corpora(user, lab, recipe.values["task"])
    return recipe
