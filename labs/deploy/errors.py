"""Errors of the OpenAI-compatible API, in the shape that its clients read."""

from __future__ import annotations

from typing import Any

from labs.deploy.services import RefusedError

KINDS = {403: "permission_error", 429: "rate_limit_error", 500: "server_error", 503: "server_error"}
SOON_S = 60
"""Clients wait by themselves for so long; what comes back later they should not ask for again."""


class ApiError(Exception):
    """An answer that is an error: HTTP status, words, a code for programs, and the parameter that is wrong."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None, retry_after_s: int = 0
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.retry_after_s = retry_after_s

    @classmethod
    def of(cls, refused: RefusedError) -> ApiError:
        """What a service refused."""
        seconds = refused.retry_after_s or 0
        return cls(refused.status, str(refused.message), code=refused.code, retry_after_s=seconds)

    @property
    def body(self) -> dict[str, Any]:
        """OpenAI's shape."""
        kind = KINDS.get(self.status, "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    @property
    def headers(self) -> dict[str, str]:
        """How to go on."""
        headers = {}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if self.retry_after_s:
            headers["Retry-After"] = str(self.retry_after_s)
        if self.retry_after_s > SOON_S:
            headers["X-Should-Retry"] = "false"  # OpenAI's clients heed it
        return headers
