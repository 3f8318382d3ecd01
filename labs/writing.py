"""One text of a finished model, written in a child process. Called by `labs.play` and `labs.deploy.writer`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labs.children import Child, NurseryError, nursery
from labs.curves import storable
from labs.drain import draining
from labs.models import Run
from labs.runner import run_dir

log = logging.getLogger(__name__)

LIMIT_S = 20.0
"""Time for one text."""
LOST_S = LIMIT_S + 10.0
"""A text that was taken up so long ago has lost its worker."""
LOOK_S = 0.25
"""How often it is asked whether the text is still wanted."""


@dataclass
class Outcome:
    """What came of a request. `error`: empty, out_of_time, cancelled, interrupted (this worker is being stopped),
    no_process, or what the child named, changed_model (the file is not what the run left) among it.
    """

    text: str = ""
    prompt_tokens: int = 0
    tokens: int = 0
    finish: str = ""
    error: str = ""


def write(
    run: Run,
    asked: dict[str, Any],
    *,
    take: Callable[[str], None] = lambda text: None,
    wanted: Callable[[], bool] = lambda: True,
) -> Outcome:
    """Let the model of `run` write; `asked` holds prompt, max_tokens, temperature, top_k, top_p, seed, perhaps stop.

    `take` gets the text piece by piece. `wanted` is asked four times a second; False ends the text.
    """
    outcome = Outcome()
    ours = {"model_dir": str(run_dir(run) / "model"), "weights": run.info.get("weights", "")}
    try:
        child = nursery.start({"kind": "sample"} | ours | asked)
    except NurseryError:
        log.exception("run %s cannot write", run.pk)
        outcome.error = "no_process"
        return outcome
    try:
        outcome.error = _follow(child, outcome, take, wanted)
    finally:
        child.wait()
    return outcome


def _follow(child: Child, outcome: Outcome, take: Callable[[str], None], wanted: Callable[[], bool]) -> str:
    """Read the child's events to their end; returns the error."""
    started = looked = time.monotonic()
    while not child.closed:
        events = child.read(0.2)
        _pass_on("".join(event["text"] for event in events if event["kind"] == "text"), outcome, take)
        for event in events:
            if event["kind"] == "prompt":
                outcome.prompt_tokens = event["tokens"]
            elif event["kind"] == "text":
                outcome.tokens = event["tokens"]
            elif event["kind"] == "end":
                outcome.tokens, outcome.finish = event["tokens"], event["finish"]
                return ""
            elif event["kind"] == "failed":
                return str(event["ending"])
        now = time.monotonic()
        if now - started > LIMIT_S:
            return "out_of_time"
        if draining():
            return "interrupted"
        if now - looked >= LOOK_S:
            looked = now
            if not wanted():
                return "cancelled"
    return "failed"


def _pass_on(text: str, outcome: Outcome, take: Callable[[str], None]) -> None:
    if text:
        outcome.text += storable(text)
        take(storable(text))
