"""What every statistic is made of: vectors of integers, one or more for each cell, and how far one unit can move them.

The argument stands in docs/proofs/components.md.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property

from concordat_query.catalogue import Dataset
from concordat_query.domains import domain_size, text_key
from concordat_query.model import Calculus, Condition, Query, Scalar, columns_in, columns_of
from concordat_query.narrowing import ranges_of, where_both_hold
from concordat_query.ranges import Ranges
from concordat_query.scalar_types import ScalarType, type_of

from concordat_privacy.enclosing import moves
from concordat_privacy.laws import Law, Sensitivity
from concordat_privacy.sensitivity import law_for
from concordat_privacy.strategies import Bins, bins_of


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
    CUMULATIVE = "cumulative"
    """For each bin of the scalar's values a weighted count of the rows in it and below: a cell's histogram times the
    matrix of `bins.strategy`."""
    HIDDEN = "hidden"
    """1 for each private text that rows have and that is not released: one number for the whole query."""


@dataclass(frozen=True)
class Component:
    """`width` integers per cell, each released with noise of its own: as many as bins, where there are any, or one.

    Counts only rows for which `filter`, if any, is true. `per_row` is the largest L1 norm of one row's contribution,
    in lattice steps; `step` is what a lattice step is worth in the scalar's units. `sensitivity` bounds how far one
    unit of the population moves the vector: the data set's own unit, or one that it encloses. The noise follows `law`,
    paid for by `price_nano`: the share of the price, in nano-rho or, where the query's calculus is pure, nano-epsilon.
    `over` are the positions of keys that it is summed over; its `cells` are the combinations of the other keys.
    `types` bound the values of `scalar` and `other` over the rows that count.
    """

    kind: Kind
    scalar: Scalar | None
    filter: Condition | None
    over: tuple[int, ...]
    cells: int
    types: tuple[ScalarType, ...]
    per_row: int
    step: Fraction
    sensitivity: Sensitivity
    price_nano: int
    law: Law
    other: Scalar | None = None
    bins: Bins | None = None

    @property
    def width(self) -> int:
        return 1 if self.bins is None else self.bins.strategy.rows

    @property
    def length(self) -> int:
        """How many integers there are: those of the first cell first."""
        return self.cells * self.width

    @property
    def scale(self) -> float:
        """The noise's, in lattice steps."""
        return self.law.scale

    @property
    def reads(self) -> frozenset[str]:
        """The columns that it reads itself, beside the query's WHERE and keys."""
        return columns_in(self.scalar) | columns_in(self.other) | columns_of(self.filter)


def cells_within_reach(keys: Iterable[Scalar], dataset: Dataset) -> int:
    """How many cells one unit's rows can fall into: keys that are constant within a unit do not spread them.

    Of private texts, however many are released, each of its rows may have another: no sensitivity depends on data.
    """
    varying = [key for key in keys if not constant_within_unit(key, dataset)]
    return math.prod(
        dataset.max_rows_per_unit if text_key([key], dataset) else domain_size(key, dataset) for key in varying
    )


def constant_within_unit(key: Scalar, dataset: Dataset) -> bool:
    """Whether all rows of a unit have the same value: declared of all that the key reads."""
    return all(dataset.constant_within_unit(name) for name in columns_in(key))


@dataclass(frozen=True)
class Bounds:
    """What bounds one unit's contribution to any component of a query, and every row's values."""

    query: Query
    dataset: Dataset
    max_groups: int
    rows_squared: int
    rows_in_all: int

    @property
    def is_pure(self) -> bool:
        return self.query.calculus is Calculus.PURE

    def type_of(self, scalar: Scalar, filter: Condition | None) -> ScalarType:  # as the field is called
        """The scalar's type over the rows that satisfy WHERE and an aggregate's own condition."""
        if filter not in self._known:
            self._known[filter] = where_both_hold(self._known[None], ranges_of(filter, self.dataset))
        return type_of(scalar, self.dataset, self._known[filter])

    @cached_property
    def _known(self) -> dict[Condition | None, Ranges]:
        """What WHERE and each aggregate's own condition tell together. WHERE may be long and is looked through once."""
        return {None: ranges_of(self.query.where, self.dataset)}

    def units(self, over: tuple[int, ...]) -> int:
        """To how many cells of a count of units, summed over these keys, one unit adds 1."""
        left = [key for position, key in enumerate(self.query.keys) if position not in over]
        return min(self.max_groups, cells_within_reach(left, self.dataset))

    @property
    def texts(self) -> int:
        """In how many private texts, whatever the other keys, one unit counts."""
        own = text_key(self.query.keys, self.dataset)
        return self.units(tuple(position for position, key in enumerate(self.query.keys) if key != own))


@dataclass(frozen=True)
class Outline:
    """What tells components apart; statistics that need the same one share it."""

    kind: Kind
    scalar: Scalar | None
    filter: Condition | None
    over: tuple[int, ...] = ()
    other: Scalar | None = None

    def component(self, bounds: Bounds, price_nano: int) -> Component:
        """The component, with the noise that this share of the price pays for. Refuses one too low for any noise."""
        kinds = tuple(bounds.type_of(scalar, self.filter) for scalar in (self.scalar, self.other) if scalar is not None)
        bins = bins_of(kinds[0], is_pure=bounds.is_pure) if self.kind is Kind.CUMULATIVE else None
        if bins is None:
            per_row, step = _unit(self.kind, kinds)
            row_squared = per_row**2
        else:
            per_row, step, row_squared = bins.strategy.largest_sum, Fraction(1), bins.strategy.largest_squared
        left = [key for position, key in enumerate(bounds.query.keys) if position not in self.over]
        sensitivity = self._sensitivity(bounds, per_row, row_squared).times(moves(bounds.dataset))
        return Component(
            kind=self.kind,
            scalar=self.scalar,
            filter=self.filter,
            over=self.over,
            cells=math.prod(domain_size(key, bounds.dataset) for key in left),
            types=kinds,
            per_row=per_row,
            step=step,
            sensitivity=sensitivity,
            price_nano=price_nano,
            law=law_for(bounds.query.calculus, sensitivity, price_nano),
            other=self.other,
            bins=bins,
        )

    def _sensitivity(self, bounds: Bounds, per_row: int, row_squared: int) -> Sensitivity:
        """How far one unit of the data set moves the component."""
        match self.kind:
            case Kind.UNITS:
                return Sensitivity(bounds.units(self.over), bounds.units(self.over))
            case Kind.HIDDEN:
                return Sensitivity(bounds.texts, bounds.texts**2)
            case _:
                return Sensitivity(per_row * bounds.rows_in_all, row_squared * bounds.rows_squared)


def _unit(kind: Kind, types: Sequence[ScalarType]) -> tuple[int, Fraction]:
    """The largest magnitude of what one row adds, in lattice steps, and what a step is worth."""
    if kind in (Kind.ROWS, Kind.UNITS, Kind.HIDDEN):
        return 1, Fraction(1)
    widths = [max(each.upper - each.lower, 1) for each in types]
    steps = [Fraction(1, 10**each.decimals) for each in types]
    match kind:
        case Kind.SUM:
            return max(types[0].largest, 1), steps[0]
        case Kind.CENTRED:
            return widths[0], steps[0] / 2
        case Kind.SQUARES:
            return widths[0] ** 2, steps[0] ** 2 / 8
        case Kind.PRODUCTS:
            return widths[0] * widths[1], steps[0] * steps[1] / 4
    raise AssertionError(kind)
