"""One language of a chapter: Markdown to the sections and parts that the reader shows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from markdown_it.token import Token

from courses.loading.blocks import KINDS, Context, Part, compile_block
from courses.loading.errors import Problem, Report
from courses.loading.fields import ID, Fields
from courses.loading.markdown import NOTES, parser, plain, render_text, render_tokens
from courses.loading.yamls import parse_yaml

MAX_SOURCE = 200_000
REMEMBERED = 32
RESERVED = frozenset(
    {"main", "menu", "me", "chapters", "why", "text", "toc", "treads"}
    | {"rules", "version", "quiz", "guess", "check", "widget"}
)
"""Ids of the page around the text, and words that stand in a section's place in an address."""
LEDE_SENTENCES, LEDE_CHARACTERS = 2, 260
_SENTENCE_END = re.compile(r"[.!?](?=[\s”’)]|$)|[。！？]")


@dataclass
class Section:
    """One page of the reader."""

    id: str
    title: str
    line: int
    lede: str = ""
    headings: list[dict[str, str]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """Where each part starts in the file."""
    hash: str = ""
    size: int = 0

    def body(self) -> dict[str, Any]:
        """As ChapterVersion.body keeps it."""
        return {
            "id": self.id,
            "title": self.title,
            "lede": self.lede,
            "headings": self.headings,
            "parts": self.parts,
        }

    def blocks(self) -> list[tuple[str, str]]:
        """Kind and id of what can be answered or reached here."""
        return [(part["kind"], part["id"]) for part in self.parts if "id" in part]

    def titles(self) -> dict[str, str]:
        """Titles of the blocks that have one, by id."""
        return {part["id"]: part["title"] for part in self.parts if "id" in part and "title" in part}


class _Compiler:
    """Walks the tokens of one file."""

    def __init__(self, text: str, report: Report, context: Context) -> None:
        self.report, self.context = report, context
        self.sections: list[Section] = []
        self.env: dict[str, Any] = {}
        text = text.replace("\r\n", "\n")
        self.title, rest = self._front_matter(text)
        for group in _groups(parser().parse(rest, self.env)):
            self._group(group)
        self._finish()

    def _front_matter(self, text: str) -> tuple[str, str]:
        """The title, and the text with the front matter made blank so that lines keep their numbers."""
        match = re.match(r"---\n(.*?\n)---(\n|$)", text, re.DOTALL)
        if match is None:
            self.report.add(1, _("the file must begin with “---”, “title: …”, “---”"))
            return "", text
        data = parse_yaml(match[1], self.report, before=1)
        title = ""
        if data is not None:
            fields = Fields(data, self.report)
            title = fields.text("title", limit=200)
            fields.done()
        return title, "\n" * match[0].count("\n") + text[match.end() :]

    def _group(self, group: list[Token]) -> None:
        """One top-level block of the text."""
        first = group[0]
        line = (first.map[0] if first.map else 0) + 1
        if first.type == "heading_open" and first.tag in {"h1", "h2"} and not first.meta.get("inner"):
            self._section(first, group[1], line)
            return
        if not self.sections:
            self.report.add(line, _("text before the first section: begin with “## Title {#id}”"))
            return
        self._misplaced(group)
        part = self._part(group, line)
        if part is not None:
            self.sections[-1].parts.append(part)
            self.sections[-1].lines.append(line)

    def _section(self, heading: Token, inline: Token, line: int) -> None:
        if heading.tag == "h1":
            self.report.add(line, _("“# ” is the chapter’s title: sections begin with “## ”"))
        self._finish()
        section_id = str(heading.attrGet("id") or "")
        self._check_id(section_id, line)
        if section_id in {section.id for section in self.sections}:
            self.report.add(line, _("section id “%(id)s” stands here twice") % {"id": section_id})
        self.sections.append(Section(section_id, plain(inline), line))

    def _check_id(self, value: str, line: int) -> None:
        if not value:
            self.report.add(line, _("the heading has no id: write “Title {#id}”"))
        elif not (ID.fullmatch(value) and len(value) <= 60) or value in RESERVED:
            self.report.add(line, _("“%(value)s” is not an id: use a-z, 0-9 and hyphens") % {"value": value})

    def _part(self, group: list[Token], line: int) -> Part | None:
        first, section = group[0], self.sections[-1]
        if first.type == "fence" and (kind := first.info.strip().split(" ")[0]) in KINDS:
            return compile_block(kind, first.content, before=line, report=self.report, context=self.context)
        if first.type.startswith("container_") and first.type != "container_where_open":
            return self._note(group)
        if first.type == "heading_open":
            anchor = str(first.attrGet("id") or "")
            self._check_id(anchor, line)
            section.headings.append({"id": anchor, "title": plain(group[1])})
        if first.type == "paragraph_open" and not section.lede:
            section.lede = self._lede(group[1])
        return {"kind": "html", "tag": first.tag, "html": render_tokens(group, self.env)}

    def _note(self, group: list[Token]) -> Part:
        tone, _space, title = group[0].info.strip().partition(" ")
        html = render_tokens(group[1:-1], self.env)
        return {"kind": "note", "tone": tone, "title": render_text(title) if title else "", "html": html}

    def _lede(self, inline: Token) -> str:
        """The first sentences of a paragraph, with their marks."""
        kept: list[Token] = []
        sentences = size = 0
        for child in inline.children or []:
            for end in _SENTENCE_END.finditer(child.content) if child.type == "text" and child.level == 0 else ():
                sentences += 1
                if sentences == LEDE_SENTENCES or size + end.end() > LEDE_CHARACTERS:
                    last = Token("text", "", 0, content=child.content[: end.end()])
                    return render_tokens([_inline([*kept, last])], self.env)
            kept.append(child)
            size += len(child.content)
        return render_tokens([_inline(kept)], self.env)

    def _misplaced(self, group: list[Token]) -> None:
        """What only works at the top level, and what chapters do not use."""
        for index, token in enumerate(group):
            line = (token.map[0] if token.map else 0) + 1
            if token.type == "fence" and index and token.info.strip().split(" ")[0] in KINDS:
                self.report.add(line, _("a block cannot stand inside a list, quotation or callout"))
            elif index and token.type.removeprefix("container_").removesuffix("_open") in NOTES:
                self.report.add(line, _("a callout cannot stand inside another one"))
            elif token.type == "inline":
                if any(child.type == "image" for child in token.children or []):
                    self.report.add(line, _("images are figures: use a “figure” block"))
                if token.content.startswith(":::"):
                    self.report.add(line, _("unknown callout: use note, tip, warning, key or where"))

    def _finish(self) -> None:
        """Facts of the section that has just ended."""
        if not self.sections:
            return
        section = self.sections[-1]
        section.size = sum(len(part.get("html", "")) for part in section.parts)
        content = repr((section.title, section.parts)).encode()
        section.hash = hashlib.sha256(content).hexdigest()[:16]
        if not section.parts:
            self.report.add(section.line, _("section “%(id)s” is empty") % {"id": section.id})


def _inline(children: list[Token]) -> Token:
    return Token("inline", "", 0, children=children)


def _groups(tokens: list[Token]) -> Iterator[list[Token]]:
    """Top-level blocks: an opening token with everything up to its end, or one token alone."""
    group: list[Token] = []
    for token in tokens:
        group.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield group
            group = []


def compile_language(text: str, *, report: Report, context: Context) -> tuple[str, list[Section]]:
    """Title and sections of one language's Markdown; notes problems and compiles what it can, as a preview needs it.

    The latest results are remembered: while somebody types, only the text under their hands is compiled anew.
    """
    figures = tuple(sorted(context.figures.items()))
    done = _compiled(text, report.file, context.folder, figures, get_language() or "")
    report.problems.extend(done.problems)
    context.svgs.update(done.svgs)
    return done.title, deepcopy(done.sections)


@dataclass(frozen=True)
class _Done:
    title: str
    sections: list[Section]
    problems: list[Problem]
    svgs: dict[str, str]


@lru_cache(maxsize=REMEMBERED)
def _compiled(text: str, file: str, folder: str, figures: tuple[tuple[str, str], ...], _reader: str) -> _Done:
    """`_reader` is the language that the problems are told in."""
    report, context = Report(file), Context(dict(figures), folder)
    if len(text) > MAX_SOURCE:
        report.add(0, _("longer than %(limit)d characters") % {"limit": MAX_SOURCE})
        return _Done("", [], report.problems, {})
    compiler = _Compiler(text, report, context)
    if not compiler.sections:
        report.add(0, _("there is no section"))
    return _Done(compiler.title, compiler.sections, report.problems, context.svgs)
