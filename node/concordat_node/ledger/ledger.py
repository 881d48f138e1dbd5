"""The ledger: reserve, charge, store, each one durable transaction.

A request is known by its analyst and idempotency key. It is RESERVED (may expire), then CHARGED, then STORED:

    reserve ──▶ RESERVED ──charge──▶ CHARGED ──store──▶ STORED
                    │ cancel, expiry      ▲
                    ▼                     └ after a crash: pending() tells what to recompute under the same charge
                 nothing

Requests with one answer key share one charge, and therefore one answer: the second is recorded as served by the first
and costs nothing. Whoever stores first decides the bytes; all others get those.
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw
from concordat.v1 import node_pb2
from concordat_query.errors import Reason, Refusal, Unavailable
from concordat_query.signing import SigningKey

from concordat_node.ledger import log, replay, reservations, schema
from concordat_node.ledger.heads import head_bytes, sign_head
from concordat_node.ledger.lock import LedgerLock
from concordat_node.ledger.receipts import sign_receipt
from concordat_node.ledger.records import LARGEST_AMOUNT, Balance, Charge, Request, Reservation, Stored

Hook = Callable[[str], None]
"""Told the name of each step that a transaction reaches; where tests make a node die."""


def _no_hook(step: str) -> None:
    pass


class Ledger:
    """One node's ledger. Calls are serialised; each is durable when it returns. Amounts are nano-rho.

    After a failed write nobody knows what reached the disk: every later call raises Unavailable until the ledger is
    opened anew, which reads what is there.
    """

    def __init__(
        self, db: apsw.Connection, path: Path, node: str, key: SigningKey, clock: Callable[[], float], hook: Hook
    ) -> None:
        self._db = db
        self._path = path
        self._node = node
        self._key = key
        self._clock = clock
        self._hook = hook
        self._mutex = threading.Lock()
        self._lock: LedgerLock | None = None
        self._failed = False

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        node: str,
        key: SigningKey,
        budgets: Mapping[str, int],
        clock: Callable[[], float] = time.time,
        hook: Hook = _no_hook,
    ) -> "Ledger":
        """Opens the ledger of `node`, or begins it, for this process alone, and verifies all of it.

        `budgets` maps each population to its whole budget; a change since the last time becomes a log entry, and a
        population left out has nothing more to spend. Refuses a ledger that is in use, damaged, tampered with, of
        another format or another node's. May take seconds.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = LedgerLock.acquire(path)
        try:
            ledger = cls(_connect(path), path, node, key, clock, hook)
        except BaseException:
            lock.release()
            raise
        ledger._lock = lock
        try:
            ledger._begin(budgets)
        except BaseException:
            ledger.close()
            raise
        return ledger

    def close(self) -> None:
        """Closes the file and lets another process open it."""
        with self._mutex:
            self._failed = True
            self._db.close()
            if self._lock is not None:
                self._lock.release()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def failed(self) -> bool:
        """Whether a write failed, so that the node must stop serving."""
        return self._failed

    def reserve(self, request: Request, lifetime: float) -> Reservation:
        """Holds the request's price for `lifetime` seconds. Repeats extend it under the same id.

        Nothing is held for a key that was charged already. Refusals: KEY_REUSED, BUDGET_EXHAUSTED, BUSY (too many
        reservations of one analyst), NOT_IN_AGREEMENT (a population without a budget).
        """
        with self._transaction("reserve"):
            if self._charge_claimed(request) is not None:
                return Reservation("", 0, self._clock())
            now = self._now_ms()
            reservations.sweep(self._db, now)
            return reservations.place(self._db, request, now + round(lifetime * 1000))

    def cancel(self, analyst: str, idempotency_key: str) -> None:
        """Gives a reservation back. Does nothing where there is none, above all after a charge."""
        with self._transaction("cancel"):
            reservations.drop(self._db, analyst, idempotency_key)

    def charge(self, request: Request, reservation: str, participants: Sequence[str]) -> Charge:
        """Spends the reserved price and returns the proof of it. One durable transaction.

        Idempotent by (analyst, idempotency_key). Where another request with the same answer key was charged before,
        that charge is returned and nothing is spent. Refusals: KEY_REUSED, NO_RESERVATION.
        """
        with self._transaction("charge"):
            sequence = self._charge_claimed(request)
            if sequence is None:
                sequence = self._share(request)
            if sequence is None:
                sequence = self._spend(request, reservation, participants)
        with self._reading():
            return self._charge(sequence, request.not_before)

    def store(self, request: Request, answer: bytes) -> bytes:
        """Stores the answer of the request's charge and returns the bytes that stand: the first ever stored.

        Refusals: KEY_REUSED, NO_RESERVATION (nothing was charged under this key).
        """
        with self._transaction("store"):
            charge = self._charge_claimed(request)
            if charge is None:
                raise Refusal(Reason.NO_RESERVATION, "nothing was charged under this key", field="reservation")
            standing = self._answer(charge)
            if standing is not None:
                return standing
            self._append(log.Kind.ANSWER, {"charge": charge, "answer_sha256": hashlib.sha256(answer).hexdigest()})
            self._hook("store.logged")
            self._db.execute("INSERT INTO answer (charge, bytes) VALUES (?, ?)", (charge, answer))
        return answer

    def serve_stored(self, request: Request) -> Stored | None:
        """The stored answer for the request's answer key, recorded as served under its own key, free of charge.

        None where no answer is stored yet. Idempotent. Refuses a reused key.
        """
        with self._transaction("serve"):
            if self._charge_claimed(request) is None:
                row = self._one(
                    "SELECT charge FROM charge JOIN answer ON charge = sequence WHERE answer_key = ?",
                    request.answer_key,
                )
                if row is None:
                    return None
                self._share(request)
        return self.answer_for_key(request.analyst, request.idempotency_key, request.envelope_sha256)

    def answer_for_key(self, analyst: str, idempotency_key: str, envelope_sha256: bytes) -> Stored | None:
        """The answer stored for this key, with the hour from which it may be handed over. Refuses a reused key."""
        with self._reading():
            row = self._one(
                "SELECT claim.envelope_sha256, answer.bytes, max(claim.not_before, charge.not_before)"
                " FROM claim JOIN charge ON charge.sequence = claim.charge"
                " LEFT JOIN answer ON answer.charge = claim.charge"
                " WHERE claim.analyst = ? AND claim.idempotency_key = ?",
                analyst,
                idempotency_key,
            )
        if row is None:
            return None
        if row[0] != envelope_sha256:
            raise reservations.key_reused(idempotency_key)
        return None if row[1] is None else Stored(row[1], row[2])

    def charge_of(self, analyst: str, idempotency_key: str, envelope_sha256: bytes) -> Charge | None:
        """The charge that answers this key, whether its answer is stored yet or not. Refuses a reused key."""
        with self._reading():
            row = self._one(
                "SELECT envelope_sha256, charge, not_before FROM claim WHERE analyst = ? AND idempotency_key = ?",
                analyst,
                idempotency_key,
            )
            if row is not None and row[0] != envelope_sha256:
                raise reservations.key_reused(idempotency_key)
            return None if row is None else self._charge(row[1], row[2])

    def stored_answer(self, answer_key: bytes) -> Stored | None:
        """The answer that exists already for an answer key. Records nothing: `serve_stored` hands it over."""
        with self._reading():
            row = self._one(
                "SELECT bytes, not_before FROM charge JOIN answer ON charge = sequence WHERE answer_key = ?", answer_key
            )
        return None if row is None else Stored(*row)

    def pending(self) -> list[Charge]:
        """Charges without an answer, oldest first: each is to be computed again under the same receipt and stored."""
        with self._reading():
            rows: Any = self._db.execute(
                "SELECT sequence FROM charge WHERE sequence NOT IN (SELECT charge FROM answer) ORDER BY sequence"
            ).fetchall()
            return [self._charge(sequence, 0) for (sequence,) in rows]

    def balances(self) -> dict[str, Balance]:
        """Every population's account. Expired reservations do not count."""
        with self._reading():
            rows: Any = self._db.execute(
                "SELECT population, budget, spent, (SELECT coalesce(sum(rho_nano), 0) FROM reservation"
                " WHERE population = account.population AND expires_at > ?) FROM account",
                (self._now_ms(),),
            )
            return {row[0]: Balance(*row[1:]) for row in rows}

    def head(self) -> node_pb2.SignedHead:
        """The log's head now, signed."""
        with self._reading():
            return sign_head(self._key, self._head_bytes())

    def entries(self) -> list[log.Entry]:
        """The whole log, its chain checked on the way. Refuses a broken one."""
        with self._reading():
            try:
                return list(log.verified_entries(self._db))
            except log.BrokenChainError as error:
                raise schema.damaged(self._path, str(error)) from None

    def verify(self) -> None:
        """Checks the file, the chain and all tables against the log. Refuses what does not fit."""
        with self._reading():
            replay.verify(self._db, self._path)

    # Within a transaction

    def _charge_claimed(self, request: Request) -> int | None:
        """The charge that answers this key, if there is one. Refuses another envelope under the same key."""
        row = self._one(
            "SELECT envelope_sha256, charge FROM claim WHERE analyst = ? AND idempotency_key = ?",
            request.analyst,
            request.idempotency_key,
        )
        if row is not None and row[0] != request.envelope_sha256:
            raise reservations.key_reused(request.idempotency_key)
        return None if row is None else int(row[1])

    def _share(self, request: Request) -> int | None:
        """Lets the request have an earlier charge's answer, if there is such a charge."""
        row = self._one("SELECT sequence FROM charge WHERE answer_key = ?", request.answer_key)
        if row is None:
            return None
        reservations.drop(self._db, request.analyst, request.idempotency_key)
        self._append(
            log.Kind.SERVED,
            {
                "analyst": request.analyst,
                "idempotency_key": request.idempotency_key,
                "envelope_sha256": request.envelope_sha256.hex(),
                "charge": row[0],
                "not_before": request.not_before,
            },
        )
        self._claim(request, row[0])
        return int(row[0])

    def _spend(self, request: Request, reservation: str, participants: Sequence[str]) -> int:
        reservations.consume(self._db, request, reservation, self._now_ms())
        self._hook("charge.consumed")
        self._db.execute(
            "UPDATE account SET spent = spent + ? WHERE population = ?", (request.rho_nano, request.population)
        )
        self._hook("charge.spent")
        entry = self._append(log.Kind.CHARGE, {**request.to_log(), "participants": list(participants)})
        self._hook("charge.logged")
        self._db.execute(
            "INSERT INTO charge (sequence, answer_key, not_before, head) VALUES (?, ?, ?, ?)",
            (entry.sequence, request.answer_key, request.not_before, self._head_bytes()),
        )
        self._claim(request, entry.sequence)
        return entry.sequence

    def _claim(self, request: Request, charge: int) -> None:
        self._db.execute(
            "INSERT INTO claim (analyst, idempotency_key, envelope_sha256, charge, not_before) VALUES (?, ?, ?, ?, ?)",
            (request.analyst, request.idempotency_key, request.envelope_sha256, charge, request.not_before),
        )

    def _append(self, kind: log.Kind, content: Mapping[str, Any]) -> log.Entry:
        return log.append(self._db, {"kind": kind.value, "at": int(self._clock()), **content})

    # Reading

    def _charge(self, sequence: int, not_before: int) -> Charge:
        entry = log.entry_at(self._db, sequence)
        content = entry.content
        [(head,)] = self._db.execute("SELECT head FROM charge WHERE sequence = ?", (sequence,))
        return Charge(
            sequence=sequence,
            request=Request.from_log(content),
            participants=tuple(content["participants"]),
            not_before=max(not_before, content["not_before"]),
            receipt=sign_receipt(self._key, self._node, entry),
            head=sign_head(self._key, head),
            answer=self._answer(sequence),
        )

    def _answer(self, charge: int) -> bytes | None:
        row = self._one("SELECT bytes FROM answer WHERE charge = ?", charge)
        return None if row is None else row[0]

    def _head_bytes(self) -> bytes:
        epoch, sequence, hash_ = log.last(self._db)
        spent: Any = self._db.execute("SELECT population, spent FROM account")
        return head_bytes(self._node, epoch, sequence, hash_, dict(spent))

    def _one(self, sql: str, *values: str | int | bytes) -> tuple[Any, ...] | None:
        row: Any = self._db.execute(sql, values).fetchone()
        return row if row is None else tuple(row)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    # Opening

    def _begin(self, budgets: Mapping[str, int]) -> None:
        try:
            if schema.is_empty(self._db):
                with self._transaction("genesis"):
                    schema.create(self._db)
                    self._append(log.Kind.GENESIS, {"node": self._node})
            state = replay.verify(self._db, self._path)
        except apsw.Error as error:
            raise schema.damaged(self._path, "the file cannot be read as a ledger") from error
        if state.node != self._node:
            raise Refusal(
                Reason.NODE_UNAVAILABLE,
                f"{self._path}: this is the ledger of {state.node!r}, not of {self._node!r}: each node keeps its own",
                field=str(self._path),
            )
        self._set_budgets(budgets)
        with self._reading():
            # What survived a crash may stand in the write-ahead log unsynced: move it to the main file and sync both.
            self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            _sync_folder(self._path.parent)

    def _set_budgets(self, budgets: Mapping[str, int]) -> None:
        before = {population: balance.budget for population, balance in self.balances().items()}
        with self._transaction("budget"):
            reservations.sweep(self._db, self._now_ms())
            for population in sorted(before.keys() | budgets.keys()):
                budget = budgets.get(population, 0)
                if before.get(population) != budget:
                    self._set_budget(population, budget)

    def _set_budget(self, population: str, budget: int) -> None:
        if type(budget) is not int or not 0 <= budget <= LARGEST_AMOUNT:
            raise Refusal(
                Reason.MALFORMED_REQUEST, f"the budget of {population!r} is not a whole number of nano-rho from 0 up"
            )
        # Reservations charge nobody: they go rather than stand in the way of a lower budget.
        reservations.drop_all_of(self._db, population)
        self._append(log.Kind.BUDGET, {"population": population, "budget_rho_nano": budget})
        self._db.execute(
            "INSERT INTO account VALUES (:population, :budget, :budget, 0, 0) ON CONFLICT (population)"
            " DO UPDATE SET budget = :budget, ceiling = max(:budget, spent)",
            {"population": population, "budget": budget},
        )

    @contextmanager
    def _transaction(self, name: str) -> Iterator[None]:
        """One durable transaction: all of it or, on any exception, nothing."""
        with self._reading():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._hook(f"{name}.begun")
                yield
                self._hook(f"{name}.written")
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(apsw.Error):
                    self._db.execute("ROLLBACK")
                raise
            self._hook(f"{name}.committed")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Serialises calls, and closes the door after a fault of the disk or of SQLite."""
        with self._mutex:
            if self._failed:
                raise _unavailable()
            try:
                yield
            except apsw.Error as error:
                self._failed = not isinstance(error, apsw.BusyError)
                raise _unavailable() from error


def _connect(path: Path) -> apsw.Connection:
    try:
        return schema.connect(path)
    except (apsw.NotADBError, apsw.CorruptError):
        raise schema.damaged(path, "it is not a ledger") from None
    except (apsw.Error, OSError) as error:
        raise Refusal(
            Reason.NODE_UNAVAILABLE, f"{path}: the ledger cannot be opened for writing: {error}", field=str(path)
        ) from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unavailable() -> Unavailable:
    return Unavailable(
        Reason.NODE_UNAVAILABLE,
        "the node's ledger cannot be written: its operator must see to the disk and start the node again; "
        "running the same query under the same key is safe",
    )
