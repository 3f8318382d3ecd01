"""A process that has imported everything but computed nothing, and forks a child for each run.

A fresh Python needs seconds to import torch; a fork of this one needs milliseconds. It must never run a torch
operation itself: a fork after a parallel operation can hang. `labs.children` starts it as
`python -m trainer.nursery FD` with one end of a Unix socket and sends one request at a time:

    request  one JSON line with the file descriptors [events, keepalive] attached (SCM_RIGHTS)
    answer   {"pid": ...}, then, when the child has ended, {"status": ...} (as os.waitpid gives it)

The child writes events as JSON lines to `events`. It ends when `keepalive`, a pipe, is closed at the other end: a
supervisor that dies takes its children along. A child that looks inside a run gets its questions on that pipe, one JSON
line each. Limits (memory, file size) hold for the child alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import resource
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from trainer.checkpoint import load_curve
from trainer.corpora.kept import ChangedError, read_data
from trainer.events import Failed
from trainer.export.carry import carry
from trainer.forks import Fork
from trainer.hidden import Hidden
from trainer.loop import is_out_of_memory, train
from trainer.probe.asking import Asker, open_run
from trainer.probe.subject import ProbeError
from trainer.reports import report
from trainer.spec import RunSpec, SpecError
from trainer.starting import base_hash
from trainer.writer import write

REQUEST_BYTES = 1_000_000
NICE = 10
"""Pages and streams come first: training takes what they leave."""
IDLE_S = 60.0
"""A child that looks inside a run leaves when nothing was asked for so long."""
CHILD_FAILED = 1
SUPERVISOR_GONE = 3


class Stop:
    """Set by SIGTERM; asked by the training loop at every step."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._handle)

    def __call__(self) -> bool:
        return self.asked

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def serve(channel: socket.socket) -> None:
    """Answer requests until the other end closes."""
    while True:
        message, fds, _, _ = socket.recv_fds(channel, REQUEST_BYTES, 2)
        if not message:
            return
        request = json.loads(message)
        pid = os.fork()
        if pid == 0:
            channel.close()
            _child(request, *fds)
        for fd in fds:
            os.close(fd)
        _answer(channel, {"pid": pid})
        _, status = os.waitpid(pid, 0)
        _answer(channel, {"status": status})


def _answer(channel: socket.socket, values: dict[str, Any]) -> None:
    # The supervisor may be gone by now; then the next receive says so.
    with contextlib.suppress(BrokenPipeError):
        channel.sendall(json.dumps(values).encode() + b"\n")


def _child(request: dict[str, Any], events: int, keepalive: int) -> None:
    """Carry out one request in this freshly forked process, and leave it for good."""
    code = CHILD_FAILED
    try:
        os.setsid()
        if request["kind"] != "look":  # somebody waits for each of its answers
            _come_last()
        asked: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        # The thread first: one that starts without memory dies unheard, and its starter would wait for it for ever.
        threading.Thread(target=_end_with, args=(keepalive, asked), daemon=True).start()
        _limit(request)
        with os.fdopen(events, "w", encoding="utf-8", buffering=1) as out:
            if request["kind"] == "look":
                _look(request, asked, out)
            else:
                {"train": _train, "sample": _sample, "export": _export}[request["kind"]](request, out)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _come_last() -> None:
    """Let pages and streams go first. Linux shares a core out by session before it looks at a process's niceness."""
    os.nice(NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICE))


def _limit(request: dict[str, Any]) -> None:
    memory, file = request["memory_mb"] * 2**20, request["file_mb"] * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file, file))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with(keepalive: int, asked: queue.SimpleQueue[bytes]) -> None:
    """Pass on what is asked; leave when the last writer is gone."""
    with os.fdopen(keepalive, "rb") as lines:
        for line in lines:
            asked.put(line)
    os._exit(SUPERVISOR_GONE)


