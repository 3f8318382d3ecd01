"""The plain trainer that ours is compared with: a nanoGPT-style GPT of `torch.nn` modules, alone in one file.

Model and recipe are those that nanoGPT (Karpathy 2022) recommends for a processor: 4 layers of width 128, 4 heads,
context 64, batch 12, AdamW at 1e-3 with warm-up and cosine, 2,000 steps, no dropout. Nothing is slower than the modules
have to be: fused AdamW, fused attention, no evaluation before the end.

`python -m benchmarks.reference_trainer TEXT [--seed N] [--steps N] [--threads N]` prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

LAYERS, WIDTH, HEADS, CONTEXT, BATCH, STEPS = 4, 128, 4, 64, 12, 2000
RATE, LAST_RATE, WARMUP = 1e-3, 1e-4, 100
BETAS, WEIGHT_DECAY, CLIP = (0.9, 0.99), 0.1, 1.0
TRAIN_SHARE = 0.9
WINDOWS_AT_ONCE = 64


class Attention(nn.Module):
    """Causal self-attention of several heads."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.proj = nn.Linear(WIDTH, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        q, k, v = (part.view(B, T, HEADS, C // HEADS).transpose(1, 2) for part in self.qkv(x).split(C, dim=2))
        y = scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, H, T, D)
        out: Tensor = self.proj(y.transpose(1, 2).reshape(B, T, C))
        return out


class Block(nn.Module):
    """Attention, then feed-forward, each after its norm and added to the stream."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, bias=False), nn.LayerNorm(WIDTH, bias=False)
        self.attention = Attention()
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH, bias=False), nn.Linear(4 * WIDTH, WIDTH, bias=False)
        self.gelu = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        out: Tensor = x + self.down(self.gelu(self.up(self.norm2(x))))
        return out


class ReferenceGPT(nn.Module):
    """Learned positions, pre-norm blocks, head tied to the embedding."""

    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocab_size, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(WIDTH, bias=False)
        self.head = nn.Linear(WIDTH, vocab_size, bias=False)
        self.head.weight = self.tokens.weight
        for name, param in self.named_parameters():
            if param.dim() == 2:
                branch_end = name.endswith(("proj.weight", "down.weight"))
                nn.init.normal_(param, std=0.02 / math.sqrt(2 * LAYERS) if branch_end else 0.02)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits (B, T, V) of ids (B, T)."""
        x = self.tokens(ids) + self.places.weight[: ids.shape[1]]
        logits: Tensor = self.head(self.norm(self.blocks(x)))
        return logits


def encode(text: str) -> tuple[Tensor, Tensor, int]:
    """Characters as ids: the first 90 %, the rest, and how many different ones there are."""
    alphabet = {letter: n for n, letter in enumerate(sorted(set(text)))}
    ids = torch.tensor([alphabet[letter] for letter in text])
    cut = int(len(text) * TRAIN_SHARE)
    return ids[:cut], ids[cut:], len(alphabet)


def make_optimizer(model: nn.Module) -> torch.optim.Optimizer:
    """AdamW; weight decay on matrices alone."""
    matrices = [param for param in model.parameters() if param.dim() == 2]
    others = [param for param in model.parameters() if param.dim() != 2]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=RATE, betas=BETAS, fused=True)


def rate_at(step: int, steps: int) -> float:
    """Linear warm-up, then cosine to a tenth."""
    if step < WARMUP:
        return RATE * (step + 1) / (WARMUP + 1)
    share = (step - WARMUP) / max(1, steps - WARMUP)
    return LAST_RATE + 0.5 * (1 + math.cos(math.pi * share)) * (RATE - LAST_RATE)


def draw(ids: Tensor, batch: int = BATCH) -> tuple[Tensor, Tensor]:
    """Random windows and the tokens that follow each of theirs, (B, T) both."""
    starts = torch.randint(len(ids) - CONTEXT, (batch, 1)) + torch.arange(CONTEXT + 1)
    windows = ids[starts]
    return windows[:, :-1].contiguous(), windows[:, 1:].contiguous()


def train_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, *, lowered: bool = False
) -> float:
    """One update, with matrix products in bfloat16 where `lowered`; the loss before it."""
    with torch.autocast("cpu", torch.bfloat16, enabled=lowered):
        loss = cross_entropy(model(x).flatten(0, 1), y.flatten())
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(model.parameters(), CLIP)
    optimizer.step()
    return loss.item()


@torch.inference_mode()
def held_out_loss(model: nn.Module, ids: Tensor) -> float:
    """Mean nats a token over all windows that do not overlap."""
    count = (len(ids) - 1) // CONTEXT
    windows, targets = ids[: count * CONTEXT].view(-1, CONTEXT), ids[1 : count * CONTEXT + 1].view(-1, CONTEXT)
    total = 0.0
    for x, y in zip(torch.split(windows, WINDOWS_AT_ONCE), torch.split(targets, WINDOWS_AT_ONCE), strict=True):
        total += cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="sum").item()
    return total / targets.numel()


def main() -> None:
    """Train once; print seconds of the steps alone, held-out loss and size."""
    parser = argparse.ArgumentParser(prog="reference_trainer", description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    train_ids, held_out_ids, vocab_size = encode(options.text.read_text(encoding="utf-8"))
    model = ReferenceGPT(vocab_size)
    optimizer = make_optimizer(model)
    started = time.perf_counter()
    for step in range(options.steps):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, options.steps)
        train_step(model, optimizer, *draw(train_ids))
    seconds = time.perf_counter() - started
    loss = held_out_loss(model, held_out_ids)
    params = sum(param.numel() for param in model.parameters())
    print(json.dumps({"seconds": seconds, "loss": loss, "params": params, "steps": options.steps}))


if __name__ == "__main__":
    main()
