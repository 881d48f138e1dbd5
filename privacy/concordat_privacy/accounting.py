"""Between what ledgers count in and (epsilon, delta), in which people speak.

Rho is half the square of mu, of mu-Gaussian differential privacy (docs/proofs/gaussian.md): it adds up over everything
that an account pays for, and what it comes to in epsilon is what it comes to for one continuous Gaussian.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from concordat_query.model import NANO, Calculus

MAX_EPSILON = 1000

LEAST_DELTA = 1e-100
"""Doubles lose their digits not far below."""

WORD_OF = {Calculus.GAUSSIAN: "rho", Calculus.PURE: "epsilon"}
"""What one whole unit of a calculus is called."""

_ROUND_UP = 1 + 1e-9
"""Covers ten times the rounding errors of a delta, which are largest where rho is 1e-9."""

_FARTHEST = 40.0
"""No delta of a double is so small that a quantile of the normal distribution lies beyond."""

_CONTINUED = 8.0
"""From here on a dozen levels of a continued fraction give every digit of Mills' ratio."""


@lru_cache(maxsize=4096)
def epsilon_of(rho_nano: int, delta: float) -> float:
    """The epsilon that so much Gaussian noise costs at this delta, rounded up. Raises ValueError out of range.

    With mu = sqrt(2 rho) it is the one at which delta = Phi(mu/2 - epsilon/mu) - exp(epsilon) Phi(-mu/2 - epsilon/mu)
    (Balle, Wang 2018, arXiv:1805.06530, theorem 8; Dong, Roth, Su 2019, arXiv:1905.02383, corollary 2.13). 0 where
    epsilon 0 has no larger delta.
    """
    if rho_nano < 0 or not LEAST_DELTA <= delta < 1:
        raise ValueError(f"rho must not be negative and delta must lie between {LEAST_DELTA:g} and 1")
    if rho_nano == 0:
        return 0.0
    mu = math.sqrt(2 * rho_nano / NANO)
    low, high = -mu / 2, _FARTHEST
    if _delta_at(low, mu) <= delta:
        return 0.0
    for _ in range(80):
        middle = (low + high) / 2
        if _delta_at(middle, mu) <= delta:
            high = middle
        else:
            low = middle
    return mu * (high + mu / 2) * _ROUND_UP


def _delta_at(quantile: float, mu: float) -> float:
    """Delta at epsilon = mu (quantile + mu/2), rounded up.

    The density at quantile + mu, times exp(epsilon), is the density at quantile: so nothing overflows.
    """
    density = math.exp(-(quantile**2) / 2) / math.sqrt(2 * math.pi)
    return max(0.0, math.erfc(quantile / math.sqrt(2)) / 2 - density * _mills(quantile + mu)) * _ROUND_UP


def _mills(x: float) -> float:
    """(1 - Phi(x)) / phi(x), for x of at least 0."""
    if x < _CONTINUED:
        return math.sqrt(math.pi / 2) * math.exp(x**2 / 2) * math.erfc(x / math.sqrt(2))
    below = x
    for level in range(12, 0, -1):
        below = x + level / below
    return 1 / below


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
