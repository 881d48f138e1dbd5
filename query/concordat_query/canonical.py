"""One form for all ways of writing the same query, its bytes and its hash.

Two queries that mean the same by the rules below get the same bytes, so the second is served from the first one's
stored answer. The rules hold under SQL's three-valued logic: negations move inwards to the leaves, nested AND and OR
flatten, terms and list members are sorted without repeats, keys and aggregates are sorted.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from concordat_query.model import (
    Aggregate,
    Calculation,
    Case,
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
    Query,
    Scalar,
    Value,
    WidthBucket,
)

_OPPOSITE = {
    Comparator.EQUAL: Comparator.NOT_EQUAL,
    Comparator.NOT_EQUAL: Comparator.EQUAL,
    Comparator.LESS: Comparator.GREATER_OR_EQUAL,
    Comparator.LESS_OR_EQUAL: Comparator.GREATER,
    Comparator.GREATER: Comparator.LESS_OR_EQUAL,
    Comparator.GREATER_OR_EQUAL: Comparator.LESS,
}


def canonical_query(query: Query) -> Query:
    """The canonical form of a query. Idempotent."""
    aggregates = {canonical_aggregate(aggregate) for aggregate in query.aggregates}
    return replace(
        query,
        keys=canonical_keys(query.keys),
        where=canonical_condition(query.where),
        aggregates=tuple(sorted(aggregates, key=_aggregate_order)),
    )


def canonical_keys(keys: Iterable[Scalar]) -> tuple[Scalar, ...]:
    return tuple(sorted({canonical_scalar(key) for key in keys}, key=_scalar_order))


def canonical_aggregate(aggregate: Aggregate) -> Aggregate:
    return replace(
        aggregate,
        scalar=None if aggregate.scalar is None else canonical_scalar(aggregate.scalar),
        filter=canonical_condition(aggregate.filter),
        over=canonical_keys(aggregate.over),
        other=None if aggregate.other is None else canonical_scalar(aggregate.other),
        fraction=None if aggregate.fraction is None else _canonical_number(aggregate.fraction),
    )


def canonical_scalar(scalar: Scalar) -> Scalar:
    """A scalar with its literals and conditions in their one form. Calculations stay as they were written."""
    match scalar:
        case str():
            return scalar
        case Value(literal):
            return Value(None if literal is None else canonical_literal(literal))
        case Calculation(operator, left, right):
            return Calculation(operator, canonical_scalar(left), canonical_scalar(right))
        case WidthBucket(number, lower, upper, count):
            return WidthBucket(canonical_scalar(number), _canonical_number(lower), _canonical_number(upper), count)
        case DatePart(part, day):
            return DatePart(part, canonical_scalar(day))
        case Case(branches, otherwise):
            done = tuple(
                (_canonical(condition, negated=False), canonical_scalar(given)) for condition, given in branches
            )
            return Case(done, canonical_scalar(otherwise))


def canonical_condition(condition: Condition | None) -> Condition | None:
    return None if condition is None else _canonical(condition, negated=False)


def _canonical(condition: Condition, *, negated: bool) -> Condition:
    match condition:
        case Negation(term):
            return _canonical(term, negated=not negated)
        case Conjunction(terms):
            return _junction(Disjunction if negated else Conjunction, terms, negated=negated)
        case Disjunction(terms):
            return _junction(Conjunction if negated else Disjunction, terms, negated=negated)
        case Comparison(scalar, comparator, literal):
            comparator = _OPPOSITE[comparator] if negated else comparator
            return Comparison(canonical_scalar(scalar), comparator, canonical_literal(literal))
        case Membership(scalar, literals):
            scalar = canonical_scalar(scalar)
            members = tuple(sorted({canonical_literal(literal) for literal in literals}, key=_literal_order))
            if len(members) == 1:
                return Comparison(scalar, Comparator.NOT_EQUAL if negated else Comparator.EQUAL, members[0])
            return Negation(Membership(scalar, members)) if negated else Membership(scalar, members)
        case NullTest(scalar):
            test = NullTest(canonical_scalar(scalar))
            return Negation(test) if negated else test


def _junction(kind: type[Conjunction] | type[Disjunction], terms: tuple[Condition, ...], *, negated: bool) -> Condition:
    flat: list[Condition] = []
    for term in terms:
        done = _canonical(term, negated=negated)
        flat.extend(done.terms if isinstance(done, kind) else (done,))
    unique = sorted(set(flat), key=_condition_order)
    return unique[0] if len(unique) == 1 else kind(tuple(unique))


def canonical_literal(literal: Literal) -> Literal:
    return _canonical_number(literal) if isinstance(literal, Decimal) else literal


def _canonical_number(number: Decimal) -> Decimal:
    return Decimal(decimal_text(number))


def decimal_text(number: Decimal) -> str:
    """A number in its one notation: no exponent, no trailing zeros, no negative zero."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def canonical_bytes(query: Query) -> bytes:
    """The bytes that stand for a canonical query. Neither alias, order of keys nor presentation is part of them."""
    return json.dumps(["concordat.query.v1", _query_form(query)], separators=(",", ":"), ensure_ascii=True).encode()


