"""What a query means in numbers: its cells, its components, their sensitivities, prices and noise scales.

A plan follows from the query and the data set's public definition alone, so every party derives the same one. It
looks at no data and at no node's coverage; `held_components` then says which components a node answers.
"""

import math
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property

from concordat_query.canonical import query_sha256
from concordat_query.catalogue import CellKey, Column, Dataset
from concordat_query.coverage import Coverage, Held, held_by_cell
from concordat_query.errors import Reason, Refusal
from concordat_query.model import NANO, Aggregate, Condition, Conjunction, Query, Statistic, columns_of

from concordat_privacy.sensitivity import rows_squared, scale_for

MAX_CELLS = 10_000
MAX_VALUES = 200_000
"""Cells times components: what one query may make a node draw noise for (about two seconds)."""

MAX_RHO_NANO = 1000 * NANO
"""A larger price would protect nobody."""


class Kind(Enum):
    """What a component adds up over the rows of a cell."""

    ROWS = "rows"
    """1 for each row (in which `column`, if any, is not null)."""
    SUM = "sum"
    """The stored fixed-point value."""
    CENTRED = "centred"
    """Twice the stored value less the two bounds: twice its distance from the middle, an integer."""


@dataclass(frozen=True)
class Component:
    """One integer per cell, released with discrete Gaussian noise.

    Counts only rows for which `filter`, if any, is true. `per_row` is the largest magnitude of one row's contribution
    and `scale` the noise's sigma, both in lattice steps; `step` is what a lattice step is worth in the column's units.
    """

    kind: Kind
    column: str | None
    filter: Condition | None
    per_row: int
    step: Fraction
    rho_nano: int
    scale: float

    @property
    def reads(self) -> frozenset[str]:
        """The columns that it reads itself, beside the query's WHERE and keys."""
        own = frozenset() if self.column is None else frozenset({self.column})
        return own | columns_of(self.filter)


@dataclass(frozen=True)
class Total:
    """A count or sum: the component's integer times its step."""

    component: int


@dataclass(frozen=True)
class Mean:
    """An average: the bounds' middle plus the centred sum over the rows, the rows counted as at least one."""

    rows: int
    centred: int
    middle: Fraction


Part = Total | Mean


@dataclass(frozen=True)
class Plan:
    """`domains` are the keys' values in `query.keys` order; cells are their product, the last key running fastest.

    One unit counts in at most `max_groups` cells with at most `max_rows` rows in each; `rows_squared` bounds the sum of
    its squared row counts. `parts` says for each of `query.aggregates` how it is made of `components` (by index).
    """

    query: Query
    domains: tuple[tuple[CellKey, ...], ...]
    cells: int
    max_groups: int
    max_rows: int
    rows_squared: int
    components: tuple[Component, ...]
    parts: tuple[Part, ...]

    @cached_property
    def query_sha256(self) -> bytes:
        """The query's hash: every answer is held against it."""
        return query_sha256(self.query)

    def sensitivity_squared(self, component: Component) -> int:
        """The square of the L2 sensitivity of the component's vector to one unit, in lattice steps."""
        return component.per_row**2 * self.rows_squared


def plan(query: Query, dataset: Dataset) -> Plan:
    """Derives the plan. Refuses a query without aggregates, with bounds below one, too many cells, or a price out of
    range; expects names and types to have been checked (`concordat_query.check`), and refuses what would be unsafe."""
    _check_form(query)
    columns = [dataset.column(key) for key in query.keys]
    cells = _count_cells(columns)
    limit = dataset.max_rows_per_unit
    max_groups = min(query.max_groups, _cells_within_reach(columns, dataset), limit)
    max_rows = min(query.max_rows, limit)
    squared = rows_squared(max_groups, max_rows, limit)
    outlines: dict[_Outline, int] = {}
    parts = tuple(_part(aggregate, dataset, outlines) for aggregate in query.aggregates)
    if cells * len(outlines) > MAX_VALUES:
        raise Refusal(
            Reason.TOO_MANY_CELLS,
            f"the query asks for {cells * len(outlines)} values, more than {MAX_VALUES}; use fewer keys or statistics",
            field="query.keys",
        )
    shares = split(query.rho_nano, len(outlines))
    return Plan(
        query=query,
        domains=tuple(column.domain for column in columns),
        cells=cells,
        max_groups=max_groups,
        max_rows=max_rows,
        rows_squared=squared,
        components=tuple(
            outline.component(dataset, squared, share) for outline, share in zip(outlines, shares, strict=True)
        ),
        parts=parts,
    )


