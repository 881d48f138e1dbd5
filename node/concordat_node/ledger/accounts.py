"""Accounts: one for each population. Budgets change only by an entry in the log, spend only by a charge."""

from typing import Any

import apsw
from concordat_query.errors import Reason, Refusal

from concordat_node.ledger import log
from concordat_node.ledger.records import LARGEST_AMOUNT, Balance, is_budget


def balances(db: apsw.Connection, now_ms: int) -> dict[str, Balance]:
    """Every population's account, without reservations that have expired."""
    rows: Any = db.execute(
        "SELECT population, budget, spent, (SELECT coalesce(sum(rho_nano), 0) FROM reservation"
        " WHERE population = account.population AND expires_at > ?) FROM account",
        (now_ms,),
    )
    return {population: Balance(*amounts) for population, *amounts in rows}


def set_budget(db: apsw.Connection, population: str, budget: int, at: int) -> None:
    """Sets a population's whole budget while nothing of it is reserved. Below what is spent it leaves nothing."""
    if not is_budget(budget):
        raise Refusal(
            Reason.MALFORMED_REQUEST,
            f"the budget of {population!r} is not a whole number of nano-rho from 0 to {LARGEST_AMOUNT}",
            field=f"populations.{population}",
        )
    log.append(db, log.Kind.BUDGET, at, {"population": population, "budget_rho_nano": budget})
    db.execute(
        "INSERT INTO account (population, budget, ceiling, spent, reserved)"
        " VALUES (:population, :budget, :budget, 0, 0)"
        " ON CONFLICT (population) DO UPDATE SET budget = :budget, ceiling = max(:budget, spent)",
        {"population": population, "budget": budget},
    )
