"""Markdown of chapters to sanitised HTML: maths for KaTeX, code by CSS class, callouts. No raw HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, String, _TokenType
from pygments.util import ClassNotFound

from courses.loading.cjk import CjkInline

NOTES = ("note", "tip", "warning", "key")
"""Callouts with a title."""
_HEADING_ID = re.compile(r"\s*\{#([^{}\s]+)\}\s*$")
_CODE_CLASSES: tuple[tuple[_TokenType, str], ...] = (
    (Comment, "cm"),
    (Keyword, "k"),
    (String, "st"),
    (Name.Function, "md"),
    (Name.Class, "md"),
    (Name.Decorator, "md"),
)
_TAGS = {
    *("p", "h2", "h3", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "hr", "br", "em", "strong", "s", "a", "code"),
    *("pre", "table", "thead", "tbody", "tr", "th", "td", "div", "span", "sup", "sub"),
}
_ATTRIBUTES = {
    "*": {"class"},
    "a": {"href", "title"},
    "h2": {"id"},
    "h3": {"id"},
    "ol": {"start"},
    "span": {"data-tex"},
    "div": {"data-tex"},
    "th": {"scope"},
}


def sanitise(html: str) -> str:
    """The last step of every rendering: only what chapters need passes."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )


def heading_ids(state: StateCore) -> None:
    """Core rule: `### Title {#id}` gets its id, and loses the braces."""
    for opening, inline in zip(state.tokens, state.tokens[1:], strict=False):
        if opening.type == "heading_open" and (match := _HEADING_ID.search(inline.content)):
            opening.attrSet("id", match[1])
            inline.content = inline.content[: match.start()]


def page_levels(state: StateCore) -> None:
    """Core rule: a section's title is the page's h1, so that `###` inside of it becomes h2 and `####` h3."""
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"} and token.tag in {"h3", "h4"}:
            token.tag = "h2" if token.tag == "h3" else "h3"
            token.meta["inner"] = True


def symbol_lists(state: StateCore) -> None:
    """Core rule: the definition list inside `::: where` gets the class of formula symbols."""
    inside = False
    for token in state.tokens:
        if token.type == "container_where_open":
            inside = True
        elif token.type == "container_where_close":
            inside = False
        elif inside and token.type == "dl_open":
            token.attrSet("class", "where")


def highlight(code: str, language: str, _attributes: str) -> str:
    """Code as spans with the classes of our style sheet. An unknown language stays plain."""
    try:
        lexer = get_lexer_by_name(language) if language else None
    except ClassNotFound:
        lexer = None
    if lexer is None:
        return f'<pre class="code"><code>{escape(code)}</code></pre>\n'
    pieces = []
    for kind, text in lexer.get_tokens(code):
        css = next((name for family, name in _CODE_CLASSES if family in kind.split()), "")
        pieces.append(f'<span class="{css}">{escape(text)}</span>' if css else escape(text))
    return f'<pre class="code"><code>{"".join(pieces)}</code></pre>\n'


class Renderer(RendererHTML):
    """Our elements for maths, tables and callouts."""

    def math_inline(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """KaTeX fills it in the browser; without script the TeX source is read."""
        return _maths("span", "math", tokens[index].content)

    def math_block(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """A displayed formula."""
        return _maths("div", "eq", tokens[index].content) + "\n"

    def table_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Wide tables scroll in a box of their own."""
        return '<div class="scroll"><table class="tbl">\n'

    def table_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """The end of both."""
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Column headings say so, and align by class. An empty corner is no heading."""
        return f'<th scope="col"{_align(tokens[index])}>' if tokens[index + 1].content else "<td>"

    def th_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """The end of a column heading."""
        return "</th>" if tokens[index - 1].content else "</td>"

    def td_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Cells align by class: there are no inline styles."""
        return f"<td{_align(tokens[index])}>"

    def container_where_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """The list inside carries the class."""
        return ""

    container_where_close = container_where_open


def _maths(tag: str, css: str, tex: str) -> str:
    source = escape(tex.strip())
    return f'<{tag} class="{css}" data-tex="{source}">{source}</{tag}>'


def _align(token: Token) -> str:
    style = str(token.attrGet("style") or "")
    return ' class="r"' if "right" in style else ' class="c"' if "center" in style else ""


@cache
def parser() -> MarkdownIt:
    """The one parser; it keeps no state between texts."""
    md = MarkdownIt("commonmark", {"html": False, "highlight": highlight}, renderer_cls=Renderer)
    md.inline = _rebuilt(md)
    md.enable(["table", "strikethrough"])
    md.use(dollarmath_plugin, allow_labels=False, allow_digits=False, allow_space=False, double_inline=False)
    md.use(deflist_plugin)
    for name in (*NOTES, "where"):
        md.use(container_plugin, name)
    md.renderer = Renderer(md)  # again: the plugins have put rules of their own over ours
    md.core.ruler.before("inline", "heading_ids", heading_ids)
    md.core.ruler.push("page_levels", page_levels)
    md.core.ruler.push("symbol_lists", symbol_lists)
    return md


def _rebuilt(md: MarkdownIt) -> CjkInline:
    """The inline parser of `md` with the same active rules, aware of Chinese."""
    inline = CjkInline()
    inline.ruler.enableOnly(md.inline.ruler.get_active_rules())
    inline.ruler2.enableOnly(md.inline.ruler2.get_active_rules())
    return inline


def render_tokens(tokens: Sequence[Token], env: dict[str, Any]) -> str:
    """HTML of some tokens of a parsed text."""
    md = parser()
    return sanitise(md.renderer.render(tokens, md.options, env)).strip()


def render_text(text: str) -> str:
    """HTML of a short text: without `<p>` when it is one paragraph."""
    md = parser()
    env: dict[str, Any] = {}
    tokens = md.parse(text, env)
    if len(tokens) == 3 and tokens[0].type == "paragraph_open":
        tokens = tokens[1:2]
    return render_tokens(tokens, env)


def plain(inline: Token) -> str:
    """The words of an inline token, without marks; maths as its TeX source."""
    return "".join(child.content if child.content else " " for child in inline.children or []).strip()
