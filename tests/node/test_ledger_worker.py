"""The ledger's thread: what was begun ends, whatever becomes of those who wait, and errors reach the one who asked."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger_worker import LedgerWorker
from concordat_query.errors import Reason, Refusal
from fakes.ledgers import a_request, open_ledger


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[LedgerWorker]:
    made = LedgerWorker(lambda: open_ledger(tmp_path / "ledger.sqlite"))
    yield made
    made.close()


async def test_work_is_done_in_order_in_one_thread_that_is_not_the_callers(worker: LedgerWorker) -> None:
    seen: list[tuple[int, str]] = []

    def note(number: int) -> None:
        seen.append((number, threading.current_thread().name))

    await asyncio.gather(*(worker.run(lambda _, i=i: note(i)) for i in range(5)))  # type: ignore[misc]
    assert seen == [(i, "ledger") for i in range(5)]


async def test_work_whose_caller_has_gone_is_done_all_the_same(worker: LedgerWorker) -> None:
    begun, may_end = threading.Event(), threading.Event()
    faults: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))

    def wait(_: Ledger) -> None:
        begun.set()
        may_end.wait(10)

    running = asyncio.create_task(worker.run(wait))
    queued = asyncio.create_task(worker.run(lambda ledger: ledger.reserve(a_request(), 60)))
    await asyncio.to_thread(begun.wait, 10)
    for task in (running, queued):
        task.cancel()
    may_end.set()
    ended = await asyncio.gather(running, queued, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in ended)
    [balance] = (await worker.run(Ledger.balances)).values()
    assert balance.reserved == a_request().price_nano
    assert not faults


async def test_an_error_reaches_the_one_who_asked_and_the_thread_goes_on(worker: LedgerWorker) -> None:
    with pytest.raises(Refusal) as refused:
        await worker.run(lambda ledger: ledger.store(a_request(), b"never charged"))
    assert refused.value.reason is Reason.NO_RESERVATION
    assert await worker.run(Ledger.balances)


def test_a_ledger_that_cannot_be_opened_leaves_no_thread_behind(worker: LedgerWorker, tmp_path: Path) -> None:
    before = threading.active_count()
    with pytest.raises(Refusal):
        LedgerWorker(lambda: open_ledger(tmp_path / "ledger.sqlite"))  # in use by the other worker
    assert threading.active_count() == before
