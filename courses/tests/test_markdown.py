"""Markdown of chapters: Chinese emphasis, maths, code, tables, and nothing that could run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation

from courses.loading.errors import Problem, Report
from courses.loading.markdown import render_text
from courses.loading.svg import figure_svg


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("text", "bold"),
    [
        ("这是**“粗体”**文字", "“粗体”"),
        ("**注意：**后面的文字", "注意："),
        ("前面**（括号）**后面", "（括号）"),
        ("他说**你好。**然后走了", "你好。"),
        ("用**《书名》**来举例", "《书名》"),
        ("学习率**“太大”，**就会发散", "“太大”，"),
    ],
)
def test_chinese_emphasis_works_beside_full_width_marks(text: str, bold: str) -> None:
    assert f"<strong>{bold}</strong>" in render_text(text)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a **bold** word", "a <strong>bold</strong> word"),
        ("一个**粗体**词", "一个<strong>粗体</strong>词"),
        ('foo**"bar"**baz', 'foo**"bar"**baz'),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
    ],
)
def test_emphasis_elsewhere_is_as_in_commonmark(text: str, html: str) -> None:
    assert render_text(text) == html


def test_inline_maths_keeps_its_source_for_katex_and_escapes_it() -> None:
    assert render_text("so $x_{<i} < y$ holds") == (
        'so <span class="math" data-tex="x_{&lt;i} &lt; y">x_{&lt;i} &lt; y</span> holds'
    )


def test_display_maths_is_an_equation() -> None:
    assert '<div class="eq" data-tex="\\top">' in render_text("$$\n\\top\n$$")


def test_symbols_of_a_formula_become_a_list_of_their_own() -> None:
    html = render_text("::: where\n$Q$\n: the query\n:::")
    assert html.startswith('<dl class="where">')
    assert "<dd>the query</dd>" in html


def test_code_is_coloured_by_class_and_an_unknown_language_is_left_plain() -> None:
    assert '<span class="k">def</span>' in render_text("```python\ndef f(): pass\n```")
    assert render_text("```nonsense\na < b\n```") == '<pre class="code"><code>a &lt; b\n</code></pre>'


def test_tables_align_by_class_and_an_empty_corner_is_no_heading() -> None:
    html = render_text("| | n |\n|---|--:|\n| a | 1 |")
    assert "<td></td>" in html
    assert '<th scope="col" class="r">n</th>' in html
    assert '<td class="r">1</td>' in html
    assert "style" not in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[link](javascript:alert(1))",
        "<style>*{}</style>",
        '<a href="x" style="color:red">y</a>',
        "$<img src=x onerror=alert(1)>$",
        "```\n<script>\n```",
    ],
)
def test_nothing_that_could_run_passes(text: str) -> None:
    html = render_text(text)
    assert "<script" not in html
    assert "<img" not in html
    assert "<style" not in html
    assert 'href="javascript' not in html
    assert "<a href" not in html


def test_a_figure_keeps_what_is_drawn() -> None:
    report = Report("plan.svg")
    svg = figure_svg('<svg viewBox="0 0 1 1"><path class="s1" d="M0 0"/></svg>', report)
    assert report.problems == []
    assert svg == '<svg viewBox="0 0 1 1"><path class="s1" d="M0 0"></path></svg>'


def test_every_forbidden_thing_in_a_figure_is_named_with_its_line_and_dropped() -> None:
    report = Report("plan.svg")
    source = '<svg viewBox="0 0 1 1" onload="a()">\n<script>b()</script>\n<path style="x" fill="#f00" d="M0 0"/></svg>'
    svg = figure_svg(source, report)
    assert [(problem.line, problem.reason.split(" ")[0]) for problem in sorted(report.problems)] == [
        (1, "attribute"),
        (2, "<script>"),
        (3, "attribute"),
        (3, "fill"),
    ]
    assert "script" not in svg
    assert "onload" not in svg
    assert "style" not in svg


def test_a_figure_that_is_no_svg_is_refused() -> None:
    report = Report("plan.svg")
    assert figure_svg("<html></html>", report) == ""
    assert Problem("plan.svg", 1, "not an SVG file") in report.problems