def split(rho_nano: int, count: int) -> tuple[int, ...]:
    """Equal shares that add up to exactly `rho_nano`; the first takes the remainder. Refuses a price out of range."""
    if not count <= rho_nano <= MAX_RHO_NANO:
        raise Refusal(
            Reason.INVALID_PRICE,
            f"the price must be between {count} (one for each component) and {MAX_RHO_NANO} nano-rho",
            field="query.rho_nano",
        )
    share, rest = divmod(rho_nano, count)
    return (share + rest, *[share] * (count - 1))


def held_components(plan: Plan, dataset: Dataset, coverage: Coverage) -> dict[int, list[Held]]:
    """How much of each component a node holds, cell by cell. Components of which it holds nothing are left out.

    These are the components that the node answers and is charged for.
    """
    found: dict[int, list[Held]] = {}
    known: dict[tuple[Condition | None, frozenset[str]], list[Held]] = {}
    for index, component in enumerate(plan.components):
        asked = both(plan.query.where, component.filter)
        key = (asked, component.reads)
        if key not in known:
            known[key] = held_by_cell(dataset, coverage, asked, plan.query.keys, component.reads)
        if any(known[key]):
            found[index] = known[key]
    return found


def both(left: Condition | None, right: Condition | None) -> Condition | None:
    """The conjunction of two conditions, either of which may be absent."""
    if left is None or right is None:
        return left if right is None else right
    return Conjunction((left, right))


def _check_form(query: Query) -> None:
    if not query.aggregates:
        raise Refusal(Reason.MALFORMED_REQUEST, "the query asks for no statistic", field="query.aggregates")
    for field, bound in (("max_groups", query.max_groups), ("max_rows", query.max_rows)):
        if bound < 1:
            raise Refusal(Reason.MALFORMED_REQUEST, f"{field} must be at least 1", field=f"query.{field}")


def _count_cells(columns: list[Column]) -> int:
    """The number of cells, from the domains' sizes: no domain is listed before it is known to be small."""
    for column in columns:
        if not column.may_be_key:
            raise Refusal(
                Reason.KEY_WITHOUT_DOMAIN, f"column {column.name!r} cannot be a group key", field="query.keys"
            )
    cells = math.prod(_domain_size(column) for column in columns)
    if cells > MAX_CELLS:
        raise Refusal(
            Reason.TOO_MANY_CELLS,
            f"the keys have {cells} cells, more than {MAX_CELLS}; use fewer keys",
            field="query.keys",
        )
    return cells


def _cells_within_reach(columns: list[Column], dataset: Dataset) -> int:
    """How many cells one unit's rows can fall into: keys that are constant within a unit do not spread them."""
    return math.prod(_domain_size(column) for column in columns if not dataset.constant_within_unit(column.name))


def _domain_size(column: Column) -> int:
    return column.fixed_upper - column.fixed_lower + 1 + column.nullable


@dataclass(frozen=True)
class _Outline:
    """What tells components apart; statistics that need the same one share it."""

    kind: Kind
    column: str | None
    filter: Condition | None

    def component(self, dataset: Dataset, squared: int, rho_nano: int) -> Component:
        per_row, step = self._unit(dataset)
        scale = scale_for(per_row**2 * squared, rho_nano)
        return Component(self.kind, self.column, self.filter, per_row, step, rho_nano, scale)

    def _unit(self, dataset: Dataset) -> tuple[int, Fraction]:
        if self.kind is Kind.ROWS or self.column is None:
            return 1, Fraction(1)
        column = dataset.column(self.column)
        lower, upper = column.fixed_lower, column.fixed_upper
        step = Fraction(1, 10**column.decimals)
        if self.kind is Kind.SUM:
            return max(abs(lower), abs(upper)), step
        return upper - lower, step / 2


def _part(aggregate: Aggregate, dataset: Dataset, outlines: dict[_Outline, int]) -> Part:
    def index(kind: Kind, column: str | None) -> int:
        return outlines.setdefault(_Outline(kind, column, aggregate.filter), len(outlines))

    if aggregate.column is None:
        return Total(index(Kind.ROWS, None))
    column = dataset.column(aggregate.column)
    counted = column.name if column.nullable else None
    if aggregate.statistic is Statistic.COUNT_VALUES:
        return Total(index(Kind.ROWS, counted))
    if column.type != "number":
        raise Refusal(Reason.WRONG_TYPE, f"column {column.name!r} holds codes, not numbers", field="query.aggregates")
    if aggregate.statistic is Statistic.SUM:
        return Total(index(Kind.SUM, column.name))
    middle = Fraction(column.fixed_lower + column.fixed_upper, 2 * 10**column.decimals)
    return Mean(index(Kind.ROWS, counted), index(Kind.CENTRED, column.name), middle)
