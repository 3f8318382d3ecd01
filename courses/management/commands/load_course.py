"""`manage.py load_course DIR`: brings a course's files into the database. Checks first, then writes all or nothing."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from courses.loading.errors import ContentError
from courses.loading.folder import read_course
from courses.loading.services import load_course

WORDS = {
    "published": "version {number} published",
    "unchanged": "unchanged, version {number}",
    "left": "left alone, version {number} was published in the studio",
}


class Command(BaseCommand):
    """Idempotent: a second run changes nothing."""

    help = "Load a course (course.yaml and a folder for each chapter) from DIR."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The folder, and what a changed chapter means for learners who have begun it."""
        parser.add_argument("dir", type=Path, metavar="DIR")
        parser.add_argument(
            "--change",
            choices=["minor", "keep", "redo"],
            default="minor",
            help="learners in mid-chapter: go on in the new version (minor), stay on theirs (keep), "
            "or read changed sections again (redo)",
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        """Read, check, write, say what happened."""
        try:
            files = read_course(options["dir"])
        except ContentError as error:
            raise CommandError(f"Nothing was changed.\n{error}") from error
        for loaded in load_course(files=files, change=options["change"]):
            line = WORDS[loaded.outcome].format(number=loaded.number)
            moved = f", {loaded.moved} learners moved" if loaded.moved else ""
            self.stdout.write(f"{files.slug}/{loaded.slug}: {line}{moved}")
