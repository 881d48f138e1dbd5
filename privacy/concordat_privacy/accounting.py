"""Between what ledgers count in and (epsilon, delta), in which people speak."""

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from concordat_query.model import NANO, Calculus

MAX_EPSILON = 1000

WORD_OF = {Calculus.GAUSSIAN: "rho", Calculus.PURE: "epsilon"}
"""What one whole unit of a calculus is called."""

_ROUND_UP = 1 + 1e-12
"""Covers the rounding errors of a dozen float operations many times over."""


@lru_cache(maxsize=4096)
def epsilon_of(rho_nano: int, delta: float) -> float:
    """The smallest epsilon known for rho-zCDP at this delta, rounded up. Raises ValueError out of range.

    Canonne, Kamath, Steinke 2020 (arXiv:2004.00010v4), proposition 12 inverted: for every a > 1, rho-zCDP is
    (epsilon, delta)-DP with epsilon = a rho + log(1 - 1/a) + (log(1/delta) - log(a)) / (a - 1). The best a is the one
    root above 1 of rho (a - 1)**2 + log(a) = log(1/delta); any other only gives a larger epsilon.
    """
    if rho_nano < 0 or not 0 < delta < 1:
        raise ValueError("rho must not be negative and delta must lie between 0 and 1")
    if rho_nano == 0:
        return 0.0
    rho, log_inverse = rho_nano / NANO, -math.log(delta)
    excess = _best_order(rho, log_inverse) - 1
    order = 1 + excess
    epsilon = order * rho + math.log(excess / order) + (log_inverse - math.log(order)) / excess
    return max(0.0, epsilon * _ROUND_UP)


def _best_order(rho: float, log_inverse: float) -> float:
    low, high = 1.0, 1 + math.sqrt(log_inverse / rho)
    for _ in range(80):
        middle = (low + high) / 2
        if rho * (middle - 1) ** 2 + math.log(middle) < log_inverse:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=4096)
def rho_nano_of(epsilon: float, delta: float) -> int:
    """The largest nano-rho that costs at most `epsilon` at this delta. Raises ValueError out of range."""
    if not 0 < epsilon <= MAX_EPSILON:
        raise ValueError(f"epsilon must lie between 0 and {MAX_EPSILON}")
    low, high = 0, 1
    while epsilon_of(high, delta) <= epsilon:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if epsilon_of(middle, delta) <= epsilon:
            low = middle
        else:
            high = middle
    return low


@dataclass(frozen=True)
class Currency:
    """What an account counts in, and how people speak of it: `delta` is 0 in a pure account."""

    calculus: Calculus
    delta: float

    @property
    def word(self) -> str:
        """What one whole unit is called."""
        return WORD_OF[self.calculus]

    def epsilon_of(self, nano: int) -> float:
        """The epsilon of a price or balance. Raises ValueError out of range."""
        if self.calculus is Calculus.PURE:
            return nano / NANO
        return epsilon_of(nano, self.delta)

    def nano_of(self, epsilon: float) -> int:
        """The largest price that costs at most `epsilon`. Raises ValueError out of range.

        In a pure account that is `epsilon` itself as it is written in decimals: 0.3 is three times 0.1.
        """
        if self.calculus is Calculus.GAUSSIAN:
            return rho_nano_of(epsilon, self.delta)
        if not 0 < epsilon <= MAX_EPSILON:
            raise ValueError(f"epsilon must lie between 0 and {MAX_EPSILON}")
        return int(Decimal(repr(epsilon)) * NANO)
