"""Numbers and sentences of the lab pages. Called by views; `static/js/run.js` fills the same sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labs import wording
from labs.assessment.predictions import committed, items_of
from labs.catalogue import LABS
from labs.faces import FACES
from labs.forms import Knob, Recipe, flat, same
from labs.lab import Lab
from labs.models import Run
from labs.results import predicted
from labs.states import State
from portal.lib.words import listing
from trainer.spec import RunSpec

Text = str | Promise


def rate_text(rate: float) -> str:
    """A learning rate as ui.md writes it: 3.0e-3, 0.03 as 3.0e-2, 0.10, 1.0."""
    if rate >= 0.1:
        return f"{rate:.2g}" if rate < 1 else f"{rate:.1f}"
    if rate <= 0:
        return "0"
    exponent = math.floor(math.log10(rate) + 1e-9)
    return f"{rate / 10**exponent:.1f}e{exponent}"


def tokens_text(tokens: int) -> str:
    """Millions with up to two decimals: "1.02 M", "0.51 M"; thousands below: "64 k"."""
    return f"{tokens / 1e6:.2f} M" if tokens >= 100_000 else f"{tokens / 1e3:.0f} k"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One line of a recipe that is only read."""

    label: Text
    value: Text
    changed: bool


def settings_of(lab: Lab, spec: Mapping[str, Any], corpora: Mapping[str, str]) -> list[Setting]:
    """A run's recipe, field by field; `changed` marks what differs from the nearest of the lab's presets."""
    values, recipe = flat(spec), nearest(lab, spec)
    names = [*lab.knobs, *lab.more, "seed"]
    others = (name for name in FACES if name not in names and not same(values.get(name, ""), recipe.preset(name)))
    found = []
    for name in (*names[:-1], *others, "seed"):
        parts = [key for key in values if key.startswith("options.")] if name == "options" else [name]
        for part in parts:
            knob, value = recipe.knob(part), values.get(part, "")
            if knob.applies and part in values:
                shown = _value(part, spec.get(part, value), value, knob, corpora)
                found.append(Setting(label=knob.face.label, value=shown, changed=not same(value, knob.preset)))
    return found


def nearest(lab: Lab, spec: Mapping[str, Any]) -> Recipe:
    """The recipe beside the preset that it differs least from."""
    values = flat(spec)
    recipes = [Recipe(lab, values | {"preset": preset.name}) for preset in lab.presets]
    return min(recipes, key=lambda recipe: sum(not same(values[name], recipe.preset(name)) for name in values))


def _value(name: str, raw: Any, text: str, knob: Knob, corpora: Mapping[str, str]) -> Text:
    if name == "corpus":
        return corpora.get(raw, _("a text that has been deleted"))
    if name == "learning_rate":
        return rate_text(float(raw))
    if isinstance(raw, int) and not isinstance(raw, bool):
        return f"{raw:,}"
    if name == "base":
        return text.removeprefix("sha256:")[:8] or "–"
    return next((label for key, label in knob.face.choices if key == text), text.replace("\n", " · ") or "–")


def recipe_of(run: Run, **changes: Any) -> Recipe:
    """A run's recipe with some fields changed, for "use this recipe" and for what to try next."""
    lab = LABS[run.lab]
    return Recipe(lab, flat(run.spec | changes) | {"preset": nearest(lab, run.spec).chosen.name})


def unit(spec: Mapping[str, Any]) -> str:
    """What a loss is measured in."""
    task = spec.get("task", "language")
    if task == "classify":
        return _("nats per text")
    if task == "tag":
        return _("nats per word")
    if task == "embed":
        return _("nats per pair of words")
    return _("nats per character") if spec.get("tokenizer") == "characters" else _("nats per token")


def sentences(baseline: str = "kneser_ney") -> dict[str, str]:
    """Sentences with named placeholders that both the server and the page's script fill; `baseline` names the model
    without a network that a loss is held against.
    """
    return _sentences() | ({} if baseline == "kneser_ney" else _other_baseline())


def _other_baseline() -> dict[str, str]:
    return {
        "above": _(
            "At step %(step)s train loss is %(loss)s; held-out loss was %(held)s at step %(at)s, "
            "%(gap)s above the baseline."
        ),
        "below": _(
            "At step %(step)s train loss is %(loss)s; held-out loss was %(held)s at step %(at)s, "
            "%(gap)s below the baseline."
        ),
        "label_baseline": f"{_('baseline')} %(loss)s",  # the line's end has room for no more
    }


