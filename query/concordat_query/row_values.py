"""What scalars and conditions give for one row in the catalogue's terms, as SQL would."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from concordat_query.catalogue import CellKey
from concordat_query.model import (
    Calculation,
    Case,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    DatePart,
    Disjunction,
    Membership,
    Negation,
    NullTest,
    RowOperator,
    Scalar,
    Value,
    WidthBucket,
    columns_in,
)
from concordat_query.scalar_types import bucket_of, part_of, truncated


def value_of(scalar: Scalar, row: Mapping[str, CellKey]) -> CellKey:
    """What a scalar gives for a row that has all of its columns. Expects a scalar that has a type."""
    match scalar:
        case str():
            return row[scalar]
        case Value(literal):
            return literal
        case Calculation(operator, left, right):
            return _calculated(operator, value_of(left, row), value_of(right, row))
        case WidthBucket(number):
            inner = value_of(number, row)
            return Decimal(bucket_of(inner, scalar)) if isinstance(inner, Decimal) else None
        case DatePart(part, day):
            inner = value_of(day, row)
            return Decimal(part_of(part, inner)) if isinstance(inner, date) else None
        case Case(branches, otherwise):
            chosen = (result for condition, result in branches if truth(condition, row) is True)
            return value_of(next(chosen, otherwise), row)


def _calculated(operator: RowOperator, left: CellKey, right: CellKey) -> Decimal | None:
    if isinstance(left, date) and isinstance(right, date):
        return Decimal((left - right).days)
    if not isinstance(left, Decimal) or not isinstance(right, Decimal):
        return None
    match operator:
        case RowOperator.PLUS:
            return left + right
        case RowOperator.MINUS:
            return left - right
        case RowOperator.TIMES:
            return left * right
        case RowOperator.DIV:
            return Decimal(truncated(int(left), int(right)))
        case RowOperator.MOD:
            return left - right * truncated(int(left), int(right))


def truth(condition: Condition | None, row: Mapping[str, CellKey]) -> bool | None:
    """SQL's three-valued truth of a condition on a partial row.

    None means "unknown": a NULL was compared, or a column is not in `row` at all.
    """
    match condition:
        case None:
            return True
        case Conjunction(terms):
            values = [truth(term, row) for term in terms]
            return False if False in values else None if None in values else True
        case Disjunction(terms):
            values = [truth(term, row) for term in terms]
            return True if True in values else None if None in values else False
        case Negation(term):
            inner = truth(term, row)
            return None if inner is None else not inner
        case _:
            return _leaf(condition, row)


def _leaf(condition: Comparison | Membership | NullTest, row: Mapping[str, CellKey]) -> bool | None:
    if not columns_in(condition.scalar) <= row.keys():
        return None
    value = value_of(condition.scalar, row)
    if isinstance(condition, NullTest):
        return value is None
    if value is None:
        return None
    if isinstance(condition, Membership):
        return value in condition.literals
    return _compare(value, condition.comparator, condition.literal)


def _compare(value: CellKey, comparator: Comparator, literal: CellKey) -> bool:
    match comparator:
        case Comparator.EQUAL:
            return value == literal
        case Comparator.NOT_EQUAL:
            return value != literal
        case Comparator.LESS:
            return value < literal  # type: ignore[operator]  # checked: only numbers and dates are ordered
        case Comparator.LESS_OR_EQUAL:
            return value <= literal  # type: ignore[operator]
        case Comparator.GREATER:
            return value > literal  # type: ignore[operator]
        case Comparator.GREATER_OR_EQUAL:
            return value >= literal  # type: ignore[operator]
