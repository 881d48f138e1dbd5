"""Percentiles from noisy cumulative counts, and their margins (docs/proofs/percentiles.md).

Everywhere bins are the first axis; the others are the caller's.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from concordat_privacy.components import Component
from concordat_privacy.margins import NORMAL_QUANTILE, Floats
from concordat_privacy.parts import Percentile
from concordat_privacy.strategies import Bins, Grouped, Strategy

Indexes = npt.NDArray[np.intp]


def cumulative_counts(component: Component, sums: Floats) -> Floats:
    """How many rows lie in each bin and below, from a component's noisy sums. Unbiased, and not always rising."""
    counts: Floats = np.tensordot(_strategy(component).cumulative, sums, axes=(1, 0))
    return counts


@dataclass(frozen=True)
class Ordered:
    """Cumulative counts, `rising` as they must, and how many rows there are in all, which need not be the last."""

    rising: Floats
    rows: Floats


def ordered(counts: Floats) -> Ordered:
    """The counts made to rise: halfway between the largest so far and the least to come. Rising ones stay."""
    rising = np.maximum.accumulate(counts, axis=0)
    rising += np.minimum.accumulate(counts[::-1], axis=0)[::-1]
    rising /= 2
    return Ordered(rising, counts[-1])


def value_at(part: Percentile, counts: Ordered) -> Floats:
    """The percentile, interpolated between the two rows about its rank as PERCENTILE_CONT does, within the bounds."""
    rank = _rank(part, counts)
    lower = np.floor(rank)
    below, above = _value_of_rows(part, counts.rising, np.stack((lower, np.ceil(rank))))
    found: Floats = below + (rank - lower) * (above - below)
    return found


def inverted_margins(part: Percentile, component: Component, counts: Floats, sigmas: Floats) -> Floats:
    """For each row of a table how far the percentile may be from its estimate: [row].

    The values v for which "as many rows as the rank lie at v or below" is within the 95% interval of the noise, which
    for each of the component's integers is that of a normal number of standard deviation `sigmas`. `counts` are the
    cumulative ones.
    """
    known = ordered(counts)
    cumulative = _strategy(component).cumulative
    fraction = float(part.fraction)
    spread = np.sqrt(((cumulative - fraction * cumulative[-1]) ** 2).sum(axis=1))
    reach = NORMAL_QUANTILE * spread[:, None] * sigmas
    ahead = known.rising - _rank(part, known)
    first = np.argmax(ahead + reach > 0.5, axis=0)  # no row at all: the first value
    last = len(counts) - 1 - np.argmax((ahead - reach <= 0.5)[::-1], axis=0)
    last = np.where((ahead - reach <= 0.5).any(axis=0), np.minimum(last + 1, len(counts) - 1), 0)
    found = value_at(part, known)
    low, high = _edge(part, first, 0), _edge(part, np.maximum(first, last), 1)
    margins: Floats = np.maximum(np.maximum(high - found, found - low), 0.0)
    return margins


def size_margins(component: Component, sigmas: Floats) -> Floats:
    """The same for the number of rows of which a percentile is taken."""
    margins: Floats = NORMAL_QUANTILE * _strategy(component).spread[-1] * sigmas
    return margins


def _strategy(component: Component) -> Strategy | Grouped:
    assert isinstance(component.bins, Bins)  # noqa: S101  # what percentiles are made of has bins
    return component.bins.strategy


def _rank(part: Percentile, counts: Ordered) -> Floats:
    """Among the rows from 0 on."""
    rank: Floats = float(part.fraction) * np.maximum(counts.rows - 1, 0.0)
    return rank


def _value_of_rows(part: Percentile, rising: Floats, rows: Floats) -> Floats:
    """The values of rows by their places among all, from 0 on; of several at once along the first axis."""
    middle = rows + 0.5
    place = np.minimum(_first_above(rising, middle), len(rising) - 1)
    within: Floats = np.zeros(place.shape)
    if part.is_coarse:
        within = _within_bin(rising, place, middle)
    found: Floats = np.minimum(float(part.lower) + float(part.bin) * (place + within), float(part.lower + part.span))
    return found


def _first_above(rising: Floats, wanted: Floats) -> Indexes:
    """How many of the counts are no larger than what is wanted, by halving: looking at each would take longest."""
    low = np.zeros(wanted.shape, dtype=np.intp)
    high = np.full(wanted.shape, len(rising), dtype=np.intp)
    for _ in range(len(rising).bit_length()):
        middle = (low + high) // 2
        found = np.take_along_axis(rising, np.minimum(middle, len(rising) - 1), axis=0)
        is_below = (low < high) & (found <= wanted)
        low, high = np.where(is_below, middle + 1, low), np.where(is_below, high, middle)
    return low


def _within_bin(rising: Floats, place: Indexes, middle: Floats) -> Floats:
    """How far into its bin a row lies, were the bin's rows evenly spread: from 0 to 1."""
    above = np.take_along_axis(rising, place, axis=0)
    below = np.where(place > 0, np.take_along_axis(rising, np.maximum(place - 1, 0), axis=0), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        within: Floats = np.clip(np.nan_to_num((middle - below) / (above - below), nan=0.5), 0.0, 1.0)
    return within


def _edge(part: Percentile, place: Indexes, after: int) -> Floats:
    """Where a bin begins or, with `after` 1, ends; a bin of one value is no longer than that."""
    edge = float(part.lower) + float(part.bin) * (place + (after if part.is_coarse else 0))
    within: Floats = np.minimum(edge, float(part.lower + part.span))
    return within
