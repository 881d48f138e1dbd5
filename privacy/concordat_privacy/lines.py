"""The rows of a table, and of which nodes' sums each figure is made.

Follows from everyone's standing alone and not from the figures, so it is kept from one query to the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from concordat_privacy.places import Places
from concordat_privacy.standing import Code, Codes, Flags, Standing
from concordat_privacy.status import Status

Group = tuple[bool, ...]
"""Which nations are added up, in the standing's order."""


@dataclass(frozen=True)
class Made:
    """One value over all rows: their `statuses`, whether a figure is `given`, and for the given ones how it is made.

    A figure adds up, over the cells of `place[row]` and the nations for which `asked[row, nation]`, what nodes add:
    `adds[node, cell]`.
    """

    statuses: tuple[Status, ...]
    given: tuple[bool, ...]
    place: npt.NDArray[np.intp]
    asked: Flags
    adds: Flags

    def some(self, rows: npt.NDArray[np.intp]) -> "Made":
        """The same for some of the rows that have a figure."""
        return replace(self, place=self.place[rows], asked=self.asked[rows])


@dataclass(frozen=True)
class Lines:
    """`rows` are groups, by index, and places; `made` has an entry for each value."""

    groups: tuple[Group, ...]
    rows: tuple[tuple[int, int], ...]
    made: tuple[Made, ...]


def lines(stand: Standing, places: Places, apart: tuple[bool, ...], *, by_nation: bool, shown: int) -> Lines:
    """The rows: each nation's and then totals, or one for each place with all nations that contribute.

    Of the values the first `shown` make rows: there is a total of those nations that contribute to one of them. No
    total is made of a value that is kept `apart`: it has no figure in any.
    """
    nation_of = tuple(stand.nation_of.tolist())
    held = stand.held.tobytes()
    return _lines(by_nation, shown, places, stand.codes.shape, stand.codes.tobytes(), nation_of, held, apart)


@lru_cache(maxsize=16)  # who contributes to what is the same for most of an analyst's questions
def _lines(
    by_nation: bool,
    shown: int,
    places: Places,
    shape: tuple[int, int, int],
    codes_bytes: bytes,
    nation_of: tuple[int, ...],
    held_bytes: bytes,
    apart: tuple[bool, ...],
) -> Lines:
    nations, values, cells = shape
    own: Codes = np.frombuffer(codes_bytes, dtype=np.int8).reshape(shape)
    held: Flags = np.frombuffer(held_bytes, dtype=np.bool_).reshape(len(nation_of), values, cells)
    codes = _over_places(own, places)
    added = [value for value in range(shown) if not apart[value]]
    grouped = _by_nation(codes[:, added], places) if by_nation else [((True,) * nations, range(places.count))]
    groups = tuple(dict.fromkeys(group for group, _ in grouped))
    rows = tuple((groups.index(group), place) for group, some in grouped for place in some)
    group_of, place_of = np.array(rows, dtype=np.intp).reshape(len(rows), 2).T
    asked: Flags = np.array(groups, dtype=np.bool_).reshape(len(groups), nations)[group_of]
    adds: Flags = held & (own[list(nation_of)] >= Code.INCOMPLETE)
    merged: Flags = asked.sum(axis=1) > 1
    made = (
        _made(codes[:, value, place_of].T, asked, by_nation, merged & apart[value], place_of, adds[:, value])
        for value in range(values)
    )
    return Lines(groups, rows, tuple(made))


def _over_places(codes: Codes, places: Places) -> Codes:
    """The nations' standing in every place: a total of which a part is held is partly held.

    What is suppressed lacks in no total over a private key: it is in the group of all others. In a total over other
    keys alone all cells are of one text.
    """
    if len(places.levels) == 1:
        return codes
    some = places.over(codes >= Code.INCOMPLETE, np.logical_or)
    suppressed = np.isin(codes, (Code.SUPPRESSED, Code.PARTLY_SUPPRESSED))
    whole = places.over((codes == Code.OK) | suppressed, np.logical_and)
    full = np.where(places.over(codes == Code.OK, np.logical_or), Code.OK, Code.PARTLY_SUPPRESSED)
    lost = places.over(codes == Code.UNAVAILABLE, np.logical_or)
    lacking = np.where(lost, Code.INCOMPLETE, Code.PARTLY_HELD)
    unheld = np.where(places.over(suppressed, np.logical_or), Code.SUPPRESSED, Code.NOT_HELD)
    nothing = np.where(lost, Code.UNAVAILABLE, unheld)
    found: Codes = np.where(some, np.where(whole, full, lacking), nothing).astype(np.int8)
    found[..., : places.cells] = codes
    return found


def _by_nation(codes: Codes, places: Places) -> list[tuple[Group, Sequence[int]]]:
    """Each nation's rows in the catalogue's order, then the totals over keys, then those of each set of nations, larger
    sets first."""
    nations = range(len(codes))
    single: list[Group] = [tuple(other == nation for other in nations) for nation in nations]
    plain = [(group, range(places.cells)) for group in single]
    rolled = [(group, range(places.cells, places.count)) for group in single]
    return [*plain, *rolled, *(_totals(codes) if len(codes) > 1 else [])]


def _totals(codes: Codes) -> list[tuple[Group, Sequence[int]]]:
    """Every set of at least two nations that contribute to some value, with the places in which they do."""
    contributing = (codes >= Code.INCOMPLETE).transpose(2, 1, 0).tolist()
    found: dict[Group, list[int]] = {}
    for place, values in enumerate(contributing):
        for flags in {tuple(flags) for flags in values}:
            if sum(flags) > 1:
                found.setdefault(flags, []).append(place)
    return sorted(found.items(), key=lambda group: (sum(group[0]), group[0]), reverse=True)


def _made(codes: Codes, asked: Flags, whole: bool, barred: Flags, places: npt.NDArray[np.intp], adds: Flags) -> Made:
    """How one value is made. `codes` and `asked` are [row, nation], `barred` is [row].

    With `whole` a figure needs all of a row's nations; without, it is made of those that contribute.
    """
    contributing = asked & (codes >= Code.INCOMPLETE)
    given: Flags = np.all(contributing == asked, axis=1) if whole else np.any(contributing, axis=1)
    given &= ~barred
    return Made(
        statuses=_statuses(codes, asked, given, barred),
        given=tuple(given.tolist()),
        place=places[given],
        asked=asked[given],
        adds=adds,
    )


def _statuses(codes: Codes, asked: Flags, given: Flags, barred: Flags) -> tuple[Status, ...]:
    """One status for each row, from its nations' standings and whether there is a figure."""
    lost = (asked & ((codes == Code.UNAVAILABLE) | (codes == Code.INCOMPLETE))).any(axis=1)
    suppressed = np.isin(codes, (Code.SUPPRESSED, Code.PARTLY_SUPPRESSED))
    whole = (~asked | (codes == Code.OK) | suppressed).all(axis=1)
    hidden = (asked & suppressed).any(axis=1)
    partly = np.where(~whole, Status.PARTLY_HELD, np.where(hidden, Status.PARTLY_SUPPRESSED, Status.OK))
    figures = np.where(lost, Status.INCOMPLETE, partly)
    without = np.where(lost, Status.UNAVAILABLE, np.where(hidden, Status.SUPPRESSED, Status.NOT_HELD))
    found = np.where(given, figures, np.where(barred, Status.NOT_COMPARABLE, without))
    return tuple(map(Status, found.tolist()))
