"""Fill a portal's database with a company of learners in various places of the course, and name the pages to measure.

`python -m benchmarks.company LEARNERS`, in the environment of a portal; prints JSON: page → role, path, queries.
"""

from __future__ import annotations

import json
import random
import sys
from datetime import datetime, timedelta
from typing import Any

import django
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

django.setup()

from courses.models import Attempt, Chapter, ChapterProgress, Course, Enrolment, Evidence  # noqa: E402 - after the set-up
from courses.quizzes.services import attempt_start  # noqa: E402 - after the set-up
from labs.models import Run  # noqa: E402 - after the set-up
from labs.states import State  # noqa: E402 - after the set-up
from portal.accounts.models import Team, User  # noqa: E402 - after the set-up
from trainer.spec import RunSpec  # noqa: E402 - after the set-up

TEAM_SIZE = 25
CURVE_STEPS = 500
HELD_OUT_EVERY = 25


def company(learners: int, *, manager: User, seed: int = 1) -> list[User]:
    """Create `learners` people in teams of TEAM_SIZE below a department that `manager` leads, with their progress."""
    chance = random.Random(seed)
    password = make_password("seeded")
    people = User.objects.bulk_create(
        User(email=f"person{n}@seeded.example", display_name=f"Person {n}", password=password) for n in range(learners)
    )
    department = Team.objects.create(name="Seeded department")
    department.managers.add(manager)
    for start in range(0, learners, TEAM_SIZE):
        team = Team.objects.create(name=f"Seeded team {start // TEAM_SIZE + 1}", parent=department)
        team.members.add(*people[start : start + TEAM_SIZE])
    course = Course.objects.get(slug="llm-foundations")
    chapters = list(course.chapters.select_related("current"))
    _progress(people, course, chapters, chance)
    return people


def _progress(people: list[User], course: Course, chapters: list[Chapter], chance: random.Random) -> None:
    now = timezone.now()
    enrolments, progress = [], []
    for person in people:
        begun = chance.randint(0, len(chapters))
        active = now - timedelta(hours=chance.uniform(0, 400))
        rows = [_chapter(person, chapter, active, chance) for chapter in chapters[:begun]]
        progress += rows
        enrolments.append(
            Enrolment(
                user=person,
                course=course,
                last_chapter=chapters[begun - 1] if begun else None,
                last_activity_at=active if begun else None,
                completed_chapters=sum(row.completed_at is not None for row in rows),
            )
        )
    Enrolment.objects.bulk_create(enrolments)
    _evidence(ChapterProgress.objects.bulk_create(progress), chance)


def _chapter(person: User, chapter: Chapter, active: datetime, chance: random.Random) -> ChapterProgress:
    percent = chance.choice([10, 30, 50, 80, 100])
    assert chapter.current is not None  # for the type checker: the course is loaded
    return ChapterProgress(
        user=person,
        chapter=chapter,
        version=chapter.current,
        rule=chapter.current.rule,
        started_at=active - timedelta(days=5),
        last_activity_at=active,
        percent=percent,
        sections_read=round(percent / 100 * len(chapter.current.outline)),
        quiz_percent=chance.randint(40, 100) if percent > 50 else None,
        quiz_attempts=1 if percent > 50 else 0,
        completed_at=active if percent == 100 else None,
    )


def _evidence(progress: list[ChapterProgress], chance: random.Random) -> None:
    evidence, attempts = [], []
    for row in progress:
        sections = row.version.outline[: row.sections_read]
        evidence += [Evidence(progress=row, kind="section", key=section["id"]) for section in sections]
        if row.quiz_percent is not None:
            value = {"percent": row.quiz_percent, "attempt": 1}
            evidence.append(Evidence(progress=row, kind="quiz", key="quiz", value=value, passed=row.quiz_percent >= 80))
            attempts.append(_attempt(row))
    Evidence.objects.bulk_create(evidence, batch_size=2000)
    Attempt.objects.bulk_create(attempts, batch_size=2000)


def _attempt(row: ChapterProgress) -> Attempt:
    quiz = row.version.quiz
    assert quiz is not None  # for the type checker: every chapter has one
    return Attempt(
        user_id=row.user_id,
        quiz=quiz,
        number=1,
        state="graded",
        order=[],
        submitted_at=row.last_activity_at,
        points=(row.quiz_percent or 0) / 10,
        points_max=10,
        percent=row.quiz_percent,
        passed=(row.quiz_percent or 0) >= 80,
    )


def runs(owner: User, number: int) -> list[Run]:
    """Create finished runs with whole curves, as the lab's own recipe gives them."""
    spec = RunSpec()
    return Run.objects.bulk_create(
        Run(
            owner=owner,
            lab="training",
            spec=spec.to_dict(),
            steps=spec.steps,
            params=spec.parameter_count(103),
            idempotency_key=f"seeded-{n}",
            state=State.FINISHED,
            step=spec.steps,
            curve=curve(spec),
            samples=[{"step": step, "prompt": "The ", "text": "word " * 16} for step in range(25, spec.steps + 1, 25)],
            info={"baseline": {"order": 3, "loss": 1.7, "bits_per_byte": 2.45}},
            result={"kind": "finished", "step": spec.steps, "seconds": 8.0, "loss": 1.4, "model": "model"},
            held_out=1.4,
            bits_per_byte=2.02,
            spark=[4.6 * 0.95**n for n in range(20)],
            finished_at=timezone.now(),
        )
        for n in range(number)
    )


def curve(spec: RunSpec) -> dict[str, Any]:
    """A curve of the right size; its shape is of no matter here."""
    steps = list(range(1, spec.steps + 1))
    held = steps[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]

    def columns(chosen: list[int], *names: str) -> dict[str, Any]:
        return {"step": chosen} | {name: [1.4 + 3.2 * 0.99**n for n in chosen] for name in names}

    points = columns(steps, "tokens", "seconds", "loss", "rate", "grad_norm")
    return points | {"held_out": columns(held, "tokens", "seconds", "loss", "perplexity", "bits_per_byte")}


def pages(learners: int) -> dict[str, dict[str, Any]]:
    """Fill the database; every page to measure, with its number of queries."""
    people = {role: User.objects.get(email=f"{role}@gradus.example") for role in ("learner", "manager", "author")}
    company(learners, manager=people["manager"])
    run, *_ = runs(people["learner"], 30)
    chapter = Chapter.objects.get(slug="attention")
    path = f"/learn/{chapter.course.slug}/{chapter.slug}"
    signed_in(people["learner"]).get(f"{path}/shares/")
    attempt = attempt_start(user=people["learner"], chapter=chapter)
    targets = {
        "home": ("learner", "/"),
        "chapter": ("learner", f"{path}/shares/"),
        "quiz": ("learner", f"/attempts/{attempt.pk}/"),
        "lab": ("learner", "/labs/training/"),
        "run": ("learner", f"/runs/{run.pk}/"),
        "runs": ("learner", "/runs/"),
        "team": ("manager", "/team/"),
        "studio": ("author", f"/studio/{chapter.course.slug}/{chapter.slug}/"),
    }
    return {
        name: {"role": role, "path": path, "queries": queries(signed_in(people[role]), path)}
        for name, (role, path) in targets.items()
    }


def signed_in(user: User) -> Client:
    """A client in this process."""
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    return client


def queries(client: Client, path: str) -> int:
    """Number of database queries of a page's second visit."""
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return sum(not query["sql"].startswith(("PRAGMA", "BEGIN", "COMMIT")) for query in captured.captured_queries)


if __name__ == "__main__":
    print(json.dumps(pages(int(sys.argv[1]))))
