"""What pages, API and courses read of the labs. Every function takes the person and enforces what they may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from labs import channel, costs, limits, wording
from labs.catalogue import LABS
from labs.control.models import Mode, mode_now
from labs.curves import Ledger
from labs.datasets.selectors import KINDS, kind_for
from labs.forecast import Place, forecast, newcomer
from labs.lab import Lab
from labs.models import Generation, GenerationQuerySet, LabRecord, Run, RunQuerySet, Upload, UploadQuerySet
from labs.states import State
from trainer.corpora import CORPORA, corpus_text, text_hash
from trainer.spec import RunSpec, SpecError

TEXT_TASKS = ("language", "masked", "embed")
"""Tasks that learn from texts, one's own among them."""
UPLOADS = dict.fromkeys(TEXT_TASKS, "text") | KINDS
"""The kind of one's own data that a task learns from."""
MOST_BASES = 20
"""Models offered for fine-tuning."""

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
    data_hash: str
    """Empty where it is known only when the data are made."""
    distinct: int | None = None
    """Different characters of an upload."""
    kind: str = ""
    """Of an upload: text, labelled or pairs."""

    def vocab_size(self, spec: RunSpec) -> int:
        """About how many tokens `spec` makes of it."""
        return costs.vocabulary(spec, self.distinct)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a recipe costs, or what is wrong with it. Seconds are None while it is wrong."""

    params: int | None = None
    steps: int | None = None
    seconds: float | None = None
    queue_ahead: int = 0
    wait_seconds: float | None = None
    """Until it is taken up; None while it is wrong, or nothing is taken up."""
    done_seconds: float | None = None
    paused: bool = False
    left: list[limits.Left] = field(default_factory=list)
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


def corpora(user: Any, lab: Lab, task: str) -> list[tuple[str, str]]:
    """What a lab can train on for a task, as (value, label): built-in data, then one's own texts. One query at most."""
    built_in = [
        (name, str(wording.CORPUS.get(name, corpus.title)))
        for name, corpus in CORPORA.items()
        if task in corpus.tasks and (name in lab.corpora if lab.corpora else not corpus.named_only)
    ]
    kind = UPLOADS.get(task, "")
    if not kind or (lab.corpora and not kind_for(task, lab.corpora)):
        return built_in
    return built_in + [(upload.corpus, upload.name) for upload in uploads(user).filter(kind=kind)]


def titles(user: Any) -> dict[str, str]:
    """Names of all corpora and of one's own texts. One query."""
    built_in = {name: str(wording.CORPUS.get(name, corpus.title)) for name, corpus in CORPORA.items()}
    return built_in | {upload.corpus: upload.name for upload in uploads(user)}


def bases(user: Any, slug: str) -> list[tuple[str, str]]:
    """One's own finished models of a lab, to fine-tune, newest first, as (value, label). One query."""
    runs = Run.objects.for_user(user).filter(lab=slug, state=State.FINISHED, info__has_key="weights")
    rows = runs.values_list("pk", "spec", "info__weights")[:MOST_BASES]
    return [(weights, f"#{pk} {recipe_line(spec)}") for pk, spec, weights in rows]


def newest_base(user: Any, lab: Lab, preset: str) -> str:
    """The weights of one's newest finished run like a preset; empty without one. One query."""
    spec = lab.preset_named(preset).spec
    runs = Run.objects.for_user(user).filter(lab=lab.slug, state=State.FINISHED, info__has_key="weights")
    alike = runs.filter(spec__family=spec.family, spec__examples=spec.examples, spec__tuning=spec.tuning)
    return alike.values_list("info__weights", flat=True).first() or ""


def base_run(user: Any, weights: str) -> Run | None:
    """The finished run whose model has these weights. One query."""
    runs = Run.objects.for_user(user).filter(state=State.FINISHED, info__weights=weights)
    return runs.only("pk").first() if weights else None


def corpus_facts(user: Any, value: str) -> CorpusFacts | None:
    """Facts of a built-in corpus or of one's own upload; None for anything else. At most one query."""
    if value in CORPORA:
        return _built_in(value)
    upload = uploads(user).filter(sha256=value.removeprefix("sha256:")).first() if value.startswith("sha256:") else None
    if upload is None:
        return None
    return CorpusFacts(
        value=value, title=upload.name, data_hash=upload.sha256, distinct=upload.vocab_size, kind=upload.kind
    )


@cache
def _built_in(name: str) -> CorpusFacts:
    corpus = CORPORA[name]
    fixed = corpus.kind == "text" and not corpus.generated
    return CorpusFacts(value=name, title=corpus.title, data_hash=text_hash(corpus_text(name)) if fixed else "")


def recipe(lab: str, values: Mapping[str, Any], preset: str = "") -> RunSpec:
    """A lab's preset with `values` over it and the portal's number of threads. Raises SpecError."""
    start = LABS[lab].preset_named(preset).spec.to_dict() | {"threads": settings.LAB_THREADS}
    allowed = {name: value for name, value in values.items() if name != "threads"}
    if allowed.get("corpus", start["corpus"]) != start["corpus"] and "options" not in allowed:
        allowed["options"] = {}  # those of the preset are its corpus's
    return RunSpec.parse(start | allowed)