def query_sha256(query: Query) -> bytes:
    return hashlib.sha256(canonical_bytes(query)).digest()


def _query_form(query: Query) -> list[Any]:
    return [
        query.dataset,
        [_scalar_form(key) for key in query.keys],
        _condition_form(query.where),
        [_aggregate_form(aggregate) for aggregate in query.aggregates],
        query.price_nano,
        query.max_groups,
        query.max_rows,
        query.calculus.value,
        query.delta_e15,
        query.max_cells,
    ]


def _aggregate_form(aggregate: Aggregate) -> list[Any]:
    return [
        aggregate.statistic.value,
        None if aggregate.scalar is None else _scalar_form(aggregate.scalar),
        _condition_form(aggregate.filter),
        [_scalar_form(key) for key in aggregate.over],
        None if aggregate.other is None else _scalar_form(aggregate.other),
        None if aggregate.fraction is None else decimal_text(aggregate.fraction),
    ]


def _literal_form(literal: Literal) -> list[str]:
    match literal:
        case str():
            return ["text", literal]
        case date():
            return ["date", literal.isoformat()]
    return ["number", decimal_text(literal)]


def _scalar_form(scalar: Scalar) -> Any:
    match scalar:
        case str():
            return scalar
        case Value(literal):
            return ["value", None if literal is None else _literal_form(literal)]
        case Calculation(operator, left, right):
            return [operator.value, _scalar_form(left), _scalar_form(right)]
        case WidthBucket(number, lower, upper, count):
            return ["bucket", _scalar_form(number), decimal_text(lower), decimal_text(upper), count]
        case DatePart(part, day):
            return ["part", part.value, _scalar_form(day)]
        case Case(branches, otherwise):
            forms = [[_condition_form(condition), _scalar_form(result)] for condition, result in branches]
            return ["case", forms, _scalar_form(otherwise)]


def _condition_form(condition: Condition | None) -> list[Any] | None:
    match condition:
        case None:
            return None
        case Comparison(scalar, comparator, literal):
            return [comparator.value, _scalar_form(scalar), _literal_form(literal)]
        case Membership(scalar, literals):
            return ["in", _scalar_form(scalar), [_literal_form(literal) for literal in literals]]
        case NullTest(scalar):
            return ["null", _scalar_form(scalar)]
        case Conjunction(terms):
            return ["and", [_condition_form(term) for term in terms]]
        case Disjunction(terms):
            return ["or", [_condition_form(term) for term in terms]]
        case Negation(term):
            return ["not", _condition_form(term)]


def _literal_order(literal: Literal) -> tuple[int, Decimal, str]:
    if isinstance(literal, Decimal):
        return (0, literal, "")
    return (1, Decimal(0), literal if isinstance(literal, str) else literal.isoformat())


def _scalar_order(scalar: Scalar) -> str:
    return scalar if isinstance(scalar, str) else json.dumps(_scalar_form(scalar))


def _condition_order(condition: Condition) -> str:
    return json.dumps(_condition_form(condition))


def _aggregate_order(aggregate: Aggregate) -> str:
    return json.dumps(_aggregate_form(aggregate))
