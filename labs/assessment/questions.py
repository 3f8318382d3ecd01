"""Questions whose answers are in the learner's own run. Pure functions of a run; grading is on the server alone.

A question is stored as {"key", "params", "answer", "tolerance"}; a choice has "choices", its answer one of them, in
place of a tolerance. The words are made when they are shown, so that both languages say the same. `public` is all that
a page may be given before the answers are in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from labs import costs
from labs.figures import HEADLINES, figures
from labs.models import Run
from trainer.spec import RunSpec

Question = dict[str, Any]

ASKED = 3
"""Drawn for an attempt."""
MOST_CHOICES = 6


def _number(answer: float, tolerance: float, **params: Any) -> Question:
    return {"answer": answer, "tolerance": tolerance, "params": params}


def _choice(answer: str, others: Sequence[str], **params: Any) -> Question | None:
    """Answer and others in the order of the alphabet; None where there is nothing to choose from."""
    wrong = [other for other in dict.fromkeys(others) if other != answer]
    if not wrong:
        return None
    return {"answer": answer, "choices": sorted([answer, *wrong[: MOST_CHOICES - 1]]), "params": params}


def _held(run: Run) -> Mapping[str, list[Any]]:
    found: Mapping[str, list[Any]] = run.curve.get("held_out") or {}
    return found if len(found.get("loss", ())) > 1 else {}


def best_step(run: Run) -> Question | None:
    """The checkpoint with the lowest held-out loss, the first of equals."""
    if not (held := _held(run)):
        return None
    return _number(held["step"][held["loss"].index(min(held["loss"]))], 0)


def first_loss(run: Run) -> Question | None:
    """The train loss of step 1, as it is drawn."""
    losses = run.curve.get("loss")
    return _number(losses[0], 0.02) if losses else None


def fall(run: Run) -> Question | None:
    """How far held-out loss went down from the first checkpoint to the last."""
    if not (held := _held(run)):
        return None
    return _number(held["loss"][0] - held["loss"][-1], 0.02, first=held["step"][0], last=held["step"][-1])


def guessing(run: Run) -> Question | None:
    """ln V: the loss of a model that knows nothing of a text."""
    size = run.info.get("started", {}).get("vocab_size")
    return _number(math.log(size), 0.05, size=size) if size and run.spec["task"] == "language" else None


def perplexity(run: Run) -> Question | None:
    """e to the last held-out loss."""
    if run.held_out is None or run.held_out > 20:
        return None
    return _number(math.exp(run.held_out), 0.02 * math.exp(run.held_out), loss=f"{run.held_out:.3f}")


def bits_per_byte(run: Run) -> Question | None:
    """Loss over ln 2 and the bytes of a token."""
    size = run.info.get("started", {}).get("bytes_per_token")
    if not size or run.bits_per_byte is None or run.held_out is None:
        return None
    return _number(run.bits_per_byte, 0.02 * run.bits_per_byte, loss=f"{run.held_out:.3f}", size=f"{size:.3f}")


def margin(run: Run) -> Question | None:
    """How far the last held-out loss is below the baseline's; negative above it."""
    other = run.info.get("baseline", {}).get("loss")
    return None if other is None or run.held_out is None else _number(other - run.held_out, 0.02)


def steps(run: Run) -> Question | None:
    """Tokens over tokens a step."""
    spec = run.spec
    return _number(run.steps, 1, tokens=spec["tokens"], batch=spec["batch"], context=spec["context"])


def embedding(run: Run) -> Question | None:
    """Weights of the token embedding: vocabulary times width."""
    size = run.info.get("started", {}).get("vocab_size")
    if not size or run.spec["task"] != "language" or run.spec.get("family", "gpt") not in ("gpt", "rnn", "lstm"):
        return None
    return _number(size * run.spec["d_model"], 0, size=size, width=run.spec["d_model"])


def tokens_a_weight(run: Run) -> Question | None:
    """Training tokens for each parameter."""
    params = run.info.get("started", {}).get("params") or run.params
    value = run.steps * RunSpec.stored(run.spec).tokens_per_step / params if params else 0
    return _number(value, 0.03 * value, params=params) if value else None


