"""The ledger: reserve, charge, store, each one durable transaction.

A request is known by its analyst and idempotency key. It is RESERVED (may expire), then CHARGED, then STORED:

    reserve ──▶ RESERVED ──charge──▶ CHARGED ──store──▶ STORED
                    │ cancel, expiry      ▲
                    ▼                     └ after a crash: pending() tells what to recompute under the same charge
                 nothing

Requests with one answer key share one charge, and therefore one answer: the second is recorded as served by the first
and costs nothing. Whoever stores first decides the bytes; all others get those.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from concordat.v1 import node_pb2
from concordat_query.errors import Reason, Refusal
from concordat_query.signing import SigningKey

from concordat_node.ledger import accounts, charges, log, opening, replay, reservations
from concordat_node.ledger.database import Database, Hook
from concordat_node.ledger.heads import sign_head
from concordat_node.ledger.lock import LedgerLock
from concordat_node.ledger.records import Balance, Budget, Charge, Request, Reservation, Stored


def _no_hook(step: str) -> None:
    """Steps pass unwatched."""


class Ledger:
    """One node's ledger. Calls are serialised; each is durable when it returns.

    Every method raises Unavailable once a write has failed: see Database.
    """

    def __init__(
        self, database: Database, lock: LedgerLock, node: str, key: SigningKey, clock: Callable[[], float]
    ) -> None:
        self._database = database
        self._lock = lock
        self._node = node
        self._key = key
        self._clock = clock

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        node: str,
        key: SigningKey,
        budgets: Mapping[str, Budget],
        clock: Callable[[], float] = time.time,
        hook: Hook = _no_hook,
    ) -> "Ledger":
        """Opens the ledger of `node`, or begins it, for this process alone, and verifies all of it.

        `budgets` maps each population to its whole budget; a change since the last time becomes a log entry, and a
        population left out has nothing more to spend. Refuses a budget in
        another calculus than its account's, and a ledger that is in use, damaged, tampered with, gone, of another
        format or another node's. May take seconds. `hook` is told each step; tests die there.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = LedgerLock.acquire(path)
        try:
            ledger = cls(Database(path, hook), lock, node, key, clock)
        except BaseException:
            lock.release()
            raise
        try:
            opening.prepare(ledger._database, lock, node, budgets, ledger._now_ms())
        except BaseException:
            ledger.close()
            raise
        return ledger

    def close(self) -> None:
        """Closes the file and lets another process open it."""
        self._database.close()
        self._lock.release()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def failed(self) -> bool:
        """Whether a write failed, so that the node must stop serving."""
        return self._database.failed

    def reserve(self, request: Request, lifetime: float) -> Reservation:
        """Holds the request's price for `lifetime` seconds. Repeats extend it under the same id.

        Nothing is held for a key that was charged already. Refusals: KEY_REUSED, BUDGET_EXHAUSTED, BUSY (too many
        reservations of one analyst), NOT_IN_AGREEMENT (a population without a budget), WRONG_CALCULUS.
        """
        with self._database.transaction("reserve") as db:
            if charges.claimed(db, request) is not None:
                return Reservation("", 0, self._clock())
            now = self._now_ms()
            reservations.sweep(db, now)
            return reservations.place(db, request, now + round(lifetime * 1000))

    def cancel(self, analyst: str, idempotency_key: str) -> None:
        """Gives a reservation back. Does nothing where there is none, above all after a charge."""
        with self._database.transaction("cancel") as db:
            reservations.drop(db, analyst, idempotency_key)

    def charge(self, request: Request, reservation: str, participants: Sequence[str]) -> Charge:
        """Spends the reserved price and returns the proof of it. One durable transaction.

        Idempotent by (analyst, idempotency_key). Where another request with the same answer key was charged before,
        that charge is returned and nothing is spent. Refusals: KEY_REUSED, NO_RESERVATION.
        """
        with self._database.transaction("charge") as db:
            sequence = charges.claimed(db, request) or charges.share(db, request, self._now())
            if sequence is None:
                reservations.consume(db, request, reservation, self._now_ms())
                self._database.step("charge.consumed")
                sequence = charges.spend(db, self._node, request, participants, self._now(), self._database.step)
        # Only now is the charge durable: a receipt made earlier could outlive its charge.
        with self._database.serialised() as db:
            return charges.read(db, self._node, self._key, sequence, request.not_before)

    def store(self, request: Request, answer: bytes) -> bytes:
        """Stores the answer of the request's charge and returns the bytes that stand: the first ever stored.

        Refusals: KEY_REUSED, NO_RESERVATION (nothing was charged under this key).
        """
        with self._database.transaction("store") as db:
            charge = charges.claimed(db, request)
            if charge is None:
                raise Refusal(Reason.NO_RESERVATION, "nothing was charged under this key", field="reservation")
            standing = charges.answer_of(db, charge)
            if standing is not None:
                return standing
            charges.store_answer(db, charge, answer, self._now(), self._database.step)
        return answer

    def serve_stored(self, request: Request) -> Stored | None:
        """The stored answer for the request's answer key, recorded as served under its own key, free of charge.

        None where no answer is stored yet. Idempotent. Refuses a reused key.
        """
        with self._database.transaction("serve") as db:
            if charges.claimed(db, request) is None and charges.stored_answer(db, request.answer_key) is not None:
                charges.share(db, request, self._now())
            return charges.answer_for_key(db, request.analyst, request.idempotency_key, request.envelope_sha256)

    def charge_of(self, analyst: str, idempotency_key: str, envelope_sha256: bytes) -> Charge | None:
        """The charge that answers this key, if one was made or shared. Refuses a reused key."""
        with self._database.serialised() as db:
            claim = charges.claim_of(db, analyst, idempotency_key, envelope_sha256)
            return None if claim is None else charges.read(db, self._node, self._key, *claim)

    def answer_for_key(self, analyst: str, idempotency_key: str, envelope_sha256: bytes) -> Stored | None:
        """The answer stored for this key, with the hour from which it may be handed over. Refuses a reused key."""
        with self._database.serialised() as db:
            return charges.answer_for_key(db, analyst, idempotency_key, envelope_sha256)

    def stored_answer(self, answer_key: bytes) -> Stored | None:
        """The answer that exists already for an answer key. Records nothing: `serve_stored` hands it over."""
        with self._database.serialised() as db:
            return charges.stored_answer(db, answer_key)

    def pending(self) -> list[Charge]:
        """Charges without an answer, oldest first: each is to be computed again under the same receipt and stored."""
        with self._database.serialised() as db:
            return [charges.read(db, self._node, self._key, sequence) for sequence in charges.unanswered(db)]

    def balances(self) -> dict[str, Balance]:
        """Every population's account. Expired reservations do not count."""
        with self._database.serialised() as db:
            return accounts.balances(db, self._now_ms())

    def head(self) -> node_pb2.SignedHead:
        """The log's head now, signed."""
        with self._database.serialised() as db:
            return sign_head(self._key, charges.current_head(db, self._node))

    def holds(self, head: node_pb2.Head) -> bool:
        """Whether the log once had this head: its entry is the one that the head names, and so are all before it."""
        with self._database.serialised() as db:
            return log.holds(db, head.epoch, head.sequence, head.hash)

    def entries(self) -> list[log.Entry]:
        """The whole log, its chain checked on the way. Refuses a broken one."""
        with self._database.serialised() as db:
            return replay.entries(db, self._database.path)

    def verify(self) -> None:
        """Checks the file, the chain and all tables against the log. Refuses what does not fit."""
        with self._database.serialised() as db:
            replay.verify(db, self._database.path)

    def _now(self) -> int:
        return int(self._clock())

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
