"""What a condition tells of the scalars that it compares with literals, in the rows for which it is true.

Public, like the condition itself. Bounds that follow from it are those of fewer rows: docs/proofs/components.md.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, reduce
from math import ceil, floor

from concordat_query.canonical import canonical_condition
from concordat_query.catalogue import EPOCH, ByDefinition, Dataset
from concordat_query.model import (
    Calculation,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    DatePart,
    Disjunction,
    Literal,
    Membership,
    Negation,
    NullTest,
    Scalar,
    WidthBucket,
)
from concordat_query.ranges import Range, Ranges
from concordat_query.scalar_types import type_of


def ranges_of(condition: Condition | None, dataset: Dataset) -> Ranges:
    """The ranges of the scalars that cannot be NULL where `condition` is true. Refuses scalars without a type.

    Where no row satisfies it a range may be empty. Tests for NULL add ranges without ends and change no others.
    """
    return {} if condition is None else _ranges_of(condition, ByDefinition(dataset))


def where_both_hold(one: Ranges, other: Ranges) -> Ranges:
    """The ranges where two conditions are true, out of each one's: those of their conjunction."""
    return _all((one, other))


@lru_cache(maxsize=256)
def _ranges_of(condition: Condition, definition: ByDefinition) -> Ranges:
    return _ranges(canonical_condition(condition), definition.dataset)


def _ranges(condition: Condition | None, dataset: Dataset) -> Ranges:
    """Of a canonical condition, in which only tests for NULL and IN are negated."""
    match condition:
        case Conjunction(terms):
            return _all(_ranges(term, dataset) for term in terms)
        case Disjunction(terms):
            return _any([_ranges(term, dataset) for term in terms])
        case Comparison(scalar, comparator, literal):
            return _not_null(scalar, _compared(scalar, comparator, literal, dataset))
        case Membership(scalar, literals):
            return _not_null(scalar, _spanned([_number(literal) for literal in literals]))
        case Negation(NullTest(scalar) | Membership(scalar)):
            return _not_null(scalar, Range())
        case _:
            return {}


def _compared(scalar: Scalar, comparator: Comparator, literal: Literal, dataset: Dataset) -> Range:
    number = _number(literal)
    if number is None:
        return Range()
    step = Fraction(1, 10 ** type_of(scalar, dataset).decimals)
    match comparator:
        case Comparator.EQUAL:
            return Range(number, number)
        case Comparator.LESS:
            return Range(upper=(ceil(number / step) - 1) * step)
        case Comparator.LESS_OR_EQUAL:
            return Range(upper=number)
        case Comparator.GREATER:
            return Range(lower=(floor(number / step) + 1) * step)
        case Comparator.GREATER_OR_EQUAL:
            return Range(lower=number)
        case Comparator.NOT_EQUAL:
            return Range()


def _spanned(numbers: list[Fraction | None]) -> Range:
    known = [number for number in numbers if number is not None]
    return Range(min(known), max(known)) if known and len(known) == len(numbers) else Range()


def _number(literal: Literal) -> Fraction | None:
    """A number, or a date in days as scalars have it; None for a code, whose index bounds nothing."""
    match literal:
        case Decimal() if literal.is_finite():
            return Fraction(literal)
        case date():
            return Fraction((literal - EPOCH).days)
        case _:
            return None


def _not_null(scalar: Scalar, own: Range) -> Ranges:
    """A scalar that was compared is not NULL, and neither are its operands. A CASE may be made of NULLs."""
    match scalar:
        case Calculation(_, left, right):
            return _all([{scalar: own}, _not_null(left, Range()), _not_null(right, Range())])
        case WidthBucket(inner) | DatePart(_, inner):
            return _all([{scalar: own}, _not_null(inner, Range())])
        case _:
            return {scalar: own}


def _all(parts: Iterable[Ranges]) -> Ranges:
    """Where all of them hold."""
    found: dict[Scalar, Range] = {}
    for part in parts:
        for scalar, own in part.items():
            found[scalar] = found[scalar].met_with(own) if scalar in found else own
    return found


def _any(parts: list[Ranges]) -> Ranges:
    """Where one of them holds, whichever it is."""
    if not parts:
        return {}
    return reduce(lambda left, right: {s: left[s].joined_with(right[s]) for s in left if s in right}, parts)
