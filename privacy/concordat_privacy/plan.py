"""What a query means in numbers: its cells, its components, their sensitivities, prices and noise scales.

A plan follows from the query and the data set's public definition alone, so every party derives the same one. It
looks at no data and at no node's coverage; `held_components` then says which components a node answers.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property

from concordat_query.canonical import query_sha256
from concordat_query.catalogue import CellKey, Dataset
from concordat_query.coverage import Coverage, Held, held_by_cell
from concordat_query.domains import domain_of, domain_size
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    NANO,
    Aggregate,
    Condition,
    Conjunction,
    Negation,
    NullTest,
    Query,
    Scalar,
    Statistic,
    columns_in,
    columns_of,
)
from concordat_query.scalar_types import MAX_SPREAD, MAX_STORED, ScalarType, type_of

from concordat_privacy.parts import Joint, Mean, Pair, Part, Side, Spread, Total
from concordat_privacy.sensitivity import rows_squared, scale_for

MAX_CELLS = 10_000
MAX_VALUES = 200_000
"""Cells times components: what one query may make a node draw noise for (about two seconds)."""

MAX_RHO_NANO = 1000 * NANO
"""A larger price would protect nobody."""


class Kind(Enum):
    """What a component adds up over the rows of a cell."""

    ROWS = "rows"
    """1 for each row (in which `scalar`, if any, is not null)."""
    UNITS = "units"
    """1 for each unit with at least one row."""
    SUM = "sum"
    """The stored fixed-point value."""
    CENTRED = "centred"
    """Twice the stored value less the two bounds: twice its distance from the middle, an integer."""
    SQUARES = "squares"
    """Twice the square of the centred value less the square of the distance between the bounds: an integer that goes
    as far below zero as above."""
    PRODUCTS = "products"
    """The centred value times the centred value of `other`."""


@dataclass(frozen=True)
class Component:
    """One integer per cell, released with discrete Gaussian noise.

    Counts only rows for which `filter`, if any, is true. `per_row` is the largest magnitude of one row's contribution
    and `scale` the noise's sigma, both in lattice steps; `step` is what a lattice step is worth in the scalar's units.
    `sensitivity_squared` bounds the square of the L2 distance that one unit moves the vector, in lattice steps.
    `over` are the positions of keys that it is summed over; its `cells` are the combinations of the other keys.
    """

    kind: Kind
    scalar: Scalar | None
    filter: Condition | None
    over: tuple[int, ...]
    cells: int
    per_row: int
    step: Fraction
    sensitivity_squared: int
    rho_nano: int
    scale: float
    other: Scalar | None = None

    @property
    def reads(self) -> frozenset[str]:
        """The columns that it reads itself, beside the query's WHERE and keys."""
        return columns_in(self.scalar) | columns_in(self.other) | columns_of(self.filter)


@dataclass(frozen=True)
class Plan:
    """`domains` are the keys' values in `query.keys` order; cells are their product, the last key running fastest.

    One unit counts in at most `max_groups` cells with at most `max_rows` rows in each; `rows_squared` bounds the sum of
    its squared row counts. `parts` says for each of `query.aggregates` how it is made of `components` (by index).
    `spreading` are the positions of keys that may differ within a unit: over these, counts of units do not add up.
    """

    query: Query
    domains: tuple[tuple[CellKey, ...], ...]
    cells: int
    max_groups: int
    max_rows: int
    rows_squared: int
    components: tuple[Component, ...]
    parts: tuple[Part, ...]
    spreading: frozenset[int]

    @cached_property
    def query_sha256(self) -> bytes:
        """The query's hash: every answer is held against it."""
        return query_sha256(self.query)

    def keys_of(self, component: Component) -> list[int]:
        """The positions of the keys that tell the component's cells apart."""
        return [position for position in range(len(self.domains)) if position not in component.over]


