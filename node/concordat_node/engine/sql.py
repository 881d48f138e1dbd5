"""Conditions as SQL over an edition's integers.

Codes are compared by their index, numbers in fixed point. Only integers and quoted names from the catalogue enter the
text; an analyst's words never do. SQL's own three-valued logic then gives what `concordat_query.coverage.truth` says.
"""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from concordat_query.catalogue import Column, Dataset
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Literal,
    Membership,
    Negation,
    NullTest,
)


def quoted(dataset: Dataset, name: str) -> str:
    """A column's name as SQL. Refuses one that the catalogue does not have."""
    return '"' + dataset.column(name).name + '"'


def condition_sql(dataset: Dataset, condition: Condition) -> str:
    """A boolean SQL expression over the columns of an edition. Refuses unknown columns and codes, and wrong types."""
    match condition:
        case Conjunction(terms):
            return "(" + " AND ".join(condition_sql(dataset, term) for term in terms) + ")"
        case Disjunction(terms):
            return "(" + " OR ".join(condition_sql(dataset, term) for term in terms) + ")"
        case Negation(term):
            return f"(NOT {condition_sql(dataset, term)})"
        case NullTest(name):
            return f"({quoted(dataset, name)} IS NULL)"
        case Comparison(name, comparator, literal):
            sign, number = _comparison(dataset.column(name), comparator, literal)
            return f"({quoted(dataset, name)} {sign} {number})"
        case Membership(name, literals):
            numbers = sorted({_exact(dataset.column(name), literal) for literal in literals})
            return f"({quoted(dataset, name)} IN ({', '.join(str(number) for number in numbers)}))"


def _comparison(column: Column, comparator: Comparator, literal: Literal) -> tuple[str, int]:
    """The comparison over stored integers that is true where column <comparator> literal is."""
    if comparator in (Comparator.EQUAL, Comparator.NOT_EQUAL):
        return comparator.value, _exact(column, literal)
    scaled = _scaled(column, literal)
    rounded = ceil(scaled) if comparator in (Comparator.LESS, Comparator.GREATER_OR_EQUAL) else floor(scaled)
    return comparator.value, min(max(rounded, column.fixed_lower - 1), column.fixed_upper + 1)


def _exact(column: Column, literal: Literal) -> int:
    """What is stored for exactly this literal; one above all that is stored where nothing can equal it."""
    if column.type == "code":
        return _code(column, literal)
    scaled = _scaled(column, literal)
    within = scaled.denominator == 1 and column.fixed_lower <= scaled <= column.fixed_upper
    return int(scaled) if within else column.fixed_upper + 1


def _code(column: Column, literal: Literal) -> int:
    if not isinstance(literal, str):
        raise _wrong_type(column)
    if literal not in column.codes:
        raise Refusal(Reason.UNKNOWN_CODE, f"column {column.name!r} has no such code", field="query.where")
    return column.codes.index(literal)


def _scaled(column: Column, literal: Literal) -> Fraction:
    if column.type == "code" or not isinstance(literal, Decimal):
        raise _wrong_type(column)
    return Fraction(literal) * Fraction(10) ** column.decimals


def _wrong_type(column: Column) -> Refusal:
    advice = "compare it with one of its codes by = or IN" if column.type == "code" else "compare it with a number"
    return Refusal(Reason.WRONG_TYPE, f"column {column.name!r}: {advice}", field="query.where")
