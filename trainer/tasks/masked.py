"""Hidden tokens of a text, guessed from both sides (Devlin et al. 2019, section 3.1). Built by
`trainer.tasks.prepare`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from trainer.models.base import Model
from trainer.spec import RunSpec
from trainer.tasks.base import IGNORED, Batch, Said, Task
from trainer.tasks.specials import Specials
from trainer.tasks.texts import all_windows, prepare, random_windows
from trainer.tokenizer import Tokenizer

CHOSEN = 0.15
"""Share of the tokens to guess."""

MASKED, SWAPPED = 0.8, 0.1
"""Of those, shares that become the mask or a random token; the rest stays, so that every token must be doubted."""

HELD_OUT_SEED = 20_181_011
"""Of what is hidden in held-out windows: the same in every run."""

SHOWN = 3
"""Windows among the samples."""


class MaskedTask(Task):
    """Random windows of a text; 15 % of the tokens are to be guessed."""

    def __init__(self, spec: RunSpec, text: str, tokenizer: Tokenizer | None = None) -> None:
        self.spec = spec
        self.data = prepare(spec, text, tokenizer)
        self.tokenizer = self.data.tokenizer
        self.specials = Specials.after(self.tokenizer)
        self.config = spec.model_config(self.specials.vocab_size, pad=self.specials.pad)
        self.train_tokens, self.held_out_tokens = len(self.data.train), len(self.data.held_out)
        self.bytes_per_token = None  # hidden tokens are guessed from both sides: no code for the text follows from it
        windows, _ = all_windows(self.data.held_out, context=spec.context)
        self.held = self.hide(windows, torch.Generator().manual_seed(HELD_OUT_SEED))

    @property
    def units(self) -> int:
        return len(self.held.targets)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        windows, _ = random_windows(
            self.data.train, batch=self.spec.batch, context=self.spec.context, generator=generator
        )  # (B, T)
        return self.hide(windows, generator)

    def hide(self, windows: Tensor, generator: torch.Generator) -> Batch:
        """Choose tokens of each window (B, T) to be guessed, and hide them."""
        chance = torch.rand(windows.shape, generator=generator)  # (B, T): below CHOSEN is chosen, its tenths say how
        others = torch.randint(self.tokenizer.vocab_size, windows.shape, generator=generator)
        ids = torch.where(chance < CHOSEN * (MASKED + SWAPPED), others, windows)
        ids = torch.where(chance < CHOSEN * MASKED, self.specials.mask, ids)
        return Batch(inputs=(ids,), targets=torch.where(chance < CHOSEN, windows, IGNORED))

    def held_out(self, chosen: Tensor) -> Batch:
        return Batch(inputs=(self.held.inputs[0][chosen],), targets=self.held.targets[chosen])

    @torch.inference_mode()
    def samples(self, model: Model, *, max_tokens: int) -> list[Said]:
        """Windows with their hidden tokens as ▢, and with the model's guesses in brackets."""
        device = next(model.parameters()).device
        ids, wanted = self.held.inputs[0][:SHOWN, :max_tokens], self.held.targets[:SHOWN, :max_tokens]
        training = model.training
        guesses = model.eval()(ids.to(device))[..., : self.tokenizer.vocab_size].argmax(-1).cpu()  # (B, T)
        model.train(training)
        return [self._said(*rows) for rows in zip(ids.tolist(), wanted.tolist(), guesses.tolist(), strict=True)]

    def _said(self, ids: list[int], wanted: list[int], guesses: list[int]) -> Said:
        truth = [token if target == IGNORED else target for token, target in zip(ids, wanted, strict=True)]
        guessed = [
            token if target == IGNORED else guess for token, target, guess in zip(ids, wanted, guesses, strict=True)
        ]
        hidden = [target != IGNORED for target in wanted]
        return Said(
            prompt=self._marked(truth, hidden, "▢"),
            text=self._marked(guessed, hidden, "[{}]"),
            expected=self._marked(truth, hidden, "[{}]"),
        )

    def _marked(self, tokens: list[int], hidden: list[bool], mark: str) -> str:
        """The text of tokens, each hidden one as `mark`, which may hold it."""
        write = self.tokenizer.stream()
        pieces = [write(token) for token in tokens]
        return "".join(_as(piece, mark) if off else piece for piece, off in zip(pieces, hidden, strict=True))


def _as(piece: str, mark: str) -> str:
    """The mark where a piece stands: after the space before a word, but in place of a piece that is nothing else."""
    start = len(piece) - len(piece.lstrip())
    return mark.format(piece) if start == len(piece) else piece[:start] + mark.format(piece.strip())
