"""The task's own measures of a finished model, slice by slice, each with its interval. Given to `trainer.loop.train` by
the training worker and by `python -m trainer`; scikit-learn and sacrebleu come in here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from trainer.corpora import CORPORA, Example, Labelled, Pair, Tagged, word_classes
from trainer.corpora.classes import WORD_CLASSES
from trainer.events import Evaluation, Event
from trainer.measures.answers import answer_report, sequence_report
from trainer.measures.classes import classification_report
from trainer.measures.intervals import bootstrap_ratio, normal_ratio
from trainer.measures.loss import loss_report
from trainer.measures.report import Report
from trainer.measures.samples import samples_report
from trainer.measures.spans import tagging_report
from trainer.measures.translation import translation_report
from trainer.models.base import Model
from trainer.probe.embeddings import purity
from trainer.probe.subject import ProbeError, of_task
from trainer.sample import continuations
from trainer.spec import RunSpec
from trainer.tasks.base import Task, spread
from trainer.tasks.classify import ClassifyTask
from trainer.tasks.embed import EmbedTask
from trainer.tasks.language import SAMPLE_TEMPERATURE, LanguageTask
from trainer.tasks.sequence import SequenceTask
from trainer.tasks.tag import TagTask
from trainer.tasks.texts import all_windows
from trainer.tokenizer import Tokenizer

MAX_EXAMPLES = 1_000
"""Of a slice; writing targets takes a forward pass a token."""

TOKENS_AT_ONCE = 4096
"""Of held-out windows in one forward pass."""

MAX_ERRORS = 50
"""Listed with an evaluation."""

NOVELTY_SAMPLES, NOVELTY_TOKENS = 16, 80
"""Texts written to see how much of them is new."""

ROOM = 1.5
"""A written target may be this much longer than the longest true one."""


def report(task: Task, model: Model, step: int) -> Iterator[Event]:
    """One Evaluation for the held-out data and one for each slice of the corpus."""
    for name, found in reports(task, model):
        figures = {figure: interval.to_dict() for figure, interval in found.figures.items()}
        yield Evaluation(step=step, slice=name, measures=figures, detail=found.detail)


def reports(task: Task, model: Model) -> Iterator[tuple[str, Report]]:
    """The report of each slice, `held_out` first."""
    if isinstance(task, LanguageTask):
        yield "held_out", on_windows(model, task.tokenizer, task.windows, task.targets)
        yield "samples", _samples(task, model)
        return
    examples = getattr(task, "examples", None)
    if examples is None:
        yield "held_out", _by_unit(task, model)
        if isinstance(task, EmbedTask) and task.spec.corpus == WORD_CLASSES.name:
            with contextlib.suppress(ProbeError):  # a small vocabulary may know no two classes
                found = purity(of_task(task, model), word_classes())
                yield "classes", Report({"purity": found.purity}, {"chance": found.chance, "by_class": found.by_class})
        return
    for name, some in {"held_out": examples.held_out, **examples.slices}.items():
        if some:
            yield name, on_examples(task, model, some[:MAX_EXAMPLES])


def on_examples(task: Task, model: Model, examples: Sequence[Example]) -> Report:
    """Measures on any examples of the task's kind: held out, a slice, or a hidden set."""
    if isinstance(task, ClassifyTask):
        return _classify(task, model, [example for example in examples if isinstance(example, Labelled)])
    if isinstance(task, TagTask):
        tagged = [example for example in examples if isinstance(example, Tagged)]
        return tagging_report([example.tags for example in tagged], task.predicted(model, tagged))
    if isinstance(task, SequenceTask):
        return _sequence(task, model, [example for example in examples if isinstance(example, Pair)])
    raise TypeError(f"{task.spec.task} has no examples")


def on_text(model: Model, tokenizer: Tokenizer, text: str) -> Report:
    """Loss of a language model on any text, in whole windows of its context."""
    ids = torch.from_numpy(tokenizer.encode(text))
    return on_windows(model, tokenizer, *all_windows(ids, context=model.config.context))


