"""The distribution of sums of discrete Gaussian noise: exact margins of error, and simulated draws.

All is pure: the same scales and seed give the same figures to everyone who computes them again.
"""

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
LARGE = 100.0
"""From this sigma on the lattice is fine enough for the normal distribution with a correction."""

_SMOOTH = 2.0
"""From this sigma on a sum of discrete Gaussians is one again, within 3e-17 a node (docs/proofs/components.md)."""

_HALF_WIDTH = 9.0
"""Sigmas kept on either side: 2e-19 of the probability lies beyond."""

Floats = npt.NDArray[np.float64]


def noise_margin(scales: Sequence[float]) -> int:
    """The smallest m with P(abs(sum of independent discrete Gaussians of these scales) <= m) >= 0.95, in lattice steps.

    Below a sigma of 100 by summing probabilities, above by the normal distribution with the midpoint rule's first
    correction, whose own error is below 1e-9 of a lattice step.
    """
    return _margin(tuple(sorted(scales)))


@lru_cache(maxsize=4096)
def _margin(scales: tuple[float, ...]) -> int:
    sigma = total_sigma(scales)
    if sigma >= LARGE:
        z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        return math.ceil(z * sigma - z / (24 * sigma) - 0.5)
    probabilities = _probabilities(scales)
    middle = len(probabilities) // 2
    within = probabilities[middle] + 2 * np.cumsum(np.concatenate(([0.0], probabilities[middle + 1 :])))
    return int(np.searchsorted(within, CONFIDENCE))


def total_sigma(scales: Sequence[float]) -> float:
    return math.sqrt(math.fsum(scale**2 for scale in scales))


@lru_cache(maxsize=512)
def _probabilities(scales: tuple[float, ...]) -> Floats:
    """Probabilities of the sum on the lattice, symmetric about the middle entry, which is zero's."""
    smooth = total_sigma([scale for scale in scales if scale >= _SMOOTH])
    total = _discrete_gaussian(smooth) if smooth else np.ones(1)
    for scale in scales:
        if scale < _SMOOTH:
            total = np.convolve(total, _discrete_gaussian(scale))
    return total


def _discrete_gaussian(sigma: float) -> Floats:
    """P(x) proportional to exp(-x**2 / (2 sigma**2)) on the integers."""
    width = math.ceil(_HALF_WIDTH * sigma) + 1
    weights = np.exp(-((np.arange(-width, width + 1) / sigma) ** 2) / 2)
    probabilities: Floats = weights / weights.sum()
    return probabilities


def draws(seed: bytes, scales: Sequence[Sequence[float]], count: int) -> Floats:
    """Simulated noise as whole floats: a row of `count` values for each sum of discrete Gaussians in `scales`.

    A Latin hypercube sample (McKay, Beckman, Conover 1979): each row holds its distribution's quantiles at the middles
    of `count` equal strata, in an order of its own that follows from `seed` and the row's number alone.
    """
    orders = _orders(seed, len(scales), count)
    return np.stack([_quantiles(tuple(sorted(row)), count)[order] for row, order in zip(scales, orders, strict=True)])


@lru_cache(maxsize=32)
def _orders(seed: bytes, rows: int, count: int) -> npt.NDArray[np.intp]:
    """Shuffled indices. MT19937 as RandomState uses it is frozen for ever, and no two of its doubles will be equal."""
    words = np.frombuffer(hashlib.sha256(seed).digest(), dtype="<u4")
    orders: npt.NDArray[np.intp] = np.random.RandomState(words).random_sample((rows, count)).argsort(axis=1)
    return orders


@lru_cache(maxsize=512)
def _quantiles(scales: tuple[float, ...], count: int) -> Floats:
    sigma = total_sigma(scales)
    if sigma >= LARGE:
        return np.rint(sigma * _normal_quantiles(count))
    probabilities = _probabilities(scales)
    levels = (np.arange(count) + 0.5) / count
    found = np.searchsorted(np.cumsum(probabilities), levels) - len(probabilities) // 2
    return found.astype(np.float64)


@lru_cache(maxsize=8)
def _normal_quantiles(count: int) -> Floats:
    normal = NormalDist()
    return np.array([normal.inv_cdf((i + 0.5) / count) for i in range(count)])
