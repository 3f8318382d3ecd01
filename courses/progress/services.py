"""Writes of progress. Evidence and summary columns change together, in one transaction, under the row's lock."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Chapter, ChapterProgress, ChapterVersion, Enrolment, Evidence
from courses.progress import rules
from courses.progress.selectors import evidence_of
from labs.selectors import labs_reached
from portal.lib.errors import UserError

if TYPE_CHECKING:
    from portal.accounts.models import User

HEAVY = ("version__body", "version__source", "version__figures")
"""Columns of a version that progress never needs."""
VISIT_EVERY = datetime.timedelta(seconds=60)


@transaction.atomic
def begin(*, user: User, chapter: Chapter) -> ChapterProgress:
    """Enrol `user` and fix the current version and rule for them; labs reached earlier count at once. Idempotent.

    Raises UserError when nothing is published yet.
    """
    version = _current(chapter)
    Enrolment.objects.get_or_create(user=user, course_id=chapter.course_id)
    progress = _progress(user, chapter)
    if progress is not None:
        return progress
    rule = rules.freeze(version.rule, version.outline)
    progress, created = ChapterProgress.objects.get_or_create(
        user=user, chapter=chapter, defaults={"version": version, "rule": rule}
    )
    if created and rule["labs"]:
        reached = labs_reached(user)
        for slug in set(rule["labs"]) & set(reached):
            Evidence.objects.create(progress=progress, kind="lab", key=slug, value=reached[slug])
        _summarise(progress)
    return progress


@transaction.atomic
def record(
    *, user: User, chapter: Chapter, kind: str, key: str, value: Mapping[str, Any], passed: bool = True
) -> ChapterProgress:
    """Keep that `user` reached something: enrols, begins, keeps the better evidence, brings the summary up to date and
    completes chapter and course when every rule is met. Idempotent."""
    begin(user=user, chapter=chapter)
    progress = ChapterProgress.objects.select_for_update().get(user=user, chapter=chapter)
    progress.version = ChapterVersion.objects.defer("body", "source", "figures").get(pk=progress.version_id)
    _keep(progress, kind, key, dict(value), passed)
    if kind == "quiz":
        progress.quiz_attempts = max(progress.quiz_attempts, int(value.get("attempt", 0)))
    progress.last_activity_at = timezone.now()
    _summarise(progress)
    place = {"last_chapter": chapter, "last_section": key} if kind == "section" else {}
    Enrolment.objects.filter(user=user, course_id=chapter.course_id).update(
        last_activity_at=progress.last_activity_at, **place
    )
    return progress


def visit(*, user: User, chapter: Chapter, section: str) -> None:
    """`user` opened a section: begin if need be, and remember where they are, written at most once a minute a place.
    Two queries when nothing is to be written."""
    if not ChapterProgress.objects.filter(user=user, chapter=chapter).exists():
        begin(user=user, chapter=chapter)
    enrolment = Enrolment.objects.get(user=user, course_id=chapter.course_id)
    now = timezone.now()
    here = (enrolment.last_chapter_id, enrolment.last_section) == (chapter.pk, section)
    if not here or enrolment.last_activity_at is None or now - enrolment.last_activity_at > VISIT_EVERY:
        Enrolment.objects.filter(pk=enrolment.pk).update(
            last_chapter=chapter, last_section=section, last_activity_at=now
        )


@transaction.atomic
def move_on(*, user: User, chapter: Chapter) -> ChapterProgress:
    """`user` chose the newer version and its rule. Evidence stays; a completed chapter stays complete."""
    begin(user=user, chapter=chapter)
    progress = ChapterProgress.objects.select_for_update().get(user=user, chapter=chapter)
    progress.version = _current(chapter)
    if progress.completed_at is None:
        progress.rule = rules.freeze(progress.version.rule, progress.version.outline)
    progress.save(update_fields=["version", "rule"])
    _summarise(progress)
    return progress


@transaction.atomic
def apply_publication(*, version: ChapterVersion, change: str) -> int:
    """What a new version means for those who began before it. Returns how many of them it reaches.

    minor: who is not complete and loses nothing by it goes on in the new version, under their own rule.
    keep: everyone stays where they are.
    redo: everyone who began reads the changed sections again under the new rule. Their evidence of these is retired,
    not deleted; a completion is noted in `redo_of` and `first_completed_at`; a completed course stays completed.
    """
    if change == "keep":
        return 0
    rows = list(
        ChapterProgress.objects.select_for_update(of=("self",))
        .filter(chapter_id=version.chapter_id)
        .exclude(version=version)
        .select_related("version")
        .defer(*HEAVY)
        .order_by("pk")
    )
    evidence = evidence_of(rows)
    if change == "minor":
        return _go_on([row for row in rows if row.completed_at is None], evidence, version)
    redone = [row for row in rows if _redo(row, version)]
    redone_ids = {row.pk for row in redone}
    return len(redone) + _go_on([row for row in rows if row.pk not in redone_ids], evidence, version)


def _go_on(rows: list[ChapterProgress], evidence: Mapping[int, list[Evidence]], version: ChapterVersion) -> int:
    """Move those who lose nothing by it."""
    fitting = [row.pk for row in rows if rules.fits(row.rule, version.outline, evidence.get(row.pk, []))]
    return ChapterProgress.objects.filter(pk__in=fitting).update(version=version)


def _redo(progress: ChapterProgress, version: ChapterVersion) -> bool:
    """Ask for what changed. False when nothing changed for this learner."""
    before = progress.version
    changed = rules.changed_sections(before.outline, version.outline)
    quiz_changed = before.quiz_id != version.quiz_id
    if not changed and not quiz_changed:
        return False
    kept = {section["id"] for section in version.outline} - changed
    stale = {section["id"] for section in before.outline} - kept
    blocks = [block["id"] for section in before.outline if section["id"] in stale for block in section["blocks"]]
    now = timezone.now()
    current = Evidence.objects.filter(progress=progress, retired_at=None)
    current.filter(kind="section", key__in=stale).update(retired_at=now)
    current.filter(kind__in=["guess", "check", "widget"], key__in=blocks).update(retired_at=now)
    if quiz_changed:
        current.filter(kind="quiz").update(retired_at=now)
        progress.redone_at = now
    if progress.completed_at is not None:
        progress.redo_of, progress.completed_at = before, None
    progress.version, progress.rule = version, rules.freeze(version.rule, version.outline)
    progress.save(update_fields=["version", "rule", "redo_of", "redone_at", "completed_at"])
    _summarise(progress)
    _count_chapters(progress)
    return True


def _current(chapter: Chapter) -> ChapterVersion:
    """The published version, without its text. Raises UserError when there is none."""
    versions = ChapterVersion.objects.defer("body", "source", "figures")
    version = versions.filter(pk=chapter.current_id).first() if chapter.current_id else None
    if version is None:
        raise UserError("not_published", _("This chapter is not published yet."), status=404)
    return version


def _progress(user: User, chapter: Chapter) -> ChapterProgress | None:
    rows = ChapterProgress.objects.filter(user=user, chapter=chapter).select_related("version").defer(*HEAVY)
    return rows.first()


def _keep(progress: ChapterProgress, kind: str, key: str, value: dict[str, Any], passed: bool) -> None:
    """Insert, or replace what is worse."""
    fact, created = Evidence.objects.get_or_create(
        progress=progress, kind=kind, key=key, retired_at=None, defaults={"value": value, "passed": passed}
    )
    if not created and _better(kind, fact, value, passed):
        fact.value, fact.passed = value, passed
        fact.save(update_fields=["value", "passed", "updated_at"])


def _better(kind: str, old: Evidence, value: Mapping[str, Any], passed: bool) -> bool:
    """A quiz counts by its percentage, a lab by its latest report of the best run; else the first that passed stays."""
    if kind == "quiz":
        return int(value.get("percent", 0)) > int(old.value.get("percent", 0))
    if kind == "lab":
        return passed >= old.passed
    return not old.passed


def _summarise(progress: ChapterProgress) -> None:
    """Write the summary columns from the evidence that counts. One read, one or a few writes."""
    evidence = list(Evidence.objects.filter(progress=progress, retired_at=None))
    statuses = rules.evaluate(progress.rule, progress.version.outline, evidence)
    quiz = next((fact for fact in evidence if fact.kind == "quiz"), None)
    progress.percent = rules.percent(statuses)
    progress.sections_read = sum(fact.kind == "section" and fact.key in progress.rule["sections"] for fact in evidence)
    progress.quiz_percent = int(quiz.value.get("percent", 0)) if quiz else None
    completes = progress.completed_at is None and rules.complete(statuses)
    if completes:
        progress.completed_at = timezone.now()
        progress.first_completed_at = progress.first_completed_at or progress.completed_at
        progress.redo_of = None
    progress.save()
    if completes:
        _count_chapters(progress)


def _count_chapters(progress: ChapterProgress) -> None:
    """Bring the enrolment's summary up to date; the day the course was completed first stays."""
    course = Chapter.objects.values_list("course_id", flat=True).get(pk=progress.chapter_id)
    done = ChapterProgress.objects.filter(
        user_id=progress.user_id, chapter__course_id=course, completed_at__isnull=False
    ).count()
    total = Chapter.objects.filter(course_id=course, current__isnull=False).count()
    rows = Enrolment.objects.filter(user_id=progress.user_id, course_id=course)
    rows.update(completed_chapters=done)
    if done >= total:
        rows.filter(completed_at=None).update(completed_at=timezone.now())
