"""Pages of home and reader, and what learners commit in a section. All are plain forms; htmx gets fragments."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.middleware import HtmxDetails

from courses.models import Chapter, localised
from courses.progress import services
from courses.progress.rules import block_ids
from courses.reader import blocks, selectors
from courses.reader.blocks import Typed
from courses.reader.home import home_of
from courses.reader.selectors import Reading
from portal.lib.numbers import whole

if TYPE_CHECKING:
    from portal.accounts.models import User

MAX_VALUE = 40


class HtmxRequest(HttpRequest):
    """A request that passed django-htmx's middleware."""

    htmx: HtmxDetails


def person(request: HttpRequest) -> User:
    """The signed-in person; the views below all require one."""
    return cast("User", request.user)


def learners_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Progress is kept of learners only."""

    @wraps(view)
    def checked(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        if not person(request).is_learner:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


@require_safe
@login_required
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Where the learner stopped and what is open. Who is no learner goes to where their work is."""
    user = person(request)
    if user.is_learner:
        return render(request, "reader/home.html", {"home": home_of(user)})
    if user.is_manager:
        return redirect("team")
    return redirect("studio" if user.is_author or user.is_administrator else "profile")


@require_safe
@login_required
@never_cache
def course(request: HttpRequest, course: str) -> HttpResponse:
    """All chapters of a course."""
    stages = selectors.stages_of(person(request), course)
    found = stages[0].chapter.course
    context = {"stages": stages, "course": found, "summary": localised(found.summary)}
    return render(request, "reader/course.html", context)


@require_safe
@login_required
def glossary(request: HttpRequest, course: str) -> HttpResponse:
    """The course's terms, those that hold `?q=` in either language."""
    wanted = " ".join(request.GET.get("q", "").split())[:MAX_VALUE]
    return render(request, "reader/glossary.html", {"found": selectors.glossary_of(course, wanted), "wanted": wanted})


@require_safe
@login_required
def chapter(request: HttpRequest, course: str, chapter: str) -> HttpResponse:
    """To the section where the reader stopped."""
    stage = selectors.stage_of(person(request), course, chapter)
    return redirect("section", course, chapter, selectors.stopped_at(person(request), stage))


@require_safe
@login_required
@never_cache
def section(request: HttpRequest, course: str, chapter: str, section: str) -> HttpResponse:
    """One section. A learner's place is remembered."""
    user = person(request)
    reading = selectors.read_section(user, course, chapter, section)
    if user.is_learner and request.method == "GET":
        services.visit(user=user, chapter=reading.chapter, section=section)
        if reading.progress is None:
            reading = selectors.read_section(user, course, chapter, section)
    return render(request, "reader/section.html", {"reading": reading})


@require_POST
@login_required
@learners_only
def section_read(request: HtmxRequest, course: str, chapter: str, section: str) -> HttpResponse:
    """The learner has read a section: to the next one, after the last one to the quiz."""
    user = person(request)
    stage = selectors.stage_of(user, course, chapter)
    ids = block_ids(stage.version.outline, "section")
    if section not in ids:
        raise Http404(section)
    services.record(user=user, chapter=stage.chapter, kind="section", key=section, value={})
    if request.htmx:
        return _progress(request, stage.chapter, section)
    following = ids[ids.index(section) + 1 :]
    if following:
        return redirect("section", course, chapter, following[0])
    return redirect("quiz", course, chapter) if stage.version.quiz_id else redirect("home")


@require_POST
@login_required
@learners_only
def guess(request: HtmxRequest, course: str, chapter: str, key: str) -> HttpResponse:
    """Commit a guess. The first one counts; the answer is shown from then on."""
    user, found = person(request), selectors.chapter_get(course, chapter)
    section, part = selectors.block_of(user, found, "guess", key)
    text = request.POST.get("value", "")
    number = blocks.read_guess(part, text)
    if number is None:
        error = _("Type a number, for example 60 or 2.5.")
        return _refused(request, found, section, Typed(key, text[: blocks.MAX_TYPED], error))
    value = blocks.guess_value(part, number, text)
    services.record(user=user, chapter=found, kind="guess", key=key, value=value)
    return _answered(request, found, section, key)


@require_POST
@login_required
@learners_only
def check(request: HtmxRequest, course: str, chapter: str, key: str) -> HttpResponse:
    """Answer a check. A wrong answer is explained and may be tried again."""
    user, found = person(request), selectors.chapter_get(course, chapter)
    section, part = selectors.block_of(user, found, "check", key)
    chosen = request.POST.get("choice", "")
    if not 0 <= whole(chosen, -1) < len(part["options"]):
        return _refused(request, found, section, Typed(key, "", _("Choose an answer.")))
    right = bool(part["options"][int(chosen)]["right"])
    services.record(user=user, chapter=found, kind="check", key=key, value={"choice": int(chosen)}, passed=right)
    return _answered(request, found, section, key)


@require_POST
@login_required
@learners_only
def widget(request: HtmxRequest, course: str, chapter: str, key: str) -> HttpResponse:
    """A widget says that its goal is reached."""
    user, found = person(request), selectors.chapter_get(course, chapter)
    section, _part = selectors.block_of(user, found, "widget", key)
    value = request.POST.get("value", "")[:MAX_VALUE]
    services.record(user=user, chapter=found, kind="widget", key=key, value={"value": value})
    return _progress(request, found, section) if request.htmx else redirect(_place(found, section, key))


@require_safe
@login_required
@never_cache
def progress_rules(request: HttpRequest, course: str, chapter: str) -> HttpResponse:
    """Why the chapter is not complete, as a fragment."""
    stage = selectors.stage_of(person(request), course, chapter)
    first = block_ids(stage.version.outline, "section")[0]
    reading = selectors.read_section(person(request), course, chapter, first)
    return render(request, "reader/_rules.html", {"reading": reading})


@require_POST
@login_required
@learners_only
def version_move(request: HttpRequest, course: str, chapter: str) -> HttpResponse:
    """The learner chooses the newer version of a chapter."""
    services.move_on(user=person(request), chapter=selectors.chapter_get(course, chapter))
    return redirect("chapter", course, chapter)


def _answered(request: HtmxRequest, chapter: Chapter, section: str, key: str) -> HttpResponse:
    """After a block was answered: its fragment, or back to the block."""
    if not request.htmx:
        return redirect(_place(chapter, section, key))
    return _block(request, _reading(request, chapter, section), key)


def _refused(request: HtmxRequest, chapter: Chapter, section: str, typed: Typed) -> HttpResponse:
    """The block, or the whole page, again with the error and what was typed."""
    reading = _reading(request, chapter, section, typed)
    if request.htmx:
        return _block(request, reading, typed.key, status=422)
    return render(request, "reader/section.html", {"reading": reading}, status=422)


def _block(request: HttpRequest, reading: Reading, key: str, *, status: int = 200) -> HttpResponse:
    part = next(part for part in reading.parts if part.facts.get("id") == key)
    return render(request, "reader/_answered.html", {"reading": reading, "part": part}, status=status)


def _progress(request: HttpRequest, chapter: Chapter, section: str) -> HttpResponse:
    """Rules and treads, to be swapped in beside the text."""
    return render(request, "reader/_progress.html", {"reading": _reading(request, chapter, section)})


def _reading(request: HttpRequest, chapter: Chapter, section: str, typed: Typed | None = None) -> Reading:
    return selectors.read_section(person(request), chapter.course.slug, chapter.slug, section, typed=typed)


def _place(chapter: Chapter, section: str, key: str) -> str:
    return f"{reverse('section', args=[chapter.course.slug, chapter.slug, section])}#block-{key}"
