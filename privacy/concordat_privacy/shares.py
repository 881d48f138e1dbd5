"""How a query's price is laid on its components: every statistic brings an equal part of it.

The argument stands in docs/decisions/0018 and docs/proofs/components.md.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from concordat_query.errors import Reason, Refusal
from concordat_query.model import NANO

from concordat_privacy.parts import Joint, Mean, Pair, Part, Percentile, Size, Spread, Sum, Total

MAX_RHO_NANO = 1000 * NANO
"""A larger price would protect nobody."""

_PART = 2**32
"""What one statistic brings, in whole units: weights are integers, the same for everyone who derives them."""

_MEAN = (1, 2)
_SPREAD = (3, 5, 4)
_PAIR: Mapping[Joint, tuple[int, ...]] = {
    Joint.COVARIANCE: (3, 5, 5, 0, 0, 10),
    Joint.COVARIANCE_OF_SAMPLE: (3, 5, 5, 0, 0, 10),
    Joint.CORRELATION: (3, 4, 4, 1, 1, 7),
    Joint.SLOPE: (3, 3, 5, 0, 2, 7),
    Joint.INTERCEPT: (3, 4, 4, 0, 2, 7),
}
"""Rows, centred sums of both values, squares of both, products: how a statistic by itself would lay its price."""


def split(price_nano: int, weights: tuple[int, ...]) -> tuple[int, ...]:
    """Whole shares, each at least 1, in proportion to the weights, that add up to exactly `price_nano`; the first takes
    what rounding leaves. Refuses a price out of range."""
    count, total = len(weights), sum(weights)
    if not count <= price_nano <= MAX_RHO_NANO:
        raise Refusal(
            Reason.INVALID_PRICE,
            f"the price must be between {count} (one for each component) and {MAX_RHO_NANO} billionths",
            field="query.price_nano",
        )
    shares = [1 + (price_nano - count) * weight // total for weight in weights]
    return (shares[0] + price_nano - sum(shares), *shares[1:])


def weights_of(parts: Iterable[Part], components: int) -> tuple[int, ...]:
    """The weight of each component: what all statistics together lay on it. Those that ask the same of the components,
    such as a variance and its root or several percentiles, bring one part together."""
    total: Counter[int] = Counter()
    for shares in {tuple(laid(part).items()) for part in parts}:
        total.update(dict(shares))
    return tuple(total[index] for index in range(components))


def laid(part: Part) -> dict[int, int]:
    """How one statistic lays what it brings on its components: in proportion to what a component's noise, were all
    shares equal, would add to the statistic's standard deviation. That has the least variance for a statistic alone."""
    proportions = _proportions(part)
    total = sum(proportions.values())
    return {index: -(-_PART * proportion // total) for index, proportion in proportions.items()}


def _proportions(part: Part) -> Mapping[int, int]:
    match part:
        case Total(component) | Percentile(component) | Size(component):
            return {component: 1}
        case Sum(rows, centred, middle, half):
            whole = middle.denominator * half.denominator
            return {rows: int(abs(middle) * whole), centred: int(half * whole)}
        case Mean(rows, centred):
            return dict(zip((rows, centred), _MEAN, strict=True))
        case Spread(rows, centred, squares):
            return dict(zip((rows, centred, squares), _SPREAD, strict=True))
        case Pair(joint, rows, first, second, products):
            indexes = (rows, first.centred, second.centred, first.squares, second.squares, products)
            found: Counter[int] = Counter()  # both values may be the same
            for index, proportion in zip(indexes, _PAIR[joint], strict=True):
                if index is not None:
                    found[index] += proportion
            return found
