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
from torch.nn.functional import cross_entropy

from trainer import budget, checkpoint, evaluate
from trainer.baseline import baseline
from trainer.corpora import CORPORA, corpus_text, text_hash
from trainer.curve import Curve
from trainer.data import Data, DataError, all_windows, prepare, random_windows
from trainer.events import Baseline, Checkpoint, Event, Failed, Finished, HeldOut, Point, Sample, Started
from trainer.folder import save_model
from trainer.models.config import ModelConfig
from trainer.models.gpt import GPT
from trainer.optim import Optimizer, clip_gradients
from trainer.sample import continuations
from trainer.spec import RunSpec, SpecError, identity

BASELINE_STEP = 10
"""The baseline comes after this step, so that nothing stands before the first points."""

EXPLODED = 3.0
"""A loss above this multiple of the first, ..."""

EXPLODED_STEPS = 5
"""... at so many steps in a row, has diverged. Single spikes heal; untrained guessing is 1."""

SAMPLE_TEMPERATURE = 0.7


class DivergedError(Exception):
    """The loss left for good. `loss` and `grad_norm` may be anything."""

    def __init__(self, step: int, loss: float, rate: float, grad_norm: float) -> None:
        self.step, self.loss, self.rate, self.grad_norm = step, loss, rate, grad_norm
        super().__init__(f"loss {loss} at step {step}")


def never() -> bool:
    """Nobody asks to stop."""
    return False


