"""What any attack on one account can win at most: from its budget alone (docs/proofs/attacks.md)."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from concordat_query.model import NANO, Calculus


@dataclass(frozen=True)
class Bounds:
    """Of an account with this whole budget, in nano-rho or nano-epsilon."""

    calculus: Calculus
    budget_nano: int

    @property
    def advantage(self) -> float:
        """How much more often one may say "present" where a unit is present than where it is absent."""
        if self.calculus is Calculus.PURE:
            return math.tanh(self._amount / 2)
        return math.erf(self._mu / (2 * math.sqrt(2)))

    @property
    def variance(self) -> float:
        """The least variance of an unbiased estimate of what one unit's presence moves by 1. Gaussian accounts only."""
        assert self.calculus is Calculus.GAUSSIAN
        return 1 / math.expm1(self._mu**2)

    @property
    def bits(self) -> float:
        """The largest expected share of secret bits that are guessed rightly, one a unit, each a toss of a coin."""
        if self.calculus is Calculus.PURE:
            return 1 / (1 + math.exp(-2 * self._amount))
        return NormalDist().cdf(self._mu)

    @property
    def _amount(self) -> float:
        return self.budget_nano / NANO

    @property
    def _mu(self) -> float:
        return math.sqrt(2 * self._amount)
