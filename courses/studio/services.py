"""Writes of the studio: save, restore, discard, publish. Each locks the chapter and owns its transaction."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.loading.compiler import Compiled
from courses.loading.services import publish
from courses.models import LANGUAGES, Chapter, ChapterVersion
from courses.studio import selectors
from courses.studio.texts import FILES, MAX_TEXT, Texts, check, texts_of
from portal.lib.errors import UserError

if TYPE_CHECKING:
    from portal.accounts.models import User

CHANGES = ("minor", "keep", "redo")
MAX_NOTE = 300


class ConflictError(UserError):
    """Somebody else saved the text since it was opened. Carries theirs, so that nobody's words are lost."""

    def __init__(self, *, theirs: str, by: str, at: str, lock: str) -> None:
        message = _("%(name)s saved this text at %(time)s, after you opened it.") % {"name": by, "time": at}
        super().__init__("conflict", message, _("Both texts are below: keep yours, or take theirs."), status=409)
        self.theirs, self.lock = theirs, lock


def draft_save(*, author: User, course: str, chapter: str, name: str, text: str, lock: str) -> ChapterVersion | None:
    """Keep one text of the draft, begun with the first change; None when nothing differs from the current version.

    `lock` is the state that the author saw. Raises ConflictError when somebody else saved since, UserError "too_long",
    PermissionDenied and Http404.
    """
    if len(text) > MAX_TEXT:
        raise UserError("too_long", _("The text is longer than %(limit)d characters.") % {"limit": MAX_TEXT})
    text = text.replace("\r\n", "\n").replace("\x00", "")
    with transaction.atomic():
        found = _locked(author, course, chapter)
        if found.texts[name] == text:
            return found.draft
        if lock != found.locks[name]:
            raise _conflict(found, name)
        draft = found.draft or _begin(found, found.texts)
        draft.source = draft.source | {name: text}
        _sign(draft, author, [name])
        draft.save()
        return draft


def draft_restore(*, author: User, course: str, chapter: str, number: int) -> ChapterVersion:
    """A draft with the texts of an older version. Raises UserError "draft_exists" rather than overwrite one."""
    with transaction.atomic():
        found = _locked(author, course, chapter)
        if found.draft and found.changed:
            raise UserError(
                "draft_exists",
                _("There is a draft with changes."),
                _("Publish or discard it first: restoring would overwrite it."),
                status=409,
            )
        texts = selectors.version_texts(found.chapter, number)
        draft = found.draft or _begin(found, texts)
        draft.source = texts
        draft.figures = found.chapter.versions.values_list("figures", flat=True).get(number=number)
        _sign(draft, author, [name for name in FILES if texts[name] != found.texts[name]])
        draft.save()
        return draft


def draft_discard(*, author: User, course: str, chapter: str) -> None:
    """Delete the draft; the published versions stay. Nothing happens when there is none."""
    with transaction.atomic():
        found = _locked(author, course, chapter)
        if found.draft:
            found.draft.delete()


def draft_publish(
    *, author: User, course: str, chapter: str, change: str, note: str, lock: str, translated: bool
) -> tuple[ChapterVersion, int]:
    """The draft as the next, immutable version, applied to learners by `change`. Returns it, and how many it reached.

    `lock` is the draft's `saved_at` that the author looked at; `translated` says that the language whose text did not
    change needs no change either. The chapter belongs to the studio from now on.
    Raises UserError: "no_draft", "draft_changed", "bad_change", "problems".
    """
    with transaction.atomic():
        found = _locked(author, course, chapter)
        if not found.draft or not found.changed:
            raise UserError("no_draft", _("There is nothing to publish: no text differs."), status=409)
        if lock != found.draft.saved_at.isoformat():
            raise UserError("draft_changed", _("The draft was changed since you looked."), _("Look again."), status=409)
        if change not in CHANGES:
            message = _("Choose what the new version means for those who have begun.")
            raise UserError("bad_change", message, fields={"change": message})
        checked = check(found.texts, found.figures)
        if checked.compiled is None or checked.settings is None:
            raise UserError("problems", _("The draft has mistakes and was not published."))
        facts = found.chapter
        facts.owner, facts.minutes, facts.labs = "studio", checked.settings.minutes, checked.settings.labs
        facts.save(update_fields=["owner", "minutes", "labs"])
        found.draft.delete()
        return publish(
            chapter=facts,
            compiled=checked.compiled,
            title=checked.compiled.title,
            summary=checked.settings.summary,
            change=change,
            author=author,
            note=note.replace("\x00", "").strip()[:MAX_NOTE],
            follows=_follows(found, checked.compiled, translated=translated),
        )


def _locked(author: User, course: str, chapter: str) -> selectors.Editing:
    """The chapter's texts under its lock. Raises PermissionDenied, Http404."""
    pk = selectors.chapter_get(author, course, chapter).pk
    Chapter.objects.select_for_update().get(pk=pk)
    return selectors.editing(author, course, chapter)


def _begin(found: selectors.Editing, texts: Texts) -> ChapterVersion:
    """An unsaved draft of the current version. Drafts have number 0."""
    return ChapterVersion(
        chapter=found.chapter,
        number=0,
        title=found.current.title,
        summary=found.current.summary,
        source=texts,
        figures=found.current.figures,
        rule=found.current.rule,
        edits={"base": found.current.number},
    )


def _sign(draft: ChapterVersion, author: User, names: list[str]) -> None:
    """Note who saved which texts, and when."""
    now = timezone.now().isoformat()
    draft.edits = draft.edits | {name: {"at": now, "by": author.display_name} for name in names}
    draft.author = author


def _conflict(found: selectors.Editing, name: str) -> ConflictError:
    edit = found.draft.edits.get(name) if found.draft else None
    if edit:
        at = timezone.localtime(datetime.fromisoformat(edit["at"])).strftime("%H:%M:%S")
        return ConflictError(theirs=found.texts[name], by=edit["by"], at=at, lock=found.locks[name])
    published = found.current.published_at
    by = found.current.author.display_name if found.current.author else _("The course’s files")
    at = timezone.localtime(published).strftime("%H:%M:%S") if published else ""
    return ConflictError(theirs=found.texts[name], by=by, at=at, lock=found.locks[name])


def _follows(found: selectors.Editing, compiled: Compiled, *, translated: bool) -> dict[str, int]:
    """By language, the version whose content its text follows once this one is published.

    When one language changed, the other one falls behind, unless the change was it catching up or `translated` says
    that it needs none.
    """
    number = selectors.next_number(found.chapter)
    behind = selectors.behind(found.current)
    changed = [name for name in LANGUAGES if texts_differ(found, compiled, name)]
    late = [name for name in behind if name not in changed]
    if len(changed) == 1 and not behind and not translated:
        late = [name for name in LANGUAGES if name not in changed]
    before = {name: found.current.follows.get(name, found.current.number) for name in LANGUAGES}
    return {name: before[name] if name in late else number for name in LANGUAGES}


def texts_differ(found: selectors.Editing, compiled: Compiled, name: str) -> bool:
    """Whether a language's text differs from the published one."""
    return compiled.source[name] != texts_of(found.chapter, found.current)[name]
