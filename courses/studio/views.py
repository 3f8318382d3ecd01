"""Pages of the studio. Saving answers JSON to the editor's script and redirects plain forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courses.models import ChapterVersion, localised
from courses.studio import previews, selectors, services
from courses.studio.texts import FILES, NAMES, texts_of
from portal.lib.errors import UserError
from portal.lib.numbers import whole

if TYPE_CHECKING:
    from portal.accounts.models import User


def person(request: HttpRequest) -> User:
    """The signed-in person; the views below all require one."""
    return cast("User", request.user)


@require_safe
@login_required
@never_cache
def studio(request: HttpRequest) -> HttpResponse:
    """All chapters: versions, drafts, translations."""
    return render(request, "studio/studio.html", {"entries": selectors.chapters(person(request))})


@require_safe
@login_required
@never_cache
def studio_chapter(request: HttpRequest, course: str, chapter: str) -> HttpResponse:
    """The editor of one text of a chapter, chosen by `?text=`."""
    found = selectors.editing(person(request), course, chapter)
    name = request.GET.get("text") or (translation.get_language() or "en")
    return render(request, "studio/chapter.html", _editor(request, found, name))


@require_POST
@login_required
def studio_preview(request: HttpRequest, course: str, chapter: str) -> HttpResponse:
    """A fragment: the mistakes of the whole draft, and what the cursor stands in as a reader sees it."""
    found = selectors.editing(person(request), course, chapter)
    name = _name(request.POST.get("name", ""))
    line = request.POST.get("line", "1")
    shown = previews.preview(
        person(request),
        found,
        name,
        request.POST.get("text", ""),
        line=whole(line, 1),
        language=translation.get_language() or "en",
    )
    return render(request, "studio/_preview.html", _shown(request, found, shown))


@require_POST
@login_required
def studio_save(request: HttpRequest, course: str, chapter: str) -> HttpResponse:
    """Keep one text of the draft. A conflict keeps both texts: 409, with theirs."""
    name, text = _name(request.POST.get("name", "")), request.POST.get("text", "")
    as_json = "application/json" in request.headers.get("Accept", "")
    try:
        draft = services.draft_save(
            author=person(request),
            course=course,
            chapter=chapter,
            name=name,
            text=text,
            lock=request.POST.get("lock", ""),
        )
    except services.ConflictError as conflict:
        if as_json:
            body = {"message": str(conflict.message), "theirs": conflict.theirs, "lock": conflict.lock}
            return JsonResponse(body, status=409)
        context = _editor(request, selectors.editing(person(request), course, chapter), name) | {"conflict": conflict}
        return render(request, "studio/chapter.html", context | {"text": text}, status=409)
    except UserError as error:
        if as_json:
            return JsonResponse({"message": str(error.message)}, status=error.status)
        raise
    if as_json:
        return JsonResponse(_saved(draft, name, selectors.editing(person(request), course, chapter)))
    messages.success(request, _("Draft saved."))
    return redirect(f"{reverse('studio-chapter', args=[course, chapter])}?text={name}")


@require_POST
@login_required
def studio_discard(request: HttpRequest, course: str, chapter: str) -> HttpResponse:
    """Delete the draft."""
    services.draft_discard(author=person(request), course=course, chapter=chapter)
    messages.success(request, _("Draft discarded. The published version is unchanged."))
    return redirect("studio-chapter", course, chapter)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def studio_publish(request: HttpRequest, course: str, chapter: str) -> HttpResponse:
    """What publishing would change and for whom; a POST publishes."""
    if request.method != "POST":
        return _publish_page(request, course, chapter)
    try:
        version, reached = services.draft_publish(
            author=person(request),
            course=course,
            chapter=chapter,
            change=request.POST.get("change", ""),
            note=request.POST.get("note", ""),
            lock=request.POST.get("lock", ""),
            translated=request.POST.get("translated") == "1",
        )
    except UserError as error:
        return _publish_page(request, course, chapter, error)
    words = ngettext(
        "Version %(number)d is published; it reaches %(reached)d learner who had begun.",
        "Version %(number)d is published; it reaches %(reached)d learners who had begun.",
        reached,
    )
    messages.success(request, words % {"number": version.number, "reached": reached})
    return redirect("studio-versions", course, chapter)


@require_safe
@login_required
@never_cache
def studio_versions(request: HttpRequest, course: str, chapter: str) -> HttpResponse:
    """All versions; `?old=5&new=6` compares two of them, `new=draft` the draft."""
    found, versions = selectors.history(person(request), course, chapter)
    old, new = request.GET.get("old", ""), request.GET.get("new", "")
    changes = None
    if whole(old) and (whole(new) or new == "draft"):
        before = selectors.version_texts(found, whole(old))
        draft = new == "draft"
        after = (
            selectors.editing(person(request), course, chapter).texts
            if draft
            else selectors.version_texts(found, whole(new))
        )
        changes = selectors.compare(before, after)
    context = {
        "chapter": found,
        "title": localised(found.current.title) if found.current else "",
        "versions": versions,
        "draft": found.versions.filter(published_at=None).defer("body", "source", "figures").first(),
        "old": old,
        "new": new,
        "changes": changes,
    }
    return render(request, "studio/versions.html", context)


@require_POST
@login_required
def studio_restore(request: HttpRequest, course: str, chapter: str) -> HttpResponse:
    """A draft with the texts of an older version."""
    number = whole(request.POST.get("number"))
    if not number:
        raise Http404
    services.draft_restore(author=person(request), course=course, chapter=chapter, number=number)
    messages.success(request, _("Version %(number)s is now the draft. Nothing is published yet.") % {"number": number})
    return redirect("studio-publish", course, chapter)


def _name(value: str) -> str:
    """The name of a text. Raises Http404."""
    if value not in FILES:
        raise Http404
    return value


def _editor(request: HttpRequest, found: selectors.Editing, name: str) -> dict[str, object]:
    """What the editor page shows."""
    _name(name)
    line = request.GET.get("line", "1")
    shown = previews.preview(
        person(request),
        found,
        name,
        found.texts[name],
        line=whole(line, 1),
        language=translation.get_language() or "en",
    )
    return _shown(request, found, shown) | {
        "entries": selectors.chapters(person(request)),
        "found": found,
        "name": name,
        "file": FILES[name],
        "files": FILES,
        "text": found.texts[name],
        "lock": found.locks[name],
        "saved": selectors.last_saved(found),
        "behind": selectors.behind(found.current),
        "line": line,
        "words": _words(),
    }


def _words() -> dict[str, str]:
    """Sentences that the editor builds in the browser; {…} is filled there."""
    return {
        "saving": _("Saving…"),
        "saved": _("Draft saved {time}"),
        "same": _("Same as the published version"),
        "kept": _("Not saved: your text is kept on this computer, trying again in {seconds} s"),
        "signedOut": _("You are signed out. Your text is kept on this computer; sign in again in another tab."),
        "restored": _("Text that was not saved before has been put back."),
        "refused": _("Not saved: {reason}"),
        "conflict": _("Not saved: choose a text first"),
        "taken": _("Their text is in the editor, yours beside it"),
        "scrolls": _("Scrolls sideways"),
    }


def _shown(request: HttpRequest, found: selectors.Editing, shown: previews.Preview) -> dict[str, object]:
    """A preview: the article in the language of the text, the mistakes in the author's."""
    with translation.override(shown.language):
        article = render_to_string("studio/_article.html", {"shown": shown}, request)
    problems = [(problem, NAMES.get(problem.file, "")) for problem in shown.problems]
    return {"shown": shown, "article": article, "problems": problems, "chapter": found.chapter, "title": _title(found)}


