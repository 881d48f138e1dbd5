"""The distribution of sums of discrete Laplace noise: margins and quantiles (docs/proofs/components.md).

Probabilities are those of the sum's characteristic function, turned back on the lattice where the sum reaches few
enough steps, and in the continuum beyond.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_MAX_REACH = 2**17
"""Steps on either side up to which a sum's probabilities are worked out one by one."""

_COARSE_REACH = 2**16
_BEYOND = 1e-14
"""The probability left out beyond a sum's reach."""

_FADED = 1e-14
_MAX_POINTS = 2**19
_FAR = 40.0
"""Standard deviations between two images of a sum in the continuum: below 1e-15 lies beyond 30 of them."""

Floats = npt.NDArray[np.float64]


class Term(NamedTuple):
    """`copies` independent discrete Laplaces of one scale, added up and multiplied by a positive whole weight."""

    weight: int
    scale: float
    copies: int


def own_variance(scale: float) -> float:
    """Of one discrete Laplace: below the continuous one's 2 scale**2 by less than a sixth."""
    return 0.5 / math.sinh(0.5 / scale) ** 2 if scale > _TINY else 0.0


_TINY = 2e-3
"""Below this scale anything but zero has a probability under exp(-500)."""


@lru_cache(maxsize=4096)
def margin(terms: tuple[Term, ...], confidence: float) -> int:
    """The smallest m with P(abs(sum of the terms) <= m) >= confidence, whatever the scales, where the sum is one noise
    or reaches few enough steps. Beyond, never too small, and too large by at most half of every weight and a step."""
    if len(terms) == 1:
        (term,) = terms
        return term.weight * _margin_of_copies(term.scale, term.copies, confidence)
    if (reach := _reach(terms)) <= _MAX_REACH:
        return _on_the_lattice(_probabilities(terms, reach), confidence)
    return math.ceil(_quantile(terms, confidence) + sum(term.weight for term in terms) / 2)


def _margin_of_copies(scale: float, copies: int, confidence: float) -> int:
    if copies == 1:
        return _first_beyond(scale, (1 - confidence) / 2) - 1
    terms = (Term(1, scale, copies),)
    if (reach := _reach(terms)) <= _MAX_REACH:
        return _on_the_lattice(_probabilities(terms, reach), confidence)
    return math.ceil(_quantile(terms, confidence) - 0.5)


def _first_beyond(scale: float, tail: float) -> int:
    """The smallest x >= 1 with P(X >= x) <= tail, for one discrete Laplace: exp(-x / scale) / (1 + exp(-1 / scale))."""
    return max(1, math.ceil(-scale * (math.log(tail) + math.log1p(math.exp(-1 / scale)))))


def _on_the_lattice(probabilities: Floats, confidence: float) -> int:
    within = probabilities[0] + 2 * np.cumsum(np.concatenate(([0.0], probabilities[1:])))
    return int(np.searchsorted(within, confidence))


