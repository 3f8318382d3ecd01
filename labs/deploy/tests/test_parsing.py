"""Bodies of requests: what is read, and that everything else is refused by the name of its parameter."""

from __future__ import annotations

from typing import Any

import pytest

from labs.deploy.errors import ApiError
from labs.deploy.parsing import question

PROMPT: dict[str, Any] = {"model": "m", "prompt": "The "}
HELLO: dict[str, Any] = {"role": "user", "content": "Hello"}


def read(chat: bool = False, task: str = "language", **body: Any) -> Any:
    start: dict[str, Any] = {"model": "m", "messages": [HELLO]} if chat else PROMPT
    return question(start | body, chat=chat, task=task)


def test_the_usual_values() -> None:
    asked = read()
    assert (asked.model, asked.prompt, asked.stream, asked.with_usage) == ("m", "The ", False, False)
    seed = asked.options["seed"]
    assert asked.options == {
        "max_tokens": 128,
        "temperature": 1.0,
        "top_p": 1.0,
        "top_k": 0,
        "seed": seed,
        "stop": [],
    }
    assert read().options["seed"] != read().options["seed"], "another text each time"


def test_everything_that_changes_the_text_is_read() -> None:
    given: dict[str, Any] = {"max_tokens": 7, "temperature": 0, "top_p": 0, "top_k": 5, "seed": -3, "stop": "."}
    assert read(**given).options == given | {"stop": ["."]}
    assert read(stop=["a", "b"]).options["stop"] == ["a", "b"]
    assert read(stream=True, stream_options={"include_usage": True}).with_usage is True
    assert read(prompt=["one"]).prompt == "one"
    assert read(chat=True, max_tokens=9, max_completion_tokens=8).options["max_tokens"] == 8


def test_what_changes_nothing_and_what_is_null_is_accepted() -> None:
    nothing: dict[str, Any] = {
        "user": "me",
        "n": 1,
        "logprobs": None,
        "best_of": 1,
        "frequency_penalty": 0,
        "echo": False,
    }
    assert read(**nothing, temperature=None, stop=None).options["temperature"] == 1.0


def test_the_lowest_values_are_values() -> None:
    options = read(temperature=0, top_p=0, top_k=0).options
    assert (options["temperature"], options["top_p"], options["top_k"]) == (0.0, 0.0, 0)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": 3}, "logprobs"),
        ({"logprobs": True}, "logprobs"),
        ({"echo": True}, "echo"),
        ({"tools": [{}]}, "tools"),
        ({"presence_penalty": 0.5}, "presence_penalty"),
        ({"anything": 1}, "anything"),
        ({"messages": []}, "messages"),
        ({"temperature": 1000}, "temperature"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"temperature": 10**400}, "temperature"),
        ({"top_p": 1.1}, "top_p"),
        ({"top_k": 2001}, "top_k"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 513}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"seed": 2**64}, "seed"),
        ({"seed": "x"}, "seed"),
        ({"stop": ""}, "stop"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": [1]}, "stop"),
        ({"stop": {"a": 1}}, "stop"),
        ({"prompt": "x" * 8001}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": 1}, "stream_options"),
        ({"model": 1}, "model"),
    ],
)
def test_what_cannot_be_had_is_refused_by_name(body: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(**body)
    assert (caught.value.status, caught.value.param) == (400, param)
    assert caught.value.message


@pytest.mark.parametrize(
    "messages",
    [
        None,
        "Hello",
        [],
        [HELLO] * 101,
        ["Hello"],
        [{"content": "Hello"}],
        [{"role": "tool", "content": "x"}],
        [{"role": ["user"], "content": "x"}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}],
        [{"role": "user", "content": [{"type": "text", "text": 1}]}],
        [{"role": "user", "content": "x" * 4001}] * 2,
    ],
)
def test_messages_that_cannot_be_read_are_refused(messages: Any) -> None:
    with pytest.raises(ApiError) as caught:
        read(chat=True, messages=messages)
    assert (caught.value.status, caught.value.param) == (400, "messages")


@pytest.mark.parametrize("body", [None, [], "x", 1])
def test_a_body_is_an_object(body: Any) -> None:
    with pytest.raises(ApiError):
        question(body, chat=False, task="language")


def test_a_language_model_goes_on_from_all_messages_joined() -> None:
    parts = [{"type": "text", "text": "One "}, {"type": "text", "text": "two"}]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}]
    assert read(chat=True, messages=messages).prompt == "Be brief.\nOne two"


def test_a_sequence_model_answers_the_last_message_of_the_user() -> None:
    messages = [HELLO, {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "abc"}]
    messages.append({"role": "assistant", "content": "cba"})
    assert read(chat=True, task="sequence", messages=messages).prompt == "abc"
    with pytest.raises(ApiError):
        read(chat=True, task="sequence", messages=[{"role": "system", "content": "x"}])
