"""Grading: what a run is measured on that its author cannot have seen. Called by `trainer.nursery` for graded runs.

The examples and texts stay in this process: the Evaluation of the slice `hidden` holds figures alone, no errors, no
confusions, no texts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from trainer.baseline import ORDER
from trainer.corpora import Data, hidden, word_classes
from trainer.corpora.draws import Draws
from trainer.corpora.withheld import withheld
from trainer.events import Evaluation, Event
from trainer.loop import corpus_data
from trainer.measures.intervals import Interval, wilson
from trainer.measures.loss import bits_per_byte
from trainer.models.base import Model
from trainer.ngram import KneserNey
from trainer.probe.embeddings import purity
from trainer.probe.subject import ProbeError, of_task
from trainer.reports import on_examples, on_text, report
from trainer.spec import RunSpec
from trainer.tasks.base import Task
from trainer.tasks.embed import EmbedTask
from trainer.tasks.language import LanguageTask
from trainer.tasks.texts import split
from trainer.tokenizer import Tokenizer
from trainer.tokenizer.characters import Characters

EXAMPLES = 400
"""Drawn for tasks that learn from examples."""

STRINGS = 60
"""Short strings that a tokenizer must give back unchanged."""

ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 .,;:!?()[]{}<>",
    "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会",
    "áàâäãåæçéèêëíìîïñóòôöõøœúùûüýÿßÁÉÍÓÚŠŽćčđŁ",
    "😀😂🙂🚀🌍🎉👩🏽🔬❤️🇨🇳🧪✅∑√∞≈→",
)


class Hidden:
    """The hidden set of one graded run."""

    def __init__(self, spec: RunSpec, secret: str) -> None:
        """Raises SpecError for a corpus that is not built in."""
        self.spec, self.secret = spec, secret
        data = corpus_data(spec)
        self.text = ""
        if isinstance(data, str) and spec.task != "embed":
            data, self.text = withheld(data, secret)
        self.data: Data = data
        """What the run trains on."""

    def report(self, task: Task, model: Model, step: int) -> Iterator[Event]:
        """The usual evaluations, then that of the hidden set."""
        yield from report(task, model, step)
        measures = {name: interval.to_dict() for name, interval in self._figures(task, model).items()}
        yield Evaluation(step=step, slice="hidden", measures=measures, detail={})

    def _figures(self, task: Task, model: Model) -> dict[str, Interval]:
        if isinstance(task, LanguageTask):
            return self._of_text(task, model)
        if isinstance(task, EmbedTask):
            return self._of_words(task, model)
        if self.text:
            return on_text(model, task.tokenizer, self.text).figures
        options = {name: value for name, value in dict(self.spec.options).items() if name != "size"}
        examples = hidden(self.spec.corpus, seed=self.secret, size=EXAMPLES, **options)
        return on_examples(task, model, examples).figures

    def _of_text(self, task: LanguageTask, model: Model) -> dict[str, Interval]:
        """Loss and its units; bits a byte less than a trigram of characters; how well the tokens fit.

        The trigram counts the same training text, whatever the tokenizer, so that its bound is the same for all.
        """
        found = dict(on_text(model, task.tokenizer, self.text).figures)
        if bits := found.get("bits_per_byte"):
            baseline = self._trigram()
            found["below_baseline"] = Interval(baseline - bits.value, baseline - bits.high, baseline - bits.low, bits.n)
        size = len(self.text.encode()) / max(1, len(task.tokenizer.encode(self.text)))
        found["lossless_bytes"] = self._round_trips(task.tokenizer).mapped(lambda share: share * size)
        return found

    def _trigram(self) -> float:
        """Bits a byte of the hidden text by a Kneser-Ney model of characters."""
        assert isinstance(self.data, str)
        train, _held_out = split(self.data)
        characters = Characters.fit(self.data)
        counted = KneserNey(characters.encode(train), vocab_size=characters.vocab_size, order=ORDER)
        nats = counted.loss(characters.encode(self.text))
        return bits_per_byte(nats, len(self.text.encode()) / len(self.text))

    def _round_trips(self, tokenizer: Tokenizer) -> Interval:
        """Share of short strings of several scripts that come back unchanged."""
        draws = Draws("strings", self.secret)
        made = [
            "".join(draws.choice(draws.choice(ALPHABETS)) for _ in range(draws.between(4, 24))) for _ in range(STRINGS)
        ]
        right = sum(tokenizer.decode(tokenizer.encode(text).tolist()) == text for text in made)
        return wilson(right, len(made))

    def _of_words(self, task: EmbedTask, model: Model) -> dict[str, Interval]:
        """Purity of the neighbours of half of the words of each class, drawn from the secret."""
        classes = word_classes()
        draws = Draws("words", self.secret)
        chosen: dict[str, str] = {}
        for name in dict.fromkeys(classes.values()):
            words = [word for word, own in classes.items() if own == name]
            chosen |= dict.fromkeys(draws.sample(words, len(words) // 2), name)
        with contextlib.suppress(ProbeError), torch.inference_mode():
            return {"purity": purity(of_task(task, model), chosen).purity}
        return {}
