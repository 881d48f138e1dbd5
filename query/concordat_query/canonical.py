"""One form for all ways of writing the same query, its bytes and its hash.

Two queries that mean the same by the rules below get the same bytes, so the second is served from the first one's
stored answer. The rules hold under SQL's three-valued logic: negations move inwards to the leaves, nested AND and OR
flatten, terms and list members are sorted without repeats, keys and aggregates are sorted.
"""

import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from concordat_query.model import (
    Aggregate,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Literal,
    Membership,
    Negation,
    NullTest,
    Query,
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
        keys=tuple(sorted(set(query.keys))),
        where=canonical_condition(query.where),
        aggregates=tuple(sorted(aggregates, key=_aggregate_order)),
    )


def canonical_aggregate(aggregate: Aggregate) -> Aggregate:
    return replace(aggregate, filter=canonical_condition(aggregate.filter))


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
        case Comparison(column, comparator, literal):
            return Comparison(column, _OPPOSITE[comparator] if negated else comparator, canonical_literal(literal))
        case Membership(column, literals):
            members = tuple(sorted({canonical_literal(literal) for literal in literals}, key=_literal_order))
            if len(members) == 1:
                return Comparison(column, Comparator.NOT_EQUAL if negated else Comparator.EQUAL, members[0])
            return Negation(Membership(column, members)) if negated else Membership(column, members)
        case NullTest():
            return Negation(condition) if negated else condition


def _junction(kind: type[Conjunction] | type[Disjunction], terms: tuple[Condition, ...], *, negated: bool) -> Condition:
    flat: list[Condition] = []
    for term in terms:
        done = _canonical(term, negated=negated)
        flat.extend(done.terms if isinstance(done, kind) else (done,))
    unique = sorted(set(flat), key=_condition_order)
    return unique[0] if len(unique) == 1 else kind(tuple(unique))


def canonical_literal(literal: Literal) -> Literal:
    if isinstance(literal, str):
        return literal
    return Decimal(decimal_text(literal))


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
        list(query.keys),
        _condition_form(query.where),
        [_aggregate_form(aggregate) for aggregate in query.aggregates],
        query.rho_nano,
        query.max_groups,
        query.max_rows,
    ]


def _aggregate_form(aggregate: Aggregate) -> list[Any]:
    return [aggregate.statistic.value, aggregate.column, _condition_form(aggregate.filter)]


def _literal_form(literal: Literal) -> list[str]:
    return ["text", literal] if isinstance(literal, str) else ["number", decimal_text(literal)]


def _condition_form(condition: Condition | None) -> list[Any] | None:
    match condition:
        case None:
            return None
        case Comparison(column, comparator, literal):
            return [comparator.value, column, _literal_form(literal)]
        case Membership(column, literals):
            return ["in", column, [_literal_form(literal) for literal in literals]]
        case NullTest(column):
            return ["null", column]
        case Conjunction(terms):
            return ["and", [_condition_form(term) for term in terms]]
        case Disjunction(terms):
            return ["or", [_condition_form(term) for term in terms]]
        case Negation(term):
            return ["not", _condition_form(term)]


def _literal_order(literal: Literal) -> tuple[int, Decimal, str]:
    return (0, literal, "") if isinstance(literal, Decimal) else (1, Decimal(0), literal)


def _condition_order(condition: Condition) -> str:
    return json.dumps(_condition_form(condition))


def _aggregate_order(aggregate: Aggregate) -> str:
    return json.dumps(_aggregate_form(aggregate))
