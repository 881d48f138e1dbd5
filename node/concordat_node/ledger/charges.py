"""Charges, claims and answers: which charge answers whose request. Called within the caller's transaction."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import apsw
from concordat_query.model import Calculus
from concordat_query.signing import SigningKey

from concordat_node.ledger import log, reservations
from concordat_node.ledger.heads import Spend, head_bytes, sign_head
from concordat_node.ledger.receipts import sign_receipt
from concordat_node.ledger.records import Charge, Request, Stored


def claim_of(db: apsw.Connection, analyst: str, idempotency_key: str, envelope_sha256: bytes) -> tuple[int, int] | None:
    """(charge, hour) of the charge that answers this key, if there is one. Refuses another envelope under the key."""
    row: Any = db.execute(
        "SELECT envelope_sha256, charge, not_before FROM claim WHERE analyst = ? AND idempotency_key = ?",
        (analyst, idempotency_key),
    ).fetchone()
    if row is not None and row[0] != envelope_sha256:
        raise reservations.key_reused(idempotency_key)
    return None if row is None else (row[1], row[2])


def claimed(db: apsw.Connection, request: Request) -> int | None:
    """The charge that answers this request's key, if there is one. Refuses a reused key."""
    claim = claim_of(db, request.analyst, request.idempotency_key, request.envelope_sha256)
    return None if claim is None else claim[0]


def share(db: apsw.Connection, request: Request, at: int) -> int | None:
    """Lets the request have the answer of the earlier charge with its answer key, if there is one. Spends nothing."""
    row: Any = db.execute("SELECT sequence FROM charge WHERE answer_key = ?", (request.answer_key,)).fetchone()
    if row is None:
        return None
    charge = int(row[0])
    reservations.drop(db, request.analyst, request.idempotency_key)
    log.append(db, log.Kind.SERVED, at, {"request": request.to_log(), "charge": charge})
    _claim(db, request, charge)
    return charge


def spend(
    db: apsw.Connection, node: str, request: Request, participants: Sequence[str], at: int, step: Callable[[str], None]
) -> int:
    """Charges what a consumed reservation held, and returns the charge's sequence in the log."""
    db.execute(
        "UPDATE account SET spent = spent + ?, delta_spent = delta_spent + ? WHERE population = ?",
        (request.price_nano, request.delta_e15, request.population),
    )
    step("charge.spent")
    entry = log.append(db, log.Kind.CHARGE, at, {"request": request.to_log(), "participants": list(participants)})
    step("charge.logged")
    db.execute(
        "INSERT INTO charge (sequence, answer_key, not_before, head) VALUES (?, ?, ?, ?)",
        (entry.sequence, request.answer_key, request.not_before, current_head(db, node)),
    )
    _claim(db, request, entry.sequence)
    return entry.sequence


def read(db: apsw.Connection, node: str, key: SigningKey, sequence: int, not_before: int = 0) -> Charge:
    """A charge as it stands in the log, for one who may have its answer from `not_before` on."""
    entry = log.entry_at(db, sequence)
    [(head, answer)] = db.execute(
        "SELECT head, bytes FROM charge LEFT JOIN answer ON charge = sequence WHERE sequence = ?", (sequence,)
    )
    request = Request.from_log(entry.content["request"])
    return Charge(
        sequence=sequence,
        request=request,
        participants=tuple(entry.content["participants"]),
        not_before=max(not_before, request.not_before),
        receipt=sign_receipt(key, node, entry),
        head=sign_head(key, head),
        answer=answer,
    )


def unanswered(db: apsw.Connection) -> list[int]:
    """The charges that have no answer yet, oldest first."""
    rows: Any = db.execute(
        "SELECT sequence FROM charge WHERE sequence NOT IN (SELECT charge FROM answer) ORDER BY sequence"
    )
    return [sequence for (sequence,) in rows]


def answer_of(db: apsw.Connection, charge: int) -> bytes | None:
    row: Any = db.execute("SELECT bytes FROM answer WHERE charge = ?", (charge,)).fetchone()
    return None if row is None else bytes(row[0])


def answer_for_key(db: apsw.Connection, analyst: str, idempotency_key: str, envelope_sha256: bytes) -> Stored | None:
    """The answer stored for this key. Refuses another envelope under the same key."""
    claim = claim_of(db, analyst, idempotency_key, envelope_sha256)
    if claim is None:
        return None
    row: Any = db.execute(
        "SELECT bytes, max(?, not_before) FROM charge JOIN answer ON charge = sequence WHERE sequence = ?",
        (claim[1], claim[0]),
    ).fetchone()
    return None if row is None else Stored(*row)


def stored_answer(db: apsw.Connection, answer_key: bytes) -> Stored | None:
    """The answer stored for an answer key, whoever paid for it."""
    row: Any = db.execute(
        "SELECT bytes, not_before FROM charge JOIN answer ON charge = sequence WHERE answer_key = ?", (answer_key,)
    ).fetchone()
    return None if row is None else Stored(*row)


def store_answer(db: apsw.Connection, charge: int, answer: bytes, at: int, step: Callable[[str], None]) -> None:
    """Stores the answer of a charge that has none yet."""
    log.append(db, log.Kind.ANSWER, at, {"charge": charge, "answer_sha256": hashlib.sha256(answer).hexdigest()})
    step("store.logged")
    db.execute("INSERT INTO answer (charge, bytes) VALUES (?, ?)", (charge, answer))


def current_head(db: apsw.Connection, node: str) -> bytes:
    """The serialised Head of the log as it is now."""
    epoch, sequence, hash_ = log.last(db)
    accounts: Any = db.execute("SELECT population, spent, calculus, delta_spent FROM account")
    spent = {population: Spend(amount, Calculus(calculus), delta) for population, amount, calculus, delta in accounts}
    return head_bytes(node, epoch, sequence, hash_, spent)


def _claim(db: apsw.Connection, request: Request, charge: int) -> None:
    db.execute(
        "INSERT INTO claim (analyst, idempotency_key, envelope_sha256, charge, not_before) VALUES (?, ?, ?, ?, ?)",
        (request.analyst, request.idempotency_key, request.envelope_sha256, charge, request.not_before),
    )
