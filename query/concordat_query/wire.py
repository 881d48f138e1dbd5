"""Between values and protobuf messages: queries, envelopes and coverage.

Reading is strict: a message that lacks a part, nests too deep or holds an unknown enum value is refused as
MALFORMED_REQUEST with the field's path. Writing is total.
"""

import hashlib
from decimal import Decimal
from typing import TypeVar

from concordat.v1 import node_pb2, query_pb2
from google.protobuf.message import DecodeError, Message

from concordat_query.canonical import decimal_text
from concordat_query.condition_wire import (
    condition_from_proto,
    condition_to_proto,
    malformed,
    number_from_text,
    scalar_from_proto,
    scalar_to_proto,
)
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.model import (
    COUNTS_WITHOUT_SCALAR,
    OF_TWO_SCALARS,
    Aggregate,
    Calculus,
    Envelope,
    Query,
    Statistic,
)

M = TypeVar("M", bound=Message)
MAX_ENVELOPE_BYTES = 256 * 1024

_STATISTICS = {
    Statistic.COUNT_ROWS: query_pb2.STATISTIC_COUNT_ROWS,
    Statistic.COUNT_VALUES: query_pb2.STATISTIC_COUNT_VALUES,
    Statistic.SUM: query_pb2.STATISTIC_SUM,
    Statistic.AVG: query_pb2.STATISTIC_AVG,
    Statistic.COUNT_UNITS: query_pb2.STATISTIC_COUNT_UNITS,
    Statistic.VAR_SAMP: query_pb2.STATISTIC_VAR_SAMP,
    Statistic.VAR_POP: query_pb2.STATISTIC_VAR_POP,
    Statistic.STDDEV_SAMP: query_pb2.STATISTIC_STDDEV_SAMP,
    Statistic.STDDEV_POP: query_pb2.STATISTIC_STDDEV_POP,
    Statistic.COVAR_SAMP: query_pb2.STATISTIC_COVAR_SAMP,
    Statistic.COVAR_POP: query_pb2.STATISTIC_COVAR_POP,
    Statistic.CORR: query_pb2.STATISTIC_CORR,
    Statistic.REGR_SLOPE: query_pb2.STATISTIC_REGR_SLOPE,
    Statistic.REGR_INTERCEPT: query_pb2.STATISTIC_REGR_INTERCEPT,
    Statistic.PERCENTILE_CONT: query_pb2.STATISTIC_PERCENTILE_CONT,
}
_CALCULI = {Calculus.GAUSSIAN: query_pb2.CALCULUS_GAUSSIAN, Calculus.PURE: query_pb2.CALCULUS_PURE}
_STATISTICS_BACK = {number: statistic for statistic, number in _STATISTICS.items()}


# Queries


def query_to_proto(query: Query) -> query_pb2.Query:
    message = query_pb2.Query(
        dataset=query.dataset,
        keys=[scalar_to_proto(key) for key in query.keys],
        aggregates=[_aggregate_to_proto(aggregate) for aggregate in query.aggregates],
        price_nano=query.price_nano,
        max_groups=query.max_groups,
        max_rows=query.max_rows,
        calculus=calculus_to_proto(query.calculus),
        delta_e15=query.delta_e15,
        max_cells=query.max_cells,
    )
    if query.where is not None:
        message.where.CopyFrom(condition_to_proto(query.where))
    return message


def query_from_proto(message: query_pb2.Query) -> Query:
    return Query(
        dataset=message.dataset,
        keys=tuple(scalar_from_proto(key, f"query.keys[{i}]") for i, key in enumerate(message.keys)),
        where=condition_from_proto(message.where, "query.where") if message.HasField("where") else None,
        aggregates=tuple(
            _aggregate_from_proto(aggregate, f"query.aggregates[{i}]") for i, aggregate in enumerate(message.aggregates)
        ),
        price_nano=message.price_nano,
        max_groups=message.max_groups,
        max_rows=message.max_rows,
        calculus=calculus_from_proto(message.calculus, "query.calculus"),
        delta_e15=message.delta_e15,
        max_cells=message.max_cells,
    )


def calculus_to_proto(calculus: Calculus) -> query_pb2.Calculus:
    return _CALCULI[calculus]


def calculus_from_proto(number: int, field: str) -> Calculus:
    """Refuses a number that names none: an amount is never taken for one of another calculus."""
    for calculus, known in _CALCULI.items():
        if number == known:
            return calculus
    raise malformed(field, "it must say what the price is counted in: rho (gaussian) or pure epsilon")


def _aggregate_to_proto(aggregate: Aggregate) -> query_pb2.Aggregate:
    message = query_pb2.Aggregate(
        statistic=_STATISTICS[aggregate.statistic], over=[scalar_to_proto(key) for key in aggregate.over]
    )
    if aggregate.scalar is not None:
        message.scalar.CopyFrom(scalar_to_proto(aggregate.scalar))
    if aggregate.other is not None:
        message.other.CopyFrom(scalar_to_proto(aggregate.other))
    if aggregate.fraction is not None:
        message.fraction = decimal_text(aggregate.fraction)
    if aggregate.filter is not None:
        message.filter.CopyFrom(condition_to_proto(aggregate.filter))
    return message


def _aggregate_from_proto(message: query_pb2.Aggregate, field: str) -> Aggregate:
    statistic = _STATISTICS_BACK.get(message.statistic)
    if statistic is None:
        raise malformed(f"{field}.statistic", "it is not a known statistic")
    if (statistic in COUNTS_WITHOUT_SCALAR) == message.HasField("scalar"):
        raise malformed(f"{field}.scalar", "counts of rows and units take none, every other statistic takes one")
    if (statistic in OF_TWO_SCALARS) != message.HasField("other"):
        raise malformed(f"{field}.other", "statistics of two values take a second, every other statistic takes none")
    return Aggregate(
        statistic,
        scalar_from_proto(message.scalar, f"{field}.scalar") if message.HasField("scalar") else None,
        condition_from_proto(message.filter, f"{field}.filter") if message.HasField("filter") else None,
        tuple(scalar_from_proto(key, f"{field}.over") for key in message.over),
        scalar_from_proto(message.other, f"{field}.other") if message.HasField("other") else None,
        _fraction_from_proto(message, statistic, field),
    )


def _fraction_from_proto(message: query_pb2.Aggregate, statistic: Statistic, field: str) -> Decimal | None:
    if (statistic is Statistic.PERCENTILE_CONT) != bool(message.fraction):
        raise malformed(f"{field}.fraction", "percentiles take a fraction, every other statistic none")
    return number_from_text(message.fraction, f"{field}.fraction") if message.fraction else None


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
