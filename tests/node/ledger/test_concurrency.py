"""Many threads on one ledger, many processes after one file: never overspent, never two charges for one question."""

import multiprocessing
import random
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from concordat_node.ledger.ledger import Ledger
from concordat_query.errors import Reason
from fakes.ledger_crash import PRICE, spend_if_free
from fakes.ledgers import PARTICIPANTS, PEOPLE, a_request, charged, open_ledger, outcome

SHARED = b"one answer key"


def try_to_spend(ledger: Ledger, worker: int) -> int:
    """Runs questions until the budget is gone; returns the nano-rho of the charges that were acknowledged."""
    spent, prices = 0, random.Random(worker)  # noqa: S311  # not a secret
    for number in range(20):
        request = a_request(f"{worker}-{number}", analyst=f"analyst {worker}", price_nano=prices.randint(1, 40))
        if outcome(partial(charged, ledger, request)) != Reason.BUDGET_EXHAUSTED:
            spent += request.price_nano
    return spent


def test_threads_never_overspend_and_every_acknowledged_charge_counts(path: Path) -> None:
    # Every step gives way to the other threads.
    with open_ledger(path, hook=lambda step: time.sleep(0)) as ledger:
        with ThreadPoolExecutor(8) as pool:
            spent = sum(pool.map(lambda worker: try_to_spend(ledger, worker), range(8)))
        assert ledger.balances()[PEOPLE].spent == spent
        assert 960 <= spent <= 1_000
        ledger.verify()


def test_threads_that_ask_the_same_under_their_own_keys_pay_once_and_see_one_answer(ledger: Ledger) -> None:
    def ask(worker: int) -> bytes:
        request = a_request(f"{worker}", analyst=f"analyst {worker}", answer_key=SHARED)
        ledger.charge(request, ledger.reserve(request, 60).id, PARTICIPANTS)
        return ledger.store(request, f"drawn by {worker}".encode())

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(8)))
    assert len(answers) == 1
    assert ledger.balances()[PEOPLE].spent == 100


def test_processes_that_race_for_a_ledger_have_it_one_at_a_time(path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fakes.ledger_crash"])
    outcomes = context.SimpleQueue()
    racers = [context.Process(target=spend_if_free, args=(path, outcomes)) for _ in range(6)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
        assert racer.exitcode == 0
    spends = [outcomes.get() for _ in racers]
    with open_ledger(path) as ledger:
        assert ledger.balances()[PEOPLE].spent == sum(spends) >= PRICE
