"""How far a mechanism lets two neighbours be told apart: exact trade-offs of the noise that was claimed.

The trade-off of a mechanism gives, for the probability q of an event under one neighbour, the largest probability that
the other neighbour may give it. For discrete Gaussians it is computed from their own probabilities on the lattice:
the continuous Gaussian's condemns correct noise at small scales (docs/proofs/audit.md).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from fakes.laws import priced_as

Floats = npt.NDArray[np.float64]

_REACH = 9.0
"""Sigmas on either side: 2e-19 of the probability lies beyond."""

_FINE = 512
"""A lattice of so many steps a shift is as good as any finer one."""

_MANY = 100

_GRID = 2.0**-9
"""Losses of several components are rounded up to multiples of this before they are added up."""


@dataclass(frozen=True)
class Tradeoff:
    """The most probable events: corners of a concave curve from (0, 0), `under` one neighbour, `over` the other."""

    under: Floats
    over: Floats

    def most(self, probability: Floats) -> Floats:
        """The largest probability that an event may have over there, if it has this one here."""
        return np.interp(probability, self.under, self.over, right=1.0)


@dataclass(frozen=True)
class Shifted:
    """One coordinate with discrete noise of this scale, moved by so many lattice steps."""

    shift: float
    scale: float

    @property
    def rho(self) -> float:
        """Of Gaussian noise."""
        return self.shift**2 / (2 * priced_as(self.scale))

    @property
    def epsilon(self) -> float:
        """Of Laplace noise."""
        return self.shift / self.scale


def gaussian(coordinates: Sequence[Shifted], factor: float = 1.0) -> Tradeoff:
    """Of independent discrete Gaussians together, each scale multiplied by `factor`. Exact for one coordinate, and
    for several an upper bound that is at most 2**-9 a coordinate too far in the loss."""
    return _together([_gaussian_losses(*_on_a_lattice(each, factor)) for each in coordinates])


def laplace(coordinates: Sequence[Shifted], factor: float = 1.0) -> Tradeoff:
    """The same of discrete Laplace noises. What they allow is less than their epsilon alone would: only an event of one
    coordinate, at one end of its losses, reaches that."""
    return _together([_laplace_losses(*_on_a_lattice(each, factor)) for each in coordinates])


def shifts_of(sensitivity_squared: int) -> tuple[float, ...]:
    """Shifts whose squares add up to the claim: a whole one if there is, else as many of 1 as it takes; for those of
    many coordinates, whose noise is far from coarse, the root."""
    root = math.isqrt(sensitivity_squared)
    if root**2 == sensitivity_squared:
        return (root,)
    return (1,) * sensitivity_squared if sensitivity_squared < _MANY else (math.sqrt(sensitivity_squared),)


Losses = tuple[Floats, Floats]
"""The log ratio of the two probabilities of each outcome, and the outcome's probability where it is larger."""


def _on_a_lattice(one: Shifted, factor: float) -> tuple[int, float]:
    """A shift in whole steps, few enough to compute with, and the scale in the same steps, multiplied by `factor`."""
    shift = int(one.shift) if one.shift == int(one.shift) and one.shift < _FINE else _FINE
    return shift, one.scale * factor * shift / one.shift


def _gaussian_losses(shift: int, scale: float) -> Losses:
    width = math.ceil(_REACH * scale) + shift
    outcomes = np.arange(-width, width + shift + 1, dtype=np.float64)
    weights = np.exp(-((outcomes - shift) ** 2) / (2 * scale**2))
    return shift * (2 * outcomes - shift) / (2 * scale**2), weights / weights.sum()


def _laplace_losses(shift: int, scale: float) -> Losses:
    """Beyond the two values that the outcomes are around the loss is the same everywhere, so tails are one outcome."""
    outcomes = np.arange(shift + 1, dtype=np.float64)
    weights = np.exp(-(shift - outcomes) / scale)
    weights[[0, -1]] /= 1 - math.exp(-1 / scale)
    return (2 * outcomes - shift) / scale, weights / weights.sum()


def _together(losses: Sequence[Losses]) -> Tradeoff:
    return _curve(*(losses[0] if len(losses) == 1 else _added_up(losses)))


def _added_up(losses: Sequence[Losses]) -> Losses:
    total, lowest = np.ones(1), 0
    for loss, probability in losses:
        places = np.ceil(loss / _GRID).astype(np.int64)
        single = np.bincount(places - places.min(), weights=probability).astype(np.float64)
        total, lowest = _convolved(total, single), lowest + int(places.min())
    return (lowest + np.arange(len(total), dtype=np.float64)) * _GRID, total


def _convolved(left: Floats, right: Floats) -> Floats:
    length = len(left) + len(right) - 1
    found = np.fft.irfft(np.fft.rfft(left, length) * np.fft.rfft(right, length), length)
    return np.maximum(found, 0.0)


def _curve(loss: Floats, probability: Floats) -> Tradeoff:
    order = np.argsort(-loss, kind="stable")
    under = np.cumsum(probability[order] * np.exp(-loss[order]))
    over = np.cumsum(probability[order])
    return Tradeoff(np.concatenate(([0.0], under)), np.minimum(np.concatenate(([0.0], over)), 1.0))
