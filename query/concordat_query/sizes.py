"""How much there is to look at in a scalar or condition: columns, literals and comparisons.

What takes time in proportion to it is refused first by its size.
"""

from concordat_query.condition_wire import malformed
from concordat_query.model import (
    Calculation,
    Case,
    Condition,
    Conjunction,
    DatePart,
    Disjunction,
    Membership,
    Negation,
    Scalar,
    Value,
    WidthBucket,
)


def size_of(scalar: Scalar) -> int:
    """The size of a scalar. Refuses one that lacks a part."""
    match scalar:
        case str() | Value():
            return 1
        case Calculation(_, left, right):
            return size_of(left) + size_of(right)
        case WidthBucket(inner) | DatePart(_, inner):
            return 1 + size_of(inner)
        case Case(branches, otherwise):
            if not branches:
                raise malformed("query", "a CASE needs branches")
            return size_of(otherwise) + sum(condition_size(when) + size_of(then) for when, then in branches)


def condition_size(condition: Condition) -> int:
    """The size of a condition. Refuses one that lacks a part."""
    match condition:
        case Conjunction(terms) | Disjunction(terms):
            if not terms:
                raise malformed("query", "AND and OR need terms")
            return sum(condition_size(term) for term in terms)
        case Negation(term):
            return condition_size(term)
        case Membership(scalar, literals):
            if not literals:
                raise malformed("query", "IN needs at least one literal")
            return len(literals) + size_of(scalar) - 1
        case _:
            return size_of(condition.scalar)