def train(
    spec: RunSpec,
    *,
    run_dir: Path,
    text: str | None = None,
    stop: Callable[[], bool] = never,
    max_seconds: float | None = None,
) -> Iterator[Event]:
    """Train a model, or go on from the newest sound checkpoint in `run_dir`; the last event is Finished or Failed.

    `text` stands for the corpus's own. `stop` is asked at every step; a true answer, or `max_seconds` of training
    (earlier attempts included), ends the run with a checkpoint. The same spec, text, torch build and processor give
    the same losses to the last bit, however often the run is interrupted. Raises SpecError, OSError.
    Sets torch's thread count and flushing of denormals for the whole process.
    """
    if problems := spec.problems():
        raise SpecError(problems)
    if text is None:
        if spec.corpus not in CORPORA:
            raise SpecError({"corpus": ("not_a_choice", {"choices": ", ".join(CORPORA)})})
        text = corpus_text(spec.corpus)
    torch.set_num_threads(spec.threads)
    torch.set_flush_denormal(True)
    run: Run | None = None
    try:
        run = Run(spec, text, run_dir, stop, max_seconds)
        yield from run.events()
    except DataError as error:
        yield Failed(ending="refused", step=0, detail=error.detail)
    except DivergedError as error:
        assert run is not None
        yield Failed(ending="diverged", step=error.step, detail=run.divergence(error))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        yield Failed(ending="out_of_memory", step=run.step if run else 0, detail={})


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was refused: Python's own error, or torch's under one of its names."""
    words = ("not enough memory", "defaultcpuallocator", "out of memory")
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in words)


class Run:
    """One attempt: all state between two steps."""

    def __init__(
        self, spec: RunSpec, text: str, run_dir: Path, stop: Callable[[], bool], max_seconds: float | None
    ) -> None:
        run_dir.mkdir(parents=True, exist_ok=True)
        self.spec, self.run_dir, self.stop, self.max_seconds = spec, run_dir, stop, max_seconds
        self.data_hash = text_hash(text)
        self.identity = identity(spec, data_hash=self.data_hash, torch_version=torch.__version__)
        self.data: Data = prepare(spec, text)
        # Two generators, both the run's own: held-out loss and samples in between change nothing.
        self.windows_rng = torch.Generator().manual_seed(spec.seed)
        self.model_rng = torch.Generator().manual_seed(spec.seed)
        self.model = GPT(
            ModelConfig(
                vocab_size=self.data.tokenizer.vocab_size,
                n_outputs=self.data.tokenizer.vocab_size,
                n_layers=spec.n_layers,
                d_model=spec.d_model,
                n_heads=spec.n_heads,
                d_ff=4 * spec.d_model,
                context=spec.context,
                dropout=spec.dropout,
            ),
            self.model_rng,
        )
        self.params = list(self.model.parameters())
        self.optimizer = Optimizer(self.model, spec)
        self.curve = Curve(spec.tokens_per_step)
        self.step = 0
        self.seconds_before = 0.0
        self._restore()
        self.started_at = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Training clock: since the first step, earlier attempts up to their checkpoint included."""
        return self.seconds_before + time.perf_counter() - self.started_at

    def events(self) -> Iterator[Event]:
        """Everything from Started to the end. Raises DivergedError."""
        yield self._started()
        while True:
            ending: Failed | None = None
            try:
                if self._checkpoint_due():
                    yield from self._evaluate()
                    yield self._checkpoint()
            except evaluate.StoppedError:  # the next attempt evaluates this step anew
                ending = Failed(ending="interrupted", step=self.step, detail={})
            if self.step == self.spec.steps and not ending:
                break
            if ending := ending or self._ending():
                yield self._checkpoint()
                yield ending
                return
            yield self._keep(self._train_step())
            if self.curve.baseline is None and self.step >= min(BASELINE_STEP, self.spec.steps):
                yield self._keep(self._baseline())
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
            params=sum(param.numel() for param in self.params),
            vocab_size=self.data.tokenizer.vocab_size,
            tokens_per_step=self.spec.tokens_per_step,
            train_tokens=len(self.data.train),
            held_out_tokens=len(self.data.held_out),
            bytes_per_token=self.data.bytes_per_token,
            data_hash=self.data_hash,
            torch=torch.__version__,
            threads=self.spec.threads,
            identity=self.identity,
        )

    def _train_step(self) -> Point:
        x, y = random_windows(
            self.data.train, batch=self.spec.batch, context=self.spec.context, generator=self.windows_rng
        )
        rate = self.optimizer.rate(self.step)
        loss = cross_entropy(self.model(x).flatten(0, 1), y.flatten())
        torch.autograd.backward(loss)
        grad_norm = clip_gradients(self.params, self.spec.clip)
        value = loss.item()
        self._check(value, rate, grad_norm)
        self.optimizer.step(rate)
        self.model.zero_grad()
        self.step += 1
        return Point(
            step=self.step,
            tokens=self.step * self.spec.tokens_per_step,
            seconds=self.seconds,
            loss=value,
            rate=rate,
            grad_norm=grad_norm,
        )

    def _check(self, loss: float, rate: float, grad_norm: float) -> None:
        """Raise DivergedError where a number is not finite, or the loss stays far above where it began."""
        latest = [*self.curve.losses[-(EXPLODED_STEPS - 1) :], loss]
        start = self.curve.losses[0] if self.curve.losses else loss
        exploded = len(latest) == EXPLODED_STEPS and min(latest) > EXPLODED * start
        if exploded or not math.isfinite(loss) or not math.isfinite(grad_norm):
            raise DivergedError(self.step + 1, loss, rate, grad_norm)

    def _checkpoint_due(self) -> bool:
        scheduled = self.step % self.spec.checkpoint_every == 0 or self.step == self.spec.steps
        evaluated = self.curve.held_out[-1].step if self.curve.held_out else 0
        return scheduled and evaluated < self.step

    def _ending(self) -> Failed | None:
        if self.stop():
            return Failed(ending="interrupted", step=self.step, detail={})
        if self.max_seconds is not None and (seconds := self.seconds) > self.max_seconds:
            detail = {"seconds": seconds, "max_seconds": self.max_seconds, "steps": self.spec.steps}
            return Failed(ending="out_of_time", step=self.step, detail=detail)
        return None

    def _keep(self, event: Event) -> Event:
        self.curve.add(event)
        return event

    def _baseline(self) -> Baseline:
        parts = f"{self.data_hash} {self.spec.tokenizer} {self.data.tokenizer.vocab_size} {self.spec.context}"
        key = hashlib.sha256(parts.encode()).hexdigest()
        return baseline(self.data, context=self.spec.context, cache=self.run_dir.parent / ".cache", key=key)

    def _evaluate(self) -> Iterator[Event]:
        """Held-out loss, then samples. Raises StoppedError, DivergedError."""
        windows, targets = all_windows(self.data.held_out, context=self.spec.context)
        sample_tokens = budget.SAMPLE_TOKENS[1]
        if self.step < self.spec.steps:
            chosen = evaluate.spread(len(windows), budget.held_out_windows(self.spec))
            windows, targets = windows[chosen], targets[chosen]
            sample_tokens = budget.sample_tokens(self.spec, vocab_size=self.data.tokenizer.vocab_size)
        loss = evaluate.mean_loss(self.model, windows, targets, stop=self.stop)
        if not math.isfinite(loss):
            raise DivergedError(self.step, loss, self.optimizer.rate(self.step - 1), math.nan)
        yield self._keep(
            HeldOut(
                step=self.step,
                tokens=self.step * self.spec.tokens_per_step,
                seconds=self.seconds,
                loss=loss,
                perplexity=evaluate.perplexity(loss),
                bits_per_byte=evaluate.bits_per_byte(loss, self.data.bytes_per_token),
                windows=len(windows),
            )
        )
        texts = continuations(
            self.model,
            self.data.tokenizer,
            self.spec.prompts,
            max_tokens=sample_tokens,
            temperature=SAMPLE_TEMPERATURE,
            seed=self.spec.seed,
        )
        for prompt, text in zip(self.spec.prompts, texts, strict=True):
            yield self._keep(Sample(step=self.step, prompt=prompt, text=text))

    def _finish(self) -> Finished:
        last = self.curve.held_out[-1]
        recipe = self.recipe() | {"step": self.step, "held_out_loss": last.loss}
        save_model(self.run_dir / "model", self.model, self.data.tokenizer, recipe)
        return Finished(
            step=self.step,
            seconds=self.seconds,
            loss=last.loss,
            perplexity=last.perplexity,
            bits_per_byte=last.bits_per_byte,
            model="model",
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
            tensors={name: tensor.numpy() for name, tensor in tensors.items()},
        )
        return Checkpoint(step=self.step, path=checkpoint.save(self.run_dir, saved))

    def _restore(self) -> None:
        """Go back to the newest sound checkpoint of this very run, if there is one."""
        saved = checkpoint.load(self.run_dir, identity=self.identity)
        if saved is None:
            return
        for name, tensor in self._live().items():
            tensor.copy_(torch.from_numpy(saved.tensors[name]))
        self.windows_rng.set_state(torch.from_numpy(saved.tensors["rng.windows"]))
        self.model_rng.set_state(torch.from_numpy(saved.tensors["rng.model"]))
        self.step, self.seconds_before, self.curve = saved.step, saved.seconds, saved.curve


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
