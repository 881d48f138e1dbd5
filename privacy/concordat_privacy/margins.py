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
"""From this sigma on a sum of discrete Gaussians is one again, within a relative 3e-17 (docs/proofs/components.md)."""

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
    weights: Floats = np.exp(-((np.arange(-width, width + 1) / sigma) ** 2) / 2)
    return weights / weights.sum()


def draws(seed: bytes, scales: Sequence[float], count: int) -> Floats:
    """`count` simulated values of the summed noise, as whole floats, in an order that `seed` decides.

    A Latin hypercube sample (McKay, Beckman, Conover 1979): the distribution's quantiles at the middles of `count`
    equal strata, shuffled. Use another seed for each component. MT19937 as RandomState uses it is frozen for ever.
    """
    words = np.frombuffer(hashlib.sha256(seed).digest(), dtype="<u4")
    generator = np.random.RandomState(words)
    return _quantiles(tuple(sorted(scales)), count)[generator.permutation(count)]


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
