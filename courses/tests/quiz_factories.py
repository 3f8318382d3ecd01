"""A small published course with a quiz of every kind of question. Used by the tests of quizzes, reports and studio."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from courses.models import Chapter, ChapterVersion, Course, Quiz

KEY_WORDS = ("WHY-", "4217.5", '"right"', "tolerance")
"""Pieces of the key: none of them may reach a browser before submission."""
RIGHT = {"one": ["one-yes"], "many": ["many-a", "many-b"], "sum": "4217.5"}
WRONG = {"one": ["one-no"], "many": ["many-c"], "sum": "1"}


def both(text: str) -> dict[str, str]:
    """The same text in both languages, told apart by its end."""
    return {"en": f"{text} (en)", "zh-hans": f"{text}（中）"}


def option(key: str, *, right: bool) -> dict[str, Any]:
    return {"id": key, "right": right, "text": both(f"Option {key}"), "why": both(f"WHY-{key}")}


def questions() -> list[dict[str, Any]]:
    """One single choice, one with two right options, one number; a point each."""
    shared = {"section": "first", "review": False, "points": 1.0}
    return [
        shared
        | {
            "id": "one",
            "kind": "single",
            "prompt": both("Which one"),
            "options": [option("one-yes", right=True), option("one-no", right=False), option("one-not", right=False)],
        },
        shared
        | {
            "id": "many",
            "kind": "multiple",
            "prompt": both("Which ones"),
            "options": [option("many-a", right=True), option("many-b", right=True), option("many-c", right=False)],
        },
        shared
        | {
            "id": "sum",
            "kind": "number",
            "prompt": both("How many"),
            "answer": 4217.5,
            "tolerance": 0.5,
            "unit": {"en": "bits", "zh-hans": "比特"},
            "why": both("WHY-sum"),
        },
    ]


def make_quiz(chapter: Chapter, **fields: Any) -> Quiz:
    """The next version of a chapter's quiz."""
    number = chapter.quizzes.count() + 1
    defaults: dict[str, Any] = {"pass_percent": 80, "time_limit_s": 600, "max_attempts": 3, "questions": questions()}
    return Quiz.objects.create(chapter=chapter, number=number, content_hash=f"hash-{number}", **defaults | fields)


def make_course(slug: str = "course") -> Course:
    return Course.objects.create(slug=slug, title=both(f"Course {slug}"), summary=both("Summary"))


def make_chapter(course: Course | None = None, *, number: int = 1, slug: str = "", **quiz: Any) -> Chapter:
    """A published chapter with one section and a quiz; it is complete when both are done."""
    course = course or make_course()
    chapter = Chapter.objects.create(course=course, slug=slug or f"chapter-{number}", number=number)
    section = {"id": "first", "title": "First", "lede": "", "headings": [], "parts": []}
    chapter.current = ChapterVersion.objects.create(
        chapter=chapter,
        number=1,
        title=both(f"Chapter {number}"),
        summary=both("Summary"),
        body={"en": [section], "zh-hans": [section]},
        outline=[
            {"id": "first", "title": both("First"), "lede": both("Lede"), "weight": 1.0, "hash": "h1", "blocks": []}
        ],
        rule={"sections": "all", "guesses": 0, "checks": 0, "widgets": [], "quiz": 80, "labs": []},
        quiz=make_quiz(chapter, **quiz),
        content_hash="v1",
        published_at=timezone.now(),
    )
    chapter.save()
    return chapter
