"""A run as its watchers in this process see it: what a newcomer is told, and what comes after. Used by `labs.hub`."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from labs.channel import encode
from labs.curves import Ledger
from labs.states import ENDINGS

Entry = tuple[bytes, dict[bytes, bytes]]
"""Id and fields of one entry of a run's stream."""

Message = tuple[str, bytes]
"""Id of an entry, and the Server-Sent Event that tells it."""

BEGINNING = "0-0"
RECENT = 300
"""Messages kept for those who come back."""
SNAPSHOT_S = 2.0
"""A snapshot serves all who come within this time, each with the messages since: a class opens a page together."""


def event(kind: str, data: str, identity: str | None = None) -> bytes:
    """One Server-Sent Event."""
    head = f"id: {identity}\n" if identity else ""
    return f"{head}event: {kind}\ndata: {data}\n\n".encode()


def order(identity: str) -> tuple[int, int]:
    """A stream id as a pair that compares."""
    time_part, _, sequence = identity.partition("-")
    return int(time_part), int(sequence or 0)


class Live:
    """One run: its row brought up to `identity`, the last entry of its stream that has been taken."""

    def __init__(self, row: dict[str, Any], entries: Iterable[Entry]) -> None:
        """`row` is `labs.selectors.snapshot`; what it lacks is in the entries, and what both have is the same."""
        self.run: dict[str, Any] = row["run"]
        self.result: dict[str, Any] = row["result"]
        self.identity = BEGINNING
        self._ledger = Ledger.stored(row["curve"], row["samples"], row["info"])
        self._recent: deque[Message] = deque(maxlen=RECENT)
        self._snapshot: Message | None = None
        self._made_at = 0.0
        stored = Ledger.stored(row["curve"], row["samples"], row["info"])
        ended, state = self.ended, self.run["state"]
        for entry in entries:
            self.take(entry)
        if ended or self._ledger.step < stored.step:  # the row knows more than the stream, which has lost its end
            self._ledger = stored
        if ended:
            self.run["state"], self.run["ended"] = state, True

    @property
    def ended(self) -> bool:
        """Whether the run has reached an ending."""
        return bool(self.run["ended"])

    def take(self, entry: Entry) -> Message | None:
        """Take one entry of the stream; its message, or None for one that was taken before."""
        identity, fields = entry[0].decode(), entry[1]
        if order(identity) <= order(self.identity):
            return None
        kind, data = fields[b"t"].decode(), fields[b"d"].decode()
        self._understand(kind, json.loads(data))
        message = identity, event(kind, data, identity)
        self.identity = identity
        if len(self._recent) == RECENT:
            self._snapshot = None  # what came after it would no longer be all here
        self._recent.append(message)
        return message

    def since(self, identity: str) -> list[Message] | None:
        """Messages after `identity`; None when it is not known whether that is all."""
        if not self._recent or not order(self._recent[0][0]) <= order(identity) <= order(self.identity):
            return None
        return self._after(identity)

    def _after(self, identity: str) -> list[Message]:
        return [message for message in self._recent if order(message[0]) > order(identity)]

    def snapshot(self) -> list[Message]:
        """Everything: a snapshot, not older than SNAPSHOT_S, and the messages since."""
        now = time.monotonic()
        if self._snapshot is None or now - self._made_at > SNAPSHOT_S:
            self._snapshot = self.identity, event("snapshot", encode(self.values()), self.identity)
            self._made_at = now
        return [self._snapshot, *self._after(self._snapshot[0])]

    def values(self) -> dict[str, Any]:
        """What a snapshot says."""
        self.run |= {"step": self._ledger.step, "held_out": self._ledger.held_out}
        return {
            "run": self.run,
            "curve": self._ledger.curve,
            "samples": self._ledger.samples,
            "info": self._ledger.info,
            "result": self.result,
        }

    def tell(self, facts: dict[str, Any]) -> bytes:
        """Note facts that the database tells, such as a place in the queue; the message that passes them on."""
        self.run |= facts
        self._snapshot = None
        return event("state", encode(facts))

    def _understand(self, kind: str, data: Any) -> None:
        if kind == "events":
            self._ledger.add(data)
        elif kind == "snapshot":
            self._ledger = Ledger.stored(data["curve"], data["samples"], data["info"])
        elif kind == "state":
            self.run |= {"state": data["state"], "ended": data["state"] in ENDINGS}
            self.result = data.get("result", self.result)
            self._snapshot = None
