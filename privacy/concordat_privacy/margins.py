"""The distribution of sums of noise: exact margins of error, and simulated draws.

All is pure: the same laws and seed give the same figures to everyone who computes them again. A sum's noises are of one
mechanism, since all of a query's are. What is worked out here is about discrete Gaussians; sums of discrete Laplaces
are left to `concordat_privacy.laplace`.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from concordat_privacy import laplace
from concordat_privacy.laws import Law, Mechanism

CONFIDENCE = 0.95
LARGE = 100.0
"""From this sigma on the lattice is fine enough for the normal distribution with a correction."""

COARSE = 3.0
"""Below this sigma draws are spread over lattice steps: a single outcome may hold 5% of the probability."""

_SMOOTH = 2.0
"""From this sigma on a sum of discrete Gaussians is one again, within 3e-17 a node (docs/proofs/components.md)."""

_HALF_WIDTH = 9.0
"""Sigmas kept on either side: 2e-19 of the probability lies beyond."""

_NOTHING = 1e-24
"""What probability is cut off at either end of a repeated sum."""

_SMOOTH_EXPONENT = 25.0
"""exp(-25) = 1e-11: how much of a term's own step may be left in a sum that is taken as smooth."""

_MAX_SIGMA = 500.0
_MAX_OUTCOMES = 1_000_000
_MAX_REACH = 2**62
NORMAL_QUANTILE = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
"""How many sigmas hold 95% on either side."""

Floats = npt.NDArray[np.float64]


def noise_margin(laws: Sequence[Law]) -> int:
    """The smallest m with P(abs(sum of independent noises of these laws) <= m) >= 0.95, in lattice steps.

    Discrete Gaussians: below a sigma of 100 by summing probabilities, above by the normal distribution with the
    midpoint rule's first correction, whose own error is below 1e-9 of a lattice step.
    """
    if _mechanism(laws) is Mechanism.LAPLACE:
        terms = (laplace.Term(1, scale, copies) for scale, copies in sorted(Counter(law.scale for law in laws).items()))
        return laplace.margin(tuple(terms), CONFIDENCE)
    return _margin(tuple(sorted(law.scale for law in laws)))


def _mechanism(laws: Iterable[Law]) -> Mechanism:
    """The one mechanism of a sum's noises. Raises ValueError where they are of several: no query mixes them."""
    found = {law.mechanism for law in laws}
    if len(found) > 1:
        raise ValueError("a sum holds noise of one mechanism only")
    return found.pop() if found else Mechanism.GAUSSIAN


@lru_cache(maxsize=4096)
def _margin(scales: tuple[float, ...]) -> int:
    sigma = math.sqrt(_variance(scales))
    if sigma >= LARGE:
        return _midpoint_margin(sigma)
    probabilities = _probabilities(scales)
    middle = len(probabilities) // 2
    within = probabilities[middle] + 2 * np.cumsum(np.concatenate(([0.0], probabilities[middle + 1 :])))
    return int(np.searchsorted(within, CONFIDENCE))


def _midpoint_margin(sigma: float) -> int:
    return math.ceil(NORMAL_QUANTILE * sigma - NORMAL_QUANTILE / (24 * sigma) - 0.5)


class Noise(NamedTuple):
    """`copies` independent noises of one law, added up and multiplied by a positive whole weight."""

    weight: int
    law: Law
    copies: int

    @property
    def scale(self) -> float:
        return self.law.scale


