"""The SQL of exact sums over bounded contributions.

A unit contributes to at most k cells, those of the lowest hash of its secret token and the cell, and with at most C
rows to each, those of the lowest row_key. Rows are chosen after WHERE and before any aggregate's own condition, and by
looking at one unit's rows only, so a neighbouring edition differs in that unit's contribution and nothing else.
"""

# ruff: noqa: S608  # the text holds integers, names from the catalogue and nothing that an analyst wrote

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from concordat_privacy.plan import Component, Kind, Plan
from concordat_query.catalogue import Dataset
from concordat_query.coverage import Coverage
from concordat_query.model import Condition, Conjunction, columns_of

from concordat_node.engine.sql import condition_sql, quoted


@dataclass(frozen=True)
class Measure:
    """One SQL aggregate: rows, non-null values of a column, or their sum, where `condition` is true."""

    column: str | None
    summed: bool
    condition: Condition | None

    def sql(self, dataset: Dataset) -> str:
        operand = "*" if self.column is None else quoted(dataset, self.column)
        where = "" if self.condition is None else f" FILTER (WHERE {condition_sql(dataset, self.condition)})"
        return f"{'sum' if self.summed else 'count'}({operand}){where}"


Recipe = tuple[tuple[int, int], ...]
"""A component as a linear combination of measures: (factor, measure's position)."""


Places = tuple[Mapping[int | None, int], ...]
"""For each leading column of a scan's rows, how far its value moves the cell's position."""


@dataclass(frozen=True)
class Scan:
    """One statement. Its rows are what `places` decodes, then one integer or NULL per measure.

    Cells without rows are missing from them.
    """

    sql: str
    places: Places
    recipes: tuple[Recipe, ...]

    def cell(self, row: Sequence[int | None]) -> int:
        """The position of a row's cell among all combinations of the keys' domains."""
        return sum(place[value] for place, value in zip(self.places, row, strict=False))

    def values(self, row: Sequence[int | None]) -> list[int]:
        """A row's exact value of each component. SQL's sum over no value at all is NULL, and 0 here."""
        sums = row[len(self.places) :]
        return [sum(factor * (sums[measure] or 0) for factor, measure in recipe) for recipe in self.recipes]


def scan(plan: Plan, dataset: Dataset, coverage: Coverage, indexes: Sequence[int], table: str) -> Scan:
    """The statement that reads the components at `indexes` off an edition's table, and how to put them together."""
    combined = [_measures(plan.components[index], dataset, coverage) for index in indexes]
    measures = list(dict.fromkeys(measure for parts in combined for _, measure in parts))
    recipes = tuple(tuple((factor, measures.index(measure)) for factor, measure in parts) for parts in combined)
    source = _Source(plan, dataset, table, _kept_rows(plan, coverage), tuple(measures))
    limits = _limits(plan, dataset)
    if limits.cells is None and limits.rows is None:
        return Scan(source.by_keys(), source.places(), recipes)
    return Scan(source.by_cell(limits), ({cell: cell for cell in range(plan.cells)},), recipes)


def _measures(component: Component, dataset: Dataset, coverage: Coverage) -> list[tuple[int, Measure]]:
    condition = _both(component.filter, coverage.condition(component.reads))
    if component.kind is Kind.ROWS:
        return [(1, Measure(component.column, False, condition))]
    total = Measure(component.column, True, condition)
    if component.kind is Kind.SUM:
        return [(1, total)]
    column = dataset.column(component.column or "")
    return [(2, total), (-column.fixed_lower - column.fixed_upper, Measure(component.column, False, condition))]


def _kept_rows(plan: Plan, coverage: Coverage) -> Condition | None:
    """WHERE, and only rows for which the columns of WHERE and GROUP BY are held."""
    return _both(plan.query.where, coverage.condition(columns_of(plan.query.where) | frozenset(plan.query.keys)))


def _both(first: Condition | None, second: Condition | None) -> Condition | None:
    terms = tuple(condition for condition in (first, second) if condition is not None)
    return None if not terms else terms[0] if len(terms) == 1 else Conjunction(terms)


@dataclass(frozen=True)
class _Limits:
    """k and C, each None where the catalogue's declared limits keep it from ever binding."""

    cells: int | None
    rows: int | None

    @property
    def never_trimmed(self) -> int:
        """A unit with at most so many rows loses none of them."""
        return min(limit for limit in (self.cells, self.rows) if limit is not None)


