"""`manage.py messages`: bring the Chinese catalogue in step with code and templates, and say what is missing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import catalogue


class Command(BaseCommand):
    """Writes portal/locale/zh_Hans/LC_MESSAGES/django.po and .mo."""

    help = "Collect translatable texts into the Chinese catalogue and compile it. Run it after changing any text."

    def add_arguments(self, parser: CommandParser) -> None:
        """--check only looks."""
        parser.add_argument("--check", action="store_true", help="change nothing; fail when something is missing")

    def handle(self, *args: Any, **options: Any) -> None:
        """List every problem; fail on one only with --check, since new texts wait for their translation."""
        messages = catalogue.read() if options["check"] else catalogue.update()
        found = catalogue.problems(messages)
        for problem in found:
            self.stdout.write(problem)
        self.stdout.write(f"{len(messages)} texts, {len(found)} problems")
        if found and options["check"]:
            raise CommandError("The catalogue is not complete. See the list above.")
