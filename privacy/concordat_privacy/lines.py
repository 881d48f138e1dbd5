"""The rows of a table, and of which nodes' sums each figure is made.

Follows from everyone's standing alone and not from the figures, so it is kept from one query to the next.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from concordat_privacy.standing import Code, Codes, Flags, Standing
from concordat_privacy.status import Status

Group = tuple[bool, ...]
"""Which nations are added up, in the standing's order."""


@dataclass(frozen=True)
class Made:
    """One value over all rows: their `statuses`, whether a figure is `given`, and for the given ones how it is made.

    `cells[row]` is the cell, `nodes[row]` how many nodes are added, `added[adding, row]` whether one is: `adding` are
    those that any row adds, by index into the standing's answers.
    """

    statuses: tuple[Status, ...]
    given: tuple[bool, ...]
    cells: npt.NDArray[np.intp]
    nodes: npt.NDArray[np.int64]
    adding: tuple[int, ...]
    added: Flags


@dataclass(frozen=True)
class Lines:
    """`rows` are groups, by index, and cells; `made` has an entry for each value."""

    groups: tuple[Group, ...]
    rows: tuple[tuple[int, int], ...]
    made: tuple[Made, ...]


def lines(stand: Standing, *, by_nation: bool) -> Lines:
    """The rows: each nation's and then totals, or one for each cell with all nations that contribute."""
    nation_of = tuple(stand.nation_of.tolist())
    return _lines(by_nation, stand.codes.shape, stand.codes.tobytes(), nation_of, stand.held.tobytes())


@lru_cache(maxsize=16)  # who contributes to what is the same for most of an analyst's questions
def _lines(
    by_nation: bool, shape: tuple[int, int, int], codes_bytes: bytes, nation_of: tuple[int, ...], held_bytes: bytes
) -> Lines:
    nations, values, cells = shape
    codes: Codes = np.frombuffer(codes_bytes, dtype=np.int8).reshape(shape)
    held: Flags = np.frombuffer(held_bytes, dtype=np.bool_).reshape(len(nation_of), values, cells)
    everywhere = list(range(cells))
    grouped = _by_nation(codes, everywhere) if by_nation else [((True,) * nations, everywhere)]
    groups = tuple(group for group, _ in grouped)
    rows = tuple((index, cell) for index, (_, own) in enumerate(grouped) for cell in own)
    group_of, cell_of = np.array(rows, dtype=np.intp).reshape(len(rows), 2).T
    asked: Flags = np.array(groups, dtype=np.bool_).reshape(len(groups), nations)[group_of]
    made = (
        _made(codes[:, value, cell_of].T, asked, by_nation, cell_of, held[:, value, cell_of], list(nation_of))
        for value in range(values)
    )
    return Lines(groups, rows, tuple(made))


def _by_nation(codes: Codes, everywhere: list[int]) -> list[tuple[Group, list[int]]]:
    """Each nation's rows in the catalogue's order, then the totals of each set of nations, larger sets first."""
    nations = range(len(codes))
    single = [(tuple(other == nation for other in nations), everywhere) for nation in nations]
    return single + (_totals(codes) if len(codes) > 1 else [])


def _totals(codes: Codes) -> list[tuple[Group, list[int]]]:
    """Every set of at least two nations that contribute to some value, with the cells in which they do."""
    contributing = (codes >= Code.PARTLY_HELD).transpose(2, 1, 0).tolist()
    found: dict[Group, list[int]] = {}
    for cell, values in enumerate(contributing):
        for flags in {tuple(flags) for flags in values}:
            if sum(flags) > 1:
                found.setdefault(flags, []).append(cell)
    return sorted(found.items(), key=lambda group: (sum(group[0]), group[0]), reverse=True)


def _made(
    codes: Codes, asked: Flags, whole: bool, cells: npt.NDArray[np.intp], held: Flags, nation_of: list[int]
) -> Made:
    """How one value is made. `codes` and `asked` are [row, nation], `held` is [node, row].

    With `whole` a figure needs all of a row's nations; without, it is made of those that contribute.
    """
    contributing = asked & (codes >= Code.PARTLY_HELD)
    given: Flags = np.all(contributing == asked, axis=1) if whole else np.any(contributing, axis=1)
    added = (contributing[:, nation_of].T & held)[:, given]
    adding = np.flatnonzero(added.any(axis=1))
    return Made(
        statuses=_statuses(codes, asked, given),
        given=tuple(given.tolist()),
        cells=cells[given],
        nodes=added.sum(axis=0),
        adding=tuple(adding.tolist()),
        added=added[adding],
    )


def _statuses(codes: Codes, asked: Flags, given: Flags) -> tuple[Status, ...]:
    """One status for each row, from its nations' standings and whether there is a figure."""
    lost = (asked & (codes == Code.UNAVAILABLE)).any(axis=1)
    whole = (~asked | (codes == Code.OK)).all(axis=1)
    return tuple(
        (Status.INCOMPLETE if gone else Status.OK if complete else Status.PARTLY_HELD)
        if ok
        else (Status.UNAVAILABLE if gone else Status.NOT_HELD)
        for ok, gone, complete in zip(given.tolist(), lost.tolist(), whole.tolist(), strict=True)
    )
