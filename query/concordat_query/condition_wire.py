"""Between conditions or scalars and their protobuf messages. `wire` has the messages that hold them.

Reading is strict: a message that lacks a part, nests too deep or holds an unknown enum value is refused as
MALFORMED_REQUEST with the field's path.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TypeVar

from concordat.v1 import query_pb2

from concordat_query.canonical import decimal_text
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
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
    Part,
    RowOperator,
    Scalar,
    Value,
    WidthBucket,
)

MAX_DEPTH = 32
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,30}|-?(0|[1-9][0-9]{0,30})\.[0-9]{0,30}[1-9]")

K = TypeVar("K")
T = TypeVar("T")
COMPARATORS = {
    Comparator.EQUAL: query_pb2.COMPARATOR_EQUAL,
    Comparator.NOT_EQUAL: query_pb2.COMPARATOR_NOT_EQUAL,
    Comparator.LESS: query_pb2.COMPARATOR_LESS,
    Comparator.LESS_OR_EQUAL: query_pb2.COMPARATOR_LESS_OR_EQUAL,
    Comparator.GREATER: query_pb2.COMPARATOR_GREATER,
    Comparator.GREATER_OR_EQUAL: query_pb2.COMPARATOR_GREATER_OR_EQUAL,
}
_OPERATORS = {
    RowOperator.PLUS: query_pb2.ROW_OPERATOR_PLUS,
    RowOperator.MINUS: query_pb2.ROW_OPERATOR_MINUS,
    RowOperator.TIMES: query_pb2.ROW_OPERATOR_TIMES,
    RowOperator.DIV: query_pb2.ROW_OPERATOR_DIV,
    RowOperator.MOD: query_pb2.ROW_OPERATOR_MOD,
}
_PARTS = {Part.YEAR: query_pb2.PART_YEAR, Part.QUARTER: query_pb2.PART_QUARTER, Part.MONTH: query_pb2.PART_MONTH}
COMPARATORS_BACK = {number: comparator for comparator, number in COMPARATORS.items()}
_OPERATORS_BACK = {number: operator for operator, number in _OPERATORS.items()}
_PARTS_BACK = {number: part for part, number in _PARTS.items()}


def malformed(field: str, what: str) -> Refusal:
    return Refusal(Reason.MALFORMED_REQUEST, f"{field}: {what}", field=field)


def _known(table: Mapping[K, T], number: K, field: str, what: str) -> T:
    if number not in table:
        raise malformed(field, f"it is not a known {what}")
    return table[number]


# Literals


def literal_to_proto(literal: Literal) -> query_pb2.Literal:
    match literal:
        case str():
            return query_pb2.Literal(text=literal)
        case date():
            return query_pb2.Literal(date=literal.isoformat())
    return query_pb2.Literal(number=decimal_text(literal))


def literal_from_proto(message: query_pb2.Literal, field: str) -> Literal:
    match message.WhichOneof("value"):
        case "text":
            return message.text
        case "number":
            return number_from_text(message.number, field)
        case "date":
            return _day(message.date, field)
        case _:
            raise malformed(field, "the literal is empty")


def number_from_text(text: str, field: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise malformed(field, "a number must be in canonical decimal notation")
    return Decimal(text)


def _day(text: str, field: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise malformed(field, "a date must be a day of the calendar, written like 2024-02-29") from None
    if day.isoformat() != text:
        raise malformed(field, "a date must be written like 2024-02-29")
    return day


# Scalars


def scalar_to_proto(scalar: Scalar) -> query_pb2.Scalar:
    match scalar:
        case str():
            return query_pb2.Scalar(column=scalar)
        case Value(literal):
            if literal is None:
                return query_pb2.Scalar(null=True)
            return query_pb2.Scalar(literal=literal_to_proto(literal))
        case Calculation(operator, left, right):
            calculation = query_pb2.Calculation(
                operator=_OPERATORS[operator], left=scalar_to_proto(left), right=scalar_to_proto(right)
            )
            return query_pb2.Scalar(calculation=calculation)
        case WidthBucket(number, lower, upper, count):
            bucket = query_pb2.WidthBucket(
                number=scalar_to_proto(number), lower=decimal_text(lower), upper=decimal_text(upper), count=count
            )
            return query_pb2.Scalar(width_bucket=bucket)
        case DatePart(part, day):
            return query_pb2.Scalar(date_part=query_pb2.DatePart(part=_PARTS[part], day=scalar_to_proto(day)))
        case Case(branches, otherwise):
            messages = [
                query_pb2.Branch(condition=condition_to_proto(condition), result=scalar_to_proto(result))
                for condition, result in branches
            ]
            return query_pb2.Scalar(case=query_pb2.Case(branches=messages, otherwise=scalar_to_proto(otherwise)))


def scalar_from_proto(message: query_pb2.Scalar, field: str, depth: int = 0) -> Scalar:
    if depth > MAX_DEPTH:
        raise malformed(field, f"expressions nest deeper than {MAX_DEPTH}")
    match message.WhichOneof("kind"):
        case "column":
            return message.column
        case "literal":
            return Value(literal_from_proto(message.literal, f"{field}.literal"))
        case "null" if message.null:
            return Value(None)
        case "calculation":
            operator = _known(_OPERATORS_BACK, message.calculation.operator, f"{field}.operator", "operator")
            left = scalar_from_proto(message.calculation.left, f"{field}.left", depth + 1)
            return Calculation(
                operator, left, scalar_from_proto(message.calculation.right, f"{field}.right", depth + 1)
            )
        case "width_bucket":
            return _bucket_from_proto(message.width_bucket, f"{field}.width_bucket", depth)
        case "date_part":
            part = _known(_PARTS_BACK, message.date_part.part, f"{field}.part", "part of a date")
            return DatePart(part, scalar_from_proto(message.date_part.day, f"{field}.day", depth + 1))
        case "case":
            return _case_from_proto(message.case, f"{field}.case", depth)
        case _:
            raise malformed(field, "the expression is empty")


def _bucket_from_proto(message: query_pb2.WidthBucket, field: str, depth: int) -> WidthBucket:
    return WidthBucket(
        number=scalar_from_proto(message.number, f"{field}.number", depth + 1),
        lower=number_from_text(message.lower, f"{field}.lower"),
        upper=number_from_text(message.upper, f"{field}.upper"),
        count=message.count,
    )


def _case_from_proto(message: query_pb2.Case, field: str, depth: int) -> Case:
    if not message.branches:
        raise malformed(field, "it has no branches")
    branches = tuple(
        (
            condition_from_proto(branch.condition, f"{field}.condition", depth + 1),
            scalar_from_proto(branch.result, f"{field}.result", depth + 1),
        )
        for branch in message.branches
    )
    return Case(branches, scalar_from_proto(message.otherwise, f"{field}.otherwise", depth + 1))


# Conditions


def condition_to_proto(condition: Condition) -> query_pb2.Condition:
    match condition:
        case Comparison(scalar, comparator, literal):
            comparison = query_pb2.Comparison(
                scalar=scalar_to_proto(scalar), comparator=COMPARATORS[comparator], literal=literal_to_proto(literal)
            )
            return query_pb2.Condition(comparison=comparison)
        case Membership(scalar, literals):
            members = [literal_to_proto(literal) for literal in literals]
            membership = query_pb2.Membership(scalar=scalar_to_proto(scalar), literals=members)
            return query_pb2.Condition(membership=membership)
        case NullTest(scalar):
            return query_pb2.Condition(null_test=query_pb2.NullTest(scalar=scalar_to_proto(scalar)))
        case Conjunction(terms):
            parts = [condition_to_proto(term) for term in terms]
            return query_pb2.Condition(conjunction=query_pb2.Conjunction(terms=parts))
        case Disjunction(terms):
            parts = [condition_to_proto(term) for term in terms]
            return query_pb2.Condition(disjunction=query_pb2.Disjunction(terms=parts))
        case Negation(term):
            return query_pb2.Condition(negation=query_pb2.Negation(term=condition_to_proto(term)))


def condition_from_proto(message: query_pb2.Condition, field: str, depth: int = 0) -> Condition:
    if depth > MAX_DEPTH:
        raise malformed(field, f"conditions nest deeper than {MAX_DEPTH}")

    def terms(kind: str, messages: "Iterable[query_pb2.Condition]") -> tuple[Condition, ...]:
        found = tuple(condition_from_proto(term, f"{field}.{kind}", depth + 1) for term in messages)
        if not found:
            raise malformed(f"{field}.{kind}", "it has no terms")
        return found

    match message.WhichOneof("kind"):
        case "comparison":
            inner = message.comparison
            comparator = _known(COMPARATORS_BACK, inner.comparator, f"{field}.comparison.comparator", "comparator")
            scalar = scalar_from_proto(inner.scalar, f"{field}.comparison.scalar", depth + 1)
            return Comparison(scalar, comparator, literal_from_proto(inner.literal, f"{field}.comparison.literal"))
        case "membership":
            return _membership_from_proto(message.membership, f"{field}.membership", depth)
        case "null_test":
            return NullTest(scalar_from_proto(message.null_test.scalar, f"{field}.null_test.scalar", depth + 1))
        case "conjunction":
            return Conjunction(terms("conjunction", message.conjunction.terms))
        case "disjunction":
            return Disjunction(terms("disjunction", message.disjunction.terms))
        case "negation":
            return Negation(condition_from_proto(message.negation.term, f"{field}.negation", depth + 1))
        case _:
            raise malformed(field, "the condition is empty")


def _membership_from_proto(message: query_pb2.Membership, field: str, depth: int) -> Membership:
    literals = tuple(literal_from_proto(literal, f"{field}.literals") for literal in message.literals)
    if not literals:
        raise malformed(f"{field}.literals", "the list is empty")
    return Membership(scalar_from_proto(message.scalar, f"{field}.scalar", depth + 1), literals)
