"""What the tests of this app share."""

from __future__ import annotations

from pathlib import Path

import pytest

from courses.models import Chapter
from courses.tests.course_files import chapter, load, write_course


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of a small course."""
    return write_course(tmp_path / "small")


@pytest.fixture
def one(db: None, folder: Path) -> Chapter:
    """The first chapter of the small course, loaded and published."""
    load(folder)
    return chapter("one")