def _limits(plan: Plan, dataset: Dataset) -> _Limits:
    """From declared facts alone. What the edition holds has no say in it."""
    varying = [dataset.column(key) for key in plan.query.keys if not dataset.constant_within_unit(key)]
    reachable = min(math.prod(len(column.stored_domain) for column in varying), dataset.max_rows_per_unit)
    return _Limits(
        cells=plan.max_groups if plan.max_groups < reachable else None,
        rows=plan.max_rows if plan.max_rows < dataset.max_rows_per_unit else None,
    )


@dataclass(frozen=True)
class _Source:
    plan: Plan
    dataset: Dataset
    table: str
    kept: Condition | None
    measures: tuple[Measure, ...]

    def by_keys(self) -> str:
        """Sums over all kept rows, by the keys as they are stored: the fastest where no limit can bind."""
        keys = ", ".join(quoted(self.dataset, key) for key in self.plan.query.keys)
        groups = f" GROUP BY {keys}" if keys else ""
        return f"SELECT {keys}{', ' if keys else ''}{self._sums()} FROM {self.table}{self._where(None)}{groups}"

    def places(self) -> Places:
        """How `by_keys` decodes: the last key runs fastest."""
        places, stride = [], self.plan.cells
        for key in self.plan.query.keys:
            domain = self.dataset.column(key).stored_domain
            stride //= len(domain)
            places.append({value: index * stride for index, value in enumerate(domain)})
        return tuple(places)

    def by_cell(self, limits: _Limits) -> str:
        """Sums over the rows that the limits leave. Units that cannot exceed them are spared the choosing."""
        light = self._where(f"unit_rows <= {limits.never_trimmed}")
        spared = f"SELECT {self._cell()} AS _cell, {self._sums()} FROM {self.table}{light} GROUP BY _cell"
        columns = ", ".join(f"_m{i}" for i in range(len(self.measures)))
        both = f"{spared} UNION ALL SELECT _cell, {columns} FROM ({self._trimmed(limits)})"
        sums = ", ".join(f"sum(_m{i})" for i in range(len(self.measures)))
        return f"SELECT _cell, {sums} FROM ({both}) GROUP BY _cell"

    def _trimmed(self, limits: _Limits) -> str:
        """Sums per unit and cell, of the chosen rows in the chosen cells of the units that may exceed a limit."""
        where = self._where(f"unit_rows > {limits.never_trimmed}")
        packed = f"CAST(unit AS BIGINT) * {self.plan.cells} + {self._cell()}"
        rows = f"SELECT *, {packed} AS _packed FROM {self.table}{where}"
        if limits.rows is not None:
            rows += f" QUALIFY row_number() OVER (PARTITION BY _packed ORDER BY row_key) <= {limits.rows}"
        tokens = "any_value(token_hi) AS _hi, any_value(token_lo) AS _lo"
        cell = f"_packed % {self.plan.cells} AS _cell, _packed // {self.plan.cells} AS _unit"
        cells = f"SELECT {cell}, {tokens}, {self._sums()} FROM ({rows}) GROUP BY _packed"
        if limits.cells is None:
            return cells
        rank = "row_number() OVER (PARTITION BY _unit ORDER BY hash(_hi, _lo, _cell), _cell)"
        return f"SELECT * FROM ({cells}) QUALIFY {rank} <= {limits.cells}"

    def _sums(self) -> str:
        return ", ".join(f"{measure.sql(self.dataset)} AS _m{i}" for i, measure in enumerate(self.measures))

    def _where(self, also: str | None) -> str:
        kept = None if self.kept is None else condition_sql(self.dataset, self.kept)
        terms = [term for term in (kept, also) if term is not None]
        return " WHERE " + " AND ".join(terms) if terms else ""

    def _cell(self) -> str:
        """The same position as `places` gives, in SQL."""
        code, stride = "CAST(0 AS BIGINT)", self.plan.cells
        for key in self.plan.query.keys:
            column = self.dataset.column(key)
            stride //= len(column.stored_domain)
            place = f"CAST({quoted(self.dataset, key)} AS BIGINT) - ({column.fixed_lower})"
            if column.nullable:
                place = f"coalesce({place}, {len(column.stored_domain) - 1})"
            code += f" + ({place}) * {stride}"
        return f"({code})"
