"""Which rows of a unit count, against the rule read row by row."""

from collections.abc import Sequence

import numpy as np
import pytest
from concordat_node.engine.choosing import chosen
from concordat_node.engine.limits import Limits
from hypothesis import given, settings
from hypothesis import strategies as st

Unit = Sequence[tuple[int, int]]
"""A row's cell and the cell's hash, in the order of row_key."""

LIMITS = st.builds(Limits, st.none() | st.integers(1, 4), st.none() | st.integers(1, 4))


def _unit(hashes: Sequence[int]) -> st.SearchStrategy[Unit]:
    return st.lists(st.integers(0, 6), min_size=1, max_size=12).map(lambda cells: [(c, hashes[c]) for c in cells])


UNITS = st.lists(
    st.lists(st.integers(0, 3) | st.integers(0, 2**16 - 1), min_size=7, max_size=7).flatmap(_unit), max_size=6
)


def _chosen(units: Sequence[Unit], limits: Limits, numbers: Sequence[int]) -> list[int]:
    rows = [(number, *row) for number, unit in zip(numbers, units, strict=True) for row in unit]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    found = chosen(columns[0], columns[2].astype(np.uint16), columns[1].astype(np.uint16), limits)
    return sorted(found.tolist())


def _by_the_rule(units: Sequence[Unit], limits: Limits) -> list[int]:
    found, start = [], 0
    for unit in units:
        cells = sorted({(hashed, cell) for cell, hashed in unit})[: limits.cells]
        for _, cell in cells:
            found += [start + place for place, row in enumerate(unit) if row[0] == cell][: limits.rows]
        start += len(unit)
    return sorted(found)


@settings(deadline=None)
@given(UNITS, LIMITS)
def test_the_rows_are_those_of_the_rule(units: Sequence[Unit], limits: Limits) -> None:
    assert _chosen(units, limits, range(len(units))) == _by_the_rule(units, limits)


@settings(deadline=None)
@given(UNITS, LIMITS, st.integers(1, 2**40))
def test_how_units_are_numbered_does_not_matter(units: Sequence[Unit], limits: Limits, step: int) -> None:
    numbers = [number * step for number in range(len(units))]
    assert _chosen(units, limits, numbers) == _by_the_rule(units, limits)


def test_no_rows_give_none() -> None:
    assert _chosen([], Limits(1, 1), []) == []


def test_the_largest_batch_and_unit_with_the_most_cells_fit() -> None:
    rows = 2**15 + 10_000
    last = 9_999
    cells = np.arange(rows, dtype=np.int64) % (last + 1)
    found = chosen(np.arange(rows, dtype=np.int64), cells.astype(np.uint16), cells.astype(np.uint16), Limits(1, 1))
    assert len(found) == rows


def test_what_does_not_fit_64_bits_is_refused() -> None:
    rows = 2**21
    zeros = np.zeros(rows, dtype=np.uint16)
    with pytest.raises(ValueError, match="too many rows"):
        chosen(np.zeros(rows, dtype=np.int64), zeros, zeros + np.uint16(2**14), Limits(1, 1))
