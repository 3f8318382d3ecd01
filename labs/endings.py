"""How a run ended, in words: what happened, what is kept, and up to three steps that can be applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from labs.catalogue import LABS
from labs.faces import FACES
from labs.forms import Recipe
from labs.models import Run
from labs.presenters import rate_text, recipe_of, said
from labs.results import headline, writes
from labs.states import State
from labs.wording import filled, spec_fields
from portal.lib.words import sentences
from trainer.spec import LIMITS, SpecError

MOST_FIXES = 3
LOWEST_RATE = 1e-5


@dataclass(frozen=True, kw_only=True)
class Fix:
    """A next step. `recipe` is the lab with the change made; the button says `label`."""

    text: str
    label: str
    recipe: Recipe


@dataclass(frozen=True, kw_only=True)
class Ending:
    """An ending as `labs/_ending.html` shows it."""

    title: str
    icon: str
    good: bool
    happened: str
    kept: str
    fixes: list[Fix] = field(default_factory=list)


def ending_of(run: Run) -> Ending | None:
    """The words for a run that has ended; None before."""
    if not run.ended:
        return None
    return WORDS[State(run.state)](run, run.result.get("detail") or {})


def kept_points(run: Run) -> str:
    """What a run that ended early leaves behind."""
    points = len(run.curve.get("step", []))
    if not points:
        return _("Kept: the recipe.")
    if run.samples:
        text = ngettext(
            "Kept: the recipe, %(count)s point and what it wrote.",
            "Kept: the recipe, %(count)s points and what it wrote.",
            points,
        )
    else:
        text = ngettext("Kept: the recipe and %(count)s point.", "Kept: the recipe and %(count)s points.", points)
    return text % {"count": f"{points:,}"}


def last_step(run: Run) -> int:
    """The step at which the run ended."""
    return int(run.result.get("step") or run.step)


def _fix(run: Run, text: str, label: str | None = None, **changes: Any) -> Fix:
    return Fix(text=text, label=label or _("Apply"), recipe=recipe_of(run, **changes))


def _finished(run: Run, detail: dict[str, Any]) -> Ending:
    figure = headline(run)
    title = _("Finished: held-out %(loss)s") % {"loss": "–" if run.held_out is None else f"{run.held_out:.3f}"}
    if figure:
        title = _("Finished: %(measure)s %(value)s") % {"measure": figure.label, "value": figure.value}
    kept = _("Kept: all points, what it wrote, and the model.")
    if writes(run):
        kept = _("Kept: all points, what it wrote, and the model, which you can let write below.")
    return Ending(
        title=title,
        icon="check",
        good=True,
        happened=sentences(_compared(run), said(run)),
        kept=kept,
        fixes=_after_finish(run),
    )


def _compared(run: Run) -> str:
    """How the run stands to the model without a network."""
    baseline, figure = run.info.get("baseline"), headline(run)
    if figure:
        return _("The baseline: %(baseline)s.") % {"baseline": figure.baseline} if figure.baseline else ""
    if not baseline or baseline["loss"] is None or run.held_out is None:
        return ""
    gap = {"gap": f"{abs(run.held_out - baseline['loss']):.3f}", "order": baseline["order"]}
    if run.held_out < baseline["loss"]:
        return _("%(gap)s below the %(order)s-gram baseline.") % gap
    return _("%(gap)s above the %(order)s-gram baseline.") % gap


def _after_finish(run: Run) -> list[Fix]:
    """The lab on learning rates turns the rate; the others learn longer; all doubt a single seed."""
    spec = run.spec
    seed = _fix(
        run,
        _("One seed proves little: the same recipe with seed %(seed)s shows how far luck reaches")
        % {"seed": spec["seed"] + 1},
        seed=spec["seed"] + 1,
    )
    if run.lab != "training":
        tokens = min(int(LIMITS["tokens"][1]), 2 * spec["tokens"])
        longer = _fix(run, _("Twice as long: %(tokens)s tokens") % {"tokens": f"{tokens:,}"}, tokens=tokens)
        return [longer, seed]
    slower, faster = _two_digits(spec["learning_rate"] / 3), _two_digits(min(10, spec["learning_rate"] * 3))
    return [
        _fix(run, _("A third of the learning rate, %(rate)s") % {"rate": rate_text(slower)}, learning_rate=slower),
        _fix(run, _("Three times the learning rate, %(rate)s") % {"rate": rate_text(faster)}, learning_rate=faster),
        seed,
    ]


def _diverged(run: Run, detail: dict[str, Any]) -> Ending:
    values = {
        "start": _number(detail.get("start")),
        "loss": _number(detail.get("loss")),
        "rate": rate_text(detail.get("rate") or 0),
        "best": _number(detail.get("best_loss")),
        "best_step": f"{detail.get('best_step') or 0:,}",
    }
    if detail.get("loss") is None:
        happened = _("The loss stopped being a number while the rate was %(rate)s. It had started at %(start)s.")
    else:
        happened = _(
            "The loss stayed above three times its starting value, %(start)s, and stood at %(loss)s. "
            "The rate was %(rate)s."
        )
    best = (
        _("Train loss was lowest, %(best)s, at step %(best_step)s.") % values
        if (detail.get("best_step") or 0) > 1
        else ""
    )
    return Ending(
        title=_("Diverged at step %(step)s") % {"step": f"{last_step(run):,}"},
        icon="warning",
        good=False,
        happened=sentences(happened % values, best),
        kept=kept_points(run),
        fixes=_after_divergence(run, detail),
    )


def _after_divergence(run: Run, detail: dict[str, Any]) -> list[Fix]:
    spec = run.spec
    usual = 0.03 if spec["optimizer"] == "muon" else 0.01
    slower = max(LOWEST_RATE, _two_digits(min(spec["learning_rate"] / 10, usual)))
    fixes = [
        _fix(
            run,
            _("Learn at %(rate)s, where this optimiser is steady") % {"rate": rate_text(slower)},
            learning_rate=slower,
        )
    ]
    if not spec["clip"]:
        norm = detail.get("grad_norm")
        text = _("Clip the gradient at 1.0")
        if norm:
            text = _("Clip the gradient at 1.0: its norm was %(norm)s at the end") % {"norm": f"{norm:.3g}"}
        fixes.append(_fix(run, text, clip=1.0))
    warmup = max(10, run.steps // 20)
    if spec["warmup"] < warmup:
        text = _("Warm up over the first %(steps)s steps") % {"steps": f"{warmup:,}"}
        fixes.append(_fix(run, text, warmup=min(1000, warmup)))
    return fixes[:MOST_FIXES]


def _out_of_time(run: Run, detail: dict[str, Any]) -> Ending:
    limit = detail.get("max_seconds")
    happened = _("The run met its time limit.")
    if limit:
        happened = _("The run met its limit of %(seconds)s s with %(step)s of %(steps)s steps done.") % {
            "seconds": f"{limit:.0f}",
            "step": f"{last_step(run):,}",
            "steps": f"{run.steps:,}",
        }
    return Ending(
        title=_("Out of time at step %(step)s") % {"step": f"{last_step(run):,}"},
        icon="clock",
        good=False,
        happened=happened,
        kept=kept_points(run),
        fixes=_smaller(run, share=last_step(run) / max(1, run.steps)),
    )


def _out_of_memory(run: Run, detail: dict[str, Any]) -> Ending:
    return Ending(
        title=_("Out of memory"),
        icon="warning",
        good=False,
        happened=_("The run asked for more memory than a run may have."),
        kept=kept_points(run),
        fixes=_smaller(run),
    )


def _smaller(run: Run, share: float | None = None) -> list[Fix]:
    """Recipes that need less: fewer tokens (when time was short), half the batch, a smaller model."""
    spec, fixes = run.spec, []
    if share is not None:
        least = spec["batch"] * spec["context"]
        tokens = max(least, round(spec["tokens"] * share * 0.8 / 1000) * 1000)
        text = _("Train on %(tokens)s tokens, which fits the time") % {"tokens": f"{tokens:,}"}
        fixes.append(_fix(run, text, tokens=tokens))
    if spec["batch"] > 1 and share is None:
        fixes.append(
            _fix(run, _("Half the batch: %(batch)s windows") % {"batch": spec["batch"] // 2}, batch=spec["batch"] // 2)
        )
    width = max(2 * spec["n_heads"], spec["d_model"] // 2 // (2 * spec["n_heads"]) * 2 * spec["n_heads"])
    if 16 <= width < spec["d_model"]:
        fixes.append(_fix(run, _("A model of width %(width)s") % {"width": width}, d_model=width))
    if spec["n_layers"] > 1:
        layers = spec["n_layers"] - 1
        text = ngettext("%(layers)s layer", "%(layers)s layers", layers) % {"layers": layers}
        fixes.append(_fix(run, text, n_layers=layers))
    return fixes[:MOST_FIXES]


def _cancelled(run: Run, detail: dict[str, Any]) -> Ending:
    if last_step(run):
        happened = _("You stopped it at step %(step)s of %(steps)s.") % {
            "step": f"{last_step(run):,}",
            "steps": f"{run.steps:,}",
        }
    else:
        happened = _("You stopped it before its first step.")
    again = _fix(run, _("The same recipe from the start: same seed, same curve"), _("Use"))
    return Ending(
        title=_("Cancelled"), icon="stop", good=False, happened=happened, kept=kept_points(run), fixes=[again]
    )


def _worker_lost(run: Run, detail: dict[str, Any]) -> Ending:
    happened = ngettext(
        "The machine that trained it went away, and %(count)s attempt did not bring it to its end.",
        "The machines that trained it went away, and %(count)s attempts did not bring it to its end.",
        run.attempt,
    ) % {"count": run.attempt}
    again = _fix(run, _("Nothing is wrong with the recipe: run it again"), _("Use"))
    return Ending(
        title=_("Worker lost"), icon="offline", good=False, happened=happened, kept=kept_points(run), fixes=[again]
    )


REFUSALS: dict[str, Promise] = {
    "text_too_short": gettext_lazy("The text has %(found)s tokens; this context needs at least %(needed)s."),
    "vocabulary_too_large": gettext_lazy(
        "The text has %(found)s different characters or words; at most %(limit)s can be tokens."
    ),
    "one_class": gettext_lazy("All examples have the same label, “%(label)s”: there is nothing to tell apart."),
    "too_few_examples": gettext_lazy("There are %(found)s examples; at least %(needed)s are needed."),
    "examples_too_long": gettext_lazy(
        "No example fits a context of %(context)s tokens: the shortest has %(shortest)s."
    ),
    "changed_data": gettext_lazy("The file of these data is not what was uploaded: upload it again."),
    "wrong_kind": gettext_lazy("This task learns from %(needed)s, but these data are %(found)s."),
}
"""Words for every reason of `trainer.tasks.base.DataError`."""

KINDS: dict[str, Promise] = {
    "text": gettext_lazy("a text"),
    "labelled": gettext_lazy("texts with labels"),
    "tagged": gettext_lazy("sentences with tags"),
    "pairs": gettext_lazy("pairs of source and target"),
}


def _refused(run: Run, detail: dict[str, Any]) -> Ending:
    reason = str(detail.get("reason"))
    happened = _("This recipe cannot use this text.")
    if reason in REFUSALS:
        numbers = {name: KINDS.get(value, value) for name, value in detail.items() if name != "reason"}
        happened = filled(REFUSALS[reason], numbers)
    elif reason == "recipe":
        happened = " ".join(_recipe_problems(detail))
    return Ending(
        title=_("Refused before the first step"),
        icon="close",
        good=False,
        happened=happened,
        kept=_("Kept: the recipe."),
        fixes=_after_refusal(run, reason, detail),
    )


def _recipe_problems(detail: dict[str, Any]) -> list[str]:
    """A sentence for each field that turned out wrong beside the data or the model to start from."""
    errors = {name: (code, params) for name, (code, params) in detail.get("fields", {}).items()}
    return [f"{FACES[name].label}: {text}" for name, text in spec_fields(SpecError(errors)).items() if name in FACES]


def _after_refusal(run: Run, reason: str, detail: dict[str, Any]) -> list[Fix]:
    fixes, context = [], run.spec["context"]
    preset = LABS[run.lab].preset
    if run.spec["corpus"] != preset.corpus:
        fixes.append(
            _fix(run, _("The text that the lab comes with"), corpus=preset.corpus, options=dict(preset.options))
        )
    if reason == "text_too_short" and context > 8:
        shorter = max(8, context // 2)
        fixes.append(_fix(run, _("A context of %(context)s") % {"context": shorter}, context=shorter))
    elif reason == "examples_too_long":
        longer = min(int(LIMITS["context"][1]), max(2 * context, int(detail.get("shortest", 0))))
        fixes.append(_fix(run, _("A context of %(context)s") % {"context": longer}, context=longer))
    elif reason == "vocabulary_too_large":
        fixes.append(_fix(run, _("Byte-pair pieces instead of characters"), tokenizer="bpe"))
    return fixes


WORDS = {
    State.FINISHED: _finished,
    State.DIVERGED: _diverged,
    State.OUT_OF_TIME: _out_of_time,
    State.OUT_OF_MEMORY: _out_of_memory,
    State.CANCELLED: _cancelled,
    State.WORKER_LOST: _worker_lost,
    State.REFUSED: _refused,
}


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")