def _title(found: selectors.Editing) -> str:
    return str(localised(found.current.title))


def _saved(draft: ChapterVersion | None, name: str, found: selectors.Editing) -> dict[str, object]:
    """What the editor's script learns from a save."""
    return {
        "lock": found.locks[name],
        "at": timezone.localtime(draft.saved_at if draft else timezone.now()).strftime("%H:%M:%S"),
        "changed": found.changed,
    }


def _publish_page(request: HttpRequest, course: str, chapter: str, error: UserError | None = None) -> HttpResponse:
    """The gate before publishing, with numbers."""
    found = selectors.editing(person(request), course, chapter)
    checked = selectors.check(found)
    languages = [name for name in ("en", "zh-hans") if name in found.changed]
    context = {
        "chapter": found.chapter,
        "title": _title(found),
        "found": found,
        "problems": [(problem, NAMES.get(problem.file, "")) for problem in checked.problems],
        "effect": selectors.effect(found.chapter, checked.compiled) if checked.compiled else None,
        "changes": selectors.compare(texts_of(found.chapter, found.current), found.texts),
        "one_language": languages[0] if len(languages) == 1 and not selectors.behind(found.current) else "",
        "number": selectors.next_number(found.chapter),
        "lock": found.draft.saved_at.isoformat() if found.draft else "",
        "error": error,
        "typed": request.POST,
    }
    return render(request, "studio/publish.html", context, status=error.status if error else 200)