@lru_cache(maxsize=4096)
def combined_margin(terms: tuple[Noise, ...]) -> int:
    """The smallest m with P(abs(sum of the terms) <= m) >= 0.95; 0 without terms. The weights' divisor must be 1.

    Discrete Gaussians: by summing probabilities where there are few enough outcomes; by the normal distribution where
    sigma is large and the terms fill the lattice between one another's steps. Where neither holds, the normal interval
    and half of every weight: never too narrow by more than the terms differ from rounded normal numbers, and at most a
    4-sigma-th wider.
    """
    if terms and _mechanism(term.law for term in terms) is Mechanism.LAPLACE:
        return laplace.margin(tuple(laplace.Term(term.weight, term.scale, term.copies) for term in terms), CONFIDENCE)
    if len(terms) <= 1:
        return sum(term.weight * noise_margin((term.law,) * term.copies) for term in terms)
    largest = max(term.weight for term in terms)
    sigma = math.sqrt(math.fsum((term.weight / largest) ** 2 * _variance_of(term) for term in terms))
    if sigma * largest >= LARGE and _fill_the_lattice(terms):
        return _midpoint_margin(sigma * largest)
    outcomes = _outcomes(terms)
    if outcomes is None:
        return math.ceil(NORMAL_QUANTILE * sigma * largest + sum(term.weight for term in terms) / 2)
    values, probabilities = outcomes
    order = np.argsort(np.abs(values), kind="stable")
    within = np.cumsum(probabilities[order])
    return int(np.abs(values[order])[np.searchsorted(within, CONFIDENCE)])


def _fill_the_lattice(terms: tuple[Noise, ...]) -> bool:
    """Whether the sum is as smooth as one discrete Gaussian on the integers, to 1e-11 (docs/proofs/components.md)."""
    first, *others = terms
    step, sigma = first.weight, math.sqrt(_variance_of(first))
    for term in others:
        if min(term.scale, first.scale) < 1:
            return False
        together = math.gcd(step, term.weight)
        own = math.sqrt(_variance_of(term))
        spread = (step / own) ** 2 + (term.weight / sigma) ** 2
        if 2 * (math.pi * together) ** 2 < _SMOOTH_EXPONENT * spread:
            return False
        sigma = math.hypot(step / together * sigma, term.weight / together * own)
        step = together
    return step == 1


