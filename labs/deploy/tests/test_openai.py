"""The real `openai` client against a running portal: a model is trained, deployed from its page, and called."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
from openai import OpenAI
from openai.types import CompletionChoice

from portal.testing.browser import EMAILS
from portal.testing.client import Session
from portal.testing.server import PASSWORD, Portal

pytestmark = pytest.mark.slow

RECIPE = {"tokens": 51_200, "n_layers": 1, "d_model": 32}
DEADLINE_S = 90.0


@pytest.fixture(scope="module")
def session(portal_live: Portal) -> Session:
    return Session(portal_live.url, EMAILS["learner"], PASSWORD)


@pytest.fixture(scope="module")
def run_id(session: Session) -> int:
    """A finished run of a language model."""
    number = int(session.api("POST", "/api/runs/", {"lab": "training", "spec": RECIPE})["id"])
    until = time.monotonic() + DEADLINE_S
    while not session.api("GET", f"/api/runs/{number}/")["ended"]:
        assert time.monotonic() < until, "the run did not end"
        time.sleep(0.2)
    return number


def deploy(session: Session, run_id: int, name: str, requests: int = 200) -> str:
    """Send the form of the run's page; returns the key that the page shows."""
    form = {"deploy-name": name, "deploy-days": "30", "deploy-requests_per_day": str(requests)}
    status, _ = session.post(f"/runs/{run_id}/deployments/", form)
    assert status == 302
    found = re.search(rb"grd-[\w-]{40,}", session.get(f"/runs/{run_id}/")[1])
    assert found
    return found[0].decode()


def client_of(portal: Portal, key: str) -> OpenAI:
    return OpenAI(base_url=f"{portal.url}/v1", api_key=key, max_retries=0, timeout=60)


@pytest.fixture(scope="module")
def key(session: Session, run_id: int) -> str:
    return deploy(session, run_id, "small")


@pytest.fixture
def client(portal_live: Portal, key: str) -> Iterator[OpenAI]:
    with client_of(portal_live, key) as client:
        yield client


def test_models_are_listed(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["small"]
    assert client.models.retrieve("small").owned_by == "gradus"


def test_a_completion_is_written_and_the_same_seed_writes_it_again(client: OpenAI) -> None:
    first, again = (
        client.completions.create(model="small", prompt="The ", max_tokens=30, temperature=0.7, seed=5)
        for _ in range(2)
    )
    assert len(first.choices[0].text) == 30
    assert first.choices[0].text == again.choices[0].text
    assert first.choices[0].finish_reason == "length"
    assert first.usage is not None
    assert (first.usage.prompt_tokens, first.usage.completion_tokens) == (4, 30)


def write(client: OpenAI, *, max_tokens: int = 60, stop: list[str] | None = None) -> CompletionChoice:
    answer = client.completions.create(
        model="small", prompt="The ", max_tokens=max_tokens, temperature=0.7, seed=5, stop=stop
    )
    return answer.choices[0]


def test_a_streamed_completion_is_the_same_text_in_pieces(client: OpenAI) -> None:
    stream = client.completions.create(
        model="small", prompt="The ", max_tokens=512, temperature=0.7, seed=5, stream=True
    )
    pieces = [chunk.choices[0].text for chunk in stream]
    assert "".join(pieces) == write(client, max_tokens=512).text
    assert len([piece for piece in pieces if piece]) > 1


def test_a_stop_string_ends_the_text_before_it(client: OpenAI) -> None:
    whole = write(client).text
    stop = whole[10:12]
    answer = write(client, stop=[stop])
    assert (answer.text, answer.finish_reason) == (whole[: whole.index(stop)], "stop")


def test_a_chat_answers_whole_and_streamed(client: OpenAI) -> None:
    whole = client.chat.completions.create(
        model="small", messages=[{"role": "user", "content": "The "}], max_tokens=20, temperature=0.7, seed=5
    )
    stream = client.chat.completions.create(
        model="small",
        messages=[{"role": "user", "content": "The "}],
        max_tokens=20,
        temperature=0.7,
        seed=5,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert len(text) == 20
    assert chunks[-1].usage == whole.usage


def test_what_cannot_be_had_names_its_parameter(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model="small", prompt="x", n=2)
    assert caught.value.param == "n"
    with pytest.raises(openai.BadRequestError):
        client.completions.create(model="small", prompt="x" * 8001)


def test_an_unknown_model_and_a_wrong_key(client: OpenAI, portal_live: Portal) -> None:
    with pytest.raises(openai.NotFoundError):
        client.completions.create(model="large", prompt="x")
    with client_of(portal_live, "grd-wrong") as wrong, pytest.raises(openai.AuthenticationError):
        wrong.models.list()


def test_the_limit_of_a_day(session: Session, portal_live: Portal, run_id: int) -> None:
    with client_of(portal_live, deploy(session, run_id, "limited", requests=1)) as client:
        client.completions.create(model="limited", prompt="x", max_tokens=1)
        with pytest.raises(openai.RateLimitError) as caught:
            client.completions.create(model="limited", prompt="x", max_tokens=1)
    assert caught.value.code == "requests_used_up"
    assert int(caught.value.response.headers["Retry-After"]) > 0


def test_requests_at_once_take_turns_and_beyond_the_queue_are_refused(client: OpenAI) -> None:
    def ask(seed: int) -> str:
        try:
            answer = client.completions.create(model="small", prompt="The ", max_tokens=200, seed=seed)
        except openai.RateLimitError as error:
            return str(error.code)
        return answer.choices[0].text

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(12)))
    written = [answer for answer in answers if answer != "queue_full"]
    assert len(written) >= 4, "one is written and three wait"
    assert len(set(written)) == len(written), "to each its own"


def test_a_client_that_leaves_lets_the_next_one_in(client: OpenAI) -> None:
    stream = client.completions.create(model="small", prompt="The ", max_tokens=512, stream=True)
    next(iter(stream))
    stream.close()
    answer = client.completions.create(model="small", prompt="The ", max_tokens=1)
    assert len(answer.choices[0].text) == 1


def test_a_revoked_key_opens_nothing(session: Session, portal_live: Portal, run_id: int) -> None:
    key = deploy(session, run_id, "revoked")
    page = session.get(f"/runs/{run_id}/")[1]
    number = re.search(rb'id="deployed-(\d+)"', page)  # newest first
    assert number
    assert session.post(f"/deployments/{int(number[1])}/revoke/", {})[0] == 302
    with client_of(portal_live, key) as client, pytest.raises(openai.PermissionDeniedError) as caught:
        client.models.list()
    assert caught.value.code == "key_revoked"


def test_requests_and_tokens_are_counted(portal_live: Portal, client: OpenAI) -> None:
    requests, tokens = used(portal_live)
    client.completions.create(model="small", prompt="The ", max_tokens=1)
    assert used(portal_live) == (requests + 1, tokens + 5)


def used(portal: Portal) -> tuple[int, int]:
    """Requests and tokens in all, as the database has them."""
    code = (
        "from labs.models import Deployment\n"
        "print(*Deployment.objects.values_list('requests_total', 'tokens_total').get(name='small'))"
    )
    requests, tokens = portal.manage("shell", "--no-imports", "-c", code).split()
    return int(requests), int(tokens)
