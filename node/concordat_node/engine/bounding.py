"""The SQL of exact sums over bounded contributions.

A unit contributes to at most k cells, those of the lowest hash of its secret token and the cell, and with at most C
rows to each, those of the lowest row_key. Rows are chosen after WHERE and before any aggregate's own condition, and by
looking at one unit's rows only, so a neighbouring edition differs in that unit's contribution and nothing else.
"""

# ruff: noqa: S608  # the text holds integers, names from the catalogue and nothing that an analyst wrote

from collections.abc import Sequence
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


@dataclass(frozen=True)
class Scan:
    """One statement. Its rows are (cell, one integer or NULL per measure); cells without rows are missing."""

    sql: str
    recipes: tuple[Recipe, ...]


def scan(plan: Plan, dataset: Dataset, coverage: Coverage, indexes: Sequence[int], table: str) -> Scan:
    """The statement that reads the components at `indexes` off an edition's table, and how to put them together."""
    combined = [_measures(plan.components[index], dataset, coverage) for index in indexes]
    measures = list(dict.fromkeys(measure for parts in combined for _, measure in parts))
    recipes = tuple(tuple((factor, measures.index(measure)) for factor, measure in parts) for parts in combined)
    source = _Source(plan, dataset, table, _kept_rows(plan, coverage), tuple(measures))
    return Scan(source.statement(_limits(plan, dataset)), recipes)


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
    one_cell = all(dataset.constant_within_unit(key) for key in plan.query.keys)
    reachable = 1 if one_cell else min(plan.cells, dataset.max_rows_per_unit)
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

    def statement(self, limits: _Limits) -> str:
        if limits.cells is None and limits.rows is None:
            return self._plain(None)
        light = self._plain(f"unit_rows <= {limits.never_trimmed}")
        columns = ", ".join(f"sum(_m{i})" for i in range(len(self.measures)))
        heavy = ", ".join(f"_m{i}" for i in range(len(self.measures)))
        both = f"{light} UNION ALL SELECT _cell, {heavy} FROM ({self._trimmed(limits)})"
        return f"SELECT _cell, {columns} FROM ({both}) GROUP BY _cell"

    def _plain(self, also: str | None) -> str:
        """Sums over all kept rows. The light units of a bounded query, which cannot lose a row, take this way too."""
        return f"SELECT {self._cell()} AS _cell, {self._sums()} FROM {self.table}{self._where(also)} GROUP BY _cell"

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
        """The cell's position among all combinations of the keys' domains, the last key running fastest."""
        code, stride = "CAST(0 AS BIGINT)", self.plan.cells
        for key in self.plan.query.keys:
            column = self.dataset.column(key)
            stride //= len(column.stored_domain)
            place = f"CAST({quoted(self.dataset, key)} AS BIGINT) - {column.fixed_lower}"
            if column.nullable:
                place = f"coalesce({place}, {len(column.stored_domain) - 1})"
            code += f" + ({place}) * {stride}"
        return f"({code})"
