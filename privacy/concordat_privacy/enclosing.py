"""Units that enclose several of the population's own: what a query charges, and what it protects beside that.

The ledger's account is about the population's own units, of which an enclosing unit holds several: casualties within
a collision. The argument stands in docs/proofs/enclosing-units.md.
"""

from concordat_query.catalogue import Dataset
from concordat_query.model import Calculus

from concordat_privacy.accounting import Currency


def moves(dataset: Dataset) -> int:
    """By how many times a unit's own bound one unit of the population can move its contribution, in whatever norm.

    2 where the unit encloses it: what a unit contributes without one of its rows lies within the bound as well, and
    nothing more is known of the two. An L2 sensitivity's square grows by the square, an L1 sensitivity by itself.
    """
    return 1 if dataset.encloses is None else 2


def price_of_unit(nano: int, calculus: Calculus, dataset: Dataset) -> int:
    """The price, in 1e-9 and rounded up, at which one query that charges `nano` protects the data set's own unit: rho
    goes by the square of a distance, pure epsilon by itself."""
    return -(-nano // moves(dataset) ** (1 if calculus is Calculus.PURE else 2))


def epsilon_of_unit(nano: int, currency: Currency, dataset: Dataset) -> float:
    """The epsilon at which one query that charges `nano` protects the data set's own unit, rounded up."""
    return currency.epsilon_of(price_of_unit(nano, currency.calculus, dataset))


def protection(nano: int, currency: Currency, dataset: Dataset) -> str:
    """What beside the charge a person must know of a price; empty where the unit is the population's own."""
    if dataset.encloses is None:
        return ""
    epsilon = epsilon_of_unit(nano, currency, dataset)
    return (
        f"The charge is for {_one(dataset.encloses)}; {dataset.unit_description} is protected at epsilon "
        f"{epsilon:.3g}, by this alone."
    )


_PARTS = {Calculus.GAUSSIAN: "a quarter of the rho charged", Calculus.PURE: "half of the epsilon charged"}


def protected(dataset: Dataset, calculus: Calculus | None) -> str:
    """What is protected, in a sentence or more, whatever the price; without a calculus, by whichever an account is."""
    if dataset.encloses is None:
        return f"What is protected is {dataset.unit_description}."
    unit = dataset.unit.replace("_", " ")
    part = " or, in pure epsilon, ".join(_PARTS.values()) if calculus is None else _PARTS[calculus]
    return (
        f"What is charged for is {_one(dataset.encloses)}: without it, others of its {unit} may count in its place. "
        f"Beside that, {dataset.unit_description} is protected at {part}, by each query alone: "
        f"a {unit} has no account in which queries add up."
    )


def _one(name: str) -> str:
    return f"one {name.replace('_', ' ')}"