def _sentences() -> dict[str, str]:
    return {
        "nothing": _("No points yet. They appear here as the run goes."),
        "train": _("At step %(step)s train loss is %(loss)s."),
        "above": _(
            "At step %(step)s train loss is %(loss)s; held-out loss was %(held)s at step %(at)s, "
            "%(gap)s above the %(order)s-gram baseline."
        ),
        "below": _(
            "At step %(step)s train loss is %(loss)s; held-out loss was %(held)s at step %(at)s, "
            "%(gap)s below the %(order)s-gram baseline."
        ),
        "held": _("At step %(step)s train loss is %(loss)s; held-out loss was %(held)s at step %(at)s."),
        "frame": _("starts at %(loss)s, above the frame"),
        "held_still": _("Held still while you look: %(count)s new points"),
        "zoomed": _("Zoomed; double click shows all"),
        "lost": _("Connection lost, trying again in %(seconds)s s."),
        "kept": _(
            "The run goes on without you. Points up to step %(step)s are here; the missing ones will be fetched."
        ),
        "seconds": _("%(seconds)s s"),
        "step": _("step %(step)s"),
        "axis_step": _("step"),
        "axis_tokens": _("tokens seen"),
        "axis_seconds": _("seconds of training"),
        "label_train": _("train"),
        "label_held": _("held-out"),
        "label_smooth": _("train, smoothed"),
        "label_baseline": _("%(order)s-gram %(loss)s"),
        "label_you": _("you: %(loss)s"),
        "time_left": _("Time left"),
        "took": _("Took"),
        "copied": _("Link copied"),
        "copy_selected": _("Selected"),
        "copy_failed": _("The link could not be copied; it is in the address bar."),
        "wrote_nothing": _("It wrote nothing: the run ended before its first checkpoint."),
    }


def result_sentence(curve: Mapping[str, Any], info: Mapping[str, Any]) -> str:
    """The one sentence beside the chart."""
    words = sentences(info.get("baseline", {}).get("name", "kneser_ney"))
    if not curve.get("step"):
        return words["nothing"]
    values: dict[str, Any] = {"step": f"{curve['step'][-1]:,}", "loss": f"{curve['loss'][-1]:.3f}"}
    held = curve.get("held_out", {})
    if not held.get("loss"):
        return words["train"] % values
    loss = held["loss"][-1]
    values |= {"held": f"{loss:.3f}", "at": f"{held['step'][-1]:,}"}
    baseline = info.get("baseline")
    if not baseline or baseline["loss"] is None:
        return words["held"] % values
    values |= {"gap": f"{abs(loss - baseline['loss']):.3f}", "order": baseline["order"]}
    return words["below" if loss < baseline["loss"] else "above"] % values


def said(run: Run) -> str:
    """How far off the prediction was, once there is something to compare; empty without a prediction."""
    lab = LABS[run.lab]
    prediction, value = predicted(lab, run)
    if order := run.forecast.get("order"):
        titles = {name: str(title) for name, title in items_of(lab)}
        return _("You said: %(order)s.") % {"order": listing(titles.get(name, name) for name in order)}
    if prediction is None:
        return ""
    shown = measured_text(lab)
    if value is None:
        return _("You said %(loss)s.") % {"loss": shown(prediction)}
    off = prediction - value
    values = {"loss": shown(prediction), "off": shown(abs(off))}
    if shown(abs(off)) == shown(0):
        return _("You said %(loss)s: exactly that.") % values
    if off > 0:
        return _("You said %(loss)s, which is %(off)s too high.") % values
    return _("You said %(loss)s, which is %(off)s too low.") % values


def measured_text(lab: Lab) -> Callable[[float], str]:
    """How what the lab asks to be predicted is written, from the value as it was typed."""
    measure = wording.measure(lab.prediction.measure)
    return lambda value: measure.text(value / measure.scale)


@dataclass(frozen=True, kw_only=True)
class Stair:
    """One step of the lab: predict, run, see. `state` is "", "done" or "now"."""

    key: str
    title: Text
    note: Text
    state: str


def stairs(run: Run | None) -> list[Stair]:
    """Where a learner stands in "say, run, see"."""
    if run is None:
        return [
            Stair(key="predict", title=_("Predict"), note=_("say it first"), state="now"),
            Stair(key="run", title=_("Run"), note=_("press Run"), state=""),
            Stair(key="see", title=_("See"), note=_("how far off"), state=""),
        ]
    lab = LABS[run.lab]
    shown = measured_text(lab)
    guess = _("no prediction") if run.prediction is None else _("said %(loss)s") % {"loss": shown(run.prediction)}
    if run.forecast.get("kind") == "ranking":
        guess = _("said an order")
    guessed = committed(run.prediction, run.forecast)
    ran = (
        State(run.state).label
        if run.ended or run.state == State.QUEUED
        else _("step %(step)s") % {"step": f"{run.step:,}"}
    )
    return [
        Stair(key="predict", title=_("Predict"), note=guess, state="done" if guessed else ""),
        Stair(key="run", title=_("Run"), note=ran, state="done" if run.ended else "now"),
        Stair(key="see", title=_("See"), note=_see(lab, run), state="now" if run.ended else ""),
    ]


