"""Exact sums as the engine's SQL gives them, and as a plain reading of the rules gives them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import duckdb
from concordat_node.engine.scans import scans
from concordat_node.importing import edition
from concordat_privacy.components import Component, Kind
from concordat_privacy.plan import Plan
from concordat_privacy.strategies import Grouped
from concordat_query.catalogue import CellKey, Dataset
from concordat_query.coverage import Coverage
from concordat_query.domains import domain_of
from concordat_query.model import columns_in, columns_of
from concordat_query.row_values import truth, value_of
from fakes.editions import Row

Units = Sequence[Sequence[Row]]
NEVER_LIGHT = 1_000_000


@dataclass(frozen=True)
class FakeTable:
    """Units' rows in a table of an edition's shape. A unit keeps its token while others come and go."""

    connection: duckdb.DuckDBPyConnection
    dataset: Dataset

    def fill(self, units: Units, unit_rows: int | None = None) -> None:
        """Replaces all rows. `unit_rows` stands in for every unit's number of rows."""
        records = [
            (number, unit_rows or len(rows), 0, *token(number), row_key(number, rank), 0, *self._values(rows[rank]))
            for number, rows in enumerate(units)
            for rank in sorted(range(len(rows)), key=lambda rank: row_key(number, rank))
        ]
        self.connection.execute("DROP TABLE IF EXISTS rows")
        self.connection.execute(edition.table_ddl(self.dataset))
        if records:
            values = ", ".join("(" + ", ".join("NULL" if v is None else str(v) for v in each) + ")" for each in records)
            self.connection.execute(f"INSERT INTO rows VALUES {values}")  # noqa: S608  # made up here

    def _values(self, row: Row) -> list[int | None]:
        return [row.get(column.name) for column in self.dataset.columns]

    def exact(self, plan: Plan, coverage: Coverage = Coverage()) -> list[list[int]]:  # noqa: B008  # frozen
        """Every component's exact vector, by the engine's own statement."""
        vectors = [[0] * component.length for component in plan.components]
        asked = scans(plan, self.dataset, coverage, range(len(plan.components)), "rows")
        for index, place, value in asked.read(self.connection):
            vectors[index][place] += value
        return vectors

    def expected(self, plan: Plan, units: Units, coverage: Coverage = Coverage()) -> list[list[int]]:  # noqa: B008
        """The same, row by row in Python."""
        vectors = [[0] * component.length for component in plan.components]
        for number, rows in enumerate(units):
            chosen = self._chosen(plan, number, rows, coverage)
            for vector, component in zip(vectors, plan.components, strict=True):
                given = [
                    (coarse(plan, component, cell), self._contributions(component, row, coverage))
                    for cell, row in chosen
                ]
                for cell, values in set(given) if component.kind is Kind.UNITS else given:
                    for place, value in enumerate(values):
                        vector[cell * component.width + place] += value
        return vectors

    def _chosen(self, plan: Plan, number: int, rows: Sequence[Row], coverage: Coverage) -> list[tuple[int, Row]]:
        reads = columns_of(plan.query.where).union(*(columns_in(key) for key in plan.query.keys))
        limits = [plan.query.where, coverage.condition(reads)]
        by_cell: dict[int, list[tuple[int, Row]]] = {}
        for rank, row in enumerate(rows):
            if all(truth(limit, public(self.dataset, row)) is True for limit in limits):
                by_cell.setdefault(cell_of(self.dataset, plan, row), []).append((row_key(number, rank), row))
        cells = sorted(by_cell, key=lambda cell: self._rank(number, cell))[: plan.max_groups]
        kept = {cell: sorted(by_cell[cell], key=lambda each: each[0])[: plan.max_rows] for cell in cells}
        return [(cell, row) for cell, rows_kept in kept.items() for _, row in rows_kept]

    def _rank(self, number: int, cell: int) -> tuple[int, int]:
        hi, lo = token(number)
        sql = f"SELECT hash(hash({hi}::UBIGINT, {lo}::UBIGINT, {cell}::BIGINT)) >> 48"
        found = self.connection.execute(sql).fetchone()
        assert found is not None
        return found[0], cell

    def _contributions(self, component: Component, row: Row, coverage: Coverage) -> tuple[int, ...]:
        """What a row adds to each of its cell's integers."""
        if component.bins is None:
            return (self._contribution(component, row, coverage),)
        assert component.scalar is not None
        given = value_of(component.scalar, public(self.dataset, row))
        counted = self._contribution(replace(component, kind=Kind.ROWS), row, coverage)
        if not counted:
            return (0,) * component.width
        assert isinstance(given, Decimal)
        place = (component.types[0].stored(given) - component.bins.lower) // component.bins.size
        strategy = component.bins.strategy
        if isinstance(strategy, Grouped):
            own = {place, strategy.bins + place // strategy.group} if strategy.groups else {place}
            return tuple(int(row in own) for row in range(component.width))
        root = strategy.coefficients
        return tuple(root[row - place] if row >= place else 0 for row in range(component.width))

    def _contribution(self, component: Component, row: Row, coverage: Coverage) -> int:
        seen = public(self.dataset, row)
        if any(truth(limit, seen) is not True for limit in (component.filter, coverage.condition(component.reads))):
            return 0
        given = None if component.scalar is None else value_of(component.scalar, seen)
        if component.scalar is not None and given is None:
            return 0
        if component.scalar is None or component.kind is Kind.ROWS:
            return 1
        kind = component.types[0]
        assert isinstance(given, Decimal)
        value = kind.stored(given)
        centred = 2 * value - kind.lower - kind.upper
        if component.other is not None:
            other, second = value_of(component.other, seen), component.types[1]
            if other is None:
                return 0
            assert isinstance(other, Decimal)
            return centred * (2 * second.stored(other) - second.lower - second.upper)
        widest = kind.upper - kind.lower
        return {Kind.SUM: value, Kind.CENTRED: centred, Kind.SQUARES: 2 * centred**2 - widest**2}[component.kind]


def open_table(dataset: Dataset) -> FakeTable:
    return FakeTable(duckdb.connect(":memory:", config={"threads": 1}), dataset)


def token(number: int) -> tuple[int, int]:
    return (number + 1) * 0x9E3779B97F4A7C15 % 2**64, (number + 1) * 0xC2B2AE3D27D4EB4F % 2**64


def row_key(number: int, rank: int) -> int:
    return (number * 1009 + rank + 1) * 0xD6E8FEB86659FD93 % 2**64


def cell_of(dataset: Dataset, plan: Plan, row: Row) -> int:
    """Found by listing all cells, as the plan's own words have it."""
    cells = list(itertools.product(*(domain_of(key, dataset).values for key in plan.query.keys)))
    seen = public(dataset, row)
    return cells.index(tuple(value_of(key, seen) for key in plan.query.keys))


def coarse(plan: Plan, component: Component, cell: int) -> int:
    """A cell's position among the combinations of the keys that the component is not summed over."""
    keys = plan.keys_of(component)
    cells = list(itertools.product(*plan.domains))
    coarser = list(itertools.product(*(plan.domains[key] for key in keys)))
    return coarser.index(tuple(cells[cell][key] for key in keys))


def public(dataset: Dataset, row: Row) -> dict[str, CellKey]:
    """A stored row in the catalogue's terms."""
    stored = {column.name: row.get(column.name) for column in dataset.columns}
    return {name: None if value is None else dataset.column(name).public(value) for name, value in stored.items()}
