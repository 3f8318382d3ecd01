"""Processes that end with the process that started them, however that one ends (SIGKILL included).

On Linux the kernel sends the signal; elsewhere a thread looks whether the parent is still the same. Called by
`portal.supervisor` between fork and exec, and by the children of Celery workers.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from typing import Any

PR_SET_PDEATHSIG = 1
LOOK_S = 1.0
"""Seconds between two looks at the parent where the kernel does not tell."""

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def ask_kernel() -> None:
    """Have this process killed when the thread that forked it ends; survives exec. Does nothing outside Linux."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def end_with_parent(**_: Any) -> None:
    """End this process when its parent ends. A receiver of signals as well, so it takes and ignores their arguments."""
    parent = os.getppid()
    ask_kernel()
    if os.getppid() != parent:  # gone between the two lines
        os._exit(1)
    if _libc is None:
        threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(1)
