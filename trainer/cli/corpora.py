"""`python -m trainer corpora [NAME]`: what there is to learn from, or one corpus in full."""

from __future__ import annotations

import argparse
import json
from typing import Any

from trainer.cli.fields import corpus_options
from trainer.cli.tables import aligned
from trainer.cli.wording import FIELDS, RefusedError, sentence
from trainer.corpora import CORPORA, CorpusError, describe

HELP = "list the data there are to learn from, or show one corpus in full"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Name and options of a corpus."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="show this one in full")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="set an option of it")
    parser.add_argument("--seed", type=int, default=1, help="of a generated corpus")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Print the table, or one. Raises RefusedError."""
    chosen = {name: int(value) for name, value in corpus_options(options.option).items()}
    if options.name is None:
        if chosen:
            raise RefusedError("--option: only together with the NAME of a corpus")
        facts = [describe(name) for name in CORPORA]
        print(json.dumps(facts, ensure_ascii=False) if options.json else "\n".join(_table(facts)))
        return 0
    try:
        found = describe(options.name, seed=options.seed, **chosen)
    except CorpusError as error:
        raise _refusal(error, options.name) from None
    print(json.dumps(found, ensure_ascii=False) if options.json else "\n".join(_in_full(found)))
    return 0


def _refusal(error: CorpusError, name: str) -> RefusedError:
    if error.code == "unknown_corpus":
        return RefusedError(f"corpus {name}: must be one of: {', '.join(CORPORA)}")
    if error.code == "out_of_range":
        return RefusedError(
            f"--option {error.params['option']}={error.params['found']}: {sentence(FIELDS, error.code, error.params)}"
        )
    return RefusedError(f"corpus {name}: {sentence(FIELDS, error.code, error.params)}")


def _table(facts: list[dict[str, Any]]) -> list[str]:
    head = ("name", "kind", "tasks", "size", "licence", "what it is")
    rows = [
        (fact["name"], fact["kind"], ", ".join(fact["tasks"]), _size(fact), fact["licence"], fact["title"])
        for fact in facts
    ]
    return aligned([head, *rows], indent="", left=(0, 1, 2, 4, 5))


def _size(fact: dict[str, Any]) -> str:
    if fact["kind"] == "text":
        return f"{fact['characters']:,} characters"
    return f"{fact['train']:,} + {fact['held_out']:,} examples"


def _in_full(fact: dict[str, Any]) -> list[str]:
    named = {
        "title": fact["title"],
        "kind": fact["kind"],
        "tasks": ", ".join(fact["tasks"]),
        "languages": ", ".join(fact["languages"]) or "none",
        "licence": fact["licence"],
        "origin": fact["origin"],
        "sha-256": fact["hash"],
        "tokenizer": f"{fact['default_tokenizer']} (usually)",
        "size": _size(fact),
    }
    if fact["kind"] == "text":
        named["letters"] = f"{fact['distinct']:,} different characters, {fact['bytes']:,} bytes"
    else:
        named["slices"] = ", ".join(f"{name} {count:,}" for name, count in fact["slices"].items()) or "none"
    if fact.get("classes"):
        named["classes"] = ", ".join(fact["classes"])
    lines = [fact["name"], f"  {fact['description']}", *aligned(list(named.items()), left=(0, 1))]
    if fact["options"]:
        rows = [(name, f"{low:,} to {high:,}", f"usually {usual:,}") for name, (low, high, usual) in _limits(fact)]
        lines += ["options", *aligned(rows, left=(0, 1, 2))]
    return [*lines, "examples", *_examples(fact)]


def _limits(fact: dict[str, Any]) -> list[tuple[str, tuple[int, int, int]]]:
    return [(name, (limits["low"], limits["high"], limits["default"])) for name, limits in fact["options"].items()]


def _examples(fact: dict[str, Any]) -> list[str]:
    if fact["kind"] == "text":
        return [f"  {line}" for line in fact["sample"].splitlines()]
    if fact["kind"] == "tagged":
        return [f"  {' '.join(f'{word}/{tag}' for word, tag in zip(*pair, strict=True))}" for pair in fact["sample"]]
    return [f"  {source!r} → {target!r}" for source, target in fact["sample"]]
