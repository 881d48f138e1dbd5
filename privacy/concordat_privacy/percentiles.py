"""Percentiles from noisy cumulative counts, and their margins (docs/proofs/percentiles.md).

Everywhere bins are the first axis; the others are the caller's.
"""

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


def value_at(part: Percentile, counts: Floats) -> Floats:
    """The percentile, interpolated between the two rows about its rank as PERCENTILE_CONT does, within the bounds."""
    rising = _rising(counts)
    rank = _rank(part, counts)
    lower, upper = np.floor(rank), np.ceil(rank)
    below = _value_of_row(part, rising, lower)
    found: Floats = below + (rank - lower) * (_value_of_row(part, rising, upper) - below)
    return found


def inverted_margins(part: Percentile, component: Component, sums: Floats, sigmas: Floats) -> Floats:
    """For each row of a table how far the percentile may be from its estimate: [row].

    The values v for which "as many rows as the rank lie at v or below" is within the 95% interval of the noise, which
    for each of the component's integers is that of a normal number of standard deviation `sigmas`.
    """
    counts = cumulative_counts(component, sums)
    cumulative = _strategy(component).cumulative
    fraction = float(part.fraction)
    spread = np.sqrt(((cumulative - fraction * cumulative[-1]) ** 2).sum(axis=1))
    reach = NORMAL_QUANTILE * spread[:, None] * sigmas
    ahead = _rising(counts) - _rank(part, counts)
    first = np.argmax(ahead + reach > 0.5, axis=0)  # no row at all: the first value
    last = len(counts) - 1 - np.argmax((ahead - reach <= 0.5)[::-1], axis=0)
    last = np.where((ahead - reach <= 0.5).any(axis=0), np.minimum(last + 1, len(counts) - 1), 0)
    found = value_at(part, counts)
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


def _rank(part: Percentile, counts: Floats) -> Floats:
    """Among the rows from 0 on."""
    rank: Floats = float(part.fraction) * np.maximum(counts[-1] - 1, 0.0)
    return rank


def _rising(counts: Floats) -> Floats:
    """The counts made to rise: halfway between the largest so far and the least to come. Rising ones stay."""
    largest = np.maximum.accumulate(counts, axis=0)
    least = np.minimum.accumulate(counts[::-1], axis=0)[::-1]
    rising: Floats = (largest + least) / 2
    return rising


def _value_of_row(part: Percentile, rising: Floats, row: Floats) -> Floats:
    """The value of a row by its place among all, from 0 on."""
    middle = row + 0.5
    place = np.minimum((rising <= middle).sum(axis=0), len(rising) - 1)
    within: Floats = np.zeros(place.shape)
    if part.is_coarse:
        within = _within_bin(rising, place, middle)
    found: Floats = np.minimum(float(part.lower) + float(part.bin) * (place + within), float(part.lower + part.span))
    return found


def _within_bin(rising: Floats, place: Indexes, middle: Floats) -> Floats:
    """How far into its bin a row lies, were the bin's rows evenly spread: from 0 to 1."""
    above = np.take_along_axis(rising, place[None], axis=0)[0]
    below = np.where(place > 0, np.take_along_axis(rising, np.maximum(place - 1, 0)[None], axis=0)[0], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        within: Floats = np.clip(np.nan_to_num((middle - below) / (above - below), nan=0.5), 0.0, 1.0)
    return within


def _edge(part: Percentile, place: Indexes, after: int) -> Floats:
    """Where a bin begins or, with `after` 1, ends; a bin of one value is no longer than that."""
    edge = float(part.lower) + float(part.bin) * (place + (after if part.is_coarse else 0))
    within: Floats = np.minimum(edge, float(part.lower + part.span))
    return within
