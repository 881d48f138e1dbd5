"""The types of scalars: what they give and within which bounds.

Types follow from the catalogue alone, so bounds, domains and sensitivities derived from them are public. Every scalar
that has a type is total: whatever clean values an edition holds, it gives a value within its bounds, or NULL.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Literal as Choice

from concordat_query.catalogue import EPOCH, Column, Dataset
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Calculation,
    Case,
    Condition,
    Conjunction,
    DatePart,
    Disjunction,
    Literal,
    Negation,
    Part,
    RowOperator,
    Scalar,
    Value,
    WidthBucket,
)
from concordat_query.ranges import Range, Ranges

MAX_STORED = 2**31
"""Largest magnitude of what is summed, as stored: that of columns."""
MAX_SPREAD = 2**18
"""Largest distance between the stored bounds of what is squared: the squares of 2**26 rows add up within 2**62."""
MAX_INNER = 2**53
"""Largest magnitude within a calculation."""
MAX_DECIMALS = 12
MAX_BUCKETS = 1000

NOTHING: Ranges = MappingProxyType({})

Kind = Choice["code", "number", "date", "text"]


@dataclass(frozen=True)
class ScalarType:
    """`lower` and `upper` bound the stored integers: a code's index, a number times 10**decimals, days since 1970.

    A text may be tested for NULL and, as a bare column, grouped by: nothing else is made of it.
    """

    kind: Kind
    lower: int
    upper: int
    nullable: bool
    decimals: int = 0
    codes: tuple[str, ...] = ()

    def stored(self, literal: Literal) -> int:
        """A literal of this kind as it is stored. Raises ValueError where it cannot be."""
        if isinstance(literal, str):
            return self.codes.index(literal)
        if isinstance(literal, date):
            return (literal - EPOCH).days
        scaled = literal.scaleb(self.decimals)
        if scaled != scaled.to_integral_value():
            raise ValueError("more decimals than the type has")
        return int(scaled)

    def public(self, stored: int) -> str | Decimal | date:
        """What a stored integer of this type means."""
        if self.kind == "code":
            return self.codes[stored]
        if self.kind == "date":
            return date.fromordinal(EPOCH.toordinal() + stored)
        return Decimal(stored).scaleb(-self.decimals)

    @property
    def largest(self) -> int:
        return max(abs(self.lower), abs(self.upper))


def type_of(scalar: Scalar, dataset: Dataset, known: Ranges = NOTHING) -> ScalarType:
    """The type of a scalar. Refuses one that has none, with what is wrong; expects its columns to exist.

    `known` are ranges of scalars, this one or any within it, over the rows that are meant: bounds then are no wider.
    """
    kind = _type_of(scalar, dataset, known)
    return _narrowed(kind, known[scalar]) if scalar in known else kind


def _narrowed(kind: ScalarType, own: Range) -> ScalarType:
    """The bounds are left as they are where nothing would be left: there are no such rows."""
    steps = 10**kind.decimals
    lower = kind.lower if own.lower is None else max(kind.lower, math.ceil(own.lower * steps))
    upper = kind.upper if own.upper is None else min(kind.upper, math.floor(own.upper * steps))
    if lower > upper:
        lower, upper = kind.lower, kind.upper
    return replace(kind, lower=lower, upper=upper, nullable=False)


def _type_of(scalar: Scalar, dataset: Dataset, known: Ranges) -> ScalarType:
    match scalar:
        case str():
            return column_type(dataset.column(scalar))
        case Value(literal):
            return _literal_type(literal)
        case Calculation():
            return _calculation_type(scalar, dataset, known)
        case WidthBucket():
            return _bucket_type(scalar, dataset, known)
        case DatePart(part, day):
            return _part_type(part, type_of(day, dataset, known))
        case Case(branches, otherwise):
            return _case_type([*(result for _, result in branches), otherwise], dataset, known)


def column_type(column: Column) -> ScalarType:
    return ScalarType(
        column.type, column.fixed_lower, column.fixed_upper, column.nullable, column.decimals, column.labels
    )


def _literal_type(literal: Literal | None) -> ScalarType:
    match literal:
        case None:
            return ScalarType("number", 0, 0, nullable=True)
        case str():
            return ScalarType("code", 0, 0, nullable=False, codes=(literal,))
        case date():
            days = (literal - EPOCH).days
            return ScalarType("date", days, days, nullable=False)
    decimals = max(0, -int(literal.as_tuple().exponent)) if literal.is_finite() else MAX_DECIMALS + 1
    if decimals > MAX_DECIMALS or abs(literal) > MAX_STORED:
        raise _wrong(f"a number has at most {MAX_DECIMALS} decimals and stays within {MAX_STORED}; write it shorter")
    stored = int(literal.scaleb(decimals))
    return _within(ScalarType("number", stored, stored, nullable=False, decimals=decimals))


def _calculation_type(scalar: Calculation, dataset: Dataset, known: Ranges) -> ScalarType:
    left, right = type_of(scalar.left, dataset, known), type_of(scalar.right, dataset, known)
    if scalar.operator is RowOperator.MINUS and left.kind == right.kind == "date":
        return _within(_spread(left, right, "number", left.lower - right.upper, left.upper - right.lower, 0))
    for side in (left, right):
        if side.kind != "number":
            raise _wrong(f"{_named(scalar.operator)} takes numbers, and here is a {side.kind}")
    if scalar.operator in (RowOperator.DIV, RowOperator.MOD):
        return _whole_division(scalar, left)
    if scalar.operator is RowOperator.TIMES:
        ends = [a * b for a, b in itertools.product((left.lower, left.upper), (right.lower, right.upper))]
        return _within(_spread(left, right, "number", min(ends), max(ends), left.decimals + right.decimals))
    decimals = max(left.decimals, right.decimals)
    a, b = _scaled(left, decimals), _scaled(right, decimals)
    if scalar.operator is RowOperator.MINUS:
        return _within(_spread(a, b, "number", a.lower - b.upper, a.upper - b.lower, decimals))
    return _within(_spread(a, b, "number", a.lower + b.lower, a.upper + b.upper, decimals))


def _spread(left: ScalarType, right: ScalarType, kind: Kind, lower: int, upper: int, decimals: int) -> ScalarType:
    return ScalarType(kind, lower, upper, left.nullable or right.nullable, decimals)


def _scaled(kind: ScalarType, decimals: int) -> ScalarType:
    """The same numbers with more decimals."""
    factor = 10 ** (decimals - kind.decimals)
    return replace(kind, lower=kind.lower * factor, upper=kind.upper * factor, decimals=decimals)


def _whole_division(scalar: Calculation, left: ScalarType) -> ScalarType:
    by = scalar.right
    whole = isinstance(by, Value) and isinstance(by.literal, Decimal) and by.literal == by.literal.to_integral_value()
    if not whole or not isinstance(by, Value) or not by.literal:
        raise _wrong(f"{scalar.operator.value} divides by a whole number other than 0, written out: DIV(x, 10)")
    if left.decimals:
        raise _wrong(f"{scalar.operator.value} takes whole numbers, and what is divided has decimals")
    divisor = int(Decimal(str(by.literal)))
    if scalar.operator is RowOperator.DIV:
        ends = sorted(truncated(end, divisor) for end in (left.lower, left.upper))
        return ScalarType("number", ends[0], ends[1], left.nullable)
    most = abs(divisor) - 1
    lower = 0 if left.lower >= 0 else max(-most, left.lower)
    upper = 0 if left.upper <= 0 else min(most, left.upper)
    return ScalarType("number", lower, upper, left.nullable)


def truncated(number: int, divisor: int) -> int:
    """The quotient rounded towards zero."""
    quotient = abs(number) // abs(divisor)
    return quotient if (number < 0) == (divisor < 0) else -quotient


def _bucket_type(scalar: WidthBucket, dataset: Dataset, known: Ranges) -> ScalarType:
    inner = type_of(scalar.number, dataset, known)
    if inner.kind != "number":
        raise _wrong(f"WIDTH_BUCKET takes numbers, and here is a {inner.kind}")
    if _holds_bucket(scalar.number):  # each would multiply the length of the SQL that nodes run
        raise _wrong("a WIDTH_BUCKET within a WIDTH_BUCKET is not answered; make the buckets of the number itself")
    finite = scalar.lower.is_finite() and scalar.upper.is_finite()
    if not finite or not scalar.lower < scalar.upper or not 1 <= scalar.count <= MAX_BUCKETS:
        raise _wrong(f"WIDTH_BUCKET(x, lower, upper, n) needs lower < upper and n from 1 to {MAX_BUCKETS}")
    for bound in (scalar.lower, scalar.upper):
        _literal_type(bound)
    ends = [bucket_of(Decimal(end).scaleb(-inner.decimals), scalar) for end in (inner.lower, inner.upper)]
    decimals = bucket_decimals(scalar, inner)
    span = max(abs(int(x.scaleb(decimals))) for x in (scalar.lower, scalar.upper)) + _scaled(inner, decimals).largest
    if span * scalar.count > MAX_INNER:
        raise _wrong("WIDTH_BUCKET: too many decimals or buckets for the numbers' range; use fewer")
    return ScalarType("number", ends[0], ends[1], inner.nullable)


def _holds_bucket(scalar: Scalar) -> bool:
    match scalar:
        case WidthBucket():
            return True
        case Calculation(_, left, right):
            return _holds_bucket(left) or _holds_bucket(right)
        case DatePart(_, day):
            return _holds_bucket(day)
        case Case(branches, otherwise):
            results = (*(result for _, result in branches), otherwise)
            return any(map(_holds_bucket, results)) or any(_condition_holds_bucket(when) for when, _ in branches)
        case _:
            return False


def _condition_holds_bucket(condition: Condition) -> bool:
    match condition:
        case Conjunction(terms) | Disjunction(terms):
            return any(map(_condition_holds_bucket, terms))
        case Negation(term):
            return _condition_holds_bucket(term)
        case _:
            return _holds_bucket(condition.scalar)


def bucket_decimals(scalar: WidthBucket, inner: ScalarType) -> int:
    """The decimals in which both the number and the bounds are whole."""
    return max(inner.decimals, *(_literal_type(bound).decimals for bound in (scalar.lower, scalar.upper)))


def bucket_of(number: Decimal, scalar: WidthBucket) -> int:
    if number < scalar.lower:
        return 0
    if number >= scalar.upper:
        return scalar.count + 1
    lower, upper = Fraction(scalar.lower), Fraction(scalar.upper)
    return math.floor((Fraction(number) - lower) * scalar.count / (upper - lower)) + 1


def _part_type(part: Part, day: ScalarType) -> ScalarType:
    if day.kind != "date":
        raise _wrong(f"EXTRACT({part.value} FROM ...) takes a date, and here is a {day.kind}")
    first, last = (date.fromordinal(EPOCH.toordinal() + end) for end in (day.lower, day.upper))
    if part is Part.YEAR:
        return ScalarType("number", first.year, last.year, day.nullable)
    if first.year < last.year:
        return ScalarType("number", 1, 4 if part is Part.QUARTER else 12, day.nullable)
    return ScalarType("number", part_of(part, first), part_of(part, last), day.nullable)


def part_of(part: Part, day: date) -> int:
    match part:
        case Part.YEAR:
            return day.year
        case Part.QUARTER:
            return (day.month + 2) // 3
        case Part.MONTH:
            return day.month


def _case_type(results: Sequence[Scalar], dataset: Dataset, known: Ranges) -> ScalarType:
    given = [result for result in results if result != Value(None)]
    if not given:
        raise _wrong("every result of this CASE is NULL; give at least one value")
    types = [type_of(result, dataset, known) for result in given]
    if any(kind.kind == "text" for kind in types):
        raise _wrong("a CASE does not give private texts; group by the column itself")
    if len({kind.kind for kind in types}) > 1:
        raise _wrong("the results of one CASE are all texts, all numbers or all dates")
    nullable = len(given) < len(results) or any(kind.nullable for kind in types)
    if types[0].kind == "code":
        if not all(isinstance(result, Value) for result in given):
            raise _wrong("the results of a CASE are numbers or literals, not a column of codes; write the codes out")
        labels = tuple(dict.fromkeys(code for kind in types for code in kind.codes))
        return ScalarType("code", 0, len(labels) - 1, nullable, codes=labels)
    decimals = max(kind.decimals for kind in types)
    scaled = [_scaled(kind, decimals) for kind in types]
    lower, upper = min(kind.lower for kind in scaled), max(kind.upper for kind in scaled)
    return _within(ScalarType(types[0].kind, lower, upper, nullable, decimals))


def _within(kind: ScalarType) -> ScalarType:
    if kind.decimals > MAX_DECIMALS or kind.largest > MAX_INNER:
        raise _wrong("this could reach numbers too large or too fine to add up; use smaller factors or fewer decimals")
    return kind


def _named(operator: RowOperator) -> str:
    return operator.value if operator in (RowOperator.DIV, RowOperator.MOD) else f"'{operator.value}'"


def _wrong(message: str) -> Refusal:
    return Refusal(Reason.WRONG_TYPE, message)
