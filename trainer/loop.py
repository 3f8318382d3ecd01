"""The one training loop. It yields events; the caller stores, draws or stops. Called by the training worker of the
labs and by `python -m trainer`.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from trainer import budget, checkpoint, forks
from trainer.corpora import CORPORA, CorpusError, Data, data_hash, load
from trainer.curve import Curve
from trainer.events import Baseline, Checkpoint, Event, Failed, Finished, HeldOut, Layers, Point, Sample, Started
from trainer.folder import load_model, save_model
from trainer.measures.loss import bits_per_byte, perplexity
from trainer.models.base import Model
from trainer.models.health import layer_norms, update_ratios, weights_now
from trainer.models.registry import build
from trainer.models.tuning import merge_lora
from trainer.optim import Optimizer, clip_gradients
from trainer.snapshots import save_snapshot
from trainer.spec import RunSpec, SpecError, identity
from trainer.starting import check_base, fine_tuned
from trainer.tasks.base import DataError, StoppedError, Task, spread
from trainer.tasks.prepare import prepare

BASELINE_STEP = 10
"""The baseline comes after this step, so that nothing stands before the first points."""

EXPLODED = 3.0
"""A loss above this multiple of the first, ..."""

EXPLODED_STEPS = 5
"""... at so many steps in a row, has diverged. Single spikes heal; untrained guessing is 1."""

Report = Callable[[Task, Model, int], Iterator[Event]]
"""Yields the task's own measures of a finished model at a step: see `trainer.report`, whose libraries the loop spares
those who only want a curve."""


class DivergedError(Exception):
    """The loss left for good. `loss` and `grad_norm` may be anything."""

    def __init__(self, step: int, loss: float, rate: float, grad_norm: float) -> None:
        self.step, self.loss, self.rate, self.grad_norm = step, loss, rate, grad_norm
        super().__init__(f"loss {loss} at step {step}")


def never() -> bool:
    """Nobody asks to stop."""
    return False


def no_report(task: Task, model: Model, step: int) -> Iterator[Event]:
    """Nothing beyond loss and shares."""
    del task, model, step
    return iter(())


def train(
    spec: RunSpec,
    *,
    run_dir: Path,
    data: Data | None = None,
    base: Path | None = None,
    fork: forks.Fork | None = None,
    stop: Callable[[], bool] = never,
    max_seconds: float | None = None,
    report: Report = no_report,
    keep_snapshots: bool = False,
) -> Iterator[Event]:
    """Train a model, or go on from the newest sound checkpoint in `run_dir`; the last event is Finished or Failed.

    `data` stands for the corpus's own; `base` is the folder of the model to fine-tune; `fork` another run's checkpoint
    to go on from. `stop` is asked at every step; a true answer, or `max_seconds` of training (earlier attempts
    included), ends the run with a checkpoint. With `keep_snapshots` the weights of every checkpoint stay
    (`trainer.snapshots`), and whole checkpoints for forks as far as there is room. The same spec, data, torch build and
    processor give the same losses to the last bit, however often the run is interrupted. Raises SpecError, OSError.
    Sets torch's thread count and flushing of denormals for the whole process.
    """
    if problems := spec.problems():
        raise SpecError(problems)
    if spec.tuning != "scratch":
        check_base(spec, base)
    if fork is not None:
        forks.check_fork(spec, fork)
    data = corpus_data(spec) if data is None else data
    torch.set_num_threads(spec.threads)
    torch.set_flush_denormal(True)
    run: Run | None = None
    try:
        run = Run(spec, data, run_dir, base, fork)
        yield from run.events(stop, max_seconds, report, keep_snapshots)
    except DataError as error:
        yield Failed(ending="refused", step=0, detail=error.detail)
    except DivergedError as error:
        assert run is not None
        yield Failed(ending="diverged", step=error.step, detail=run.divergence(error))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        yield Failed(ending="out_of_memory", step=run.step if run else 0, detail={})


def corpus_data(spec: RunSpec) -> Data:
    """The built-in data that a spec names. Raises SpecError."""
    if spec.corpus not in CORPORA:
        raise SpecError({"corpus": ("not_a_choice", {"choices": ", ".join(CORPORA)})})
    sized = {"size": spec.examples} if spec.examples and CORPORA[spec.corpus].kind != "text" else {}
    try:
        return load(spec.corpus, seed=spec.data_seed, **dict(spec.options) | sized)
    except CorpusError as error:
        raise SpecError(
            {"examples" if error.params.get("option") == "size" else "corpus": (error.code, error.params)}
        ) from None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was refused: Python's own error, or torch's under one of its names."""
    words = ("not enough memory", "defaultcpuallocator", "out of memory")
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in words)


