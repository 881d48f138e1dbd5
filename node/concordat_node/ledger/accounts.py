"""Accounts: one for each population. Budgets change only by an entry in the log, spend only by a charge.

An account counts in one calculus for ever: that of its first entry. What was spent in one means nothing in another.
"""

from typing import Any

import apsw
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Calculus

from concordat_node.ledger import log
from concordat_node.ledger.records import LARGEST_AMOUNT, Balance, Budget, is_budget


def balances(db: apsw.Connection, now_ms: int) -> dict[str, Balance]:
    """Every population's account, without reservations that have expired."""
    rows: Any = db.execute(
        "SELECT population, calculus, budget, spent, coalesce(held, 0), delta_budget, delta_spent,"
        " coalesce(delta_held, 0) FROM account LEFT JOIN ("
        " SELECT population, sum(price_nano) AS held, sum(delta_e15) AS delta_held"
        " FROM reservation WHERE expires_at > ? GROUP BY population) USING (population)",
        (now_ms,),
    )
    return {
        population: Balance(budget, spent, held, Calculus(calculus), delta_budget, delta_spent, delta_held)
        for population, calculus, budget, spent, held, delta_budget, delta_spent, delta_held in rows
    }


def check_calculus(population: str, calculus: Calculus, asked: Calculus, field: str) -> None:
    """Refuses an amount in another calculus than the account's."""
    if asked is not calculus:
        raise Refusal(
            Reason.WRONG_CALCULUS,
            f"this node's account of population {population!r} counts in {calculus.value!r} for ever, not in "
            f"{asked.value!r}: what was spent in one means nothing in the other; have the agreement corrected, or give "
            "the budget to a population of another name",
            field=field,
        )


def set_budget(db: apsw.Connection, population: str, budget: Budget, at: int) -> None:
    """Sets a population's whole budget while nothing of it is reserved. Below what is spent it leaves nothing."""
    if not (is_budget(budget.amount) and is_budget(budget.delta_e15)):
        raise Refusal(
            Reason.MALFORMED_REQUEST,
            f"the budget of {population!r} is not a whole number of billionths, and of delta in 1e-15, from 0 to "
            f"{LARGEST_AMOUNT}",
            field=f"populations.{population}",
        )
    entry = {
        "population": population,
        "budget_nano": budget.amount,
        "calculus": budget.calculus.value,
        "budget_delta_e15": budget.delta_e15,
    }
    log.append(db, log.Kind.BUDGET, at, entry)
    db.execute(
        "INSERT INTO account VALUES (:population, :calculus, :budget, :budget, 0, 0, :delta, :delta, 0, 0)"
        " ON CONFLICT (population) DO UPDATE SET budget = :budget, ceiling = max(:budget, spent),"
        " delta_budget = :delta, delta_ceiling = max(:delta, delta_spent)",
        {
            "population": population,
            "calculus": budget.calculus.value,
            "budget": budget.amount,
            "delta": budget.delta_e15,
        },
    )