def check(user: Any, lab: str, values: Mapping[str, Any]) -> tuple[RunSpec | None, CorpusFacts | None, dict[str, str]]:
    """Recipe and facts of its corpus, and a sentence for every wrong field. Two queries at most."""
    try:
        spec = recipe(lab, values)
    except SpecError as error:
        return None, None, wording.spec_fields(error)
    facts = corpus_facts(user, spec.corpus)
    wrong: dict[str, str] = {}
    if facts is None:
        wrong["corpus"] = str(wording.SPEC["unknown_corpus"])
    elif _reserved(spec.corpus, lab) or (facts.kind and facts.kind != UPLOADS.get(spec.task)):
        wrong["corpus"] = str(wording.SPEC["wrong_kind"])
    if spec.base and base_run(user, spec.base) is None:
        wrong["base"] = str(wording.SPEC["no_base"])
    return spec, facts, wrong


def _reserved(corpus: str, lab: str) -> bool:
    """Whether other labs have this corpus for themselves."""
    return corpus in CORPORA and CORPORA[corpus].named_only and corpus not in LABS[lab].corpora


def estimate(user: Any, lab: str, values: Mapping[str, Any]) -> Estimate:
    """Parameters, seconds and place in the queue of a recipe, or every wrong field. At most ten queries."""
    spec, facts, wrong = check(user, lab, values)
    if wrong or spec is None or facts is None:
        return Estimate(fields=wrong)
    vocab, speeds, paused = facts.vocab_size(spec), costs.Speeds.measured(), mode_now() != Mode.OPEN
    seconds, start_s = speeds.seconds(spec, vocab), speeds.start_s(spec.corpus, spec.tokenizer)
    place = forecast(newcomer(user.pk, seconds - start_s, start_s))[0]
    return Estimate(
        params=costs.parameters(spec, vocab),
        steps=spec.steps,
        seconds=seconds,
        queue_ahead=place.ahead,
        wait_seconds=None if paused else place.next_s,
        done_seconds=None if paused else place.done_s,
        paused=paused,
        left=limits.left(user),
    )


Places = dict[int, Place]


def queue_places() -> Places | None:
    """Where each run stands that has not ended, by its id; None while nothing is taken up. At most five queries."""
    return forecast() if mode_now() == Mode.OPEN else None


def place_of(run: Run, places: Places | None) -> dict[str, Any]:
    """What is told of a waiting run's place: runs ahead, seconds until it is taken up and until it is done."""
    place = (places or {}).get(run.pk)
    if place is None:
        return {"ahead": 0, "wait_seconds": None, "done_seconds": None, "paused": places is None}
    return {"ahead": place.ahead, "wait_seconds": place.next_s, "done_seconds": place.done_s, "paused": False}


def queue_place(run: Run) -> dict[str, Any]:
    """The place of a waiting run, see `place_of`; of any other, none. At most five queries."""
    if run.state != State.QUEUED:
        return {"ahead": 0, "wait_seconds": None, "done_seconds": None, "paused": False}
    return place_of(run, queue_places())


def snapshot(run: Run) -> dict[str, Any]:
    """Everything a page needs to draw a run: the first message of its stream, and the page's own data."""
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
            "sketch": run.forecast.get("points", []),
            "held_out": run.held_out,
        }
        | queue_place(run),
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
    """A recipe in a few signs: family, layers × width, optimiser, rate."""
    names = {"muon": "Muon", "adamw": "AdamW", "sgd": "SGD"}
    name = names.get(spec["optimizer"], spec["optimizer"])
    family = wording.FAMILY.get(spec.get("family", "gpt"), spec.get("family", "gpt"))
    shape = f"{spec['n_layers']}×{spec['d_model']} · {name} {spec['learning_rate']:g}"
    return shape if spec.get("family", "gpt") == "gpt" else f"{family} {shape}"


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
    record = LabRecord.objects.filter(user_id=user.pk, lab=slug).first()
    return _card(LABS[slug], record, costs.Speeds.measured())


def lab_cards(user: Any) -> list[dict[str, Any]]:
    """Every lab in the order of the curriculum, with what this learner has done in it. Three queries."""
    records = {record.lab: record for record in LabRecord.objects.filter(user_id=user.pk)}
    counts = dict(Run.objects.for_user(user).order_by().values_list("lab").annotate(Count("pk")))
    speeds = costs.Speeds.measured()
    return [_card(lab, records.get(slug), speeds) | {"runs": counts.get(slug, 0)} for slug, lab in LABS.items()]


def _card(lab: Lab, record: LabRecord | None, speeds: costs.Speeds) -> dict[str, Any]:
    best = record.best if record else {}
    return {
        "slug": lab.slug,
        "number": lab.number,
        "title": lab.title,
        "intro": lab.intro,
        "goal": lab.goal,
        "url": reverse("lab", args=[lab.slug]),
        "seconds": speeds.seconds(lab.preset, costs.vocabulary(lab.preset)),
        "reached_at": record.reached_at if record else None,
        "reached": bool(record and record.reached_at),
        "best": best,
        "best_words": wording.best_words(best),
        "run": record.run_id if record else None,
    }