def plan(query: Query, dataset: Dataset) -> Plan:
    """Derives the plan. Refuses a query without aggregates, with bounds below one, too many cells, or a price out of
    range; expects names and types to have been checked (`concordat_query.check`), and refuses what would be unsafe."""
    _check_form(query)
    cells = _count_cells(query, dataset)
    limit = dataset.max_rows_per_unit
    max_groups = min(query.max_groups, cells_within_reach(query.keys, dataset), limit)
    max_rows = min(query.max_rows, limit)
    squared = rows_squared(max_groups, max_rows, limit)
    outlines: dict[_Outline, int] = {}
    parts = tuple(_part(aggregate, query, dataset, outlines) for aggregate in query.aggregates)
    if cells * len(outlines) > MAX_VALUES:
        raise Refusal(
            Reason.TOO_MANY_CELLS,
            f"the query asks for {cells * len(outlines)} values, more than {MAX_VALUES}; use fewer keys or statistics",
            field="query.keys",
        )
    shares = split(query.rho_nano, len(outlines))
    bounds = _Bounds(query, dataset, max_groups, squared)
    return Plan(
        query=query,
        domains=tuple(domain_of(key, dataset).values for key in query.keys),
        cells=cells,
        max_groups=max_groups,
        max_rows=max_rows,
        rows_squared=squared,
        components=tuple(outline.component(bounds, share) for outline, share in zip(outlines, shares, strict=True)),
        parts=parts,
        spreading=frozenset(i for i, key in enumerate(query.keys) if not constant_within_unit(key, dataset)),
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
    known: dict[tuple[Condition | None, frozenset[str], tuple[int, ...]], list[Held]] = {}
    for index, component in enumerate(plan.components):
        asked = both(plan.query.where, component.filter)
        key = (asked, component.reads, component.over)
        if key not in known:
            known[key] = _held(plan, dataset, coverage, component, asked)
        if any(known[key]):
            found[index] = known[key]
    return found


def _held(
    plan: Plan, dataset: Dataset, coverage: Coverage, component: Component, asked: Condition | None
) -> list[Held]:
    keys = [plan.query.keys[position] for position in plan.keys_of(component)]
    read = component.reads.union(*(columns_in(plan.query.keys[position]) for position in component.over))
    return held_by_cell(dataset, coverage, asked, keys, read)


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


def _count_cells(query: Query, dataset: Dataset) -> int:
    """The number of cells. No column's domain is listed before it is known to be small."""
    for key in query.keys:
        if isinstance(key, str) and not dataset.column(key).may_be_key:
            raise Refusal(Reason.KEY_WITHOUT_DOMAIN, f"column {key!r} cannot be a group key", field="query.keys")
    cells = math.prod(domain_size(key, dataset) for key in query.keys)
    if cells > MAX_CELLS:
        raise Refusal(
            Reason.TOO_MANY_CELLS,
            f"the keys have {cells} cells, more than {MAX_CELLS}; use fewer keys",
            field="query.keys",
        )
    return cells


def cells_within_reach(keys: Iterable[Scalar], dataset: Dataset) -> int:
    """How many cells one unit's rows can fall into: keys that are constant within a unit do not spread them."""
    return math.prod(domain_size(key, dataset) for key in keys if not constant_within_unit(key, dataset))


def constant_within_unit(key: Scalar, dataset: Dataset) -> bool:
    """Whether all rows of a unit have the same value: declared of all that the key reads."""
    return all(dataset.constant_within_unit(name) for name in columns_in(key))


@dataclass(frozen=True)
class _Bounds:
    """What bounds one unit's contribution to any component of a query."""

    query: Query
    dataset: Dataset
    max_groups: int
    rows_squared: int

    def units(self, over: tuple[int, ...]) -> int:
        """To how many cells of a count of units, summed over these keys, one unit adds 1."""
        left = [key for position, key in enumerate(self.query.keys) if position not in over]
        return min(self.max_groups, cells_within_reach(left, self.dataset))


@dataclass(frozen=True)
class _Outline:
    """What tells components apart; statistics that need the same one share it."""

    kind: Kind
    scalar: Scalar | None
    filter: Condition | None
    over: tuple[int, ...] = ()
    other: Scalar | None = None

    def component(self, bounds: _Bounds, rho_nano: int) -> Component:
        per_row, step = self._unit(bounds.dataset)
        squared = bounds.units(self.over) if self.kind is Kind.UNITS else per_row**2 * bounds.rows_squared
        left = [key for position, key in enumerate(bounds.query.keys) if position not in self.over]
        return Component(
            kind=self.kind,
            scalar=self.scalar,
            filter=self.filter,
            over=self.over,
            cells=math.prod(domain_size(key, bounds.dataset) for key in left),
            per_row=per_row,
            step=step,
            sensitivity_squared=squared,
            rho_nano=rho_nano,
            scale=scale_for(squared, rho_nano),
            other=self.other,
        )

    def _unit(self, dataset: Dataset) -> tuple[int, Fraction]:
        if self.kind in (Kind.ROWS, Kind.UNITS) or self.scalar is None:
            return 1, Fraction(1)
        kind = type_of(self.scalar, dataset)
        step = Fraction(1, 10**kind.decimals)
        if self.kind is Kind.SUM:
            return max(kind.largest, 1), step
        width = max(kind.upper - kind.lower, 1)
        if self.kind is Kind.CENTRED:
            return width, step / 2
        if self.other is None:
            return width**2, step**2 / 8
        other = type_of(self.other, dataset)
        return width * max(other.upper - other.lower, 1), step / 2 * Fraction(1, 10**other.decimals) / 2


def _reads_what_may_be_missing(scalar: Scalar, dataset: Dataset) -> bool:
    """Whether a node may hold it for some rows only: such a value is counted where it is held, even if never NULL."""
    return any(dataset.column(name).nullable for name in columns_in(scalar))


def _part(aggregate: Aggregate, query: Query, dataset: Dataset, outlines: dict[_Outline, int]) -> Part:
    def index(kind: Kind, scalar: Scalar | None = None, over: tuple[int, ...] = ()) -> int:
        return outlines.setdefault(_Outline(kind, scalar, aggregate.filter, over), len(outlines))

    if aggregate.statistic is Statistic.COUNT_UNITS and (aggregate.over or dataset.max_rows_per_unit > 1):
        return Total(index(Kind.UNITS, over=tuple(query.keys.index(key) for key in aggregate.over)))
    if aggregate.scalar is None:
        return Total(index(Kind.ROWS))
    if aggregate.other is not None:
        return _pair(aggregate, aggregate.scalar, aggregate.other, dataset, outlines)
    kind = type_of(aggregate.scalar, dataset)
    counted = aggregate.scalar if kind.nullable or _reads_what_may_be_missing(aggregate.scalar, dataset) else None
    if aggregate.statistic is Statistic.COUNT_VALUES:
        return Total(index(Kind.ROWS, counted))
    _check_summed(kind)
    if aggregate.statistic is Statistic.SUM:
        return Total(index(Kind.SUM, aggregate.scalar))
    rows, centred = index(Kind.ROWS, counted), index(Kind.CENTRED, aggregate.scalar)
    if aggregate.statistic is Statistic.AVG:
        return Mean(rows, centred, Fraction(kind.lower + kind.upper, 2 * 10**kind.decimals))
    return _spread(aggregate.statistic, kind, rows, centred, index(Kind.SQUARES, aggregate.scalar))


def _spread(statistic: Statistic, kind: ScalarType, rows: int, centred: int, squares: int) -> Spread:
    _check_squared(kind)
    return Spread(
        rows,
        centred,
        squares,
        offset=_offset(kind),
        is_sample=statistic in (Statistic.VAR_SAMP, Statistic.STDDEV_SAMP),
        is_root=statistic in (Statistic.STDDEV_SAMP, Statistic.STDDEV_POP),
    )


_JOINTS = {
    Statistic.COVAR_SAMP: Joint.COVARIANCE_OF_SAMPLE,
    Statistic.COVAR_POP: Joint.COVARIANCE,
    Statistic.CORR: Joint.CORRELATION,
    Statistic.REGR_SLOPE: Joint.SLOPE,
    Statistic.REGR_INTERCEPT: Joint.INTERCEPT,
}


def _pair(aggregate: Aggregate, first: Scalar, second: Scalar, dataset: Dataset, outlines: dict[_Outline, int]) -> Pair:
    """Over the rows that hold both: each component leaves out by its filter where the value that it does not read is
    missing, so that it is shared with other statistics wherever nothing can be."""
    joint = _JOINTS[aggregate.statistic]
    kinds = {first: type_of(first, dataset), second: type_of(second, dataset)}
    for kind in kinds.values():
        _check_summed(kind)
        _check_squared(kind)

    missing = {each: kind.nullable or _reads_what_may_be_missing(each, dataset) for each, kind in kinds.items()}

    def index(kind: Kind, scalar: Scalar | None, unread: Scalar | None, other: Scalar | None = None) -> int:
        condition = aggregate.filter
        if unread is not None and unread != scalar and missing[unread]:
            condition = both(condition, Negation(NullTest(unread)))
        return outlines.setdefault(_Outline(kind, scalar, condition, other=other), len(outlines))

    def side(scalar: Scalar, unread: Scalar, is_squared: bool) -> Side:
        centred = index(Kind.CENTRED, scalar, unread)
        squares = index(Kind.SQUARES, scalar, unread) if is_squared else None
        kind = kinds[scalar]
        return Side(centred, Fraction(kind.lower + kind.upper, 2 * 10**kind.decimals), squares, _offset(kind))

    counted, unread = (first, second) if missing[first] else (second, None)
    return Pair(
        joint,
        rows=index(Kind.ROWS, counted if missing[counted] else None, unread),
        first=side(first, second, joint is Joint.CORRELATION),
        second=side(second, first, joint in (Joint.CORRELATION, Joint.SLOPE, Joint.INTERCEPT)),
        products=index(Kind.PRODUCTS, first, None, second),
    )


def _offset(kind: ScalarType) -> Fraction:
    return Fraction(kind.upper - kind.lower, 10**kind.decimals) ** 2 / 8


def _check_summed(kind: ScalarType) -> None:
    if kind.kind != "number" or kind.largest > MAX_STORED:
        raise Refusal(Reason.WRONG_TYPE, "only numbers within 2**31 are added up", field="query.aggregates")


def _check_squared(kind: ScalarType) -> None:
    if kind.upper - kind.lower > MAX_SPREAD:
        raise Refusal(Reason.WRONG_TYPE, "the bounds are too far apart for squares", field="query.aggregates")
