"""One thread for the database work of an event loop: however many clients wait, there is one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import close_old_connections, connections

Result = TypeVar("Result")


class DatabaseThread:
    """Runs functions one after the other. `close` gives the connection back."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, called in the thread."""

        def call() -> Result:
            close_old_connections()
            try:
                return work()
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def close(self) -> None:
        """Give the connection back when what waits is done."""
        self._executor.submit(connections.close_all)

    def shutdown(self) -> None:
        """End the thread when what waits is done."""
        self._executor.shutdown()
