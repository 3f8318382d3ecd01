"""Steps of the studio's tests: save a change, publish the draft."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from courses.models import ChapterVersion
from courses.studio import selectors, services
from courses.studio.texts import Texts
from portal.accounts.models import User

Place = dict[str, str]


def texts_of(author: User, place: Place) -> Texts:
    return selectors.editing(author, **place).texts


def save(author: User, place: Place, name: str = "en", *, add: str = "\nOne more.\n", lock: str = "v1") -> Any:
    text = texts_of(author, place)[name] + add
    return services.draft_save(author=author, **place, name=name, text=text, lock=lock)


def publish(author: User, place: Place, change: str = "minor", **fields: Any) -> ChapterVersion:
    draft = ChapterVersion.objects.get(published_at=None)
    defaults: dict[str, Any] = {"note": "", "lock": draft.saved_at.isoformat(), "translated": False}
    where: dict[str, Any] = {"author": author, **place}
    version, _reached = services.draft_publish(**where, change=change, **defaults | fields)
    return version


def url(name: str, place: Place) -> str:
    return reverse(name, args=[place["course"], place["chapter"]])
