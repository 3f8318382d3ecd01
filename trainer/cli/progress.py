"""What a person reads while a run goes on, and when it ends. Used by `trainer.cli.train`."""

from __future__ import annotations

import math
import sys
from pathlib import Path

from trainer.cli.tables import number, slices
from trainer.cli.wording import DATA, sentence
from trainer.events import Baseline, Evaluation, Event, Failed, Finished, HeldOut, Point, Sample, Started
from trainer.spec import RunSpec

BASELINES = {
    "kneser_ney": "n-gram baseline (order {order})",
    "naive_bayes": "naive Bayes baseline",
    "commonest_tag": "baseline (each word's commonest tag)",
    "commonest_target": "baseline (always the commonest target)",
}

TITLE_WIDTH = 44
LONG, SHORT = 160, 48
"""Most characters of each part of a sample in the report, and in passing."""


class Progress:
    """One line that moves, a line and a sample a checkpoint, a report."""

    def __init__(self, spec: RunSpec, out: Path) -> None:
        self.spec, self.out = spec, out
        self.first: Point | None = None
        self.last: Point | None = None
        self.baseline: Baseline | None = None
        self.samples: list[Sample] = []
        self.said = ""
        self.evaluations: list[Evaluation] = []
        self.moving = sys.stdout.isatty()

    def past(self, event: Event) -> None:
        """Remember what an earlier attempt said, for the report."""
        if isinstance(event, Baseline):
            self.baseline = event
        elif isinstance(event, Sample):
            self.samples = [*(each for each in self.samples if each.step == event.step), event]
        elif isinstance(event, Evaluation):
            self.evaluations.append(event)

    def event(self, event: Event) -> None:
        """Print one event."""
        self.past(event)
        match event:
            case Started():
                self._started(event)
            case Point():
                self._point(event)
            case HeldOut():
                self._held_out(event)
            case Sample():
                self._sample(event)
            case Finished():
                self._report(event)
            case Failed():
                self._failed(event)
            case _:
                pass

    def _started(self, event: Started) -> None:
        spec = self.spec
        start = f"resuming at step {event.step:,}" if event.step else "starting"
        trained = "" if event.trained == event.params else f", {event.trained:,} of them learn"
        print(f"{start}: {spec.task} from {spec.corpus[:24]} with {spec.family}, {spec.tokenizer}, {spec.optimizer}")
        print(f"{event.params:,} parameters{trained}; {event.vocab_size:,} tokens in the vocabulary")
        examples = "" if event.train_examples is None else f" in {event.train_examples:,} examples"
        left_out = f" ({event.left_out:,} examples too long, left out)" if event.left_out else ""
        print(f"{event.train_tokens:,} tokens{examples} to train on, {event.held_out_tokens:,} held out{left_out}")
        print(f"{event.steps:,} steps of {event.tokens_per_step:,} tokens", flush=True)

    def _point(self, event: Point) -> None:
        self.first, self.last = self.first or event, event
        if self.moving:
            line = f"step {event.step:>6,}/{self.spec.steps:,}  loss {event.loss:.4f}  {self._left()}"
            print(f"\r\033[K{line}", end="", flush=True)

    def _left(self) -> str:
        """How long the rest takes at this attempt's pace; empty before there is one."""
        if self.first is None or self.last is None or self.last.step == self.first.step:
            return ""
        pace = (self.last.seconds - self.first.seconds) / (self.last.step - self.first.step)
        left = math.ceil(pace * (self.spec.steps - self.last.step))
        return f"{left:,} s left" if left else ""

    def _held_out(self, event: HeldOut) -> None:
        self._line(
            f"step {event.step:>6,}/{self.spec.steps:,}  held-out loss {event.loss:.4f}"
            f"{_shares(event.measures)}  {event.seconds:.1f} s  {self._left()}".rstrip()
        )

    def _sample(self, event: Sample) -> None:
        """The first of a checkpoint, where it is another one than before; the report shows all."""
        if self.samples == [event] and event.step < self.spec.steps and event.text != self.said:
            self.said = event.text
            self._line(f"    {shown(event, SHORT)}")

    def _report(self, event: Finished) -> None:
        self._line(f"finished in {event.seconds:.1f} s")
        told = f"{event.loss:.4f} nats a target{_shares(event.measures)}"
        if event.bits_per_byte is not None:
            told = f"{event.loss:.4f} nats a token, perplexity {event.perplexity:.2f}"
            told += f", {event.bits_per_byte:.3f} bits per byte"
        print(f"{'held-out loss':<{TITLE_WIDTH}}{told}")
        if self.baseline:
            print(baseline_line(self.baseline))
        for line in slices({each.slice: each.measures for each in self.evaluations}):
            print(line)
        if self.samples:
            print("samples")
        for sample in self.samples:
            print(f"    {shown(sample)}")
        print(f"model: {self.out / event.model}/")

    def _failed(self, event: Failed) -> None:
        self._line(f"ended at step {event.step:,}: {ending(event)}")

    def _line(self, line: str) -> None:
        print(("\r\033[K" if self.moving else "") + line, flush=True)


def baseline_line(baseline: Baseline) -> str:
    """What a model without a network reaches."""
    title = BASELINES.get(baseline.name, baseline.name).format(order=baseline.order)
    loss = "" if baseline.loss is None else f"{baseline.loss:.4f}"
    return f"{title:<{TITLE_WIDTH}}{f'{loss}{_shares(baseline.measures)}'.strip()}"


def shown(sample: Sample, most: int = LONG) -> str:
    """Prompt, what the model made of it, and what would be right where that is another thing."""
    line = f"{_cut(sample.prompt, most)} → {_cut(sample.text, most)}"
    return line if sample.expected in ("", sample.text) else f"{line}  (right: {_cut(sample.expected, most)})"


def ending(event: Failed) -> str:
    """Why a run ended, with its numbers."""
    name, detail = event.ending.replace("_", " "), event.detail
    if event.ending == "refused":
        return sentence(DATA, str(detail["reason"]), detail)
    if event.ending == "diverged":
        loss = "not a finite number" if detail["loss"] is None else f"{detail['loss']:.3f}"
        start = "" if detail["start"] is None else f", {detail['start']:.3f} at first"
        return f"{name}: loss {loss}{start}. A --learning-rate below {detail['rate']:.2g} may help, or --clip 1"
    if event.ending == "out_of_time":
        return f"{name}: {detail['seconds']:.1f} s of {detail['max_seconds']:.1f} s. Run it again to go on"
    if event.ending == "interrupted":
        return f"{name}. Run it again to go on"
    return f"{name}: a smaller --batch, --context or --d-model needs less" if event.ending == "out_of_memory" else name


def _shares(measures: dict[str, float]) -> str:
    return "".join(f"  {name.replace('_', ' ')} {number(value)}" for name, value in measures.items())


def _cut(text: str, most: int) -> str:
    return repr(text if len(text) <= most else text[:most] + "…")
