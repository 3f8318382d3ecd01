"""What pages, API and courses read of the labs. Every function takes the person and enforces what they may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from statistics import median
from typing import Any

from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from labs import channel, wording
from labs.catalogue import LABS
from labs.curves import Ledger
from labs.models import Generation, GenerationQuerySet, LabRecord, Run, RunQuerySet, Upload, UploadQuerySet
from labs.states import State
from trainer.corpora import CORPORA, character_vocab_size, corpus_text, text_hash
from trainer.spec import RunSpec, SpecError

FLOPS_PER_SECOND = 2.0e10
"""What one thread does before any run has been measured; about right for a current laptop core."""
OVERHEAD_S = 1.0
"""Held-out loss, samples and start of a run, seconds."""
MEASURED_RUNS = 20


TAGS: dict[str, tuple[str, str]] = {
    State.QUEUED: ("", "hourglass"),
    State.RUNNING: ("live", "play"),
    State.FINISHED: ("good", "check"),
    State.CANCELLED: ("", "stop"),
    State.DIVERGED: ("bad", "warning"),
    State.OUT_OF_TIME: ("warn", "clock"),
    State.OUT_OF_MEMORY: ("warn", "warning"),
    State.WORKER_LOST: ("warn", "offline"),
    State.REFUSED: ("bad", "close"),
}
"""Class and icon of the tag that says where a run stands."""


@dataclass(frozen=True, kw_only=True)
class CorpusFacts:
    """What a recipe needs to know of a text before it is trained on."""

    value: str
    title: str
    characters: int
    distinct: int
    data_hash: str

    def vocab_size(self, spec: RunSpec) -> int:
        """Tokens in the vocabulary that `spec` makes of this text."""
        return self.distinct if spec.tokenizer == "characters" else spec.vocab_size


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a recipe costs, or what is wrong with it. Seconds are None while it is wrong."""

    params: int | None = None
    steps: int | None = None
    seconds: float | None = None
    queue_ahead: int = 0
    wait_seconds: float | None = None
    fields: dict[str, str] = field(default_factory=dict)


def run_get(user: Any, run_id: int) -> Run:
    """One's own run. Raises Http404 for any other. One query."""
    return get_object_or_404(Run.objects.for_user(user), pk=run_id)


def live_run(user: Any, run_id: int) -> Run:
    """One's own run, its curve and samples brought up to this moment. Raises Http404. One query, one Redis read."""
    run = run_get(user, run_id)
    if not run.ended:
        ledger, _state = channel.replay(Ledger.stored(run.curve, run.samples, run.info), channel.read(run.pk))
        for name, value in ledger.columns().items():
            setattr(run, name, value)
    elif not run.curve:
        run.curve = Ledger().curve
    return run


def run_list(user: Any) -> RunQuerySet:
    """One's own runs, newest first, without what is large."""
    return Run.objects.for_user(user).defer("curve", "samples", "info")


def upload_get(user: Any, upload_id: int) -> Upload:
    """One's own upload. Raises Http404 for any other. One query."""
    return get_object_or_404(Upload.objects.for_user(user), pk=upload_id)


def uploads(user: Any) -> UploadQuerySet:
    """One's own uploads, newest first."""
    return Upload.objects.for_user(user)


def generations(user: Any, run_id: int) -> GenerationQuerySet:
    """Texts of one's own run, newest first."""
    return Generation.objects.for_user(user).filter(run_id=run_id)


def corpora(user: Any) -> list[tuple[str, str]]:
    """Texts to train on, as (value, label): built-in ones, then one's own. One query."""
    built_in = [(name, str(title)) for name, title in wording.CORPUS.items()]
    return built_in + [(upload.corpus, upload.name) for upload in uploads(user)]


def corpus_facts(user: Any, value: str) -> CorpusFacts | None:
    """Facts of a built-in text or of one's own upload; None for anything else. At most one query."""
    if value in wording.CORPUS:
        return _built_in(value)
    upload = uploads(user).filter(sha256=value.removeprefix("sha256:")).first() if value.startswith("sha256:") else None
    if upload is None:
        return None
    return CorpusFacts(
        value=value,
        title=upload.name,
        characters=upload.characters,
        distinct=upload.vocab_size,
        data_hash=upload.sha256,
    )


@cache
def _built_in(name: str) -> CorpusFacts:
    text = corpus_text(name)
    return CorpusFacts(
        value=name,
        title=CORPORA[name].title,
        characters=len(text),
        distinct=character_vocab_size(text),
        data_hash=text_hash(text),
    )


def recipe(lab: str, values: Mapping[str, Any]) -> RunSpec:
    """A lab's preset with `values` over it and the portal's number of threads. Raises SpecError."""
    preset = LABS[lab].preset.to_dict() | {"threads": settings.LAB_THREADS}
    allowed = {name: value for name, value in values.items() if name != "threads"}
    return RunSpec.parse(preset | allowed)


def estimate(user: Any, lab: str, values: Mapping[str, Any]) -> Estimate:
    """Parameters, seconds and place in the queue of a recipe, or every wrong field. Three to five queries."""
    try:
        spec = recipe(lab, values)
    except SpecError as error:
        return Estimate(fields=wording.spec_fields(error))
    facts = corpus_facts(user, spec.corpus)
    if facts is None:
        return Estimate(fields={"corpus": str(wording.SPEC["unknown_corpus"])})
    vocab = facts.vocab_size(spec)
    ahead, wait = _wait(Run.objects.queued())
    return Estimate(
        params=spec.parameter_count(vocab),
        steps=spec.steps,
        seconds=spec.flops(vocab) / speed() + OVERHEAD_S,
        queue_ahead=ahead,
        wait_seconds=wait,
    )


