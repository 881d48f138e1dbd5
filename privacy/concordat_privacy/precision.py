"""What precision costs: the smallest price that buys a margin of error, and the margin that a price buys."""

import math
from collections.abc import Mapping
from dataclasses import replace

from concordat_query.catalogue import Dataset
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Calculus, Query

from concordat_privacy.components import Component, Kind
from concordat_privacy.margins import noise_margin
from concordat_privacy.parts import Total
from concordat_privacy.plan import Plan, plan, shares_of
from concordat_privacy.sensitivity import law_for, least_scale, variance_of
from concordat_privacy.shares import laid

LARGEST_RHO_NANO = 100 * 10**9
"""What one query may cost at most, whatever an agreement says: rho 100 or, in a pure account, epsilon 100."""


def price_for_margin(query: Query, dataset: Dataset, nodes: int, margin: float) -> int:
    """The smallest price at which every count of the query has a margin of at most `margin`, in 1e-9 of its calculus.

    Its own price is not looked at. A count is added up over `nodes` nodes, each with noise of its own. Refuses a query
    without a count, and a margin that is not positive or that no price within LARGEST_RHO_NANO buys.
    """
    if not 0 < margin < math.inf:
        raise Refusal(Reason.INVALID_PRICE, "a margin of error is a positive number")
    planned = plan(replace(query, price_nano=LARGEST_RHO_NANO), dataset)
    counts = _counts(planned)
    if not counts:
        raise Refusal(Reason.INVALID_PRICE, "margin_of_error is about counts and the query has none; give epsilon")
    low, high = len(components_of_statistics(planned)) - 1, LARGEST_RHO_NANO
    if not _buys(planned, counts, high, nodes, margin):
        raise Refusal(Reason.INVALID_PRICE, "no price buys a margin as small as that; ask for a larger one")
    while high - low > 1:
        middle = (low + high) // 2
        if _buys(planned, counts, middle, nodes, margin):
            high = middle
        else:
            low = middle
    return high


def largest_margin(planned: Plan, nodes: int) -> int | None:
    """The largest margin of the plan's counts, added up over `nodes` nodes; None where it has no count."""
    counts = _counts(planned)
    return max((noise_margin((counts[i].law,) * nodes) for i in counts), default=None)


def _counts(planned: Plan) -> dict[int, Component]:
    """The components that the query's own counts are made of, by index; not those within its means."""
    totals = {part.component for part in planned.parts if isinstance(part, Total)}
    return {i: planned.components[i] for i in sorted(totals) if planned.components[i].kind in (Kind.ROWS, Kind.UNITS)}


def _buys(planned: Plan, counts: dict[int, Component], price_nano: int, nodes: int, margin: float) -> bool:
    try:
        _, shares = shares_of(replace(planned.query, price_nano=price_nano), planned.weights)
        laws = [
            law_for(planned.query.calculus, component.sensitivity, shares[index]) for index, component in counts.items()
        ]
    except Refusal:  # noise too large for 64 bits, or a price too low to be split
        return False
    return all(noise_margin((law,) * nodes) <= margin for law in laws)


def released_apart(planned: Plan) -> int:
    """How many components the query's statistics would need if none were shared."""
    return sum(len(part.components) for part in planned.parts)


def larger_without_sharing(planned: Plan) -> float:
    """By which part the margin that sharing lessens most would be larger if every statistic were asked by itself, at an
    equal part of the same price."""
    return max(math.sqrt(_gain(laid(part), planned)) for part in planned.parts) - 1


def _gain(alone: Mapping[int, int], planned: Plan) -> float:
    """A statistic's variance by itself over that within the plan: to first order, at typical values."""
    own, whole, parts = sum(alone.values()), sum(planned.weights), len(planned.parts)
    shares = {index: (laid_on / own, planned.weights[index] / whole) for index, laid_on in alone.items()}
    if planned.query.calculus is Calculus.PURE:  # variances go by the square of a share
        return len(alone) * parts**2 / sum((each / here) ** 2 for each, here in shares.values())
    return parts / sum(each**2 / here for each, here in shares.values())


def components_of_statistics(planned: Plan) -> list[Component]:
    """The components that statistics are made of: all but the count of hidden texts."""
    return [component for component in planned.components if component.kind is not Kind.HIDDEN]


def price_for_half_the_margin(planned: Plan) -> int | None:
    """The price at which every noise scale, and so every margin, is half as large; None where no price buys that.

    In epsilon, twice as much. In rho, four times as much and, where noise is few lattice steps wide, more.
    """
    price = planned.query.price_nano
    if planned.query.calculus is Calculus.PURE:
        return 2 * price
    scales = [component.scale for component in planned.components]
    if min(scales) / 2 < least_scale():
        return None
    return math.ceil(price * max(variance_of(scale) / variance_of(scale / 2) for scale in scales))
