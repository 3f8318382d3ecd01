"""Bodies of requests to deployed models: what OpenAI's clients send, read strictly. Called by the API.

What this API cannot do is refused by name, so that nobody takes an ignored wish for a granted one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from labs.deploy.errors import ApiError

MOST_CHARACTERS = 8_000
MOST_TOKENS, USUAL_TOKENS = 512, 128
MOST_MESSAGES = 100
MOST_STOPS, LONGEST_STOP = 4, 64
ROLES = frozenset({"system", "developer", "user", "assistant"})

SHARED = frozenset({"model", "stream", "stream_options", "stop", "max_tokens", "temperature", "top_p", "top_k", "seed"})
PLAIN = frozenset({"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key"})
"""Parameters that change no text; they are accepted and not used."""
OWN = {False: frozenset({"prompt"}), True: frozenset({"messages", "max_completion_tokens"})}
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "echo": (False,),
    "suffix": ("",),
    "logprobs": (False,),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "tools": ([],),
    "tool_choice": ("none",),
    "parallel_tool_calls": (True, False),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
}
"""Parameters of which only these values, or null, can be had here."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A request, checked."""

    model: str
    prompt: str
    options: Mapping[str, Any]
    """max_tokens, temperature, top_k, top_p, seed, stop: see `labs.writing.write`."""
    stream: bool
    with_usage: bool
    """Whether a stream ends with the token counts."""
    chat: bool


def question(body: Any, *, chat: bool, task: str) -> Question:
    """Read a body; `task` is what the model has learnt. Raises ApiError 400 naming the parameter."""
    if not isinstance(body, dict):
        raise ApiError(400, _("The body must be a JSON object."))
    _refuse_unknown(body, chat)
    given = {name: value for name, value in body.items() if value is not None}
    stream = _typed(given, "stream", bool, False)
    extra = _typed(given, "stream_options", dict, {})
    return Question(
        model=_typed(given, "model", str, ""),
        prompt=_messages(given, task) if chat else _prompt(given),
        options={
            "max_tokens": _max_tokens(given),
            "temperature": _number(given, "temperature", 1.0, 0.0, 2.0),
            "top_p": _number(given, "top_p", 1.0, 0.0, 1.0),
            "top_k": _whole(given, "top_k", 0, 0, 2000),
            "seed": _whole(given, "seed", secrets.randbelow(2**31), -(2**63), 2**63 - 1),
            "stop": _stop(given),
        },
        stream=stream,
        with_usage=bool(extra.get("include_usage")),
        chat=chat,
    )


def _refuse_unknown(body: Mapping[str, Any], chat: bool) -> None:
    for name, value in body.items():
        if name in SHARED | PLAIN | OWN[chat] or value is None:
            continue
        if name not in NEUTRAL:
            raise ApiError(400, _("This API has no parameter “%(name)s”.") % {"name": name[:60]}, param=name[:60])
        if value not in NEUTRAL[name]:
            text = _("This model cannot do that: leave out “%(name)s”.") % {"name": name}
            raise ApiError(400, text, code="unsupported_value", param=name)


def _typed(given: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    value = given.get(name, default)
    if not isinstance(value, kind):
        raise ApiError(400, _("“%(name)s” has the wrong type.") % {"name": name}, code="invalid_type", param=name)
    return value


def _number(given: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ApiError(400, _("“%(name)s” must be a number.") % {"name": name}, code="invalid_type", param=name)
    if not low <= value <= high:
        raise _out_of_range(name, low, high)
    return float(value)


def _whole(given: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ApiError(400, _("“%(name)s” must be a whole number.") % {"name": name}, code="invalid_type", param=name)
    if not low <= value <= high:
        raise _out_of_range(name, low, high)
    return value


def _out_of_range(name: str, low: float, high: float) -> ApiError:
    text = _("“%(name)s” must lie between %(low)s and %(high)s.") % {"name": name, "low": low, "high": high}
    return ApiError(400, text, code="out_of_range", param=name)


def _max_tokens(given: Mapping[str, Any]) -> int:
    """Chat clients have two names for it; the newer one counts."""
    name = "max_completion_tokens" if "max_completion_tokens" in given else "max_tokens"
    return _whole(given, name, USUAL_TOKENS, 1, MOST_TOKENS)


def _stop(given: Mapping[str, Any]) -> list[str]:
    value = given.get("stop", [])
    stops = [value] if isinstance(value, str) else value
    fits = isinstance(stops, list) and len(stops) <= MOST_STOPS
    if not fits or not all(isinstance(stop, str) and 1 <= len(stop) <= LONGEST_STOP for stop in stops):
        text = _("“stop” must be up to %(number)s texts of 1 to %(length)s characters.")
        raise ApiError(400, text % {"number": MOST_STOPS, "length": LONGEST_STOP}, param="stop")
    return list(stops)


def _prompt(given: Mapping[str, Any]) -> str:
    value = given.get("prompt", "")
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        raise ApiError(400, _("“prompt” must be one text."), code="invalid_type", param="prompt")
    return _short(value, "prompt")


def _messages(given: Mapping[str, Any], task: str) -> str:
    """A language model has learnt no dialogue: it goes on from all contents, joined by newlines. A sequence model
    answers the last message of the user.
    """
    messages = given.get("messages")
    if not isinstance(messages, list) or not 1 <= len(messages) <= MOST_MESSAGES:
        text = _("“messages” must be a list of 1 to %(number)s messages.") % {"number": MOST_MESSAGES}
        raise ApiError(400, text, param="messages")
    said = [_message(message) for message in messages]
    if task != "sequence":
        return _short("\n".join(text for _role, text in said), "messages")
    from_user = [text for role, text in said if role == "user"]
    if not from_user:
        raise ApiError(400, _("This model answers the last message of the user; there is none."), param="messages")
    return _short(from_user[-1], "messages")


def _message(message: Any) -> tuple[str, str]:
    role = message.get("role") if isinstance(message, dict) else None
    if not isinstance(role, str) or role not in ROLES:
        text = _("Each message needs a role: system, developer, user or assistant.")
        raise ApiError(400, text, param="messages")
    content = message.get("content")
    parts: list[Any] = content if isinstance(content, list) else [{"type": "text", "text": content}]
    found = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    texts = [text for text in found if isinstance(text, str)]
    if len(texts) != len(parts):
        raise ApiError(400, _("The content of a message must be text."), param="messages")
    return role, "".join(texts)


def _short(text: str, name: str) -> str:
    if len(text) > MOST_CHARACTERS:
        words = _("“%(name)s” has %(found)s characters; at most %(most)s are allowed.")
        words %= {"name": name, "found": f"{len(text):,}", "most": f"{MOST_CHARACTERS:,}"}
        raise ApiError(400, words, code="string_above_max_length", param=name)
    return text