def half_way(run: Run) -> Question | None:
    """Where the training loss first was below half of its first value; within a fiftieth of the run."""
    losses, at = run.curve.get("loss") or [], run.curve.get("step") or []
    found = next((step for step, loss in zip(at, losses, strict=True) if loss < losses[0] / 2), None)
    return _number(found, max(1, run.steps // 50), half=f"{losses[0] / 2:.2f}") if found else None


def _detail(run: Run) -> Mapping[str, Any]:
    found: Mapping[str, Any] = run.info.get("evaluations", {}).get("held_out", {}).get("detail", {})
    return found


def confused(run: Run) -> Question | None:
    """The pair of classes (truth, said) that is most often confused."""
    labels, matrix = _detail(run).get("labels"), _detail(run).get("confusion")
    if not labels or not matrix:
        return None
    pairs = {
        f"{truth} → {said}": matrix[i][j] for i, truth in enumerate(labels) for j, said in enumerate(labels) if i != j
    }
    ranked = sorted(pairs, key=lambda pair: -pairs[pair])
    if len(ranked) < 2 or pairs[ranked[0]] == pairs[ranked[1]]:
        return None
    return _choice(ranked[0], ranked[1:])


def hardest_class(run: Run) -> Question | None:
    """The class of which the smallest share was found."""
    labels, matrix = _detail(run).get("labels"), _detail(run).get("confusion")
    if not labels or not matrix:
        return None
    shares = {label: row[i] / sum(row) for i, (label, row) in enumerate(zip(labels, matrix, strict=True)) if sum(row)}
    ranked = sorted(shares, key=lambda label: shares[label])
    if len(ranked) < 2 or shares[ranked[0]] == shares[ranked[1]]:
        return None
    return _choice(ranked[0], ranked[1:])


def wrong(run: Run) -> Question | None:
    """How many held-out examples were wrong, from share and number."""
    measures = run.info.get("evaluations", {}).get("held_out", {}).get("measures", {})
    found = next((measures[name] for name in ("exact_match", "accuracy") if name in measures), None)
    if not found or not found["n"] or run.spec["task"] not in ("classify", "sequence"):
        return None
    return _number(round((1 - found["value"]) * found["n"]), 1, n=found["n"])


def weakest_slice(run: Run) -> Question | None:
    """The slice with the lowest main measure; the hidden set is none that can be looked at."""
    found = figures(run)
    name = next((name for name in HEADLINES if name in found.get("held_out", {}) and name != "loss"), "")
    kept = run.info.get("evaluations", {})
    values = {key: found[key][name] for key in kept if key != "hidden" and name in found.get(key, {})}
    ranked = sorted(values, key=lambda key: values[key])
    if len(ranked) < 2 or values[ranked[0]] == values[ranked[1]]:
        return None
    made = _choice(ranked[0], ranked[1:], measure=name)
    return made and made | {"named": "slices"}


def sure(run: Run) -> Question | None:
    """Whether the interval of the main measure lies wholly above the baseline."""
    measures = run.info.get("evaluations", {}).get("held_out", {}).get("measures", {})
    others = figures(run)["baseline"]
    name = next((name for name in HEADLINES if name in measures and name in others and name != "loss"), "")
    if not name:
        return None
    answer = "yes" if measures[name]["low"] > others[name] else "no"
    return {"answer": answer, "choices": ["yes", "no"], "params": {"measure": name}, "named": "words"}


def class_guessing(run: Run) -> Question | None:
    """ln of the number of classes: the loss of a classifier that knows nothing."""
    labels = _detail(run).get("labels") if run.spec["task"] == "classify" else None
    classes = len(labels) if labels else costs.outputs(RunSpec.stored(run.spec))
    return _number(math.log(classes), 0.02, classes=classes) if classes and run.spec["task"] == "classify" else None


TEMPLATES: dict[str, Callable[[Run], Question | None]] = {
    function.__name__: function
    for function in (
        best_step,
        first_loss,
        fall,
        guessing,
        perplexity,
        bits_per_byte,
        margin,
        steps,
        embedding,
        tokens_a_weight,
        half_way,
        confused,
        hardest_class,
        wrong,
        weakest_slice,
        sure,
        class_guessing,
    )
}
"""By key: what can be asked of a run, None where it cannot be asked of this one."""


def drawn(run: Run, secret: str) -> list[Question]:
    """The questions of an attempt: ASKED different ones that this run can answer, by the secret."""
    made = {key: template(run) for key, template in TEMPLATES.items()}
    possible = [{"key": key, **question} for key, question in made.items() if question]
    return Random(f"questions {secret}").sample(possible, min(ASKED, len(possible)))


def right(question: Mapping[str, Any], answer: str) -> bool:
    """Whether an answer, as it was typed, is right."""
    if "choices" in question:
        return answer == str(question["answer"])
    value = read_answer(answer)
    # A hair of room: somebody who types a rounded bound means it.
    return value is not None and abs(value - float(question["answer"])) <= float(question["tolerance"]) + 1e-9


def read_answer(text: str) -> float | None:
    """A number as people type it: 1,024; −0.3; 2 000. None for anything else."""
    plain = text.strip().replace("\u2212", "-").replace(" ", "").replace("\u00a0", "").replace(",", "")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def public(question: Mapping[str, Any]) -> dict[str, Any]:
    """What may leave the server before the answers are in."""
    return {name: question[name] for name in ("key", "params", "choices", "named") if name in question}
