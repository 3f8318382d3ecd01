"""The OpenAI-compatible API of deployed models under /v1/: a pure ASGI application, routed before Django.

A request that waits for its text costs a queue, not a thread. Middleware does not run: host, HTTPS and key are checked
here; there are no cookies, no sessions, and no other origin may read an answer.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.utils import translation
from django.utils.translation import gettext as _

from labs.deploy import answers, selectors, services
from labs.deploy.answers import Answer
from labs.deploy.errors import ApiError
from labs.deploy.http import Exchange, GoneError, Receive, Scope, Send
from labs.deploy.models import Completion, Deployment
from labs.deploy.parsing import Question, question
from labs.deploy.tails import Tails
from labs.offload import DatabaseThread

log = logging.getLogger(__name__)

Result = TypeVar("Result")

PATH = re.compile(r"^/v1(/|$)")
MODEL = re.compile(r"^/v1/models/([^/]+)$")
METHODS = {"/v1/models": "GET", "/v1/completions": "POST", "/v1/chat/completions": "POST"}
LOOK_S = 3.0
"""How often a request that nobody has taken up asks whether there is a worker at all."""
WAIT_S = 60.0
"""Longest wait for a worker."""
SILENCE_S = 30.0
"""A text is given up when nothing more came for so long; its own time limit is shorter."""

database = DatabaseThread("deploy")
tails = Tails()
"""This process's own."""


def close_all() -> None:
    """End what waits, so that the server can stop."""
    tails.close()
    database.close()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request, errors in OpenAI's shape."""
    exchange = Exchange(scope, receive, send)
    try:
        with translation.override(_language(scope, exchange)):
            await _answered(scope, exchange)
    except GoneError:
        pass
    finally:
        exchange.close()


async def _answered(scope: Scope, exchange: Exchange) -> None:
    """Answer or say why not; in a stream that has begun, as its last message."""
    try:
        await _route(scope, exchange)
        return
    except ApiError as refused:
        error = refused
    except GoneError:
        raise
    except Exception:
        log.exception("%s %s", exchange.method, exchange.path)
        error = ApiError(500, _("The server failed."), code="server_error")
    if exchange.started:
        await exchange.stream(answers.server_sent(error.body))
        await exchange.end()
    else:
        await exchange.json(error.status, error.body, error.headers)


def _language(scope: Scope, exchange: Exchange) -> str:
    """The one that the client asks for; programs that ask for none read English."""
    if not exchange.header("accept-language"):
        return "en"
    return translation.get_language_from_request(ASGIRequest(scope, BytesIO()))


async def _route(scope: Scope, exchange: Exchange) -> None:
    _check_host(scope)
    wanted = MODEL.match(exchange.path)
    method = "GET" if wanted else METHODS.get(exchange.path)
    if method is None:
        raise ApiError(404, _("There is nothing at this address."), code="unknown_url")
    if exchange.method != method:
        raise ApiError(405, _("This address takes %(method)s only.") % {"method": method}, code="wrong_method")
    key = re.fullmatch(r"(?i:bearer) +(\S+)", exchange.header("authorization").strip())
    deployment = await _in_database(lambda: services.deployment_open(key=key[1] if key else ""))
    if wanted:
        _check_model(wanted[1], deployment)
        await exchange.json(200, answers.model(deployment))
    elif method == "GET":
        await exchange.json(200, answers.models(deployment))
    else:
        await _complete(exchange, deployment, chat=exchange.path.endswith("/chat/completions"))


def _check_host(scope: Scope) -> None:
    request = ASGIRequest(scope, BytesIO())
    try:
        request.get_host()
    except DisallowedHost:
        raise ApiError(400, _("This host name is not known here."), code="unknown_host") from None
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        raise ApiError(403, _("Use https: a key that travels in the open is no secret."), code="https_only")


def _check_model(name: str, deployment: Deployment) -> None:
    if not name:
        raise ApiError(400, _("Say which model should answer."), param="model")
    if name != deployment.name:
        text = _("This key opens no model “%(name)s”.") % {"name": name[:60]}
        raise ApiError(404, text, code="model_not_found", param="model")


