"""The live stream of a run in Redis: written by the runner, read by watchers. A cache; the database row is the truth.

One stream `run:<id>` per run; entries {"t": type, "d": JSON}, type `events`, `snapshot` or `state`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import redis

from labs.curves import Ledger
from portal.lib.redis import client

MAX_ENTRIES = 10_000
KEEP_S = 7 * 24 * 3600

APPEND = """
local fence = tonumber(redis.call('GET', KEYS[2]) or '0')
if tonumber(ARGV[1]) < fence then return false end
local fresh = redis.call('EXISTS', KEYS[1]) == 0
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[5])
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 't', ARGV[2], 'd', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return fresh and 1 or 0
"""


def key(run_id: int) -> str:
    """Name of a run's stream."""
    return f"run:{run_id}"


def encode(values: Any) -> str:
    """Compact JSON."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


class Channel:
    """Writer of one run's stream at one fence. Never raises for a Redis that is away: it heals when Redis is back."""

    def __init__(self, run_id: int, fence: int) -> None:
        self.run_id, self.fence = run_id, fence
        self._redis = client(socket_timeout=2, socket_connect_timeout=0.5)
        self._append = self._redis.register_script(APPEND)
        self.stale = True
        """Watchers may have missed something: the next message should be a snapshot."""

    def send(self, kind: str, values: Any) -> bool:
        """Append a message; False when Redis is away, the stream has vanished or a later fence writes."""
        keys = [key(self.run_id), f"{key(self.run_id)}:fence"]
        try:
            fresh = self._append(keys=keys, args=[self.fence, kind, encode(values), MAX_ENTRIES, KEEP_S])
        except redis.RedisError:
            self.stale = True
            return False
        # A vanished stream starts anew with this message alone; only a snapshot may do that.
        self.stale = fresh is None or (bool(fresh) and kind == "events")
        return not self.stale

    def close(self) -> None:
        """Give the connection back."""
        self._redis.close()


def read(run_id: int) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Every entry of a run's stream; none while Redis is away."""
    reader: Any = client(socket_timeout=2, socket_connect_timeout=0.5)
    try:
        return list(reader.xrange(key(run_id)))
    except redis.RedisError:
        return []
    finally:
        reader.close()


def replay(ledger: Ledger, entries: Iterable[tuple[bytes, Mapping[bytes, bytes]]]) -> tuple[Ledger, str | None]:
    """Bring what a row holds up to the end of its stream; also the last state that the stream tells."""
    state = None
    for _, fields in entries:
        kind, data = fields[b"t"].decode(), json.loads(fields[b"d"])
        if kind == "events":
            ledger.add(data)
        elif kind == "snapshot":
            ledger = Ledger.stored(data["curve"], data["samples"], data["info"])
        elif kind == "state":
            state = data["state"]
    return ledger, state
