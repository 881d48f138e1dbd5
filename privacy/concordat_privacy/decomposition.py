"""How each statistic is made of components; statistics that need the same one share it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from concordat_query.catalogue import Dataset
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Aggregate,
    Condition,
    Negation,
    NullTest,
    Scalar,
    Statistic,
    both,
    columns_in,
    columns_of,
)
from concordat_query.scalar_types import MAX_SPREAD, MAX_STORED, ScalarType, type_of

from concordat_privacy.components import Bounds, Kind, Outline
from concordat_privacy.parts import Joint, Mean, Pair, Part, Percentile, Side, Spread, Sum, Total
from concordat_privacy.strategies import bins_of


@dataclass
class Decomposition:
    """Collects the outlines of a query's components, each once, in the order in which they are first needed."""

    bounds: Bounds
    outlines: dict[Outline, int] = field(default_factory=dict)

    def parts(self, aggregates: Sequence[Aggregate]) -> tuple[Part, ...]:
        """How statistics are made. Sums come last: they use what others need anyway."""
        made: dict[int, Part] = {}
        for position in sorted(range(len(aggregates)), key=lambda i: aggregates[i].statistic is Statistic.SUM):
            made[position] = self.part(aggregates[position])
        return tuple(made[position] for position in range(len(aggregates)))

    def part(self, aggregate: Aggregate) -> Part:
        """How one statistic is made. Refuses values that cannot be added up or squared."""
        scalar, other, asked = aggregate.scalar, aggregate.other, aggregate.filter
        if aggregate.statistic is Statistic.COUNT_UNITS and (aggregate.over or self._dataset.max_rows_per_unit > 1):
            over = tuple(self.bounds.query.keys.index(key) for key in aggregate.over)
            return Total(self._index(Outline(Kind.UNITS, None, asked, over)))
        if scalar is None:
            return Total(self._index(Outline(Kind.ROWS, None, asked)))
        if other is not None:
            return self._pair(_JOINTS[aggregate.statistic], scalar, other, asked)
        if aggregate.statistic is Statistic.COUNT_VALUES:
            return Total(self._rows(scalar, asked))
        kind = self._summed(scalar, asked)
        if aggregate.fraction is not None:
            return _percentile(self._index(Outline(Kind.CUMULATIVE, scalar, asked)), kind, aggregate.fraction)
        if aggregate.statistic is Statistic.SUM:
            return self._sum(scalar, asked, kind)
        rows, centred = self._rows(scalar, asked), self._index(Outline(Kind.CENTRED, scalar, asked))
        if aggregate.statistic is Statistic.AVG:
            return Mean(rows, centred, _middle(kind))
        kind = self._squared(scalar, asked)
        return Spread(
            rows,
            centred,
            squares=self._index(Outline(Kind.SQUARES, scalar, asked)),
            offset=_offset(kind),
            is_sample=aggregate.statistic in (Statistic.VAR_SAMP, Statistic.STDDEV_SAMP),
            is_root=aggregate.statistic in (Statistic.STDDEV_SAMP, Statistic.STDDEV_POP),
        )

    def _sum(self, scalar: Scalar, asked: Condition | None, kind: ScalarType) -> Part:
        """Of the rows and the centred sum where the rows are released anyway: together no less precise than a component
        of its own, and any other statistic shares them."""
        if self._rows_outline(scalar, asked) not in self.outlines:
            return Total(self._index(Outline(Kind.SUM, scalar, asked)))
        rows, centred = self._rows(scalar, asked), self._index(Outline(Kind.CENTRED, scalar, asked))
        return Sum(rows, centred, _middle(kind), Fraction(max(kind.upper - kind.lower, 1), 2 * 10**kind.decimals))

    def _pair(self, joint: Joint, first: Scalar, second: Scalar, asked: Condition | None) -> Pair:
        """Over the rows that hold both: each component leaves out by its filter where the value that it does not read
        is missing, so that it is shared with other statistics wherever nothing can be."""

        def without(unread: Scalar) -> Condition | None:
            return both(asked, Negation(NullTest(unread))) if self._may_be_missing(unread, asked) else asked

        def side(scalar: Scalar, unread: Scalar, is_squared: bool) -> Side:
            own = without(unread) if unread != scalar else asked
            kind = self._squared(scalar, asked)
            centred = self._index(Outline(Kind.CENTRED, scalar, own))
            squares = self._index(Outline(Kind.SQUARES, scalar, own)) if is_squared else None
            return Side(centred, _middle(kind), squares, _offset(kind))

        if self._may_be_missing(first, asked):
            rows = Outline(Kind.ROWS, first, without(second) if second != first else asked)
        else:
            rows = Outline(Kind.ROWS, second if self._may_be_missing(second, asked) else None, asked)
        return Pair(
            joint,
            rows=self._index(rows),
            first=side(first, second, joint is Joint.CORRELATION),
            second=side(second, first, joint in (Joint.CORRELATION, Joint.SLOPE, Joint.INTERCEPT)),
            products=self._index(Outline(Kind.PRODUCTS, first, asked, other=second)),
        )

    def _index(self, outline: Outline) -> int:
        return self.outlines.setdefault(outline, len(self.outlines))

    def _rows(self, scalar: Scalar, asked: Condition | None) -> int:
        """The count of rows that hold a value: that of all rows where none can be missing."""
        return self._index(self._rows_outline(scalar, asked))

    def _rows_outline(self, scalar: Scalar, asked: Condition | None) -> Outline:
        return Outline(Kind.ROWS, scalar if self._may_be_missing(scalar, asked) else None, asked)

    def _may_be_missing(self, scalar: Scalar, asked: Condition | None) -> bool:
        """Whether it may be NULL in the rows asked for, or a node may hold it for some of them only: it is counted
        where it is held. What WHERE, FILTER or a key reads is held for all of these rows."""
        if self.bounds.type_of(scalar, asked).nullable:
            return True
        read = self._read_of_every_row | columns_of(asked)
        return any(self._dataset.column(name).nullable for name in columns_in(scalar) - read)

    @cached_property
    def _read_of_every_row(self) -> frozenset[str]:
        query = self.bounds.query
        return columns_of(query.where).union(*(columns_in(key) for key in query.keys))

    def _summed(self, scalar: Scalar, asked: Condition | None) -> ScalarType:
        """The type over the rows asked for. Whether all rows' values fit is judged without any condition: DuckDB may
        compute them before it looks at FILTER."""
        kind = type_of(scalar, self._dataset)
        if kind.kind != "number" or kind.largest > MAX_STORED:
            raise Refusal(Reason.WRONG_TYPE, "only numbers within 2**31 are added up", field="query.aggregates")
        return self.bounds.type_of(scalar, asked)

    def _squared(self, scalar: Scalar, asked: Condition | None) -> ScalarType:
        kind = type_of(scalar, self._dataset)
        if kind.upper - kind.lower > MAX_SPREAD:
            raise Refusal(Reason.WRONG_TYPE, "the bounds are too far apart for squares", field="query.aggregates")
        return self._summed(scalar, asked)

    @property
    def _dataset(self) -> Dataset:
        return self.bounds.dataset


_JOINTS = {
    Statistic.COVAR_SAMP: Joint.COVARIANCE_OF_SAMPLE,
    Statistic.COVAR_POP: Joint.COVARIANCE,
    Statistic.CORR: Joint.CORRELATION,
    Statistic.REGR_SLOPE: Joint.SLOPE,
    Statistic.REGR_INTERCEPT: Joint.INTERCEPT,
}


def _percentile(component: int, kind: ScalarType, fraction: Decimal) -> Percentile:
    bins, unit = bins_of(kind), Fraction(1, 10**kind.decimals)
    return Percentile(
        component,
        Fraction(fraction),
        lower=kind.lower * unit,
        bin=bins.size * unit,
        is_coarse=bins.size > 1,
        span=(kind.upper - kind.lower) * unit,
    )


def _middle(kind: ScalarType) -> Fraction:
    return Fraction(kind.lower + kind.upper, 2 * 10**kind.decimals)


def _offset(kind: ScalarType) -> Fraction:
    return Fraction(kind.upper - kind.lower, 10**kind.decimals) ** 2 / 8
