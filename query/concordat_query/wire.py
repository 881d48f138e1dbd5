"""Between values and protobuf messages, for queries and coverage.

Reading is strict: a message that lacks a part, nests too deep or holds an unknown enum value is refused as
MALFORMED_REQUEST with the field's path. Writing is total.
"""

import hashlib
import re
from decimal import Decimal
from typing import TypeVar

from concordat.v1 import node_pb2, query_pb2
from google.protobuf.message import DecodeError, Message

from concordat_query.canonical import decimal_text
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Aggregate,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Envelope,
    Literal,
    Membership,
    Negation,
    NullTest,
    Query,
    Statistic,
)

M = TypeVar("M", bound=Message)
MAX_DEPTH = 32
MAX_ENVELOPE_BYTES = 256 * 1024
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,30}|-?(0|[1-9][0-9]{0,30})\.[0-9]{0,30}[1-9]")

COMPARATORS = {
    Comparator.EQUAL: query_pb2.COMPARATOR_EQUAL,
    Comparator.NOT_EQUAL: query_pb2.COMPARATOR_NOT_EQUAL,
    Comparator.LESS: query_pb2.COMPARATOR_LESS,
    Comparator.LESS_OR_EQUAL: query_pb2.COMPARATOR_LESS_OR_EQUAL,
    Comparator.GREATER: query_pb2.COMPARATOR_GREATER,
    Comparator.GREATER_OR_EQUAL: query_pb2.COMPARATOR_GREATER_OR_EQUAL,
}
COMPARATORS_BACK = {number: comparator for comparator, number in COMPARATORS.items()}
_STATISTICS = {
    Statistic.COUNT_ROWS: query_pb2.STATISTIC_COUNT_ROWS,
    Statistic.COUNT_VALUES: query_pb2.STATISTIC_COUNT_VALUES,
    Statistic.SUM: query_pb2.STATISTIC_SUM,
    Statistic.AVG: query_pb2.STATISTIC_AVG,
}
_STATISTICS_BACK = {number: statistic for statistic, number in _STATISTICS.items()}


def malformed(field: str, what: str) -> Refusal:
    return Refusal(Reason.MALFORMED_REQUEST, f"{field}: {what}", field=field)


# Queries


def literal_to_proto(literal: Literal) -> query_pb2.Literal:
    if isinstance(literal, str):
        return query_pb2.Literal(text=literal)
    return query_pb2.Literal(number=decimal_text(literal))


def literal_from_proto(message: query_pb2.Literal, field: str) -> Literal:
    match message.WhichOneof("value"):
        case "text":
            return message.text
        case "number":
            return number_from_text(message.number, field)
        case _:
            raise malformed(field, "the literal is empty")


