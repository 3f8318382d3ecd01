"""`python -m trainer sample DIR`: let a finished model do what it learnt: write on, answer, label, fill in."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from trainer.cli.data import Trained, trained
from trainer.cli.tables import aligned, number
from trainer.cli.wording import RefusedError
from trainer.corpora import Examples, Labelled, Pair, Tagged
from trainer.probe import embeddings, shown
from trainer.probe.subject import load
from trainer.sample import generate
from trainer.tasks.classify import ClassifyTask
from trainer.tasks.sequence import SequenceTask
from trainer.tasks.specials import Specials
from trainer.tasks.tag import TagTask

HELP = "let a trained model write, answer, label or fill in"

GAP = "▢"
"""What a masked model fills in."""

CANDIDATES = 5
MAX_TOKENS, MAX_BEAM = 100_000, 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Model, prompt and ways of choosing."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a finished run, or of a model")
    parser.add_argument(
        "--prompt",
        default="",
        metavar="TEXT",
        help=f"what to continue, answer, translate or label; for a masked model, with {GAP} where a token is missing; "
        "for embeddings, a word",
    )
    parser.add_argument("--max-tokens", type=int, default=200, help="most tokens to write")
    parser.add_argument("--temperature", type=float, default=0.7, help="language: 0 always takes the likeliest token")
    parser.add_argument("--top-k", type=int, default=0, help="language: 0 keeps all")
    parser.add_argument("--top-p", type=float, default=1.0, help="language: 1 keeps all")
    parser.add_argument("--seed", type=int, default=1, help="language: of the draws")
    parser.add_argument("--beam", type=int, default=1, help="sequence: targets kept while writing; 1 is greedy")


def run(options: argparse.Namespace) -> int:
    """Print what the model makes of the prompt. Raises RefusedError, ProbeError."""
    _check(options)
    found = trained(options.folder)
    torch.set_num_threads(found.spec.threads)
    if not options.prompt.strip() and found.spec.task != "language":
        raise RefusedError(f"--prompt: needed for a model of the task {found.spec.task}")
    if unknown := found.tokenizer.unknown(options.prompt.replace(GAP, "")):
        print(f"not in the vocabulary: {' '.join(map(repr, unknown))}", file=sys.stderr)
    SAYING[found.spec.task](found, options)
    return 0


def _check(options: argparse.Namespace) -> None:
    """Raise RefusedError naming every option that is out of range."""
    bounds = {
        "max_tokens": (1, MAX_TOKENS),
        "temperature": (0, 100),
        "top_k": (0, math.inf),
        "top_p": (0, 1),
        "seed": (0, 2**63 - 1),
        "beam": (1, MAX_BEAM),
    }
    wrong = [
        f"--{name.replace('_', '-')} {getattr(options, name)}: must be from {low} to {high}"
        for name, (low, high) in bounds.items()
        if not low <= getattr(options, name) <= high
    ]
    if wrong:
        raise RefusedError(*wrong)


def _continue(found: Trained, options: argparse.Namespace) -> None:
    print(options.prompt, end="", flush=True)
    for piece in generate(
        found.model,
        found.tokenizer,
        options.prompt,
        max_tokens=options.max_tokens,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        seed=options.seed,
    ):
        print(piece, end="", flush=True)
    print()


def _answer(found: Trained, options: argparse.Namespace) -> None:
    # A task whose only example is the prompt: it knows how sources are written.
    only = (Pair(options.prompt, ""),)
    task = SequenceTask(found.spec, Examples("pairs", only, only), found.tokenizer)
    (text,) = task.written(found.model, [options.prompt], max_tokens=options.max_tokens, width=options.beam)
    print(text)


def _label(found: Trained, options: argparse.Namespace) -> None:
    each = tuple(Labelled(options.prompt, label) for label in found.labels)
    task = ClassifyTask(found.spec, Examples("labelled", each, each), found.tokenizer)
    (chances,) = task.probabilities(found.model, each[:1]).tolist()
    ranked = sorted(zip(chances, found.labels, strict=True), reverse=True)
    print("\n".join(aligned([(label, number(chance)) for chance, label in ranked], indent="")))


def _tag(found: Trained, options: argparse.Namespace) -> None:
    words = tuple(options.prompt.split())
    each = (Tagged(found.labels, found.labels),)
    task = TagTask(found.spec, Examples("tagged", each, each), found.tokenizer)
    (tags,) = task.predicted(found.model, [Tagged(words, ("O",) * len(words))])
    print("\n".join(aligned(list(zip(words, tags, strict=True)), indent="", left=(0, 1))))


def _fill_in(found: Trained, options: argparse.Namespace) -> None:
    parts = [found.tokenizer.encode(part).tolist() for part in options.prompt.split(GAP)]
    if len(parts) == 1:
        raise RefusedError(f"--prompt: put {GAP} where a token is missing")
    mask = Specials.after(found.tokenizer).mask
    ids = parts[0] + [token for part in parts[1:] for token in (mask, *part)]
    if len(ids) > found.spec.context:
        raise RefusedError(f"--prompt: {len(ids)} tokens; the context has {found.spec.context}")
    with torch.inference_mode():
        (logits,) = found.model(torch.tensor([ids]))  # (T, V)
    chances = logits[:, : found.tokenizer.vocab_size].softmax(-1)
    gaps = [place for place, token in enumerate(ids) if token == mask]
    guesses = {place: int(chances[place].argmax()) for place in gaps}
    write = found.tokenizer.stream()
    print("".join(f"[{write(guesses[i])}]" if i in guesses else write(token) for i, token in enumerate(ids)))
    for number_of, place in enumerate(gaps, start=1):
        best = chances[place].topk(min(CANDIDATES, chances.shape[1]))
        rows = [
            (repr(found.tokenizer.token_text(token)), number(chance))
            for chance, token in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]
        print("\n".join([f"{GAP} {number_of}", *aligned(rows)]))


def _near(found: Trained, options: argparse.Namespace) -> None:
    print(shown.neighbours(embeddings.neighbours(load(found.folder), options.prompt)))


SAYING: dict[str, Callable[[Trained, argparse.Namespace], None]] = {
    "language": _continue,
    "sequence": _answer,
    "classify": _label,
    "tag": _tag,
    "masked": _fill_in,
    "embed": _near,
}
"""What each task's models do with a prompt."""
