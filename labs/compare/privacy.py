"""Which runs learnt from a private text, also at second hand. Called before somebody else sees what a run wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q

from labs.models import Run

GENERATIONS = 8
"""How far back a model's origin is followed; one from further back counts as private."""


def is_private(run: Run) -> bool:
    """Whether a run learnt from its owner's own text itself."""
    return _own_text(run.spec)


def private_ids(runs: Sequence[Run]) -> set[int]:
    """Those of `runs` that learnt from a private text, or whose weights come from a run that did or is not there any
    more. No query for runs that began with new weights, else one a generation.
    """
    private = {run.pk for run in runs if is_private(run)}
    origins = {run.pk: _origins(run.spec, run.parent_id) for run in runs if run.pk not in private}
    for _generation in range(GENERATIONS):
        origins = {pk: keys for pk, keys in origins.items() if keys}
        if not origins:
            return private
        known = _known(set().union(*origins.values()))
        for pk, keys in list(origins.items()):
            if any(key not in known or known[key][0] for key in keys):
                private.add(pk)
                del origins[pk]
            else:
                origins[pk] = set().union(*(known[key][1] for key in keys))
    return private | origins.keys()


def _own_text(spec: Any) -> bool:
    return str(spec.get("corpus", "")).startswith("sha256:")


def _origins(spec: Any, parent: int | None) -> set[str | int]:
    """Where a run's first weights come from: a model's hash, or the run that it goes on from."""
    return {key for key in (spec.get("base"), parent) if key}


def _known(keys: Iterable[str | int]) -> dict[str | int, tuple[bool, set[str | int]]]:
    """Whether each origin learnt from a private text, and its own origins."""
    wanted = list(keys)
    hashes = [key for key in wanted if isinstance(key, str)]
    rows = Run.objects.filter(
        Q(pk__in=[key for key in wanted if isinstance(key, int)]) | Q(info__weights__in=hashes)
    ).values_list("pk", "info__weights", "spec", "parent_id")
    found: dict[str | int, tuple[bool, set[str | int]]] = {}
    for pk, weights, spec, parent in rows:
        for key in (pk, weights):
            if key:
                before = found.get(key, (False, set()))
                found[key] = (before[0] or _own_text(spec), before[1] | _origins(spec, parent))
    return found
