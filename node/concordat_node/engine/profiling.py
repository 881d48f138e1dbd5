"""The SQL of a profile's exact counts. Every entry counts a unit once; only the vector of rows counts rows.

What a unit counts in follows from that unit's own rows, the declared limits and the node's declared coverage.
"""

# ruff: noqa: S608  # the text holds integers, names from the catalogue and nothing that anyone typed

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from concordat_privacy.profile import Losing, ProfilePlan, Subject
from concordat_query.catalogue import Dataset
from concordat_query.coverage import Coverage

from concordat_node.engine.sql import condition_sql, quoted
from concordat_node.importing.edition import Loss

Rows = Sequence[Sequence[int | None]]
Exact = tuple[int, int, int]
"""A vector's index, the place in it, the exact figure."""


@dataclass(frozen=True)
class Count:
    """One statement, and how its rows are read."""

    sql: str
    read: Callable[[Rows], Iterator[Exact]]


def profile_counts(plan: ProfilePlan, dataset: Dataset, coverage: Coverage, table: str) -> list[Count]:
    """The statements that fill the plan's vectors from an edition's table. Places without a figure stay at 0."""
    return [_count(plan, index, dataset, coverage, table) for index in range(len(plan.vectors))]


def _count(plan: ProfilePlan, index: int, dataset: Dataset, coverage: Coverage, table: str) -> Count:
    vector = plan.vectors[index]
    match vector.subject:
        case Subject.UNITS:
            return Count(f"SELECT count(DISTINCT unit) FROM {table}", _one_row(index))
        case Subject.ROWS:
            return Count(f"SELECT count(*) FROM {table}", _one_row(index))
        case Subject.LOSSES:
            return Count(_losses_sql(plan, dataset, coverage, table), _one_row(index))
        case Subject.SIZES:
            return _sizes(index, vector.key or "", dataset, coverage, table)


def _one_row(index: int) -> Callable[[Rows], Iterator[Exact]]:
    """Reads a single row whose columns are the vector's places."""

    def read(rows: Rows) -> Iterator[Exact]:
        (row,) = rows
        return ((index, place, value or 0) for place, value in enumerate(row))

    return read


def _sizes(index: int, key: str, dataset: Dataset, coverage: Coverage, table: str) -> Count:
    places = {value: place for place, value in enumerate(dataset.column(key).stored_domain)}
    name = quoted(dataset, key)
    sql = f"SELECT {name}, count(DISTINCT unit) FROM {table}{_held(dataset, coverage, [key])} GROUP BY {name}"
    return Count(sql, lambda rows: ((index, places[value], units or 0) for value, units in rows))


def _losses_sql(plan: ProfilePlan, dataset: Dataset, coverage: Coverage, table: str) -> str:
    """Two levels: rows of a unit in each cell of the keys, then the unit's fullest cell and the number of its cells.

    What import cut off counts for all units, also for those without a row in which the keys are held.
    """
    keys = plan.request.keys
    held = _held(dataset, coverage, keys)
    by = ", ".join(["unit", *(quoted(dataset, key) for key in keys)])
    cells = f"SELECT unit, count(*) AS _rows FROM {table}{held} GROUP BY {by}"
    units = f"SELECT unit, max(_rows) AS _fullest, count(*) AS _cells FROM ({cells}) GROUP BY unit"
    lost = f"SELECT unit, any_value(unit_losses) AS _lost FROM {table} GROUP BY unit"
    columns = ", ".join(f"count(*) FILTER (WHERE {_loses(losing, plan)})" for losing in plan.losses)
    return f"SELECT {columns} FROM ({lost}) LEFT JOIN ({units}) USING (unit)"


def _loses(losing: Losing, plan: ProfilePlan) -> str:
    match losing:
        case Losing.ROW_AT_IMPORT:
            return f"_lost & {Loss.ROW:d} <> 0"
        case Losing.CLAMPED:
            return f"_lost & {Loss.CLAMPED:d} <> 0"
        case Losing.ROW_IN_CELL:
            return f"_fullest > {plan.request.max_rows}"
        case Losing.GROUP:
            return f"_cells > {plan.request.max_groups}"


def _held(dataset: Dataset, coverage: Coverage, keys: Sequence[str]) -> str:
    """WHERE all of these columns are held, as in queries that group by them."""
    condition = coverage.condition(keys)
    return "" if condition is None else f" WHERE {condition_sql(dataset, condition)}"