def queue_place(run: Run) -> tuple[int, float | None]:
    """Runs ahead of a waiting one, and about how many seconds until its turn. Three queries."""
    if run.state != State.QUEUED:
        return 0, None
    return _wait(Run.objects.queued().filter(queued_at__lt=run.queued_at).exclude(pk=run.pk))


def _wait(queued: RunQuerySet) -> tuple[int, float]:
    """How many of `queued` there are and when a slot is free after them and the running ones, seconds."""
    rate = speed()
    waiting = [_run_seconds(run, rate) for run in queued.only("spec", "params")]
    running = [_run_seconds(run, rate) * (1 - run.step / max(1, run.steps)) for run in _running()]
    slots = settings.LAB_SLOTS
    if not waiting and len(running) < slots:
        return 0, 0.0
    return len(waiting), (sum(waiting) + sum(running)) / slots


def _running() -> RunQuerySet:
    return Run.objects.running().only("spec", "params", "step", "steps")


def _run_seconds(run: Run, rate: float) -> float:
    spec = RunSpec.stored(run.spec)
    hidden = 12 * spec.n_layers * spec.d_model**2
    vocab = max(1, (run.params - hidden) // (2 * spec.d_model))
    return spec.flops(vocab) / rate + OVERHEAD_S


def speed() -> float:
    """Floating-point operations a second of one run, measured on the latest finished ones. One query."""
    rates = []
    for run in Run.objects.filter(state=State.FINISHED).only("spec", "params", "result")[:MEASURED_RUNS]:
        if seconds := run.result.get("seconds"):
            rates.append((_run_seconds(run, 1.0) - OVERHEAD_S) / seconds)
    return median(rates) if rates else FLOPS_PER_SECOND


def snapshot(run: Run) -> dict[str, Any]:
    """Everything a page needs to draw a run: the first message of its stream, and the page's own data."""
    ahead, wait = queue_place(run)
    return {
        "run": {
            "id": run.pk,
            "lab": run.lab,
            "state": run.state,
            "step": run.step,
            "steps": run.steps,
            "params": run.params,
            "attempt": run.attempt,
            "ended": run.ended,
            "prediction": run.prediction,
            "held_out": run.held_out,
            "ahead": ahead,
            "wait_seconds": wait,
        },
        "curve": run.curve,
        "samples": run.samples,
        "info": run.info,
        "result": run.result,
    }


def recent_runs(user: Any, number: int) -> list[dict[str, Any]]:
    """A few latest runs for the learner's home. One query."""
    return [run_row(run) for run in run_list(user)[:number]]


def run_row(run: Run) -> dict[str, Any]:
    """One run as a table shows it."""
    kind, icon = TAGS[run.state]
    return {
        "kind": kind,
        "icon": icon,
        "seed": run.spec.get("seed"),
        "id": run.pk,
        "url": reverse("run", args=[run.pk]),
        "lab": LABS[run.lab].title if run.lab in LABS else run.lab,
        "recipe": recipe_line(run.spec),
        "sparkline": sparkline(run.spark),
        "held_out": run.held_out,
        "prediction": run.prediction,
        "bits_per_byte": run.bits_per_byte,
        "state": run.state,
        "state_label": State(run.state).label,
        "percent": round(100 * run.step / max(1, run.steps)),
        "step": run.result.get("step", run.step),
        "when": run.finished_at or run.started_at or run.created_at,
    }


def recipe_line(spec: Mapping[str, Any]) -> str:
    """A recipe in a few signs: layers × width, optimiser, rate."""
    name = {"muon": "Muon", "adamw": "AdamW"}.get(spec["optimizer"], spec["optimizer"])
    return f"{spec['n_layers']}×{spec['d_model']} · {name} {spec['learning_rate']:g}"


def sparkline(losses: list[float], width: float = 96, height: float = 24) -> str:
    """An SVG path of a curve in a box of `width` × `height`, two units of margin; empty below two points."""
    if len(losses) < 2:
        return ""
    low, high = min(losses), max(losses)
    scale = (height - 4) / ((high - low) or 1)
    step = (width - 4) / (len(losses) - 1)
    points = (f"{2 + index * step:.1f} {2 + (high - loss) * scale:.1f}" for index, loss in enumerate(losses))
    return "M" + "L".join(points)


def lab_slugs() -> frozenset[str]:
    """Names that a chapter may refer to."""
    return frozenset(LABS)


def labs_reached(user: Any) -> dict[str, dict[str, Any]]:
    """Labs whose goal this learner has reached, with what they reached. One query."""
    records = LabRecord.objects.filter(user_id=user.pk, reached_at__isnull=False)
    return {record.lab: record.best | {"run": record.run_id} for record in records}


def lab_card(user: Any, slug: str) -> dict[str, Any]:
    """A lab as chapters and lists show it. Raises Http404. Two queries."""
    if slug not in LABS:
        raise Http404(slug)
    lab = LABS[slug]
    record = LabRecord.objects.filter(user_id=user.pk, lab=slug).first()
    facts = corpus_facts(user, lab.preset.corpus)
    seconds = lab.preset.flops(facts.vocab_size(lab.preset)) / speed() + OVERHEAD_S if facts else None
    return {
        "slug": slug,
        "number": lab.number,
        "title": lab.title,
        "intro": lab.intro,
        "goal": lab.goal,
        "url": reverse("lab", args=[slug]),
        "seconds": seconds,
        "reached_at": record.reached_at if record else None,
        "reached": bool(record and record.reached_at),
        "best": record.best if record else {},
        "run": record.run_id if record else None,
    }
