"""Between any two steps the process dies, at any write the disk fails, at any sync the power goes.

Whatever happens: every answer that anyone saw has exactly one charge, no acknowledged charge is lost, and running the
same keys again completes what was begun.
"""

import multiprocessing
import signal
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from concordat_node.ledger.ledger import Ledger
from concordat_query.errors import ConcordatError, Unavailable
from fakes.faulty_disk import FaultyDisk, faulty_disk
from fakes.ledger_crash import PRICE, REQUESTS, charge_line, work, work_until_death
from fakes.ledgers import BUDGETS, PEOPLE, a_request, open_ledger

OPENING = [
    "genesis.begun",
    "genesis.written",
    "genesis.committed",
    "budget.begun",
    "budget.written",
    "budget.committed",
]
EACH = [
    *("reserve.begun", "reserve.written", "reserve.committed"),
    *("charge.begun", "charge.consumed", "charge.spent", "charge.logged", "charge.written", "charge.committed"),
    *("store.begun", "store.logged", "store.written", "store.committed"),
]
STEPS = OPENING + EACH * len(REQUESTS)


def check_and_finish(path: Path, told: list[str]) -> None:
    """Opens what a crash left, compares it with what callers were told, and runs the same keys again."""
    charges = [line for line in told if line.startswith("charged")]
    with open_ledger(path) as ledger:
        spent = ledger.balances()[PEOPLE].spent
        assert PRICE * len(charges) <= spent <= PRICE * (len(charges) + 1)
        assert ledger.balances()[PEOPLE].reserved <= PRICE
        assert len(ledger.pending()) <= 1
        again: list[str] = []
        work(ledger, again.append, "after")
        # A charge's sequence, receipt and head and an answer's bytes: all that callers were told before still holds.
        assert set(told) <= set(again)
        assert ledger.balances()[PEOPLE].spent == PRICE * len(REQUESTS)
        assert ledger.balances()[PEOPLE].reserved == 0
        assert not ledger.pending()
    with open_ledger(path) as ledger:
        assert ledger.balances()[PEOPLE].spent == PRICE * len(REQUESTS)


def test_the_steps_are_all_that_the_work_reaches(path: Path) -> None:
    seen: list[str] = []
    with open_ledger(path, hook=seen.append) as ledger:
        work(ledger, lambda line: None, "")
    assert seen == STEPS


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Fresh processes, forked from one that has imported all they need."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fakes.ledger_crash"])
    return context


@pytest.mark.parametrize("step", range(len(STEPS)), ids=[f"{number}-{step}" for number, step in enumerate(STEPS)])
def test_a_death_at_any_step_loses_no_charge_and_doubles_none(
    processes: ForkServerContext, path: Path, folder: Path, step: int
) -> None:
    told = folder / "told"
    process = processes.Process(target=work_until_death, args=(path, told, step))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    check_and_finish(path, told.read_text().splitlines())


def run_on(disk: FaultyDisk, path: Path) -> list[str]:
    """Works until the disk fails, if it does; from then on the ledger must answer nothing more."""
    told: list[str] = []
    try:
        with open_ledger(path) as ledger:
            try:
                work(ledger, told.append, "before")
            except Unavailable:
                assert ledger.failed
                assert_closed(ledger)
    except ConcordatError:
        assert not told, "opening failed after something was told"
    return told


def assert_closed(ledger: Ledger) -> None:
    for request in REQUESTS:
        with pytest.raises(Unavailable):
            ledger.answer_for_key(request.analyst, request.idempotency_key, request.envelope_sha256)
    with pytest.raises(Unavailable):
        ledger.reserve(a_request("another"), 60)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # faults while a file is closed
@pytest.mark.parametrize("power", ["stays", "goes"])
@pytest.mark.parametrize("fault", ["fail_write", "fail_sync"])
def test_a_disk_that_fails_anywhere_loses_nothing_that_was_acknowledged(folder: Path, fault: str, power: str) -> None:
    number = 0
    while True:
        number += 1
        path = folder / str(number) / "ledger.db"
        with faulty_disk(**{fault: number}, for_good=power == "goes") as disk:
            told = run_on(disk, path)
        if power == "goes":
            disk.lose_power(path.parent)
        check_and_finish(path, told)
        if not disk.broken:
            break
    assert number > {"fail_write": 60, "fail_sync": 10}[fault]


def test_power_that_goes_after_any_call_takes_nothing_acknowledged(folder: Path) -> None:
    """Without a fault before: what is told is synced at that moment, not only when the file is closed."""
    path = folder / "ledger" / "ledger.db"
    moments: list[dict[Path, bytes]] = []
    told: list[str] = []
    with faulty_disk() as disk, open_ledger(path, budgets=BUDGETS) as ledger:

        def tell(line: str) -> None:
            told.append(line)
            moments.append(dict(disk.durable))

        work(ledger, tell, "before")
    for count, durable in enumerate(moments, start=1):
        disk.durable = durable
        disk.lose_power(path.parent)
        check_and_finish(path, told[:count])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_a_new_process_finds_after_a_failed_sync_is_durable_before_it_is_told(folder: Path) -> None:
    """A charge's sync fails and the process dies; the next one finds the charge and tells of it; the power goes."""
    number, found = 0, 0
    while True:
        number += 1
        before, after = folder / f"{number}-before", folder / f"{number}-after"
        told: list[str] = []
        with faulty_disk(fail_sync=number) as disk:
            with suppress(ConcordatError), open_ledger(before / "ledger.db") as ledger:
                try:
                    work(ledger, told.append, "before")
                finally:
                    disk.copy(before, after)
            if not after.exists():
                continue  # the fault came while opening
            disk.fail_sync = 0
            with open_ledger(after / "ledger.db") as ledger:
                pending = [charge_line(charge) for charge in ledger.pending()]
                durable = dict(disk.durable)
        disk.durable = durable
        disk.lose_power(after)
        check_and_finish(after / "ledger.db", list({*told, *pending}))
        found += len(set(pending) - set(told))
        if not disk.broken:
            break
    assert found == len(REQUESTS)
