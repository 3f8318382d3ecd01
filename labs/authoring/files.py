"""A lab's files: from the repository, from a zip archive, into one. Called by services, selectors and views."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from labs.catalogue import FILES, FOLDER
from portal.lib.errors import UserError

MAX_BYTES = 200_000
"""Of all files of a lab."""
MAX_ARCHIVE = 1_000_000
SLUG = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]")
EPOCH = (2020, 1, 1, 0, 0, 0)
"""Time of every entry: the same files are the same archive."""

Files = Mapping[str, str]


def shipped_files(slug: str) -> dict[str, str]:
    """A lab's files as they come with the portal; none for a lab that authors made."""
    folder = FOLDER / slug
    if not folder.is_dir():
        return {}
    return {name: folder.joinpath(name).read_bytes().decode("utf-8") for name in FILES}


def archive_of(slug: str, files: Files) -> bytes:
    """A folder named after the lab, as a zip archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in FILES:
            archive.writestr(zipfile.ZipInfo(f"{slug}/{name}", EPOCH), files[name].encode())
    return target.getvalue()


def read_archive(data: bytes) -> tuple[str, dict[str, str]]:
    """Slug and files of an archive that holds one folder with a lab. Raises UserError with what is wrong.

    Nothing is unpacked to disk; sizes are checked before an entry is read, and while it is.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            return _slug(entries), {PurePosixPath(e.filename).name: _text(archive, e) for e in _wanted(entries)}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _refused(_("This is not a zip archive that can be read.")) from error


def _wanted(entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """The three files. Raises UserError for missing ones, others, or too much."""
    names = [PurePosixPath(entry.filename).name for entry in entries]
    if sorted(names) != sorted(FILES):
        found, needed = ", ".join(names[:10]) or "–", ", ".join(FILES)
        raise _refused(
            _("The archive needs exactly %(needed)s, and has %(found)s.") % {"needed": needed, "found": found}
        )
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise _refused(_("The files have more than %(limit)s bytes.") % {"limit": f"{MAX_BYTES:,}"})
    return entries


def _slug(entries: list[zipfile.ZipInfo]) -> str:
    """The name of the one folder."""
    folders = {str(PurePosixPath(entry.filename).parent) for entry in entries}
    if len(folders) != 1 or not SLUG.fullmatch(slug := folders.pop()):
        text = _("The files must lie in one folder, whose name is the lab’s: small letters, digits and hyphens.")
        raise _refused(text)
    return slug


def _text(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    with archive.open(entry) as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _refused(_("The files have more than %(limit)s bytes.") % {"limit": f"{MAX_BYTES:,}"})
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(_("%(file)s is not UTF-8.") % {"file": entry.filename}) from error


def _refused(text: str) -> UserError:
    return UserError("archive_refused", text, fields={"file": text})
