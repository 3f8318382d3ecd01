"""The one exception for failures that a person can mend. Raised by services, shown the same by pages and API."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise

Text = str | Promise


class UserError(Exception):
    """An expected failure: `code` for programs, `message` (what happened) and `hint` (what to do) for people.

    `fields` maps a form field to its message; `status` is the HTTP status that pages and API answer with.
    """

    def __init__(
        self, code: str, message: Text, hint: Text = "", *, fields: Mapping[str, Text] | None = None, status: int = 422
    ) -> None:
        super().__init__(code)
        self.code, self.message, self.hint, self.status = code, message, hint, status
        self.fields = dict(fields or {})
