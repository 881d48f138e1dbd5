"""The ledger's one thread: its durable writes never stop the event loop, and never overlap."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from concordat_query.errors import Unavailable

from concordat_node.ledger.ledger import Ledger

T = TypeVar("T")


class LedgerWorker:
    """Runs functions of the ledger, one after the other, in a thread of their own."""

    def __init__(self, open_ledger: Callable[[], Ledger]) -> None:
        """Opens the ledger in its thread and waits for it. Raises what opening raises."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._on_failure: Callable[[], None] = lambda: None
        try:
            self._ledger = self._executor.submit(open_ledger).result()
        except BaseException:
            self._executor.shutdown()
            raise

    def when_failed(self, call: Callable[[], None]) -> None:
        """Calls back, on the event loop, once the ledger can no longer be written."""
        self._on_failure = call

    async def run(self, work: Callable[[Ledger], T]) -> T:
        """What `work` returns or raises. A caller's cancellation does not interrupt it."""
        loop = asyncio.get_running_loop()
        try:
            return await asyncio.shield(loop.run_in_executor(self._executor, work, self._ledger))
        except Unavailable:
            if self._ledger.failed:
                self._on_failure()
            raise

    def close(self) -> None:
        """Ends what runs, closes the file, ends the thread."""
        self._executor.submit(self._ledger.close).result()
        self._executor.shutdown()