@torch.inference_mode()
def on_windows(model: Model, tokenizer: Tokenizer, windows: Tensor, targets: Tensor) -> Report:
    """Loss on windows and the tokens that follow in them, both (N, T); intervals over windows."""
    training, device, T = model.training, next(model.parameters()).device, model.config.context
    model.eval()
    nats: list[float] = []
    try:
        for chosen in torch.split(torch.arange(len(windows)), max(1, TOKENS_AT_ONCE // T)):
            logits = model(windows[chosen].to(device))  # (B, T, V)
            losses = cross_entropy(logits.flatten(0, 1), targets[chosen].to(device).flatten(), reduction="none")
            nats += losses.view(-1, T).sum(1).tolist()
    finally:
        model.train(training)
    sizes = torch.tensor([len(tokenizer.token_bytes(token)) for token in range(tokenizer.vocab_size)])  # (V,)
    return loss_report(nats, [T] * len(nats), n_bytes=sizes[targets].sum(1).tolist())


@torch.inference_mode()
def _by_unit(task: Task, model: Model) -> Report:
    """Loss and share of right answers where nothing else is measured; intervals over windows."""
    training, device = model.training, next(model.parameters()).device
    model.eval()
    try:
        chosen = torch.split(spread(task.units, MAX_EXAMPLES), 1)
        found = [task.measured(model, task.held_out(one).to(device)) for one in chosen]
    finally:
        model.train(training)
    nats, targets, right, _wholes = zip(*found, strict=True)
    return Report({"loss": normal_ratio(nats, targets), "accuracy": bootstrap_ratio(right, targets)})


def _samples(task: LanguageTask, model: Model) -> Report:
    """How varied and how new the model's own text is."""
    prompts = [task.spec.prompts[i % len(task.spec.prompts)] for i in range(NOVELTY_SAMPLES)]
    texts = continuations(
        model,
        task.tokenizer,
        prompts,
        max_tokens=NOVELTY_TOKENS,
        temperature=SAMPLE_TEMPERATURE,
        seed=task.spec.seed,
    )
    training_text = task.tokenizer.decode(task.data.train.tolist())
    return samples_report(texts, training_text, unit="characters" if task.spec.tokenizer == "characters" else "words")


def _classify(task: ClassifyTask, model: Model, examples: Sequence[Labelled]) -> Report:
    probabilities = task.probabilities(model, examples)
    predicted = [task.labels[i] for i in probabilities.argmax(-1).tolist()]
    truth = [example.label for example in examples]
    found = classification_report(truth, predicted, probabilities.double().numpy(), task.labels)
    wrong = [
        {"text": example.text, "label": example.label, "predicted": label}
        for example, label in zip(examples, predicted, strict=True)
        if example.label != label
    ]
    return Report(found.figures, found.detail | {"errors": wrong[:MAX_ERRORS]})


def _sequence(task: SequenceTask, model: Model, pairs: Sequence[Pair]) -> Report:
    longest = max(len(task.tokenizer.encode(pair.target)) for pair in pairs)
    written = task.written(model, [pair.source for pair in pairs], max_tokens=int(longest * ROOM) + 2)
    found = measured(task.spec, [pair.target for pair in pairs], written)
    wrong = [
        {"source": pair.source, "target": pair.target, "written": text}
        for pair, text in zip(pairs, written, strict=True)
        if pair.target != text
    ]
    return Report(found.figures, found.detail | {"errors": wrong[:MAX_ERRORS]})


def measured(spec: RunSpec, truth: Sequence[str], written: Sequence[str]) -> Report:
    """What suits the corpus: BLEU and chrF for translations, exact match and F1 for answers, else matches by token."""
    chinese = any("\u4e00" <= letter <= "\u9fff" for text in truth for letter in text)
    language = "zh" if chinese else "en"
    if spec.corpus == "stories-qa":
        return answer_report(truth, written, language)
    if spec.corpus not in CORPORA or len(CORPORA[spec.corpus].languages) > 1:
        return translation_report(truth, written, language)
    return sequence_report([text.split() for text in truth], [text.split() for text in written])
