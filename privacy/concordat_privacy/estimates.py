"""The table that people see: every figure with its margin of error and a status, from the nodes' noisy components."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from concordat_query.catalogue import Catalogue, CellKey
from concordat_query.errors import VerificationError
from concordat_query.model import OutputColumn, Presentation

from concordat_privacy.evaluation import Figure, Noisy, evaluate
from concordat_privacy.merge import Absent, NodeAnswer, add_up
from concordat_privacy.notes import notes
from concordat_privacy.plan import Plan
from concordat_privacy.standing import Code, Codes, Flags, Standing, components_of, standing
from concordat_privacy.status import Status

__all__ = ["Row", "Status", "Table", "Value", "tabulate"]


@dataclass(frozen=True)
class Value:
    """One figure. `estimate` is an int for counts and whole sums, None where the status says why there is none.

    Noisy counts may be negative: nothing is clipped. `margin` is half the width of the 95% interval due to the noise
    alone; infinite where the noise may have turned a divisor to zero. `low_reliability`: the margin is at least as
    large as the figure itself or, for a mean, as half the distance between the bounds.
    """

    estimate: float | int | None
    margin: float | int | None
    status: Status
    low_reliability: bool


@dataclass(frozen=True)
class Row:
    """One row: `keys` in `query.keys` order, one value for each ValueColumn of the presentation.

    `nation` names a nation or, with `is_total`, what the nations added up are called; None where nations are merged.
    """

    nation: str | None
    is_total: bool
    keys: tuple[CellKey, ...]
    values: tuple[Value | None, ...]


@dataclass(frozen=True)
class Table:
    """`columns` as the presentation lists them; `notes` say in words what the figures leave out."""

    columns: tuple[OutputColumn, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Lines:
    """What the rows stand for: a cell each, and the nations that are to be added up (`nations[row, nation]`).

    With `whole` a figure needs all of a row's nations; without, it is made of those that contribute.
    """

    labels: tuple[str | None, ...]
    totals: tuple[bool, ...]
    cells: npt.NDArray[np.intp]
    nations: Flags
    whole: bool


def tabulate(
    catalogue: Catalogue,
    plan: Plan,
    presentation: Presentation,
    answers: Sequence[NodeAnswer],
    absent: Sequence[Absent],
    seed: bytes,
) -> Table:
    """The table of a query's answers: by nation with totals, or merged.

    Deterministic given its arguments, whatever the order of answers; `seed` must follow from the answers. Expects a
    presentation that shows only what the plan's query asks for. Raises VerificationError where an answer lacks what
    its coverage promises or does not fit the plan.
    """
    stand = standing(catalogue, plan, presentation, answers, absent)
    _check_answers(plan, stand)
    lines = _by_nation(catalogue, plan, stand) if presentation.by_nation else _merged(plan, stand)
    columns = [_column(plan, stand, lines, value, seed) for value in range(len(stand.values))]
    return Table(presentation.columns, _rows(plan, lines, columns), notes(catalogue, plan, presentation, stand))


def _rows(plan: Plan, lines: _Lines, columns: Sequence[Sequence[Value]]) -> tuple[Row, ...]:
    keys = list(itertools.product(*plan.domains))
    return tuple(
        Row(label, is_total, keys[cell], tuple(column[row] for column in columns))
        for row, (label, is_total, cell) in enumerate(
            zip(lines.labels, lines.totals, lines.cells.tolist(), strict=True)
        )
    )


def _check_answers(plan: Plan, stand: Standing) -> None:
    for node, answer in enumerate(stand.answers):
        for value, column in enumerate(stand.values):
            if not stand.held[node, value].any():
                continue
            for index in components_of(column.value, plan):
                vector = answer.components.get(index)
                if vector is None or vector.shape != (plan.cells,):
                    raise VerificationError(f"{answer.node}: the answer does not hold component {index} for every cell")


def _merged(plan: Plan, stand: Standing) -> _Lines:
    return _Lines(
        labels=(None,) * plan.cells,
        totals=(False,) * plan.cells,
        cells=np.arange(plan.cells),
        nations=np.ones((plan.cells, len(stand.nations)), dtype=np.bool_),
        whole=False,
    )


def _by_nation(catalogue: Catalogue, plan: Plan, stand: Standing) -> _Lines:
    """Each nation's rows in the catalogue's order, then the totals of each set of nations, larger sets first."""
    count = len(stand.nations)
    everywhere = list(range(plan.cells))
    groups = [(tuple(other == nation for other in range(count)), everywhere) for nation in range(count)]
    groups += _total_groups(stand) if count > 1 else []
    lengths = [len(cells) for _, cells in groups]
    return _Lines(
        labels=tuple(itertools.chain(*([_label(catalogue, stand, flags)] * len(cells) for flags, cells in groups))),
        totals=tuple(group >= count for group, length in enumerate(lengths) for _ in range(length)),
        cells=np.array([cell for _, cells in groups for cell in cells], dtype=np.intp),
        nations=np.repeat(np.array([flags for flags, _ in groups], dtype=np.bool_), lengths, axis=0),
        whole=True,
    )


def _label(catalogue: Catalogue, stand: Standing, flags: Sequence[bool]) -> str:
    names = list(itertools.compress(stand.nations, flags))
    return names[0] if len(names) == 1 else catalogue.total_name(frozenset(names))


def _total_groups(stand: Standing) -> list[tuple[tuple[bool, ...], list[int]]]:
    """Every set of at least two nations that contribute to some value, with the cells in which they do."""
    contributing = (stand.codes >= Code.PARTLY_HELD).transpose(2, 1, 0).tolist()
    found: dict[tuple[bool, ...], list[int]] = {}
    for cell, values in enumerate(contributing):
        for flags in {tuple(flags) for flags in values}:
            if sum(flags) > 1:
                found.setdefault(flags, []).append(cell)
    return sorted(found.items(), key=lambda group: (sum(group[0]), group[0]), reverse=True)


def _column(plan: Plan, stand: Standing, lines: _Lines, value: int, seed: bytes) -> list[Value]:
    """One value column over all rows."""
    codes = stand.codes[:, value, lines.cells].T
    contributing = lines.nations & (codes >= Code.PARTLY_HELD)
    given: Flags = np.all(contributing == lines.nations, axis=1) if lines.whole else np.any(contributing, axis=1)
    statuses = _statuses(codes, lines.nations, given)
    added = contributing[:, stand.nation_of] & stand.held[:, value, lines.cells].T & given[:, None]
    rows = np.flatnonzero(given)
    noisy = _sums(plan, stand, value, lines.cells[rows], added[rows])
    figures = iter(evaluate(stand.values[value].value, plan, noisy, seed))
    return [
        _value(next(figures), status) if ok else Value(None, None, status, low_reliability=False)
        for ok, status in zip(given.tolist(), statuses, strict=True)
    ]


def _statuses(codes: Codes, nations: Flags, given: Flags) -> list[Status]:
    """One status for each row, from its nations' standings and whether there is a figure."""
    lost = (nations & (codes == Code.UNAVAILABLE)).any(axis=1)
    whole = (~nations | (codes == Code.OK)).all(axis=1)
    return [
        (Status.INCOMPLETE if gone else Status.OK if complete else Status.PARTLY_HELD)
        if ok
        else (Status.UNAVAILABLE if gone else Status.NOT_HELD)
        for ok, gone, complete in zip(given.tolist(), lost.tolist(), whole.tolist(), strict=True)
    ]


def _sums(plan: Plan, stand: Standing, value: int, cells: npt.NDArray[np.intp], added: Flags) -> Noisy:
    """The components of one value, added up over the nodes that each row adds."""
    sums = {}
    for index in components_of(stand.values[value].value, plan):
        vectors = [
            np.where(added[:, node], answer.components[index][cells], 0)
            for node, answer in enumerate(stand.answers)
            if added[:, node].any()
        ]
        sums[index] = add_up(vectors, len(cells))
    return Noisy(sums, added.sum(axis=1))


def _value(figure: Figure, status: Status) -> Value:
    if figure.estimate is None:
        return Value(None, None, Status.UNDEFINED, low_reliability=False)
    return Value(figure.estimate, figure.margin, status, figure.low_reliability)
