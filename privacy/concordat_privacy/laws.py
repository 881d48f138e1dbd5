"""The laws that noise follows, and by how much of each budget a vector of it is paid for."""

from enum import StrEnum
from typing import NamedTuple

from concordat_query.model import Calculus


class Mechanism(StrEnum):
    """A family of noise on the integers, symmetric about zero. The value is its name on the wire."""

    GAUSSIAN = "discrete_gaussian"
    """P(x) proportional to exp(-x**2 / (2 scale**2)). Paid in rho."""
    LAPLACE = "discrete_laplace"
    """P(x) proportional to exp(-abs(x) / scale). Paid in epsilon."""


MECHANISM_OF = {Calculus.GAUSSIAN: Mechanism.GAUSSIAN, Calculus.PURE: Mechanism.LAPLACE}
"""What noise each calculus buys: all components of a query have noise of one mechanism."""


class Law(NamedTuple):
    """The law of one noise: `scale` is in lattice steps."""

    mechanism: Mechanism
    scale: float


class Sensitivity(NamedTuple):
    """How far one unit can move a vector of integers, in lattice steps: its L1 distance, and the square of its L2."""

    l1: int
    squared: int

    def times(self, factor: int) -> "Sensitivity":
        """Where one unit moves the vector by so many times as much."""
        return Sensitivity(self.l1 * factor, self.squared * factor**2)
