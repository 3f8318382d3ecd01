"""What the pages for authors of labs read. Every function checks that the person is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from labs.authoring.controls import Control, controls
from labs.authoring.files import SLUG, shipped_files
from labs.authoring.models import LabDraft, LabVersion
from labs.catalogue import FILES, LABS, CatalogueError, read_files
from labs.faces import FACES
from labs.lab import LANGUAGES, Lab
from portal.lib.diffs import Line, diff


@dataclass(frozen=True, kw_only=True)
class Row:
    """A lab in the list."""

    slug: str
    lab: Lab | None
    version: LabVersion | None
    """What is published over the shipped files; None while those are shown."""
    draft: LabDraft | None


@dataclass(frozen=True, kw_only=True)
class Change:
    """Lines of one file that differ."""

    file: str
    lines: list[Line]


@dataclass(frozen=True, kw_only=True)
class Editing:
    """A lab with its files as the author sees them."""

    slug: str
    files: dict[str, str]
    """The draft's, else those that are shown to learners."""
    shown: dict[str, str]
    """Those that learners see; empty for a lab that is not published."""
    revision: int
    """0 without a draft."""
    draft: LabDraft | None
    versions: list[LabVersion]
    problem: str
    """What the reader says against the files; empty when they make a lab."""
    lab: Lab | None

    @property
    def changes(self) -> list[Change]:
        """What publishing would change."""
        found = [Change(file=name, lines=diff(self.shown.get(name, ""), self.files[name])) for name in FILES]
        return [change for change in found if change.lines]

    @property
    def controls(self) -> list[Control]:
        """Where the lab's controls are; none while the files make no lab."""
        return controls(self.lab) if self.lab else []

    @property
    def is_shipped(self) -> bool:
        """Whether learners see the files that come with the portal."""
        return self.shown == shipped_files(self.slug)

    @property
    def can_go_back(self) -> bool:
        """Whether there are such files, and others are shown."""
        return bool(shipped_files(self.slug)) and not self.is_shipped


def require_author(user: Any) -> None:
    """Raises PermissionDenied with words for everybody but authors and administrators."""
    if not (getattr(user, "is_author", False) or getattr(user, "is_administrator", False)):
        raise PermissionDenied(_("Labs are changed by authors."))


def rows(user: Any) -> list[Row]:
    """All labs, drafts of new ones too. Two queries. Raises PermissionDenied."""
    require_author(user)
    versions = {version.slug: version for version in LabVersion.objects.select_related("published_by").order_by("pk")}
    drafts = {draft.slug: draft for draft in LabDraft.objects.select_related("changed_by")}
    slugs = [*LABS, *(slug for slug in sorted({*drafts, *versions}) if slug not in LABS)]
    return [
        Row(
            slug=slug,
            lab=LABS.get(slug),
            version=versions[slug] if slug in versions and versions[slug].files else None,
            draft=drafts.get(slug),
        )
        for slug in slugs
    ]


def editing(user: Any, slug: str) -> Editing:
    """One lab to be changed. Two queries. Raises PermissionDenied, Http404."""
    require_author(user)
    versions = list(LabVersion.objects.filter(slug=slug).select_related("published_by"))
    draft = LabDraft.objects.select_related("changed_by").filter(slug=slug).first()
    shown = shown_files(slug, versions)
    if not (shown or draft):
        raise Http404(slug)
    files = dict(draft.files) if draft else dict(shown)
    lab, problem = checked(slug, files)
    return Editing(
        slug=slug,
        files=files,
        shown=shown,
        revision=draft.revision if draft else 0,
        draft=draft,
        versions=versions,
        problem=problem,
        lab=lab,
    )


def shown_files(slug: str, versions: list[LabVersion]) -> dict[str, str]:
    """What learners see: the newest version's files, else the shipped ones."""
    return dict(versions[0].files) if versions and versions[0].files else shipped_files(slug)


def version_files(user: Any, slug: str, number: int | None) -> dict[str, str]:
    """Files of a version, or of what is shown. One query. Raises PermissionDenied, Http404."""
    require_author(user)
    versions = list(LabVersion.objects.filter(slug=slug))
    if number is None:
        files = shown_files(slug, versions)
    else:
        files = next((dict(version.files) for version in versions if version.number == number), {})
    if not files:
        raise Http404(slug)
    return files


def checked(slug: str, files: Mapping[str, str]) -> tuple[Lab | None, str]:
    """The lab that files make, or what is wrong with them, its number among it."""
    try:
        if not SLUG.fullmatch(slug):
            raise CatalogueError(f"{slug}: not a name for a lab")
        lab = read_files(slug, files)
        for other in LABS.values():
            if other.number == lab.number and other.slug != slug:
                raise CatalogueError(f"{slug}/lab.yaml: number: {lab.number} is that of {other.slug}")
    except CatalogueError as error:
        return None, str(error)
    return lab, ""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A lab's texts in one language, as its page has them."""

    language: str
    title: str
    intro: str
    question: str
    goal: str
    sections: list[tuple[str, list[str]]]
    presets: list[tuple[str, str]]
    """Title, and what differs from the first one."""
    knobs: list[str]
    more: list[str]


def previews(lab: Lab) -> list[Shown]:
    """The lab in each language."""
    found = []
    for language in LANGUAGES:
        with translation.override(language):
            found.append(_shown(lab, language))
    return found


def _shown(lab: Lab, language: str) -> Shown:
    first = lab.preset.to_dict()
    return Shown(
        language=language,
        title=str(lab.title),
        intro=str(lab.intro),
        question=str(lab.prediction.question),
        goal=str(lab.goal),
        sections=[(str(each.title), [str(text) for text in each.paragraphs]) for each in lab.sections],
        presets=[(str(preset.title), _differences(first, preset.spec.to_dict())) for preset in lab.presets],
        knobs=[str(_label(name)) for name in lab.knobs],
        more=[str(_label(name)) for name in lab.more],
    )


def _label(name: str) -> str | Promise:
    return FACES[name].label if name in FACES else name


def _differences(first: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Fields of a preset that are not the first one's."""
    return ", ".join(f"{_label(name)} {_plain(value)}" for name, value in other.items() if value != first[name])


def _plain(value: Any) -> str:
    """A value without the signs of a programming language."""
    if isinstance(value, dict):
        return " ".join(f"{name} {number}" for name, number in value.items()) or "–"
    return " · ".join(map(str, value)) or "–" if isinstance(value, list | tuple) else str(value)
