"""Budget held between Prepare and Commit. Every function is called within the caller's transaction.

Triggers keep an account's `reserved` equal to the sum of its reservations.
"""

import secrets
from typing import Any

import apsw
from concordat_privacy.accounting import WORD_OF
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Calculus

from concordat_node.ledger import accounts
from concordat_node.ledger.records import Request, Reservation

MOST_PER_ANALYST = 64


def sweep(db: apsw.Connection, now_ms: int) -> None:
    """Gives back what expired."""
    db.execute("DELETE FROM reservation WHERE expires_at <= ?", (now_ms,))


def drop(db: apsw.Connection, analyst: str, idempotency_key: str) -> None:
    db.execute("DELETE FROM reservation WHERE analyst = ? AND idempotency_key = ?", (analyst, idempotency_key))


def drop_all_of(db: apsw.Connection, population: str) -> None:
    db.execute("DELETE FROM reservation WHERE population = ?", (population,))


def place(db: apsw.Connection, request: Request, expires_at_ms: int) -> Reservation:
    """Holds the request's price, in place of what was held under the same key; the id then stays the same.

    Refuses another query under the same key, too many reservations of one analyst, another calculus than the account's,
    and more than is left.
    """
    held = _held(db, request)
    if held is not None and held[1] != request.envelope_sha256:
        raise key_reused(request.idempotency_key)
    drop(db, request.analyst, request.idempotency_key)
    _refuse_hoarding(db, request.analyst)
    refuse_overdraft(db, request)
    name = held[0] if held is not None else secrets.token_hex(16)
    db.execute(
        "INSERT INTO reservation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            request.analyst,
            request.idempotency_key,
            name,
            request.envelope_sha256,
            request.answer_key,
            request.population,
            request.price_nano,
            request.delta_e15,
            expires_at_ms,
        ),
    )
    return Reservation(name, request.price_nano, expires_at_ms / 1000)


def consume(db: apsw.Connection, request: Request, reservation: str, now_ms: int) -> None:
    """Gives a live reservation back so that it can be spent. Refuses one that does not cover this very request."""
    _left(db, request)
    row: Any = db.execute(
        "SELECT 1 FROM reservation WHERE analyst = ? AND idempotency_key = ? AND id = ? AND envelope_sha256 = ?"
        " AND answer_key = ? AND population = ? AND price_nano = ? AND delta_e15 = ? AND expires_at > ?",
        (
            request.analyst,
            request.idempotency_key,
            reservation,
            request.envelope_sha256,
            request.answer_key,
            request.population,
            request.price_nano,
            request.delta_e15,
            now_ms,
        ),
    ).fetchone()
    if row is None:
        raise Refusal(
            Reason.NO_RESERVATION,
            "no budget is reserved for this query: it was never prepared, was cancelled, has expired, or the data's "
            "edition has changed since; nothing was charged, so run it again under the same key",
            field="reservation",
        )
    drop(db, request.analyst, request.idempotency_key)


def refuse_overdraft(db: apsw.Connection, request: Request) -> None:
    left = _left(db, request)
    if left is None:
        raise Refusal(
            Reason.NOT_IN_AGREEMENT,
            f"the agreement sets no budget for population {request.population!r}",
            field="query.dataset",
        )
    rho, delta = left
    if request.delta_e15 > delta:
        raise Refusal(
            Reason.BUDGET_EXHAUSTED,
            f"the private keys cost delta {request.delta_e15 / 1e15:.3g} and population {request.population!r} has "
            f"{delta / 1e15:.3g} of it left besides what is reserved: ask with a smaller delta, or group by codes",
            field="query.delta_e15",
        )
    if request.price_nano > rho:
        raise Refusal(
            Reason.BUDGET_EXHAUSTED,
            f"the query costs {request.price_nano} nano-{WORD_OF[request.calculus]} of the budget of population "
            f"{request.population!r}, which "
            f"has {rho} left besides what is reserved: ask with a smaller epsilon, or wait for reserved queries",
            field="query.price_nano",
        )


def _left(db: apsw.Connection, request: Request) -> tuple[int, int] | None:
    """What the request's account has left besides what is reserved, and of delta; None without an account. Refuses a
    request in another calculus than the account's."""
    row: Any = db.execute(
        "SELECT ceiling - spent - reserved, delta_ceiling - delta_spent - delta_reserved, calculus FROM account"
        " WHERE population = ?",
        (request.population,),
    ).fetchone()
    if row is None:
        return None
    accounts.check_calculus(request.population, Calculus(row[2]), request.calculus, "query.calculus")
    return row[0], row[1]


def key_reused(idempotency_key: str) -> Refusal:
    return Refusal(
        Reason.KEY_REUSED,
        f"idempotency key {idempotency_key!r} belongs to another query: make a new key for a new query",
        field="query.idempotency_key",
    )


def _held(db: apsw.Connection, request: Request) -> tuple[str, bytes] | None:
    row: Any = db.execute(
        "SELECT id, envelope_sha256 FROM reservation WHERE analyst = ? AND idempotency_key = ?",
        (request.analyst, request.idempotency_key),
    ).fetchone()
    return row  # type: ignore[no-any-return]  # columns of STRICT tables


def _refuse_hoarding(db: apsw.Connection, analyst: str) -> None:
    row: Any = db.execute("SELECT count(*) FROM reservation WHERE analyst = ?", (analyst,)).fetchone()
    if row[0] >= MOST_PER_ANALYST:
        raise Refusal(
            Reason.BUSY,
            f"{MOST_PER_ANALYST} queries of this analyst are prepared and not yet run: wait for them to finish",
            field="query",
        )
