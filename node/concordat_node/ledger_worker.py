"""The ledger's one thread: its durable writes never stop the event loop, and never overlap."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

from concordat_query.errors import Unavailable

from concordat_node.ledger.ledger import Ledger

T = TypeVar("T")


class LedgerWorker:
    """Runs functions of the ledger, one after the other, in a thread of their own.

    Every query visits three times, so the way there and back is kept shorter than an executor's.
    """

    def __init__(self, open_ledger: Callable[[], Ledger]) -> None:
        """Opens the ledger in its thread and waits for it. Raises what opening raises."""
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._serve, name="ledger", daemon=True)
        self._on_failure: Callable[[], None] = lambda: None
        self._thread.start()
        try:
            self._ledger = self._wait(open_ledger)
        except BaseException:
            self._end()
            raise

    def when_failed(self, call: Callable[[], None]) -> None:
        """Calls back, on the event loop, once the ledger can no longer be written."""
        self._on_failure = call

    async def run(self, work: Callable[[Ledger], T]) -> T:
        """What `work` returns or raises. A caller's cancellation does not interrupt it."""
        loop = asyncio.get_running_loop()
        told: asyncio.Future[T] = loop.create_future()

        def job() -> None:
            outcome = _outcome(lambda: work(self._ledger))
            with suppress(RuntimeError):  # the loop has ended: nobody waits
                loop.call_soon_threadsafe(_tell, told, outcome)

        self._jobs.put(job)
        try:
            return await told
        except Unavailable:
            if self._ledger.failed:
                self._on_failure()
            raise

    def close(self) -> None:
        """Ends what runs, closes the file, ends the thread."""
        self._wait(self._ledger.close)
        self._end()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _wait(self, call: Callable[[], T]) -> T:
        told: Future[T] = Future()
        self._jobs.put(lambda: _tell(told, _outcome(call)))
        return told.result()

    def _end(self) -> None:
        self._jobs.put(None)
        self._thread.join()


def _outcome(call: Callable[[], T]) -> tuple[T, None] | tuple[None, BaseException]:
    try:
        return call(), None
    except BaseException as error:
        return None, error


def _tell(told: "asyncio.Future[T] | Future[T]", outcome: tuple[T, None] | tuple[None, BaseException]) -> None:
    """Hands over a result or an error, unless the one who waited has gone."""
    if told.done():
        return
    result, error = outcome
    if error is not None:
        told.set_exception(error)
    else:
        told.set_result(result)  # type: ignore[arg-type]  # no error: `result` is a T
