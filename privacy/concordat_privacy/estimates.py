"""The table that people see: every figure with its margin of error and a status, from the nodes' noisy components."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from concordat_query.catalogue import Catalogue, CellKey
from concordat_query.errors import VerificationError
from concordat_query.model import KeyColumn, NationColumn, OutputColumn, Presentation, ValueColumn

from concordat_privacy.arranging import Known, Line, arranged, looked_at
from concordat_privacy.comparability import kept_apart
from concordat_privacy.evaluation import Figure, Number, evaluate
from concordat_privacy.lines import Group, Lines, Made, lines
from concordat_privacy.merge import Absent, NodeAnswer
from concordat_privacy.notes import notes
from concordat_privacy.places import Level, Places, key_axis, places, plan_of_level
from concordat_privacy.plan import Plan
from concordat_privacy.released import over_all_texts
from concordat_privacy.standing import Standing, components_of, standing
from concordat_privacy.status import Status
from concordat_privacy.sums import noisy

__all__ = ["Row", "Status", "Table", "Value", "tabulate"]


@dataclass(frozen=True)
class Value:
    """One figure. `estimate` is an int for counts and whole sums, None where the status says why there is none.

    Noisy counts may be negative: nothing is clipped. `margin` is half the width of the 95% interval due to the noise
    alone; infinite where the noise may have turned a divisor to zero. `low_reliability`: the margin is at least as
    large as the figure itself or, for a mean or a spread, as half of the range that the bounds leave it.
    """

    estimate: float | int | None
    margin: float | int | None
    status: Status
    low_reliability: bool


@dataclass(frozen=True)
class Row:
    """One row: `keys` in `query.keys` order, one value for each ValueColumn of the presentation.

    `nation` names a nation or, with `is_total`, what the nations added up are called; None where nations are merged.
    `rolled` tells for each key whether the row sums over it: the key is then None, which otherwise means missing.
    """

    nation: str | None
    is_total: bool
    keys: tuple[CellKey, ...]
    values: tuple[Value | None, ...]
    rolled: tuple[bool, ...]

    @property
    def is_plain(self) -> bool:
        """Whether the row is no total, neither of nations nor over keys. Plain rows stand before totals."""
        return not (self.is_total or any(self.rolled))


@dataclass(frozen=True)
class Table:
    """`columns` as the presentation lists them; `notes` say in words what the figures leave out.

    `rollup` are the keys that some rows may sum over, each by the position of a column that shows it.
    """

    columns: tuple[OutputColumn, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    rollup: tuple[int, ...] = ()


_NO_FIGURE = {status: Value(None, None, status, low_reliability=False) for status in Status}


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
    its coverage promises or does not fit the plan, or where nations would be merged that do not compare.
    """
    catalogue, plan, answers = over_all_texts(catalogue, plan, answers)
    values = _values(presentation)
    shown = sum(isinstance(column, ValueColumn) for column in presentation.columns)
    stand = standing(catalogue, plan, values, answers, absent)
    where = places(plan, presentation)
    _check_answers(plan, stand, where)
    apart = kept_apart(plan, catalogue.dataset(plan.query.dataset), stand, by_nation=presentation.by_nation)
    layout = lines(stand, where, apart, by_nation=presentation.by_nation, shown=shown)
    columns = [_column(plan, stand, where, value, layout.made[value], seed) for value in range(len(values))]
    labels = [_label(catalogue, stand, group) if presentation.by_nation else None for group in layout.groups]
    rows = _rows(layout, labels, where.labels(plan.domains), columns)
    if presentation.having is not None or presentation.order or presentation.limit is not None or presentation.offset:
        rows = _arranged(catalogue, plan, presentation, stand, rows)
    if len(values) > shown:
        rows = [replace(row, values=row.values[:shown]) for row in rows]
    told = notes(catalogue, plan, presentation, stand.first(shown))
    return Table(presentation.columns, tuple(rows), told, presentation.rollup)


def _values(presentation: Presentation) -> tuple[ValueColumn, ...]:
    """What is shown, then what HAVING and ORDER BY look at beside it."""
    shown = [column for column in presentation.columns if isinstance(column, ValueColumn)]
    known = {column.value for column in shown}
    unshown = [subject for subject in looked_at(presentation) if subject not in known]
    return (*shown, *(ValueColumn("", subject) for subject in unshown))


