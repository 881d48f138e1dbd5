"""How well an attack did over many towns, and whether that is better than its bound."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

ERRORS = 5.0
"""So many standard errors beyond its bound is better: over 250 towns or more, which are independent, chance alone does
that less than once in a million comparisons."""


@dataclass(frozen=True)
class Measured:
    """What an attack won, with its standard error."""

    value: float
    error: float

    def is_above(self, bound: float) -> bool:
        return self.value - ERRORS * self.error > bound

    def is_below(self, bound: float) -> bool:
        return self.value + ERRORS * self.error < bound


def advantage(said: Truths, truth: Truths) -> Measured:
    """The share of those present of whom it was said, less the share of those absent. One of each a town."""
    shares = [float(said[truth == present].mean()) for present in (True, False)]
    sizes = [int((truth == present).sum()) for present in (True, False)]
    variance = sum(max(share * (1 - share), 1 / size) / size for share, size in zip(shares, sizes, strict=True))
    return Measured(shares[0] - shares[1], math.sqrt(variance))


def squared_error(estimates: Floats, truth: Floats) -> Measured:
    """The mean square of what estimates are off by. One a town."""
    return _mean((estimates - truth) ** 2)


def bits_right(guessed: Truths, truth: Truths) -> Measured:
    """The share of bits guessed rightly: towns by residents. Towns are independent, residents of one need not be."""
    return _mean((guessed == truth).mean(axis=1))


def _mean(each: Floats) -> Measured:
    return Measured(float(each.mean()), float(each.std(ddof=1)) / math.sqrt(len(each)))