async def _complete(exchange: Exchange, deployment: Deployment, *, chat: bool) -> None:
    """Queue the request, then pass on what is written. A client that leaves takes its text along."""
    assert deployment.run is not None  # for the type checker: `deployment_open` has looked
    asked = question(await exchange.read_json(), chat=chat, task=selectors.task_of(deployment.run))
    _check_model(asked.model, deployment)
    completion = await _in_database(
        lambda: services.completion_create(deployment=deployment, prompt=asked.prompt, options=asked.options)
    )
    answer = Answer(completion=completion, deployment=deployment, chat=chat)
    ended = refund = False
    try:
        async with tails.follow(completion.pk) as events:
            await (_streamed if asked.stream else _whole)(exchange, asked, answer, events)
        ended = True
    except ApiError as error:
        refund = error.status == 503
        raise
    finally:
        if not ended:
            await asyncio.shield(_in_database(lambda: _cancel(completion, refund)))


def _cancel(completion: Completion, refund: bool) -> None:
    services.completion_cancel(completion_id=completion.pk, refund=refund)


Events = asyncio.Queue[dict[str, Any]]


async def _whole(exchange: Exchange, asked: Question, answer: Answer, events: Events) -> None:
    del asked
    text = ""
    async for event in _listen(exchange, events):
        if event["kind"] == "end":
            await exchange.json(200, answer.whole(text, event))
        else:
            text += event["text"]


async def _streamed(exchange: Exchange, asked: Question, answer: Answer, events: Events) -> None:
    """The status line waits for the first piece, so that an error until then is one of HTTP."""
    async for event in _listen(exchange, events):
        chunks = [] if exchange.started else answer.first()
        if event["kind"] == "end":
            chunks += answer.last(event, with_usage=asked.with_usage)
        else:
            chunks.append(answer.piece(event["text"]))
        await exchange.stream(b"".join(map(answers.server_sent, chunks)))
    await exchange.stream(answers.DONE)
    await exchange.end()


async def _listen(exchange: Exchange, events: Events) -> AsyncIterator[dict[str, Any]]:
    """Texts, then the end. Raises ApiError when it fails or nobody writes, GoneError."""
    claimed, silent = False, 0.0
    while True:
        event = await exchange.next_of(events, LOOK_S)
        if event is None:
            silent += LOOK_S
            await _check_patience(claimed, silent)
            continue
        claimed, silent = True, 0.0
        if event["kind"] == "failed":
            raise _failure(event["error"])
        if event["kind"] != "claimed":
            yield event
        if event["kind"] == "end":
            return


async def _check_patience(claimed: bool, silent: float) -> None:
    if claimed and silent >= SILENCE_S:
        raise _failure("worker_lost")
    if not claimed and not await tails.worker_alive():
        raise ApiError(503, _("No worker is there to write."), code="no_worker", retry_after_s=10)
    if not claimed and silent >= WAIT_S:
        raise ApiError(503, _("All workers are busy."), code="overloaded", retry_after_s=10)


def _failure(error: str) -> ApiError:
    """What went wrong while a worker had the request."""
    if error == "cancelled":
        return ApiError(403, _("This API key was revoked."), code="key_revoked")
    if error == "model_gone":
        return ApiError(404, _("The run or the files of this model were deleted."), code="model_gone")
    if error == "changed_model":
        return ApiError(410, _("The file of this model is not the one that its run left."), code="model_changed")
    if error == "closing":
        return ApiError(503, _("The portal is restarting."), code="restarting", retry_after_s=5)
    if error == "out_of_memory":
        return ApiError(500, _("The model needed more memory than it may have."), code="out_of_memory")
    return ApiError(503, _("The model stopped writing. Ask again."), code=error, retry_after_s=2)


async def _in_database(work: Callable[[], Result]) -> Result:
    """Call `work` in the one database thread, in this request's language. Raises ApiError for what it refuses."""
    language = translation.get_language() or "en"

    def call() -> Result:
        with translation.override(language):
            return work()

    try:
        return await database.run(call)
    except services.RefusedError as refused:
        raise ApiError.of(refused) from None
