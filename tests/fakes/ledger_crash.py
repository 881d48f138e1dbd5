"""A node's work on its ledger, and deaths and disks that interrupt it."""

import os
import signal
from collections.abc import Callable
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger.records import Charge
from concordat_query.errors import Reason
from fakes.ledgers import PARTICIPANTS, a_request, charged, open_ledger, outcome

REQUESTS = (a_request("first"), a_request("second", not_before=7))
PRICE = 100


def work(ledger: Ledger, tell: Callable[[str], None], when: str) -> None:
    """Runs every request from Prepare to the stored answer, and tells what a caller would know after each call."""
    for request in REQUESTS:
        key = request.idempotency_key
        reservation = ledger.reserve(request, 60)
        charge = ledger.charge(request, reservation.id, PARTICIPANTS)
        tell(charge_line(charge))
        answer = ledger.store(request, f"answer {when} to {key}".encode())
        tell(f"stored {key} {answer.hex()}")


def charge_line(charge: Charge) -> str:
    """What a charge tells: under whose key, and the exact bytes of its receipt and head."""
    key = charge.request.idempotency_key
    return f"charged {key} {charge.sequence} {charge.receipt.receipt.hex()} {charge.head.head.hex()}"


class Death:
    """A hook that kills this very process, no handler run, at the n-th step (from 0) that is reached."""

    def __init__(self, step: int) -> None:
        self._left = step

    def __call__(self, step: str) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


def work_until_death(path: Path, told: Path, step: int) -> None:
    """To be run in a process of its own. What callers were told is in `told`, a line each."""
    file = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with open_ledger(path, hook=Death(step)) as ledger:
        work(ledger, lambda line: print_line(file, line), "before")


def print_line(file: int, line: str) -> None:
    os.write(file, line.encode() + b"\n")


def spend_if_free(path: Path, outcomes: "SimpleQueue[int]") -> None:
    """To be run in a process of its own: charges once and tells its spend, or 0 where the ledger was in use."""
    ledger = outcome(lambda: open_ledger(path))
    if ledger == Reason.IN_USE:
        outcomes.put(0)
    elif isinstance(ledger, Ledger):
        with ledger:
            outcomes.put(charged(ledger, a_request(f"of process {os.getpid()}")).request.price_nano)