class Run:
    """One attempt: all state between two steps."""

    def __init__(
        self, spec: RunSpec, data: Data, run_dir: Path, base: Path | None, fork: forks.Fork | None = None
    ) -> None:
        self.spec, self.run_dir = spec, run_dir
        self.data_hash = data_hash(data)
        self.identity = identity(spec, data_hash=self.data_hash, torch_version=torch.__version__)
        branch = forks.load(fork) if fork else None
        if branch:
            self.identity = forks.identity_of(self.identity, branch.identity, branch.step)
        # Two generators, both the run's own: held-out loss and samples in between change nothing.
        self.windows_rng = torch.Generator().manual_seed(spec.seed)
        self.model_rng = torch.Generator().manual_seed(spec.seed)
        self.device = torch.device(spec.device)
        if base is None:
            self.task = prepare(spec, data)
            model = build(self.task.config, self.model_rng)
        else:
            before, tokenizer = load_model(base)
            self.task = prepare(spec, data, tokenizer)
            model = fine_tuned(self.task, before, self.model_rng)
        self.model = model.to(self.device)
        self.params = [param for param in self.model.parameters() if param.requires_grad]
        self.optimizer = Optimizer(self.model, spec)
        self.curve = Curve(spec.tokens_per_step)
        self.step = 0
        self.seconds_before = 0.0
        run_dir.mkdir(parents=True, exist_ok=True)  # only now: what is refused leaves no trace
        self.started_at = time.perf_counter()
        self._restore(branch)
        self.started_at = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Training clock: since the first step, earlier attempts up to their checkpoint included."""
        return self.seconds_before + time.perf_counter() - self.started_at

    def events(
        self, stop: Callable[[], bool], max_seconds: float | None, report: Report, keep_snapshots: bool
    ) -> Iterator[Event]:
        """Everything from Started to the end. Raises DivergedError."""
        yield self._started()
        while True:
            ending: Failed | None = None
            try:
                if self._checkpoint_due():
                    yield from self._evaluate(stop, report)
                    if keep_snapshots:
                        save_snapshot(self.run_dir, self.step, self.model)
                    saved = self._checkpoint()
                    if keep_snapshots:
                        forks.keep(self.run_dir, saved.path, self.step, self.spec)
                    yield saved
            except StoppedError:  # the next attempt evaluates this step anew
                ending = Failed(ending="interrupted", step=self.step, detail={})
            if self.step == self.spec.steps and not ending:
                break
            if ending := ending or self._ending(stop, max_seconds):
                yield self._checkpoint()
                yield ending
                return
            for event in self._train_step():
                yield self._keep(event)
            if self.step == min(BASELINE_STEP, self.spec.steps) and (baseline := self._baseline()):
                yield self._keep(baseline)
        yield self._finish()

    def divergence(self, error: DivergedError) -> dict[str, Any]:
        """The numbers that explain a divergence; None where one is not finite."""
        losses = self.curve.losses
        best = min(range(len(losses)), key=losses.__getitem__, default=None)
        return {
            "step": error.step,
            "loss": _finite(error.loss),
            "start": losses[0] if losses else None,
            "best_step": None if best is None else best + 1,
            "best_loss": None if best is None else losses[best],
            "rate": error.rate,
            "grad_norm": _finite(error.grad_norm),
        }

    def _started(self) -> Started:
        return Started(
            step=self.step,
            steps=self.spec.steps,
            params=sum(param.numel() for param in self.model.parameters()),
            trained=sum(param.numel() for param in self.params),
            vocab_size=self.task.tokenizer.vocab_size,
            tokens_per_step=self.spec.tokens_per_step,
            train_tokens=self.task.train_tokens,
            held_out_tokens=self.task.held_out_tokens,
            train_examples=self.task.train_examples,
            left_out=self.task.left_out,
            bytes_per_token=self.task.bytes_per_token,
            data_hash=self.data_hash,
            torch=torch.__version__,
            threads=self.spec.threads,
            identity=self.identity,
        )

    def _train_step(self) -> list[Event]:
        """Its Point and, before a checkpoint, its Layers: these cannot be measured again."""
        batch = self.task.draw(self.step, self.windows_rng).to(self.device)
        rate = self.optimizer.rate(self.step)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.spec.lowered):
            loss = self.task.loss(self.model, batch)
        torch.autograd.backward(loss)
        grad_norm = clip_gradients(self.params, self.spec.clip)
        value = loss.item()
        self._check(value, rate, grad_norm)
        layers = self._update(rate)
        self.model.zero_grad()
        self.step += 1
        point = Point(
            step=self.step,
            tokens=self.step * self.spec.tokens_per_step,
            seconds=self.seconds,
            loss=value,
            rate=rate,
            grad_norm=grad_norm,
        )
        return [point, *layers]

    def _update(self, rate: float) -> list[Layers]:
        """Let the optimiser step; before a checkpoint, see how far each layer moves."""
        if not self._scheduled(self.step + 1):
            self.optimizer.step(rate)
            return []
        grad_norms = layer_norms(self.model)
        before = weights_now(self.model)
        self.optimizer.step(rate)
        ratios = update_ratios(self.model, before)
        return [Layers(step=self.step + 1, grad_norms=grad_norms, update_ratios=ratios)]

    def _check(self, loss: float, rate: float, grad_norm: float) -> None:
        """Raise DivergedError where a number is not finite, or the loss stays far above where it began."""
        latest = [*self.curve.losses[-(EXPLODED_STEPS - 1) :], loss]
        start = self.curve.losses[0] if self.curve.losses else loss
        exploded = len(latest) == EXPLODED_STEPS and min(latest) > EXPLODED * start
        if exploded or not math.isfinite(loss) or not math.isfinite(grad_norm):
            raise DivergedError(self.step + 1, loss, rate, grad_norm)

    def _scheduled(self, step: int) -> bool:
        return step % self.spec.checkpoint_every == 0 or step == self.spec.steps

    def _checkpoint_due(self) -> bool:
        evaluated = self.curve.held_out[-1].step if self.curve.held_out else 0
        return self._scheduled(self.step) and evaluated < self.step

    def _ending(self, stop: Callable[[], bool], max_seconds: float | None) -> Failed | None:
        if stop():
            return Failed(ending="interrupted", step=self.step, detail={})
        if max_seconds is not None and (seconds := self.seconds) > max_seconds:
            detail = {"seconds": seconds, "max_seconds": max_seconds, "steps": self.spec.steps}
            return Failed(ending="out_of_time", step=self.step, detail=detail)
        return None

    def _keep(self, event: Event) -> Event:
        self.curve.add(event)
        return event

    def _baseline(self) -> Baseline | None:
        tokenizer = self.task.tokenizer
        parts = f"{self.data_hash} {tokenizer.kind} {tokenizer.normalise} {tokenizer.vocab_size} {self.spec.context}"
        key = hashlib.sha256(parts.encode()).hexdigest()
        return self.task.baseline(self.run_dir.parent / ".cache", key)

    def _evaluate(self, stop: Callable[[], bool], report: Report) -> Iterator[Event]:
        """Held-out score, samples and, at the end, the report. Raises StoppedError, DivergedError."""
        last = self.step == self.spec.steps
        if last:
            units, sample_tokens = self.task.units, budget.SAMPLE_TOKENS[1]
        else:
            units = budget.held_out_windows(self.spec)
            sample_tokens = budget.sample_tokens(self.spec, vocab_size=self.task.config.vocab_size)
        score = self.task.score(self.model, spread(self.task.units, units), stop=stop)
        if not math.isfinite(score.loss):
            raise DivergedError(self.step, score.loss, self.optimizer.rate(self.step - 1), math.nan)
        bytes_per_token = self.task.bytes_per_token
        held_out = HeldOut(
            step=self.step,
            tokens=self.step * self.spec.tokens_per_step,
            seconds=self.seconds,
            loss=score.loss,
            perplexity=perplexity(score.loss),
            bits_per_byte=None if bytes_per_token is None else bits_per_byte(score.loss, bytes_per_token),
            windows=score.units,
            measures=score.measures,
        )
        yield self._keep(held_out)
        for said in self.task.samples(self.model, max_tokens=sample_tokens):
            yield self._keep(Sample(step=self.step, prompt=said.prompt, text=said.text, expected=said.expected))
        if last:
            for event in report(self.task, self.model, self.step):
                yield self._keep(event)

    def _finish(self) -> Finished:
        last = self.curve.held_out[-1]
        recipe = self.recipe() | {"step": self.step, "held_out_loss": last.loss}
        merge_lora(self.model)
        save_model(self.run_dir / "model", self.model, self.task.tokenizer, recipe, self.task.labels)
        return Finished(
            step=self.step,
            seconds=self.seconds,
            loss=last.loss,
            perplexity=last.perplexity,
            bits_per_byte=last.bits_per_byte,
            model="model",
            measures=last.measures,
        )

    def recipe(self) -> dict[str, Any]:
        """All that it takes to repeat the run: spec (with seed and threads), torch build and data."""
        return {
            "spec": self.spec.to_dict(),
            "torch": torch.__version__,
            "data_hash": self.data_hash,
            "identity": self.identity,
        }

    def _live(self) -> dict[str, torch.Tensor]:
        """The tensors that change from step to step, themselves."""
        weights = {f"model.{name}": param.detach() for name, param in self.model.named_parameters()}
        return weights | {f"optimizer.{name}": tensor for name, tensor in self.optimizer.state().items()}

    def _checkpoint(self) -> Checkpoint:
        tensors = self._live() | {
            "rng.windows": self.windows_rng.get_state(),
            "rng.model": self.model_rng.get_state(),
        }
        saved = checkpoint.Saved(
            identity=self.identity,
            step=self.step,
            seconds=self.seconds,
            curve=self.curve,
            tensors={name: tensor.cpu().numpy() for name, tensor in tensors.items()},
        )
        return Checkpoint(step=self.step, path=checkpoint.save(self.run_dir, saved))

    def _restore(self, branch: checkpoint.Saved | None) -> None:
        """Go back to the newest sound checkpoint of this very run; else to the one that it branches off from."""
        own = checkpoint.load(self.run_dir, identity=self.identity)
        saved = own or branch
        if saved is None:
            return
        with torch.no_grad():
            for name, tensor in self._live().items():
                tensor.copy_(torch.from_numpy(saved.tensors[name]))
        self.windows_rng.set_state(torch.from_numpy(saved.tensors["rng.windows"]))
        self.model_rng.set_state(torch.from_numpy(saved.tensors["rng.model"]))
        self.step, self.seconds_before, self.curve = saved.step, saved.seconds, saved.curve
        if own is None:
            self._checkpoint()  # its own from now on, with the curve up to here


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