def number_from_text(text: str, field: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise malformed(field, "a number must be in canonical decimal notation")
    return Decimal(text)


def condition_to_proto(condition: Condition) -> query_pb2.Condition:
    match condition:
        case Comparison(column, comparator, literal):
            comparison = query_pb2.Comparison(
                column=column, comparator=COMPARATORS[comparator], literal=literal_to_proto(literal)
            )
            return query_pb2.Condition(comparison=comparison)
        case Membership(column, literals):
            members = [literal_to_proto(literal) for literal in literals]
            return query_pb2.Condition(membership=query_pb2.Membership(column=column, literals=members))
        case NullTest(column):
            return query_pb2.Condition(null_test=query_pb2.NullTest(column=column))
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

    def terms(kind: str, messages: "list[query_pb2.Condition]") -> tuple[Condition, ...]:
        if not messages:
            raise malformed(f"{field}.{kind}", "it has no terms")
        return tuple(condition_from_proto(term, f"{field}.{kind}", depth + 1) for term in messages)

    match message.WhichOneof("kind"):
        case "comparison":
            comparator = COMPARATORS_BACK.get(message.comparison.comparator)
            if comparator is None:
                raise malformed(f"{field}.comparison.comparator", "it is not a known comparator")
            literal = literal_from_proto(message.comparison.literal, f"{field}.comparison.literal")
            return Comparison(message.comparison.column, comparator, literal)
        case "membership":
            literals = tuple(
                literal_from_proto(literal, f"{field}.membership.literals") for literal in message.membership.literals
            )
            if not literals:
                raise malformed(f"{field}.membership.literals", "the list is empty")
            return Membership(message.membership.column, literals)
        case "null_test":
            return NullTest(message.null_test.column)
        case "conjunction":
            return Conjunction(terms("conjunction", list(message.conjunction.terms)))
        case "disjunction":
            return Disjunction(terms("disjunction", list(message.disjunction.terms)))
        case "negation":
            return Negation(condition_from_proto(message.negation.term, f"{field}.negation", depth + 1))
        case _:
            raise malformed(field, "the condition is empty")


def query_to_proto(query: Query) -> query_pb2.Query:
    message = query_pb2.Query(
        dataset=query.dataset,
        keys=query.keys,
        aggregates=[_aggregate_to_proto(aggregate) for aggregate in query.aggregates],
        rho_nano=query.rho_nano,
        max_groups=query.max_groups,
        max_rows=query.max_rows,
    )
    if query.where is not None:
        message.where.CopyFrom(condition_to_proto(query.where))
    return message


def query_from_proto(message: query_pb2.Query) -> Query:
    return Query(
        dataset=message.dataset,
        keys=tuple(message.keys),
        where=condition_from_proto(message.where, "query.where") if message.HasField("where") else None,
        aggregates=tuple(
            _aggregate_from_proto(aggregate, f"query.aggregates[{i}]") for i, aggregate in enumerate(message.aggregates)
        ),
        rho_nano=message.rho_nano,
        max_groups=message.max_groups,
        max_rows=message.max_rows,
    )


def _aggregate_to_proto(aggregate: Aggregate) -> query_pb2.Aggregate:
    message = query_pb2.Aggregate(statistic=_STATISTICS[aggregate.statistic], column=aggregate.column or "")
    if aggregate.filter is not None:
        message.filter.CopyFrom(condition_to_proto(aggregate.filter))
    return message


def _aggregate_from_proto(message: query_pb2.Aggregate, field: str) -> Aggregate:
    statistic = _STATISTICS_BACK.get(message.statistic)
    if statistic is None:
        raise malformed(f"{field}.statistic", "it is not a known statistic")
    if (statistic is Statistic.COUNT_ROWS) != (not message.column):
        raise malformed(f"{field}.column", "COUNT(*) takes no column, every other statistic takes one")
    condition = condition_from_proto(message.filter, f"{field}.filter") if message.HasField("filter") else None
    return Aggregate(statistic, message.column or None, condition)


def envelope_to_bytes(envelope: Envelope) -> bytes:
    """The bytes that an analyst signs."""
    return query_pb2.QueryEnvelope(
        query=query_to_proto(envelope.query),
        catalogue_sha256=envelope.catalogue_sha256,
        agreement_id=envelope.agreement_id,
        agreement_version=envelope.agreement_version,
        audience=sorted(envelope.audience),
        idempotency_key=envelope.idempotency_key,
        expires_at=envelope.expires_at,
        not_before=envelope.not_before,
    ).SerializeToString(deterministic=True)


def envelope_from_bytes(data: bytes) -> Envelope:
    """Reads what an analyst signed. Refuses garbage, oversized bytes, missing parts and fields not known here."""
    if len(data) > MAX_ENVELOPE_BYTES:
        raise malformed("query.envelope", f"it is larger than {MAX_ENVELOPE_BYTES} bytes")
    message = parse(query_pb2.QueryEnvelope, data, "query.envelope")
    _refuse_unknown_fields(message)
    if not 1 <= len(message.idempotency_key) <= 128:
        raise malformed("query.envelope.idempotency_key", "it must have 1 to 128 characters")
    return Envelope(
        query=query_from_proto(message.query),
        catalogue_sha256=message.catalogue_sha256,
        agreement_id=message.agreement_id,
        agreement_version=message.agreement_version,
        audience=tuple(message.audience),
        idempotency_key=message.idempotency_key,
        expires_at=message.expires_at,
        not_before=message.not_before,
    )


def _refuse_unknown_fields(message: query_pb2.QueryEnvelope) -> None:
    """What an analyst signed and this version would pass over may change what is asked."""
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        raise malformed("query.envelope", "it holds a field that this version does not know; sign it with an older one")


def request_sha256(envelope: bytes) -> bytes:
    """What makes two serialised envelopes under one key the same request: all of them but the expiry.

    One who lost the bytes of the first try may sign the same question again.
    """
    message = parse(query_pb2.QueryEnvelope, envelope, "query.envelope")
    message.ClearField("expires_at")
    message.DiscardUnknownFields()
    message.audience.sort()
    return hashlib.sha256(message.SerializeToString(deterministic=True)).digest()


def parse(kind: type[M], data: bytes, field: str) -> M:
    """Parses protobuf bytes. Refuses garbage without repeating any of it."""
    message = kind()
    try:
        message.ParseFromString(data)
    except (DecodeError, RecursionError, ValueError):
        raise malformed(field, f"the bytes are not a {kind.DESCRIPTOR.full_name}") from None
    return message


# Coverage


def coverage_to_proto(coverage: Coverage) -> node_pb2.Coverage:
    message = node_pb2.Coverage(columns=[_column_coverage_to_proto(entry) for entry in coverage.columns])
    if coverage.rows is not None:
        message.rows.CopyFrom(condition_to_proto(coverage.rows))
    return message


def _column_coverage_to_proto(entry: ColumnCoverage) -> node_pb2.ColumnCoverage:
    message = node_pb2.ColumnCoverage(column=entry.column, held=entry.held, difference=entry.difference)
    if entry.rows is not None:
        message.rows.CopyFrom(condition_to_proto(entry.rows))
    return message


def coverage_from_proto(message: node_pb2.Coverage, field: str = "coverage") -> Coverage:
    columns = tuple(
        ColumnCoverage(
            column=entry.column,
            held=entry.held,
            rows=condition_from_proto(entry.rows, f"{field}.columns") if entry.HasField("rows") else None,
            difference=entry.difference,
        )
        for entry in message.columns
    )
    rows = condition_from_proto(message.rows, f"{field}.rows") if message.HasField("rows") else None
    return Coverage(rows, columns)
