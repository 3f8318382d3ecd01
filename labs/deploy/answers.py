"""Answers of the OpenAI-compatible API: whole ones and the pieces of streams. Called by the API."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from labs.channel import encode
from labs.deploy.models import Completion, Deployment

DONE = b"data: [DONE]\n\n"


def model(deployment: Deployment) -> dict[str, Any]:
    """A model as lists show it."""
    created = int(deployment.created_at.timestamp())
    return {"id": deployment.name, "object": "model", "created": created, "owned_by": "gradus"}


def models(deployment: Deployment) -> dict[str, Any]:
    """All that a key opens: one."""
    return {"object": "list", "data": [model(deployment)]}


def server_sent(values: dict[str, Any]) -> bytes:
    """One message of a stream."""
    return f"data: {encode(values)}\n\n".encode()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The frame around one text."""

    completion: Completion
    deployment: Deployment
    chat: bool
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, text: str, end: dict[str, Any]) -> dict[str, Any]:
        """Everything at once."""
        kind = "chat.completion" if self.chat else "text_completion"
        said = {"message": {"role": "assistant", "content": text, "refusal": None}} if self.chat else {"text": text}
        return self._frame(kind, [self._choice(said, end["finish"])]) | {"usage": usage(end)}

    def first(self) -> list[dict[str, Any]]:
        """What a stream begins with."""
        return [self._chunk({"delta": {"role": "assistant", "content": ""}}, None)] if self.chat else []

    def piece(self, text: str) -> dict[str, Any]:
        """The next piece of a stream."""
        return self._chunk({"delta": {"content": text}} if self.chat else {"text": text}, None)

    def last(self, end: dict[str, Any], *, with_usage: bool) -> list[dict[str, Any]]:
        """What a stream ends with."""
        chunks = [self._chunk({"delta": {}} if self.chat else {"text": ""}, end["finish"])]
        if with_usage:
            chunks.append(self._frame(self._kind, []) | {"usage": usage(end)})
        return chunks

    @property
    def _kind(self) -> str:
        return "chat.completion.chunk" if self.chat else "text_completion"

    def _chunk(self, said: dict[str, Any], finish: str | None) -> dict[str, Any]:
        return self._frame(self._kind, [self._choice(said, finish)])

    def _choice(self, said: dict[str, Any], finish: str | None) -> dict[str, Any]:
        return {"index": 0, **said, "logprobs": None, "finish_reason": finish}

    def _frame(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        start = "chatcmpl" if self.chat else "cmpl"
        return {
            "id": f"{start}-{self.completion.pk}",
            "object": kind,
            "created": self.created,
            "model": self.deployment.name,
            "system_fingerprint": f"run-{self.deployment.run_id}",
            "choices": choices,
        }


def usage(end: dict[str, Any]) -> dict[str, int]:
    """Tokens as the model counts them."""
    prompt, written = end["prompt_tokens"], end["tokens"]
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
