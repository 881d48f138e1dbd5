"""What the agreement says of a price: in which delta epsilon is spoken of, and how much one query may cost.

Nodes enforce it; clients look first, so that a query that nobody would admit never leaves.
"""

from concordat_query.agreement import Agreement
from concordat_query.catalogue import Dataset
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Query

from concordat_privacy.accounting import rho_nano_of


def delta_of(agreement: Agreement, population: str) -> float:
    """The delta at which the agreement speaks of epsilon for a population. Refuses one that it gives no budget."""
    if population not in agreement.populations:
        raise Refusal(
            Reason.NOT_IN_AGREEMENT, f"the agreement gives population {population!r} no budget", field="query.dataset"
        )
    return agreement.populations[population].delta


def check_price(query: Query, dataset: Dataset, agreement: Agreement) -> None:
    """Refuses a query that costs more than the agreement lets one query on its data set cost."""
    most = agreement.permission(query.dataset).max_epsilon
    if query.rho_nano > rho_nano_of(most, delta_of(agreement, dataset.population)):
        raise Refusal(
            Reason.NOT_IN_AGREEMENT,
            f"one query on this data set may cost epsilon {most:g} at most; ask for less precision",
            field="query.rho_nano",
        )
