"""Trains each lab's presets once, so that they are replayed from the first day on. Called by `labs.tasks.warm`, and by
`manage.py warm_presets` for all at once.

The runs belong to the house: an account that nobody can sign in to and no report counts. One is queued only while
nobody's run waits or goes; afterwards it takes turns like any other. The reaper wakes a worker for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from labs import costs, selectors
from labs.branches import cache
from labs.catalogue import LABS
from labs.models import Run
from labs.states import State
from trainer.spec import RunSpec

HOUSE = "presets@gradus.invalid"
UNSOUND = (State.CANCELLED, State.WORKER_LOST)
"""Endings that say nothing about the recipe: it is tried again."""


def house() -> Any:
    """The account whose runs the presets' are. One or two queries."""
    users: Any = get_user_model().objects
    found = users.filter(email=HOUSE).first()
    if found is None:
        found = users.create_user(HOUSE, None, display_name="Gradus", is_active=False, is_learner=False)
    return found


def recipes() -> Iterator[tuple[str, RunSpec]]:
    """Lab and recipe of every preset that starts from nothing, first presets first: they are what most people run."""
    presets = [(place, slug, preset) for slug, lab in LABS.items() for place, preset in enumerate(lab.presets)]
    for _place, slug, preset in sorted(presets, key=lambda found: found[0]):
        if preset.spec.tuning == "scratch" and not preset.base:
            yield slug, selectors.recipe(slug, {}, preset.name)


def cold() -> Iterator[tuple[str, RunSpec, str]]:
    """Lab, recipe and key of the presets that have neither been trained nor been tried. Two queries."""
    runs = Run.objects.exclude(recipe_key="")
    known = set(runs.filter(state=State.FINISHED).values_list("recipe_key", flat=True))
    known |= set(runs.filter(owner__email=HOUSE).exclude(state__in=UNSOUND).values_list("recipe_key", flat=True))
    for slug, spec in recipes():
        facts = selectors.corpus_facts(None, spec.corpus)
        key = cache.recipe_key(spec, facts.data_hash) if facts else ""
        if key and key not in known:
            known.add(key)  # the same recipe in two labs is one run
            yield slug, spec, key


def warm_next() -> Run | None:
    """Queue one preset if nobody's run waits or goes; None where somebody's does, or none is left. Idempotent."""
    if Run.objects.active().exists():
        return None
    found = next(cold(), None)
    return queue_preset(*found) if found else None


def queue_preset(slug: str, spec: RunSpec, key: str) -> Run:
    """The house's run of a preset; the same one again while it is neither cancelled nor lost."""
    owner, facts = house(), selectors.corpus_facts(None, spec.corpus)
    assert facts is not None  # only built-in data have a key
    vocab = facts.vocab_size(spec)
    with transaction.atomic():
        tried = Run.objects.filter(owner=owner, recipe_key=key, state__in=UNSOUND).count()
        run, _made = Run.objects.get_or_create(
            owner=owner,
            idempotency_key=f"{key[:48]}-{tried}",
            defaults={
                "lab": slug,
                "spec": spec.to_dict(),
                "data_hash": facts.data_hash,
                "params": costs.parameters(spec, vocab),
                "steps": spec.steps,
                "recipe_key": key,
                **costs.load(spec, vocab),
            },
        )
    return run