@lru_cache(maxsize=64)
def _probabilities(terms: tuple[Term, ...], reach: int) -> Floats:
    """P(sum = x) for x from 0 to `reach`: the discrete Fourier transform of its characteristic function.

    The images at multiples of the circle's length add at most what lies beyond the reach.
    """
    length = 2 ** math.ceil(math.log2(2 * reach + 2))
    steps = np.arange(length // 2 + 1, dtype=np.int64)
    logarithm = np.zeros(len(steps))
    for weight, scale, copies in terms:
        angles = (steps * (weight % length)) % length * (math.pi / length)
        logarithm -= copies * np.log1p(2 * own_variance(scale) * np.sin(angles) ** 2)
    found: Floats = np.maximum(np.fft.irfft(np.exp(logarithm), length)[: reach + 1], 0.0)
    return found


def _reach(terms: tuple[Term, ...]) -> int:
    """Steps beyond which the sum is found with a probability below 1e-14, by Chernoff's bound."""
    widest = max(weight * max(scale, _TINY) for weight, scale, _ in terms)
    best = math.inf
    for part in (0.9, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05, 0.03, 0.02, 0.01, 0.005):
        rate = part / widest
        spread = math.fsum(-copies * math.log1p(-_growth(rate * weight, scale)) for weight, scale, copies in terms)
        best = min(best, (spread + math.log(2 / _BEYOND)) / rate)
    return math.ceil(min(best, 2.0**60))


def _growth(rate: float, scale: float) -> float:
    """x with E exp(rate X) = 1 / (1 - x): X the discrete Laplace, rate below 1 / scale."""
    return (math.sinh(rate / 2) / math.sinh(0.5 / max(scale, _TINY))) ** 2


def _quantile(terms: tuple[Term, ...], confidence: float) -> float:
    """t with P(abs(T) <= t) = confidence for the sum T of continuous Laplaces that are spread a little wider each.

    By Newton's method from below on a concave function: it never overshoots.
    The integral is Gil-Pelaez's, by the trapezoidal rule: images of T lie 40 of its deviations apart.
    """
    wider = [(weight / (2 * math.tanh(0.5 / scale)), copies) for weight, scale, copies in terms]
    largest = max(scale for scale, _ in wider)
    unit = largest * math.sqrt(math.fsum(2 * copies * (scale / largest) ** 2 for scale, copies in wider))
    wider = [(scale / unit, copies) for scale, copies in wider]
    gap = 2 * math.pi / _FAR
    points: Floats = gap * np.arange(1, _points(wider, gap) + 1, dtype=np.float64)
    faded = _characteristic(wider, points)
    found = 1.5
    for _ in range(60):
        within = found * gap / math.pi + 2 / math.pi * gap * float((faded * np.sin(found * points) / points).sum())
        density = gap / math.pi + 2 / math.pi * gap * float((faded * np.cos(found * points)).sum())
        step = (confidence - within) / density
        found += step
        if abs(step) < 1e-13:
            break
    return found * unit


def _characteristic(scales: list[tuple[float, int]], points: Floats) -> Floats:
    logarithm = np.zeros(len(points))
    for scale, copies in scales:
        logarithm -= copies * np.log1p((scale * points) ** 2)
    return np.exp(logarithm)


def _points(scales: list[tuple[float, int]], gap: float) -> int:
    """How many points of the integral count: beyond them the characteristic function has faded, or its oscillation
    leaves less than 1e-10."""
    points = 64
    while points < _MAX_POINTS and _loss(scales, points * gap) < -math.log(_FADED):
        points *= 2
    return points


def _loss(scales: list[tuple[float, int]], point: float) -> float:
    return math.fsum(copies * math.log1p((scale * point) ** 2) for scale, copies in scales)


@lru_cache(maxsize=512)
def quantiles(scales: tuple[tuple[float, int], ...], count: int) -> Floats:
    """The quantiles of a sum of noises at the middles of `count` equal strata, as whole floats, symmetric about zero.

    `scales` are pairs of a scale and how many noises have it.
    """
    levels = (np.arange(count - count // 2, count) + 0.5) / count
    upper = _upper_quantiles(scales, levels)
    middle = np.zeros(count % 2)
    return np.concatenate((-upper[::-1], middle, upper))


def _upper_quantiles(scales: tuple[tuple[float, int], ...], levels: Floats) -> Floats:
    if [copies for _, copies in scales] == [1]:
        return np.array([float(_first_beyond(scales[0][0], 1 - level) - 1) for level in levels.tolist()])
    reach = _reach(tuple(Term(1, scale, copies) for scale, copies in scales))
    unit = max(1, -(-reach // _COARSE_REACH))
    terms = tuple(Term(1, scale / unit, copies) for scale, copies in scales)
    probabilities = _probabilities(terms, _reach(terms))
    if unit == 1:
        within = 0.5 - probabilities[0] / 2 + np.cumsum(probabilities)
        return np.searchsorted(within, levels).astype(np.float64)
    edges = np.concatenate(([0.5], 0.5 + probabilities[0] / 2 + np.concatenate(([0.0], np.cumsum(probabilities[1:])))))
    places = np.concatenate(([0.0], np.arange(len(probabilities)) + 0.5))
    return np.rint(unit * np.interp(levels, edges, places))
