"""Requests and ledgers for tests, with a clock that stands still until it is moved."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger.log import START, Entry, Kind, canonical_json, chain_hash
from concordat_node.ledger.records import Budget, Charge, Request
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Calculus
from concordat_query.signing import SigningKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

T = TypeVar("T")
NODE = "node-wales"
PEOPLE = "uk.people"
KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
BUDGETS = {PEOPLE: 1_000}
PARTICIPANTS = ("node-england", NODE)


@dataclass
class FakeClock:
    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def digest(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()


def a_request(name: str = "first", **changed: Any) -> Request:
    """A request of its own for each name: another key, envelope, query and answer."""
    fields: dict[str, Any] = {
        "analyst": "Ann",
        "idempotency_key": f"key-{name}",
        "envelope_sha256": digest("envelope", name),
        "query_sha256": digest("query", name),
        "population": PEOPLE,
        "edition": "edition-1",
        "price_nano": 100,
        "answer_key": digest("answer", name),
        "signed_query": b"signed " + name.encode(),
    }
    return Request(**{**fields, **changed})


def open_ledger(
    path: Path,
    *,
    budgets: Mapping[str, int] = BUDGETS,
    calculus: Calculus = Calculus.GAUSSIAN,
    given: Mapping[str, Budget] | None = None,
    **options: Any,
) -> Ledger:
    """With every budget in one calculus, unless budgets are `given` as they are."""
    given = given or {population: Budget(amount, calculus) for population, amount in budgets.items()}
    return Ledger.open(path, **{"node": NODE, "key": KEY, "budgets": given, "clock": FakeClock(), **options})


def charged(ledger: Ledger, request: Request) -> Charge:
    """Reserves and charges."""
    return ledger.charge(request, ledger.reserve(request, 60).id, PARTICIPANTS)


def chained(*contents: tuple[Kind, dict[str, Any]]) -> list[Entry]:
    """Entries as a forger would write them who knows the formula."""
    entries, before = [], START
    for sequence, (kind, content) in enumerate(contents, start=1):
        body, salt = canonical_json({**content, "kind": kind.value, "at": 0}), bytes(32)
        entries.append(Entry(sequence, 1, body, salt, chain_hash(before, 1, sequence, salt, body)))
        before = entries[-1].hash
    return entries


def outcome(call: Callable[[], T]) -> T | Reason:
    """What a call returns, or the reason why it is refused."""
    try:
        return call()
    except Refusal as refusal:
        return refusal.reason


def memory_folder() -> Path | None:
    """Where files cost no disk, if the system has such a place: a sync is then quick, and real disks prove no more."""
    folder = Path("/dev/shm")  # noqa: S108  # only tests write there
    return folder if folder.is_dir() else None
