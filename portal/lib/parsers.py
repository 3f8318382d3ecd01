"""Bodies of API requests: JSON of bounded size and depth, with text that a database can hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser


class TooLargeError(APIException):
    """More bytes than API_BODY_BYTES."""

    status_code = 413
    default_detail = _("The request is too large.")
    default_code = "too_large"


class BoundedJSONParser(JSONParser):
    """DRF's parser reads whatever comes; this one stops at settings.API_BODY_BYTES."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The parsed body. Raises ParseError, TooLargeError."""
        limit: int = settings.API_BODY_BYTES
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLargeError
        try:
            return read_json(raw)
        except ValueError as error:
            raise ParseError(str(error)) from error


def read_json(raw: bytes) -> Any:
    """The values in a body. Raises ValueError, whose text says what is wrong with it."""
    try:
        values = json.loads(raw, parse_constant=_refuse)
        json.dumps(values, ensure_ascii=False).encode()  # a lone surrogate has no UTF-8
    except (ValueError, RecursionError) as error:
        raise ValueError(_("The request is not valid JSON.")) from error
    if b"\\u0000" in raw:
        raise ValueError(_("The request holds a zero character."))
    return values


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
