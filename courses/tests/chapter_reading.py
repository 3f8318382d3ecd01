"""Reads the chapters that ship with Gradus, for the tests of what they say. Standard library and PyYAML only."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

COURSE = Path(__file__).resolve().parents[1] / "content" / "llm-foundations"
LANGUAGES = ("en", "zh-hans")
BLOCK = re.compile(r"^```(guess|check|widget|figure|lab)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#{2,3}) .+ \{#([a-z0-9-]+)\}$", re.MULTILINE)

Block = dict[str, Any]


@cache
def chapters() -> list[str]:
    """Their ids, in the order of the course."""
    listed: list[str] = yaml.safe_load((COURSE / "course.yaml").read_text(encoding="utf-8"))["chapters"]
    return listed


@cache
def text_of(chapter: str, language: str) -> str:
    """The Markdown of one language."""
    return (COURSE / chapter / f"{language}.md").read_text(encoding="utf-8")


@cache
def sections_of(chapter: str) -> list[str]:
    """The ids of a chapter's sections: one page of the reader each."""
    return [name for mark, name in HEADING.findall(text_of(chapter, "en")) if mark == "##"]


@cache
def blocks_of(chapter: str, language: str) -> list[tuple[str, Block]]:
    """Kind and content of every interactive block, in order."""
    return [(kind, yaml.safe_load(body)) for kind, body in BLOCK.findall(text_of(chapter, language))]


def block(chapter: str, language: str, name: str) -> Block:
    """The guess or check with this id, or the widget with this name."""
    return next(body for _, body in blocks_of(chapter, language) if name in (body.get("id"), body.get("name")))


def name_of(kind: str, body: Block) -> str:
    """A block's kind and what tells it from the others of its kind."""
    return f"{kind}:{body.get('id') or body.get('name') or body.get('src') or body['slug']}"


@cache
def quiz_of(chapter: str) -> dict[str, Block]:
    """The questions of a chapter's quiz by their ids."""
    quiz = yaml.safe_load((COURSE / chapter / "quiz.yaml").read_text(encoding="utf-8"))
    return {question["id"]: question for question in quiz["questions"]}


def right_texts(body: Block, language: str = "en") -> list[str]:
    """The right choices of a check or a question."""
    texts = [option["text"] for option in body["options"] if option.get("right")]
    return [text[language] if isinstance(text, dict) else text for text in texts]


def missing(chapter: str, *pieces: str) -> list[str]:
    """Language and piece of every number or phrase that does not stand in the chapter on its own."""
    return [
        f"{language}: {piece}"
        for language in LANGUAGES
        for piece in pieces
        if not re.search(rf"(?<![\d.]){re.escape(piece)}(?!\d|\.\d|,\d\d\d)", text_of(chapter, language))
    ]
