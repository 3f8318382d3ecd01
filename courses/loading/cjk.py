"""Emphasis in Chinese text. CommonMark asks for a space between `**` and punctuation, which Chinese does not write."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline.state_inline import Scanned, StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType

_CJK = re.compile(
    "[\u2e80-\u2fdf\u3000-\u30ff\u3100-\u312f\u3130-\u318f\u31a0-\u31ff\u3200-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]"
)


def _is_punctuation(char: str) -> bool:
    """Punctuation that is not full-width: full-width marks stand beside words as letters do."""
    return not _CJK.match(char) and (isMdAsciiPunct(ord(char)) or isPunctChar(char))


class CjkState(StateInline):
    """Flanking as in CommonMark 6.2, but a CJK neighbour (character or full-width mark) counts like a space outside
    of the run, and a full-width mark inside of it like a letter (commonmark-spec issue 650)."""

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803 - the library's names
        """Whether the run of markers at `start` can open, can close, and its length."""
        end, marker = start, self.src[start]
        while end < self.posMax and self.src[end] == marker:
            end += 1
        before = self.src[start - 1] if start > 0 else " "
        after = self.src[end] if end < self.posMax else " "
        space_before, space_after = isWhiteSpace(ord(before)), isWhiteSpace(ord(after))
        mark_before, mark_after = _is_punctuation(before), _is_punctuation(after)
        cjk_before, cjk_after = bool(_CJK.match(before)), bool(_CJK.match(after))
        left = not space_after and (not mark_after or space_before or mark_before or cjk_before)
        right = not space_before and (not mark_before or space_after or mark_after or cjk_after)
        return Scanned(
            left and (canSplitWord or not right or mark_before),
            right and (canSplitWord or not left or mark_after),
            end - start,
        )


class CjkInline(ParserInline):
    """The inline parser with CjkState."""

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        """As the parent's, with another state."""
        state = CjkState(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens
