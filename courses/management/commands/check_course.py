"""`manage.py check_course DIR`: everything that an editor would object to, by file and line; nothing is written."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, no_translations

from courses.loading.checking import findings
from courses.loading.errors import ContentError

SHIPPED = Path(settings.BASE_DIR) / "courses" / "content" / "llm-foundations"


class Command(BaseCommand):
    """Ends with status 1 when there is a finding."""

    help = "Check a course's files: structure, ids, links, maths, terms, length, time, quizzes, coverage."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The folder; without one, the course that ships."""
        parser.add_argument("dir", type=Path, metavar="DIR", nargs="?", default=SHIPPED)

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        """Check, say what was found."""
        try:
            found = findings(options["dir"])
        except ContentError as error:
            raise CommandError(str(error)) from error
        if found:
            raise CommandError("\n".join(map(str, found)))
        self.stdout.write("No finding.")