def _outcomes(terms: tuple[Noise, ...]) -> tuple[npt.NDArray[np.int64], Floats] | None:
    """The values that the sum takes and their probabilities; None where they are too many."""
    values, probabilities = np.zeros(1, dtype=np.int64), np.ones(1)
    reach = 0
    for term in terms:
        if math.sqrt(_variance_of(term)) > _MAX_SIGMA:
            return None
        single = _probabilities((term.scale,) * term.copies)
        reach += term.weight * (len(single) // 2)
        if len(values) * len(single) > _MAX_OUTCOMES or reach > _MAX_REACH:
            return None
        steps = np.arange(len(single), dtype=np.int64) - len(single) // 2
        sums = (values[:, None] + term.weight * steps).ravel()
        values, places = np.unique(sums, return_inverse=True)
        weights = (probabilities[:, None] * single).ravel()
        probabilities = np.bincount(places.ravel(), weights=weights).astype(np.float64)
    return values, probabilities


def normal_sigma(law: Law, copies: int) -> float:
    """The sigma of a normal number whose 95% interval is no narrower than that of any sum of noises of this law whose
    weights' squares add up to `copies`. Discrete Laplaces: one alone has the widest interval for its variance."""
    if law.mechanism is Mechanism.LAPLACE:
        return law.scale * math.log(1 / (1 - CONFIDENCE)) / NORMAL_QUANTILE * math.sqrt(copies)
    return law.scale * math.sqrt(copies)


def total_sigma(scales: Sequence[float]) -> float:
    return math.sqrt(math.fsum(scale**2 for scale in scales))


def _variance(scales: tuple[float, ...]) -> float:
    """The variance of the sum, which below a scale of 2 is less than the scale's square."""
    return math.fsum(count * _own_variance(scale) for scale, count in Counter(scales).items())


def _variance_of(term: Noise) -> float:
    return term.copies * _own_variance(term.scale)


@lru_cache(maxsize=4096)
def _own_variance(scale: float) -> float:
    if scale >= _SMOOTH:
        return scale**2
    probabilities = _discrete_gaussian(scale)
    steps = np.arange(len(probabilities)) - len(probabilities) // 2
    return float((probabilities * steps**2).sum())


@lru_cache(maxsize=512)
def _probabilities(scales: tuple[float, ...]) -> Floats:
    """Probabilities of the sum on the lattice, symmetric about the middle entry, which is zero's."""
    smooth = total_sigma([scale for scale in scales if scale >= _SMOOTH])
    total = _discrete_gaussian(smooth) if smooth else np.ones(1)
    for scale, count in sorted(Counter(scale for scale in scales if scale < _SMOOTH).items()):
        total = np.convolve(total, _repeated(_discrete_gaussian(scale), count))
    return total


def _repeated(single: Floats, count: int) -> Floats:
    """Probabilities of the sum of `count` independent copies, by doubling; the tails that hold nothing are cut off."""
    total = np.ones(1)
    while count:
        if count % 2:
            total = _trimmed(np.convolve(total, single))
        count //= 2
        single = _trimmed(np.convolve(single, single)) if count else single
    return total


def _trimmed(probabilities: Floats) -> Floats:
    kept = np.flatnonzero(probabilities > _NOTHING)
    return probabilities[kept[0] : len(probabilities) - kept[0]]


def _discrete_gaussian(sigma: float) -> Floats:
    """P(x) proportional to exp(-x**2 / (2 sigma**2)) on the integers."""
    width = math.ceil(_HALF_WIDTH * sigma) + 1
    weights = np.exp(-((np.arange(-width, width + 1) / sigma) ** 2) / 2)
    probabilities: Floats = weights / weights.sum()
    return probabilities


def draws(seed: bytes, sums: Sequence[Sequence[Law]], count: int) -> Floats:
    """Simulated noise as floats: a row of `count` values for each sum of independent noises. They are whole but for
    discrete Gaussians below a sigma of 3, which are spread evenly over their steps (docs/proofs/components.md).

    A Latin hypercube sample (McKay, Beckman, Conover 1979): each row holds its distribution's quantiles at the middles
    of `count` equal strata, in an order of its own that follows from `seed` and the row's number alone.
    """
    orders = _orders(seed, len(sums), count)
    return np.stack([_quantiles_of(laws, count)[order] for laws, order in zip(sums, orders, strict=True)])


def _quantiles_of(laws: Sequence[Law], count: int) -> Floats:
    if _mechanism(laws) is Mechanism.LAPLACE:
        return laplace.quantiles(tuple(sorted(Counter(law.scale for law in laws).items())), count)
    return _quantiles(tuple(sorted(law.scale for law in laws)), count)


@lru_cache(maxsize=32)
def _orders(seed: bytes, rows: int, count: int) -> npt.NDArray[np.uint16]:
    """Shuffled indices. MT19937 as RandomState uses it is frozen for ever, and no two of its doubles will be equal."""
    words = np.frombuffer(hashlib.sha256(seed).digest(), dtype="<u4")
    orders = np.random.RandomState(words).random_sample((rows, count)).argsort(axis=1)
    return orders.astype(np.uint16)  # many rows are kept, and there are never as many draws


@lru_cache(maxsize=512)
def _quantiles(scales: tuple[float, ...], count: int) -> Floats:
    sigma = math.sqrt(_variance(scales))
    if sigma >= LARGE:
        return np.rint(sigma * _normal_quantiles(count))
    probabilities = _probabilities(scales)
    levels = (np.arange(count) + 0.5) / count
    below = np.cumsum(probabilities)
    if scales and sigma < COARSE:
        edges = np.arange(len(below) + 1, dtype=np.float64) - len(below) / 2
        spread: Floats = np.interp(levels, np.concatenate(([0.0], below)), edges)
        return spread
    return (np.searchsorted(below, levels) - len(probabilities) // 2).astype(np.float64)


@lru_cache(maxsize=8)
def _normal_quantiles(count: int) -> Floats:
    normal = NormalDist()
    return np.array([normal.inv_cdf((i + 0.5) / count) for i in range(count)])