def _see(lab: Lab, run: Run) -> str:
    if not run.ended:
        return _("when it ends")
    _prediction, value = predicted(lab, run)
    if value is not None and lab.prediction.measure != "loss":
        return f"{wording.measure(lab.prediction.measure).label} {measured_text(lab)(value)}"
    if run.held_out is None:
        return _("no held-out loss")
    return _("held-out %(loss)s") % {"loss": f"{run.held_out:.3f}"}


def place_sentence(ahead: int) -> str:
    """A waiting run's place in the queue."""
    if not ahead:
        return _("Next in line.")
    return ngettext("%(count)s run is ahead of this one.", "%(count)s runs are ahead of this one.", ahead) % {
        "count": ahead
    }


def figures(run: Run) -> dict[str, Any]:
    """The stat strip from what the row holds."""
    curve, held = run.curve, run.curve.get("held_out", {})
    seconds = curve["seconds"][-1] if curve.get("seconds") else None
    tokens = curve["tokens"][-1] if curve.get("tokens") else None
    step = curve["step"][-1] if curve.get("step") else run.step
    return {
        "step": step,
        "loss": curve["loss"][-1] if curve.get("loss") else None,
        "held_out": held["loss"][-1] if held.get("loss") else None,
        "bits_per_byte": held["bits_per_byte"][-1] if held.get("bits_per_byte") else None,
        "speed": round(tokens / seconds) if tokens and seconds else None,
        "seconds": seconds if run.ended or not seconds else seconds / step * (run.steps - step),
    }


def table_rows(curve: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The chart as a table: one row a held-out loss, with the train loss of the same step."""
    held = curve.get("held_out", {})
    train = dict(zip(curve.get("step", []), curve.get("loss", []), strict=False))
    names = ("step", "tokens", "seconds", "loss", "perplexity", "bits_per_byte")
    rows = zip(*(held.get(name, []) for name in names), strict=False)
    return [dict(zip(names, row, strict=True)) | {"train": train.get(row[0])} for row in rows]


def comparison(runs: Iterable[Run]) -> dict[str, Any] | None:
    """The newest finished one of `runs` as the chart beside the prediction needs it."""
    run = next((run for run in runs if run.state == State.FINISHED and run.spark), None)
    if run is None:
        return None
    run.refresh_from_db(fields=["curve", "info"])  # lists leave them out
    curve = {name: run.curve[name] for name in ("step", "tokens", "seconds", "loss", "held_out")}
    info = {name: run.info[name] for name in ("baseline", "started") if name in run.info}
    return {"run": run.pk, "steps": run.steps, "unit": unit(run.spec), "curve": curve, "info": info}


def drawing(curve: Mapping[str, Any], width: float = 800, height: float = 280) -> dict[str, str]:
    """SVG paths of both curves on one scale, for a page without script; empty before there are two points."""
    held = curve.get("held_out", {})
    lines = {
        "train": (curve.get("step", []), curve.get("loss", [])),
        "held": (held.get("step", []), held.get("loss", [])),
    }
    losses = [loss for _steps, column in lines.values() for loss in column]
    if len(losses) < 2:
        return {}
    low, last = min(losses), max(steps[-1] for steps, _column in lines.values() if steps)
    across, down = width / last, height / ((max(losses) - low) or 1)
    top = max(losses)
    return {
        name: "M" + "L".join(f"{x * across:.1f} {(top - y) * down:.1f}" for x, y in zip(steps, column, strict=True))
        for name, (steps, column) in lines.items()
        if steps
    }


def written(run: Run, prompt: str) -> list[dict[str, Any]]:
    """The samples timeline for one prompt: a row a checkpoint, those to come without text."""
    texts = {item["step"]: item["text"] for item in run.samples if item["prompt"] == prompt}
    held = run.curve.get("held_out", {})
    losses = dict(zip(held.get("step", []), held.get("loss", []), strict=False))
    steps = sorted(texts) if run.ended else planned(run)
    return [
        {"step": step, "held_out": losses.get(step), "text": visible(texts[step]) if step in texts else None}
        for step in steps
    ]


def planned(run: Run) -> list[int]:
    """The steps at which this run evaluates and writes."""
    every = RunSpec.stored(run.spec).checkpoint_every
    return sorted({*range(every, run.steps + 1, every), run.steps})


def visible(text: str) -> str:
    """A text on one line: newlines as a sign."""
    return text.replace("\n", "↵")
