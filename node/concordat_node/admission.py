"""Whether a node admits a query: pure, from files that the node holds, the signed bytes and the clock. No I/O.

`identify` says who asks; `check_lifetime` and `admit` say whether it may be asked now, and what it will cost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property

from concordat.v1 import node_pb2, query_pb2
from concordat_privacy.noise import check_prices
from concordat_privacy.plan import Plan, held_components, plan
from concordat_privacy.prices import check_price
from concordat_query.agreement import Agreement
from concordat_query.canonical import query_sha256
from concordat_query.catalogue import Catalogue, Dataset
from concordat_query.check import check_query
from concordat_query.coverage import Coverage
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Conjunction,
    Envelope,
    Negation,
    NullTest,
    columns_in,
    columns_of,
)
from concordat_query.signing import Purpose, is_signed
from concordat_query.wire import coverage_to_proto, envelope_from_bytes, request_sha256

MAX_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True)
class Holding:
    """What this node declares to hold of one data set. `mapping_sha256` is empty where it has no mapping."""

    coverage: Coverage
    differences: tuple[str, ...]
    mapping_sha256: str

    @cached_property
    def coverage_message(self) -> node_pb2.Coverage:
        """The coverage as every quote and answer tells it. To be copied, never changed."""
        return coverage_to_proto(self.coverage)


@dataclass(frozen=True)
class Rules:
    """All that admission is decided from."""

    node: str
    catalogue: Catalogue
    agreement: Agreement
    holdings: Mapping[str, Holding]

    def holding(self, dataset: str) -> Holding:
        if dataset in self.holdings:
            return self.holdings[dataset]
        return Holding(holds_nothing(self.catalogue.dataset(dataset)), (), "")


@dataclass(frozen=True)
class Identified:
    """A query whose signature is genuine and whose analyst and audience are known. Nothing else is checked yet."""

    signed: query_pb2.SignedQuery
    envelope: Envelope
    request_sha256: bytes
    analyst: str


@dataclass(frozen=True)
class Admitted:
    """A query that may run here. `held` are the indexes of its components of which something is held."""

    asked: Identified
    dataset: Dataset
    plan: Plan
    query_sha256: bytes
    holding: Holding
    held: tuple[int, ...]
    price_nano: int
    delta_e15: int
    differences: tuple[str, ...]

    @property
    def nothing_held(self) -> bool:
        return not self.held


def identify(signed: query_pb2.SignedQuery, rules: Rules) -> Identified:
    """Who asks. Refuses BAD_SIGNATURE, UNKNOWN_ANALYST, NOT_IN_AUDIENCE and bytes that are no envelope."""
    if not is_signed(Purpose.QUERY, signed.envelope, signed.signature, signed.public_key):
        raise Refusal(
            Reason.BAD_SIGNATURE,
            "the signature is not this key's over these bytes; the query was altered or signed with another key",
            field="query.signature",
        )
    analyst = rules.agreement.analyst_of(signed.public_key)
    envelope = envelope_from_bytes(signed.envelope)
    if rules.node not in envelope.audience:
        raise Refusal(
            Reason.NOT_IN_AUDIENCE,
            f"the signed query does not ask node {rules.node!r}; sign it again with that node in its audience",
            field="query.envelope.audience",
        )
    return Identified(signed, envelope, request_sha256(signed.envelope), analyst.name)


def check_lifetime(envelope: Envelope, now: float) -> None:
    """Refuses a query that has expired (QUERY_EXPIRED), or whose expiry lies too far ahead. `now` in Unix seconds."""
    if envelope.expires_at <= now:
        raise Refusal(
            Reason.QUERY_EXPIRED,
            "the signed query has expired and was not run before; sign it again",
            field="query.envelope.expires_at",
        )
    if envelope.expires_at > now + MAX_LIFETIME.total_seconds():
        raise Refusal(
            Reason.MALFORMED_REQUEST,
            "expires_at lies more than 24 hours ahead; sign the query with a shorter life and check the clock",
            field="query.envelope.expires_at",
        )


def check_in_force(agreement: Agreement, now: float) -> None:
    """Refuses outside the agreement's days, which are days in UTC, both included."""
    today = datetime.fromtimestamp(now, UTC).date()
    if not agreement.starts <= today <= agreement.expires:
        raise Refusal(
            Reason.AGREEMENT_NOT_IN_FORCE,
            f"agreement {agreement.id!r} is in force from {agreement.starts} to {agreement.expires} only; "
            "the parties must renew it",
            field="query.envelope.agreement_id",
        )


def admit(asked: Identified, rules: Rules, now: float) -> Admitted:
    """Everything but the query's own lifetime, which `check_lifetime` looks at. Raises Refusal with its reason."""
    envelope, query = asked.envelope, asked.envelope.query
    _check_catalogue(envelope, rules.catalogue)
    _check_agreement(envelope, rules.agreement)
    check_in_force(rules.agreement, now)
    _check_embargo(envelope, rules.agreement)
    dataset = rules.catalogue.dataset(query.dataset)
    permission = rules.agreement.permission(query.dataset)
    check_query(query, dataset, permission)
    planned = plan(query, dataset)
    check_price(query, dataset, rules.agreement)
    check_prices(planned)
    holding = rules.holding(query.dataset)
    held = tuple(sorted(held_components(planned, dataset, holding.coverage)))
    return Admitted(
        asked=asked,
        dataset=dataset,
        plan=planned,
        query_sha256=query_sha256(query),
        holding=holding,
        held=held,
        price_nano=planned.price(held),
        delta_e15=planned.delta_e15(held),
        differences=_differences(planned, holding),
    )


def _check_catalogue(envelope: Envelope, catalogue: Catalogue) -> None:
    if envelope.catalogue_sha256 != catalogue.sha256:
        raise Refusal(
            Reason.WRONG_CATALOGUE,
            "the query was written against another version of the catalogue than this node holds; "
            "get the version that the agreement names",
            field="query.envelope.catalogue_sha256",
        )


def _check_agreement(envelope: Envelope, agreement: Agreement) -> None:
    if (envelope.agreement_id, envelope.agreement_version) != (agreement.id, agreement.version):
        raise Refusal(
            Reason.WRONG_AGREEMENT,
            f"the query names another agreement than this node's, which is {agreement.id!r} version "
            f"{agreement.version}; get that version",
            field="query.envelope.agreement_id",
        )


def _check_embargo(envelope: Envelope, agreement: Agreement) -> None:
    """A hold beyond the agreement would lock a shared answer away from everyone."""
    last = datetime.combine(agreement.expires, time.max, UTC).timestamp()
    if not 0 <= envelope.not_before <= last:
        raise Refusal(
            Reason.MALFORMED_REQUEST,
            f"not_before must be 0 or a time before the agreement's end on {agreement.expires}",
            field="query.envelope.not_before",
        )


def _differences(planned: Plan, holding: Holding) -> tuple[str, ...]:
    """Known differences that touch this query: the data set's, then those of the columns that it reads."""
    query = planned.query
    read = {name for component in planned.components for name in component.reads}
    read |= columns_of(query.where).union(*(columns_in(key) for key in query.keys))
    of_columns = [entry.difference for entry in holding.coverage.columns if entry.column in read and entry.difference]
    return (*holding.differences, *of_columns)


def holds_nothing(dataset: Dataset) -> Coverage:
    """The coverage of a node that has no mapping for a data set: a condition that no row satisfies."""
    smallest = min(dataset.columns, key=lambda column: column.fixed_upper - column.fixed_lower)
    test = NullTest(smallest.name)
    return Coverage(rows=Conjunction((test, Negation(test))))
