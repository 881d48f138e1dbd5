"""What precision costs: the smallest rho that buys a margin of error, and the margin that a rho buys."""

import math
from collections.abc import Mapping
from dataclasses import replace

from concordat_query.catalogue import Dataset
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Query

from concordat_privacy.components import Component, Kind
from concordat_privacy.margins import noise_margin
from concordat_privacy.parts import Total
from concordat_privacy.plan import Plan, plan
from concordat_privacy.sensitivity import scale_for
from concordat_privacy.shares import laid, split

LARGEST_RHO_NANO = 100 * 10**9
"""What one query may cost at most, whatever an agreement says."""


def rho_for_margin(query: Query, dataset: Dataset, nodes: int, margin: float) -> int:
    """The smallest rho, in 1e-9, at which every count of the query has a margin of at most `margin`.

    The query's own rho is not looked at. A count is added up over `nodes` nodes, each with noise of its own. Refuses a
    query without a count, and a margin that is not positive or that no rho within LARGEST_RHO_NANO buys.
    """
    if not 0 < margin < math.inf:
        raise Refusal(Reason.INVALID_PRICE, "a margin of error is a positive number")
    planned = plan(replace(query, rho_nano=LARGEST_RHO_NANO), dataset)
    counts = _counts(planned)
    if not counts:
        raise Refusal(Reason.INVALID_PRICE, "margin_of_error is about counts and the query has none; give epsilon")
    low, high = len(planned.components) - 1, LARGEST_RHO_NANO
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
    return max((noise_margin((counts[i].scale,) * nodes) for i in counts), default=None)


def _counts(planned: Plan) -> dict[int, Component]:
    """The components that the query's own counts are made of, by index; not those within its means."""
    totals = {part.component for part in planned.parts if isinstance(part, Total)}
    return {i: planned.components[i] for i in sorted(totals) if planned.components[i].kind in (Kind.ROWS, Kind.UNITS)}


def _buys(planned: Plan, counts: dict[int, Component], rho_nano: int, nodes: int, margin: float) -> bool:
    shares = split(rho_nano, planned.weights)
    try:
        scales = [scale_for(component.sensitivity_squared, shares[index]) for index, component in counts.items()]
    except Refusal:  # noise too large for 64 bits
        return False
    return all(noise_margin((scale,) * nodes) <= margin for scale in scales)


def released_apart(planned: Plan) -> int:
    """How many components the query's statistics would need if none were shared."""
    return sum(len(part.components) for part in planned.parts)


def larger_without_sharing(planned: Plan) -> float:
    """By which part the margin that sharing lessens most would be larger if every statistic were asked by itself, at an
    equal part of the same price."""
    return max(math.sqrt(_gain(laid(part), planned)) for part in planned.parts) - 1


def _gain(alone: Mapping[int, int], planned: Plan) -> float:
    """A statistic's variance by itself over that within the plan: to first order, at typical values."""
    own, whole = sum(alone.values()), sum(planned.weights)
    here = sum((laid_on / own) ** 2 * whole / planned.weights[index] for index, laid_on in alone.items())
    return len(planned.parts) / here


def rho_for_half_the_margin(rho_nano: int) -> int:
    """The rho at which every noise scale, and so every margin, is half as large: scales go by the root of rho."""
    return 4 * rho_nano