def _train(request: dict[str, Any], out: TextIO) -> None:
    """Write every event of a run. A run that resumes first repeats what it had shown (`history`)."""
    run_dir = Path(request["run_dir"])
    spec = RunSpec.parse(request["spec"])
    try:
        data = read_data(Path(request["text_path"]), spec.corpus) if request.get("text_path") else None
    except (ChangedError, FileNotFoundError):
        out.write(Failed(ending="refused", step=0, detail={"reason": "changed_data"}).to_json() + "\n")
        return
    base = Path(request["base_dir"]) if request.get("base_dir") else None
    hidden = Hidden(spec, request["secret"]) if request.get("secret") else None
    fork = _fork(request["fork"]) if request.get("fork") else None
    asked: dict[str, Any] = {"fork": fork, "report": report, "keep_snapshots": True}
    asked["max_seconds"] = request["max_seconds"]
    if hidden:
        data, asked["report"] = hidden.data, hidden.report
    try:
        for event in train(spec, run_dir=run_dir, data=data, base=base, stop=Stop(), **asked):
            out.write(event.to_json() + "\n")
            if event.kind == "started" and event.to_dict()["step"]:
                out.write(json.dumps({"kind": "history", "events": load_curve(run_dir)["events"]}) + "\n")
    except SpecError as error:  # what only shows beside the data or the model to start from
        detail = {"reason": "recipe", "fields": {name: list(problem) for name, problem in error.errors.items()}}
        out.write(Failed(ending="refused", step=0, detail=detail).to_json() + "\n")


def _fork(values: dict[str, Any]) -> Fork:
    return Fork(run_dir=Path(values["run_dir"]), spec=RunSpec.stored(values["spec"]), step=values["step"])


def _sample(request: dict[str, Any], out: TextIO) -> None:
    """Write the events of one answer of a finished model: see `trainer.writer.write`."""
    asked = {name: request[name] for name in ("max_tokens", "temperature", "top_k", "top_p", "seed")}
    if request.get("weights") and base_hash(Path(request["model_dir"])) != request["weights"]:
        out.write(Failed(ending="changed_model", step=0, detail={}).to_json() + "\n")
        return
    try:
        for event in write(Path(request["model_dir"]), request["prompt"], stop=request.get("stop", ()), **asked):
            out.write(json.dumps(event, ensure_ascii=False) + "\n")
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        out.write(Failed(ending="out_of_memory", step=0, detail={}).to_json() + "\n")


def _look(request: dict[str, Any], asked: queue.SimpleQueue[bytes], out: TextIO) -> None:
    """Answer questions about one run until none has come for IDLE_S: {"kind": "answer", "answer": JSON as text} or
    {"kind": "failed", "ending": code, "detail": what its sentence needs}, each with the `id` of its question.
    """
    paths = {name: Path(request[name]) if request.get(name) else None for name in ("text_path", "base")}
    asker = open_run(Path(request["run_dir"]), request["spec"], weights=request.get("weights", ""), **paths)
    while True:
        try:
            question = json.loads(asked.get(timeout=IDLE_S))
        except queue.Empty:
            return
        out.write(json.dumps({"id": question["id"]} | _answered(asker, question), ensure_ascii=False) + "\n")


def _answered(asker: Asker, question: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = asker.ask(question["question"], question["params"])
    except ProbeError as error:
        return {"kind": "failed", "ending": error.code, "detail": error.params}
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return {"kind": "failed", "ending": "out_of_memory", "detail": {}}
    return {"kind": "answer", "answer": json.dumps(answer, ensure_ascii=False, separators=(",", ":"))}


def _export(request: dict[str, Any], out: TextIO) -> None:
    """Write the one event of an export: see `trainer.export.carry`."""
    try:
        event = carry(request)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        event = {"kind": "failed", "ending": "out_of_memory", "detail": ""}
    out.write(json.dumps(event, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    # Ctrl-C in a terminal reaches the whole group; only the supervisor decides when children end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as end:
        _answer(end, {"ready": os.getpid()})
        serve(end)
