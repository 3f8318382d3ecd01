"""What the page "Inside" reads of a run and of questions about it. Every function takes the person."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404

from labs import results
from labs.inside import questions
from labs.inside.models import Probe
from labs.models import Run
from labs.runner import run_dir
from labs.states import State

SHOWN = 24
"""Characters of the text that the page begins with."""


def run_get(user: Any, run_id: int) -> Run:
    """One's own run, without its curve. Raises Http404 for any other. One query."""
    return get_object_or_404(Run.objects.for_user(user).defer("curve", "info"), pk=run_id)


def probe_get(user: Any, probe_id: int) -> Probe:
    """A question about one's own run. Raises Http404 for any other. One query."""
    return get_object_or_404(Probe.objects.for_user(user), pk=probe_id)


def steps(run: Run) -> list[int]:
    """Steps whose weights were kept, ascending: read from the files, which are the truth."""
    return sorted(int(path.stem) for path in (run_dir(run) / "snapshots").glob("*.safetensors") if path.stem.isdigit())


def nearest(known: list[int], step: int) -> int:
    """The place of the kept step nearest to this one; the last for a step that is none."""
    if step < 0 or not known:
        return max(0, len(known) - 1)
    return min(range(len(known)), key=lambda place: abs(known[place] - step))


def has_model(run: Run) -> bool:
    """Whether the run has left a finished model."""
    return run.state == State.FINISHED and (run_dir(run) / "model").is_dir()


def can_look(run: Run) -> bool:
    """Whether there is anything to look into."""
    return has_model(run) or bool(steps(run))


def first_text(run: Run) -> str:
    """What the page lets the model read first: a prompt and how the model itself went on, or a held-out example."""
    prompt = results.first_prompt(run)
    if not results.is_text(run) or run.spec.get("task", "language") != "language":
        return prompt
    written = next((str(sample["text"]) for sample in reversed(run.samples) if sample["prompt"] == prompt), "")
    return (prompt + written)[:SHOWN]


def facts(run: Run) -> dict[str, Any]:
    """What the page's script needs to know of a run."""
    known = steps(run)
    return {
        "run": run.pk,
        "steps": known,
        "finished": has_model(run),
        "task": run.spec.get("task", "language"),
        "family": run.spec.get("family", "gpt"),
        "layers": run.spec["n_layers"],
        "heads": run.spec["n_heads"],
        "context": run.spec["context"],
        "asks": sorted(questions.asks(run.spec)),
        "text": first_text(run),
    }
