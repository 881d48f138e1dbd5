"""Laws of noise, written shortly, and probabilities worked out without the house's own means."""

import math

import numpy as np
import numpy.typing as npt
from concordat_privacy.laws import Law, Mechanism

Floats = npt.NDArray[np.float64]


def gaussian(scale: float) -> Law:
    return Law(Mechanism.GAUSSIAN, scale)


def gaussians(*scales: float) -> tuple[Law, ...]:
    return tuple(map(gaussian, scales))


def laplace(scale: float) -> Law:
    return Law(Mechanism.LAPLACE, scale)


def probabilities(law: Law) -> Floats:
    """P(x) over the integers, zero's in the middle; less than 1e-20 is left out."""
    if law.mechanism is Mechanism.GAUSSIAN:
        width = math.ceil(14 * law.scale) + 3
        weights = np.exp(-(np.arange(-width, width + 1) ** 2) / (2 * law.scale**2))
    else:
        width = math.ceil(50 * law.scale) + 3
        weights = np.exp(-np.abs(np.arange(-width, width + 1)) / law.scale)
    found: Floats = weights / weights.sum()
    return found


def priced_as(scale: float) -> float:
    """The variance of the continuous Gaussian that such a discrete one is priced as (docs/proofs/gaussian.md)."""
    square = scale**2
    return (square + math.sqrt(square**2 - square / 3)) / 2


def standard_deviation(law: Law) -> float:
    return math.sqrt(variance(law))


def variance(law: Law) -> float:
    """Of a discrete Laplace: 2 q / (1 - q)**2 with q = exp(-1 / scale). A Gaussian's from its probabilities."""
    if law.mechanism is Mechanism.LAPLACE:
        q = math.exp(-1 / law.scale)
        return 2 * q / (1 - q) ** 2
    if law.scale > 10:
        return law.scale**2
    spread = probabilities(law)
    return float((spread * (np.arange(len(spread)) - len(spread) // 2) ** 2).sum())


def drawn(law: Law, cells: int, dice: np.random.Generator) -> Floats:
    """A reproducible sample of the noise."""
    if law.mechanism is Mechanism.GAUSSIAN:
        return np.rint(dice.normal(0, law.scale, cells))
    rises = 1 - math.exp(-1 / law.scale)
    return (dice.geometric(rises, cells) - dice.geometric(rises, cells)).astype(np.float64)
