"""From components to the statements whose rows are their exact sums."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np
from concordat_privacy.components import Component, Kind
from concordat_privacy.plan import Plan
from concordat_query.catalogue import Dataset
from concordat_query.coverage import Coverage
from concordat_query.model import Condition, Negation, NullTest, Scalar, both, columns_in, columns_of
from concordat_query.scalar_types import ScalarType

from concordat_node.engine.bounding import KeptRows
from concordat_node.engine.limits import Limits
from concordat_node.engine.sql import condition_sql, quoted, scalar_sql
from concordat_node.engine.trimming import trimmed


@dataclass(frozen=True)
class Measure:
    """One SQL aggregate: the non-null values of a scalar, each to the `power` of 0 (so counted), 1 or 2, added up over
    the rows where `condition` is true. Without a scalar, all of these rows.

    A value that is summed is within 2**31, so its square fits 64 bits; DuckDB's sum of them has 128. With `other`, the
    values are multiplied by it; rows that lack either add nothing.
    """

    scalar: Scalar | None
    power: int
    condition: Condition | None
    other: Scalar | None = None

    def sql(self, dataset: Dataset) -> str:
        where = "" if self.condition is None else f" FILTER (WHERE {condition_sql(dataset, self.condition)})"
        if self.scalar is None:
            return f"count(*){where}"
        value = scalar_sql(dataset, self.scalar)
        if self.power == 0:
            return f"count({value}){where}"
        factors = [value] * self.power if self.other is None else [value, scalar_sql(dataset, self.other)]
        return f"sum({' * '.join(f'CAST({factor} AS BIGINT)' for factor in factors)}){where}"


Recipe = tuple[tuple[int, int], ...]
"""A component as a linear combination of measures: (factor, measure's position)."""


Rows = Sequence[Sequence[int | None]]
Exact = tuple[int, int, int]
"""A component's index, the place in its vector, the exact figure."""

Places = tuple[Mapping[int | None, int], ...]
"""For each leading column of a scan's rows, how far its value moves the cell's position."""


@dataclass(frozen=True)
class Scan:
    """One statement over table `kept`, which gives the components at `indexes`, all with the same cells.

    Its rows are what `places` decodes, then one integer or NULL per measure. Cells without rows are missing.
    """

    indexes: tuple[int, ...]
    sql: str
    places: Places
    recipes: tuple[Recipe, ...]

    def read(self, rows: Rows) -> Iterator[Exact]:
        """The exact figures: a component's index, the cell's position among all, the integer.

        SQL's sum over no value at all is NULL, and 0 here.
        """
        for row in rows:
            cell = sum(place[value] for place, value in zip(self.places, row, strict=False))
            sums = row[len(self.places) :]
            for index, recipe in zip(self.indexes, self.recipes, strict=True):
                yield index, cell, sum(factor * (sums[measure] or 0) for factor, measure in recipe)


@dataclass(frozen=True)
class BinScan:
    """One statement over table `kept`, which gives the cells' histograms of one component: cell, bin, rows."""

    index: int
    component: Component
    sql: str

    def read(self, rows: Rows) -> Iterator[Exact]:
        """As `Scan.read`; the places are those of the component's vector."""
        assert self.component.bins is not None  # noqa: S101  # made for components with bins alone
        counts = np.zeros((self.component.cells, self.component.bins.count), dtype=np.int64)
        for cell, place, number in rows:
            counts[cell or 0, place or 0] = number or 0
        figures = counts @ self.component.bins.strategy.matrix.T
        return ((self.index, place, exact) for place, exact in enumerate(figures.ravel().tolist()))


@dataclass(frozen=True)
class Scans:
    """Statements over the same kept rows, each component in one of them.

    `spared` gives the rows that need no trimming; `to_trim` those that `limits` may trim, None if there are none.
    """

    spared: str
    to_trim: str | None
    limits: Limits
    statements: tuple[Scan | BinScan, ...]

    def read(self, connection: duckdb.DuckDBPyConnection) -> Iterator[Exact]:
        """The exact figures in parts that are to be added up: a component's index, the place in it, an integer."""
        spared = f"WITH kept AS NOT MATERIALIZED ({self.spared}) "
        for scan in self.statements:
            yield from scan.read(connection.execute(spared + scan.sql).fetchall())
        if self.to_trim is None:
            return
        for table in trimmed(connection.cursor(), self.to_trim, self.limits):
            connection.register("kept", table)
            for scan in self.statements:
                yield from scan.read(connection.execute(scan.sql).fetchall())
            connection.unregister("kept")


def scans(plan: Plan, dataset: Dataset, coverage: Coverage, indexes: Sequence[int], table: str) -> Scans:
    """The statements that read the components at `indexes` off an edition's table."""
    kept = _kept(plan, dataset, coverage, indexes, table)
    rows: list[int] = []
    units: dict[tuple[int, ...], list[int]] = {}
    binned: list[BinScan] = []
    for index in indexes:
        component = plan.components[index]
        if component.kind is Kind.UNITS:
            units.setdefault(component.over, []).append(index)
        elif component.bins is not None:
            binned.append(_bin_scan(kept, coverage, index))
        else:
            rows.append(index)
    over_rows = [_rows_scan(kept, coverage, rows)] if rows else []
    over_units = [_units_scan(kept, coverage, over, own) for over, own in units.items()]
    return Scans(kept.spared, kept.to_trim, kept.limits, (*over_rows, *over_units, *binned))


def _kept(plan: Plan, dataset: Dataset, coverage: Coverage, indexes: Sequence[int], table: str) -> KeptRows:
    """The kept rows with the columns that the statements read."""
    kept = KeptRows(plan, dataset, coverage, table, ())
    read = set[str]().union(*(() if kept.may_trim else map(columns_in, plan.query.keys)))
    for index in indexes:
        reads = plan.components[index].reads
        read |= reads | columns_of(coverage.condition(reads))
    return replace(kept, columns=[quoted(dataset, column.name) for column in dataset.columns if column.name in read])


def _rows_scan(kept: KeptRows, coverage: Coverage, indexes: Sequence[int]) -> Scan:
    combined = [_measures(kept.plan.components[index], coverage) for index in indexes]
    measures = list(dict.fromkeys(measure for parts in combined for _, measure in parts))
    recipes = tuple(tuple((factor, measures.index(measure)) for factor, measure in parts) for parts in combined)
    sums = [measure.sql(kept.dataset) for measure in measures]
    if not kept.may_trim:
        return Scan(tuple(indexes), kept.by_keys(sums), kept.places(), recipes)
    return Scan(tuple(indexes), kept.by_cell(sums), (_each(kept.plan.cells),), recipes)


def _units_scan(kept: KeptRows, coverage: Coverage, over: tuple[int, ...], indexes: Sequence[int]) -> Scan:
    """Counts of units with a kept row that satisfies the component's own condition."""
    components = [kept.plan.components[index] for index in indexes]
    present = []
    for component in components:
        condition = both(component.filter, coverage.condition(component.reads))
        text = "true" if condition is None else condition_sql(kept.dataset, condition)
        present.append(f"coalesce(bool_or({text}), false)")
    recipes: tuple[Recipe, ...] = tuple(((1, position),) for position in range(len(components)))
    return Scan(tuple(indexes), kept.units_by_cell(present, over), (_each(components[0].cells),), recipes)


def _bin_scan(kept: KeptRows, coverage: Coverage, index: int) -> BinScan:
    component = kept.plan.components[index]
    assert component.bins is not None  # noqa: S101  # whoever calls has looked
    assert component.scalar is not None  # noqa: S101  # a histogram is of a scalar
    condition = both(component.filter, coverage.condition(component.reads))
    value = scalar_sql(kept.dataset, component.scalar)
    place = f"(CAST({value} AS BIGINT) - ({component.bins.lower})) // {component.bins.size}"
    return BinScan(index, component, kept.bins_by_cell(place, condition))


def _each(cells: int) -> Mapping[int | None, int]:
    return {cell: cell for cell in range(cells)}


def _measures(component: Component, coverage: Coverage) -> list[tuple[int, Measure]]:
    condition = both(component.filter, coverage.condition(component.reads))
    if component.kind is Kind.ROWS or component.scalar is None:
        return [(1, Measure(component.scalar, 0, condition))]
    number, total, squares = (Measure(component.scalar, power, condition) for power in (0, 1, 2))
    if component.kind is Kind.SUM:
        return [(1, total)]
    kind = component.types[0]
    bounds, width = kind.lower + kind.upper, kind.upper - kind.lower
    if component.kind is Kind.CENTRED:
        return [(2, total), (-bounds, number)]
    if component.other is not None:
        return _products(component.scalar, component.other, component.types, condition)
    # 2 (2x - bounds)^2 - width^2, multiplied out
    return [(8, squares), (-8 * bounds, total), (2 * bounds**2 - width**2, number)]


def _products(
    first: Scalar, second: Scalar, types: Sequence[ScalarType], condition: Condition | None
) -> list[tuple[int, Measure]]:
    """(2x - bounds of x) (2y - bounds of y) over the rows that hold both, multiplied out."""
    a, b = (kind.lower + kind.upper for kind in types)
    held = [Negation(NullTest(scalar)) for scalar, kind in zip((first, second), types, strict=True) if kind.nullable]
    for term in held:
        condition = both(condition, term)
    sums = [Measure(scalar, 1, condition) for scalar in (first, second)]
    return [
        (4, Measure(first, 1, condition, second)),
        (-2 * b, sums[0]),
        (-2 * a, sums[1]),
        (a * b, Measure(None, 0, condition)),
    ]
