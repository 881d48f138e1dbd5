"""Units that enclose several of the population's own: what a query charges, and what it protects beside that.

The ledger's account is about the population's own units, of which an enclosing unit holds several: casualties within
a collision. The argument stands in docs/proofs/enclosing-units.md.
"""

from concordat_query.catalogue import Dataset

from concordat_privacy.accounting import epsilon_of


def moves(dataset: Dataset) -> int:
    """By how many times a unit's own bound one unit of the population can move its contribution, in whatever norm.

    2 where the unit encloses it: what a unit contributes without one of its rows lies within the bound as well, and
    nothing more is known of the two. An L2 sensitivity's square grows by the square, an L1 sensitivity by itself.
    """
    return 1 if dataset.encloses is None else 2


def rho_nano_of_unit(rho_nano: int, dataset: Dataset) -> int:
    """The rho, in 1e-9 and rounded up, of the data set's own unit by one query that charges `rho_nano`."""
    return -(-rho_nano // moves(dataset) ** 2)


def epsilon_of_unit(rho_nano: int, delta: float, dataset: Dataset) -> float:
    """The epsilon at which one query that charges `rho_nano` protects the data set's own unit, rounded up."""
    return epsilon_of(rho_nano_of_unit(rho_nano, dataset), delta)


def protection(rho_nano: int, delta: float, dataset: Dataset) -> str:
    """What beside the charge a person must know of a price; empty where the unit is the population's own."""
    if dataset.encloses is None:
        return ""
    epsilon = epsilon_of_unit(rho_nano, delta, dataset)
    return (
        f"The charge is for {_one(dataset.encloses)}; {dataset.unit_description} is protected at epsilon "
        f"{epsilon:.3g}, by this alone."
    )


def protected(dataset: Dataset) -> str:
    """What is protected, in a sentence or more, whatever the price."""
    if dataset.encloses is None:
        return f"What is protected is {dataset.unit_description}."
    unit = dataset.unit.replace("_", " ")
    return (
        f"What is charged for is {_one(dataset.encloses)}: without it, others of its {unit} may count in its place. "
        f"Beside that, {dataset.unit_description} is protected at a quarter of the rho charged, by each query alone: "
        f"a {unit} has no account in which queries add up."
    )


def _one(name: str) -> str:
    return f"one {name.replace('_', ' ')}"