def _check_answers(plan: Plan, stand: Standing, where: Places) -> None:
    plans = [plan_of_level(plan, level) for level in where.levels]
    needs = [[index for own in plans for index in components_of(column.value, own)] for column in stand.values]
    holding = np.any(stand.held, axis=2).tolist()
    for answer, held in zip(stand.answers, holding, strict=True):
        for index in itertools.chain(*itertools.compress(needs, held)):
            vector = answer.components.get(index)
            if vector is None or vector.shape != (plan.components[index].length,):
                raise VerificationError(f"{answer.node}: the answer does not hold component {index} for every cell")


def _label(catalogue: Catalogue, stand: Standing, group: Group) -> str:
    names = list(itertools.compress(stand.nations, group))
    return names[0] if len(names) == 1 else catalogue.total_name(frozenset(names))


def _rows(
    layout: Lines,
    labels: Sequence[str | None],
    keys: Sequence[tuple[tuple[CellKey, ...], Level]],
    columns: Sequence[Sequence[Value]],
) -> list[Row]:
    """All rows, plain ones first."""
    heads = [(label, label is not None and sum(group) > 1) for label, group in zip(labels, layout.groups, strict=True)]
    values = zip(*columns, strict=True) if columns else itertools.repeat((), len(layout.rows))
    return [
        Row(*heads[group], keys[place][0], figures, keys[place][1])
        for (group, place), figures in zip(layout.rows, values, strict=bool(columns))
    ]


def _arranged(
    catalogue: Catalogue, plan: Plan, presentation: Presentation, stand: Standing, rows: list[Row]
) -> list[Row]:
    """The rows that HAVING and LIMIT leave, in ORDER BY's order."""
    axes = {
        position: key_axis(plan, presentation, position)
        for position, column in enumerate(presentation.columns)
        if isinstance(column, KeyColumn)
    }
    nations = [position for position, column in enumerate(presentation.columns) if isinstance(column, NationColumn)]
    ranks: dict[int, dict[Known, int]] = {
        position: {key: rank for rank, key in enumerate(plan.domains[axis]) if key is not None}
        for position, axis in axes.items()
    }
    ranks.update((position, {nation: rank for rank, nation in enumerate(stand.nations)}) for position in nations)
    seen = [_line(row, stand, axes, nations) for row in rows]
    return [rows[index] for index in arranged(seen, presentation, ranks)]


def _line(row: Row, stand: Standing, axes: dict[int, int], nations: list[int]) -> Line:
    figures = {
        column.value: None if value is None else value.estimate
        for column, value in zip(stand.values, row.values, strict=True)
    }
    keys: dict[int, CellKey] = {position: row.keys[axis] for position, axis in axes.items()}
    keys.update(dict.fromkeys(nations, None if row.is_total else row.nation))
    summed = {position for position, axis in axes.items() if row.rolled[axis]} | set(nations if row.is_total else ())
    return Line(keys, figures, not row.is_plain, frozenset(summed))


def _column(plan: Plan, stand: Standing, where: Places, value: int, made: Made, seed: bytes) -> list[Value]:
    """One value column over all rows."""
    expression = stand.values[value].value
    found: dict[int, Figure] = {}
    for own, rows in _by_plan(plan, where, made):
        sums = noisy(own, components_of(expression, own), stand, where, made.some(rows))
        found.update(zip(rows.tolist(), evaluate(expression, own, sums, seed), strict=True))
    figures = (found[row] for row in range(len(found)))
    return [
        _value(*next(figures), status) if given else _NO_FIGURE[status]
        for given, status in zip(made.given, made.statuses, strict=True)
    ]


def _by_plan(plan: Plan, where: Places, made: Made) -> Iterator[tuple[Plan, npt.NDArray[np.intp]]]:
    """The given rows, by index, that one plan makes: one for all levels, unless counts of units have totals."""
    if not any(component.over for component in plan.components):
        yield plan, np.arange(len(made.place))
        return
    level_of = where.level_of(made.place)
    for index, level in enumerate(where.levels):
        yield plan_of_level(plan, level), np.flatnonzero(level_of == index)


def _value(estimate: Number | None, margin: Number | None, low_reliability: bool, status: Status) -> Value:
    return _NO_FIGURE[Status.UNDEFINED] if estimate is None else Value(estimate, margin, status, low_reliability)
