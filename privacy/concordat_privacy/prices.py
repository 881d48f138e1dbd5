"""What the agreement says of a price: what it is counted in, and how much one query may cost.

Nodes enforce it; clients look first, so that a query that nobody would admit never leaves.
"""

from concordat_query.agreement import Agreement
from concordat_query.catalogue import Dataset
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Calculus, Query

from concordat_privacy.accounting import WORD_OF, Currency


def currency_of(agreement: Agreement, population: str) -> Currency:
    """What the agreement counts a population's budget in. Refuses one that it gives no budget."""
    if population not in agreement.populations:
        raise Refusal(
            Reason.NOT_IN_AGREEMENT, f"the agreement gives population {population!r} no budget", field="query.dataset"
        )
    budget = agreement.populations[population]
    return Currency(budget.calculus, budget.delta or 0.0)


def check_price(query: Query, dataset: Dataset, agreement: Agreement) -> None:
    """Refuses a query priced in another calculus than its population's account, or that costs more than the agreement
    lets one query on its data set cost, in epsilon or in the delta of private keys."""
    currency = currency_of(agreement, dataset.population)
    check_calculus(query.calculus, currency, dataset.population, "query.calculus")
    most = agreement.permission(query.dataset).max_epsilon
    if query.price_nano > currency.nano_of(most):
        raise Refusal(
            Reason.NOT_IN_AGREEMENT,
            f"one query on this data set may cost epsilon {most:g} at most; ask for less precision",
            field="query.price_nano",
        )
    budget = agreement.populations[dataset.population]
    if query.delta_e15 > budget.threshold_delta_e15:
        raise Refusal(
            Reason.NOT_IN_AGREEMENT,
            f"the agreement lets private keys spend delta {budget.threshold_delta:g} in all on population "
            f"{dataset.population!r}; {'ask with a smaller delta' if budget.threshold_delta else 'group by codes'}",
            field="query.delta_e15",
        )
    most_delta = agreement.most_delta_e15(query.dataset, dataset.population)
    if query.delta_e15 > most_delta:
        raise Refusal(
            Reason.NOT_IN_AGREEMENT,
            f"one query on this data set may spend delta {most_delta / 1e15:g} at most on private keys; ask with a "
            "smaller delta, which raises the threshold a little",
            field="query.delta_e15",
        )


def check_calculus(asked: Calculus, currency: Currency, population: str, field: str) -> None:
    """Refuses a price in another calculus than the account's: an amount of one is never taken for one of the other."""
    if asked is not currency.calculus:
        raise Refusal(
            Reason.WRONG_CALCULUS,
            f"the agreement counts the budget of population {population!r} in {currency.word} "
            f"({currency.calculus.value}), and this is priced in {WORD_OF[asked]} ({asked.value}); price it anew "
            "with the agreement in force",
            field=field,
        )
