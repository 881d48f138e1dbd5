"""The table that people see: every figure with its margin of error and a status, from the nodes' noisy components."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from concordat_query.catalogue import Catalogue, CellKey
from concordat_query.errors import VerificationError
from concordat_query.model import Expression, OutputColumn, Presentation

from concordat_privacy.evaluation import Noisy, Number, evaluate
from concordat_privacy.lines import Group, Lines, Made, lines
from concordat_privacy.merge import Absent, NodeAnswer, add_up
from concordat_privacy.notes import notes
from concordat_privacy.plan import Plan
from concordat_privacy.standing import Standing, components_of, standing
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
    its coverage promises or does not fit the plan.
    """
    stand = standing(catalogue, plan, presentation, answers, absent)
    _check_answers(plan, stand)
    layout = lines(stand, by_nation=presentation.by_nation)
    columns = [_column(plan, stand, value, layout.made[value], seed) for value in range(len(stand.values))]
    labels = [_label(catalogue, stand, group) if presentation.by_nation else None for group in layout.groups]
    rows = _rows(plan, layout, labels, columns)
    return Table(presentation.columns, rows, notes(catalogue, plan, presentation, stand))


def _check_answers(plan: Plan, stand: Standing) -> None:
    needs = [components_of(column.value, plan) for column in stand.values]
    holding = np.any(stand.held, axis=2).tolist()
    for answer, held in zip(stand.answers, holding, strict=True):
        for index in itertools.chain(*itertools.compress(needs, held)):
            vector = answer.components.get(index)
            if vector is None or vector.shape != (plan.cells,):
                raise VerificationError(f"{answer.node}: the answer does not hold component {index} for every cell")


def _label(catalogue: Catalogue, stand: Standing, group: Group) -> str:
    names = list(itertools.compress(stand.nations, group))
    return names[0] if len(names) == 1 else catalogue.total_name(frozenset(names))


def _rows(
    plan: Plan, layout: Lines, labels: Sequence[str | None], columns: Sequence[Sequence[Value]]
) -> tuple[Row, ...]:
    keys = list(itertools.product(*plan.domains))
    heads = [(label, label is not None and sum(group) > 1) for label, group in zip(labels, layout.groups, strict=True)]
    values = zip(*columns, strict=True) if columns else itertools.repeat((), len(layout.rows))
    return tuple(
        Row(*heads[group], keys[cell], figures) for (group, cell), figures in zip(layout.rows, values, strict=True)
    )


def _column(plan: Plan, stand: Standing, value: int, made: Made, seed: bytes) -> list[Value]:
    """One value column over all rows."""
    expression = stand.values[value].value
    figures = iter(evaluate(expression, plan, _sums(expression, plan, stand, made), seed))
    return [
        _value(*next(figures), status) if given else _NO_FIGURE[status]
        for given, status in zip(made.given, made.statuses, strict=True)
    ]


def _sums(expression: Expression, plan: Plan, stand: Standing, made: Made) -> Noisy:
    """The components of one value, added up over the nodes that each row adds."""
    sums = {}
    for index in components_of(expression, plan):
        vectors = [stand.answers[node].components[index][made.cells] for node in made.adding]
        sums[index] = add_up([np.where(*pair, 0) for pair in zip(made.added, vectors, strict=True)], len(made.cells))
    return Noisy(sums, made.nodes)


def _value(estimate: Number | None, margin: Number | None, low_reliability: bool, status: Status) -> Value:
    return _NO_FIGURE[Status.UNDEFINED] if estimate is None else Value(estimate, margin, status, low_reliability)
