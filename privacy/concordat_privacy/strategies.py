"""What is counted so that cumulative counts come out with little noise (docs/proofs/percentiles.md).

A cell's histogram over a scalar's bins is multiplied by a public integer matrix, the strategy, noise is added, and
cumulative counts are read off by the matrix's inverse (the matrix mechanism: Li, Miklau, Hay, McGregor, Rastogi 2015).
The matrix is a square root of the one that sums up, in 64ths: cumulative counts then have noise that grows with the
logarithm of the number of bins and not with its root (Fichtenberger, Henzinger, Upadhyay 2023, arXiv:2202.11205).
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from concordat_query.scalar_types import ScalarType

MAX_BINS = 1024
"""A column with more values is counted in bins of as many steps each as this needs."""
MAX_FLAT = 128
"""In pure epsilon more bins than this are counted in groups, too."""
_UNIT = 64
"""What a row adds to its own bin's entry: the root's entries are rounded to 64ths."""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
T = TypeVar("T", np.int64, np.float64)


@dataclass(frozen=True)
class Bins:
    """`count` bins of `size` stored steps each, the first from `lower` on.

    `is_pure`: what a row adds is paid for by its L1 norm.
    """

    lower: int
    size: int
    count: int
    is_pure: bool = False

    @property
    def strategy(self) -> "Strategy | Grouped":
        return grouped_strategy_of(self.count) if self.is_pure else strategy_of(self.count)


def bins_of(kind: ScalarType, *, is_pure: bool = False) -> Bins:
    """One bin for each value between the bounds, or bins of several steps where these are more than MAX_BINS."""
    values = kind.upper - kind.lower + 1
    size = -(-values // MAX_BINS)
    return Bins(kind.lower, size, -(-values // size), is_pure)


@dataclass(frozen=True)
class Strategy:
    """The lower triangular matrix whose entry at (row, bin) is `coefficients[row - bin]`."""

    coefficients: tuple[int, ...]

    @property
    def rows(self) -> int:
        return len(self.coefficients)

    @property
    def largest_squared(self) -> int:
        """The largest squared L2 norm of a column: that of the first, of which the others are beginnings."""
        return sum(each**2 for each in self.coefficients)

    @property
    def largest_sum(self) -> int:
        """The largest L1 norm of a column, the first's again."""
        return sum(map(abs, self.coefficients))

    @cached_property
    def matrix(self) -> Integers:
        """[row, bin]."""
        return _toeplitz(np.array(self.coefficients, dtype=np.int64))

    @cached_property
    def cumulative(self) -> Floats:
        """[bin, row]: what cumulative counts, each of all bins up to its own, are made of."""
        return _toeplitz(np.array(_inverse_of_sums(self.coefficients)))

    @cached_property
    def spread(self) -> Floats:
        """For each bin the standard deviation of its cumulative count, were that of the rows 1."""
        found: Floats = np.sqrt((self.cumulative**2).sum(axis=1))
        return found


@dataclass(frozen=True)
class Grouped:
    """The histogram itself and, where `group` is above 1, the counts of every `group` bins in turn after it.

    In pure epsilon: there a column of the root costs its L1 norm, which is more than the root saves.
    """

    bins: int
    group: int

    @property
    def groups(self) -> int:
        return -(-self.bins // self.group) if self.group > 1 else 0

    @property
    def rows(self) -> int:
        return self.bins + self.groups

    @property
    def largest_squared(self) -> int:
        return self.largest_sum

    @property
    def largest_sum(self) -> int:
        """A row of data adds 1 to its bin and 1 to its bin's group."""
        return 2 if self.groups else 1

    @cached_property
    def matrix(self) -> Integers:
        """[row, bin]."""
        return np.vstack((np.eye(self.bins, dtype=np.int64), self._members))

    @cached_property
    def cumulative(self) -> Floats:
        """[bin, row]: cumulative counts by least squares, in which a group's count and the sum of its m bins are
        averaged as m to 1."""
        whole = np.tril(np.ones((self.bins, self.bins)))
        if not self.groups:
            return whole
        members = self._members.astype(np.float64)
        sizes = members.sum(axis=1)
        of_group = whole @ members.T / (sizes + 1)  # how much of each group lies at a bin or below, shrunk
        found: Floats = np.hstack((whole - of_group @ members, of_group))
        return found

    @cached_property
    def spread(self) -> Floats:
        """For each bin the standard deviation of its cumulative count, were that of the rows 1."""
        found: Floats = np.sqrt((self.cumulative**2).sum(axis=1))
        return found

    @cached_property
    def _members(self) -> Integers:
        """[group, bin]: 1 where the bin is in the group."""
        places = np.arange(self.bins) // max(self.group, 1)
        found: Integers = (places == np.arange(self.groups)[:, None]).astype(np.int64)
        return found


@lru_cache(maxsize=16)
def grouped_strategy_of(bins: int) -> Grouped:
    """The strategy for so many bins in pure epsilon."""
    return Grouped(bins, 0 if bins <= MAX_FLAT else math.isqrt(2 * bins))


@lru_cache(maxsize=16)
def strategy_of(bins: int) -> Strategy:
    """The strategy for so many bins."""
    coefficients, exact = [], float(_UNIT)
    for k in range(bins):
        coefficients.append(round(exact))
        exact *= (2 * k + 1) / (2 * k + 2)
    return Strategy(tuple(coefficients))


def _inverse_of_sums(coefficients: tuple[int, ...]) -> list[float]:
    """The coefficients of 1 / ((1 - x) c(x)) as a series: summing up, after undoing the strategy."""
    found: list[float] = []
    reversed_tail = np.array(coefficients[:0:-1], dtype=np.float64)
    for k in range(len(coefficients)):
        known = float(np.dot(reversed_tail[len(reversed_tail) - k :], found)) if k else 0.0
        found.append((1.0 - known) / coefficients[0])
    return found


def _toeplitz(column: npt.NDArray[T]) -> npt.NDArray[T]:
    """The lower triangular matrix with this first column, and the same along every diagonal."""
    size = len(column)
    padded = np.concatenate((np.zeros(size - 1, dtype=column.dtype), column))
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)
    return np.ascontiguousarray(windows[:, ::-1])
