"""From SQL text to the signed query: prices the question, names the nodes asked, signs the bytes."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from concordat.v1 import query_pb2
from concordat_privacy.accounting import rho_nano_of
from concordat_privacy.plan import Plan, plan
from concordat_privacy.prices import check_price, delta_of
from concordat_query.agreement import Agreement
from concordat_query.canonical import canonical_query
from concordat_query.catalogue import Catalogue, Dataset
from concordat_query.check import check_query
from concordat_query.check_presentation import check_presentation
from concordat_query.comparability import merging_refused, wrongly_merged
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Envelope, Presentation, Query
from concordat_query.signing import Purpose, SigningKey
from concordat_query.sql.source import refusal_at_name
from concordat_query.text import Question, read_sql
from concordat_query.wire import envelope_to_bytes

LIFETIME_SECONDS = 3600


@dataclass(frozen=True)
class SignedQuestion:
    """A question ready to be sent. `signed` is what travels; the rest is what it was made of."""

    sql: str
    envelope: Envelope
    signed: query_pb2.SignedQuery
    presentation: Presentation
    plan: Plan
    epsilon: float


def ask(
    sql: str, catalogue: Catalogue, agreement: Agreement, key: SigningKey, idempotency_key: str | None
) -> SignedQuestion:
    """Reads, checks, prices and signs a question. Raises Refusal before anything leaves this machine."""
    question = read_sql(sql, catalogue)
    dataset = catalogue.dataset(question.dataset)
    permission = agreement.permission(question.dataset)
    epsilon = question.epsilon if question.epsilon is not None else agreement.defaults.epsilon
    query = canonical_query(
        Query(
            dataset=question.dataset,
            keys=question.keys,
            where=question.where,
            aggregates=question.aggregates,
            rho_nano=rho_nano_of(epsilon, delta_of(agreement, dataset.population)),
            max_groups=question.max_groups_contributed or agreement.defaults.max_groups,
            max_rows=question.max_rows_contributed or agreement.defaults.max_rows,
        )
    )
    check_query(query, dataset, permission)
    check_presentation(question.presentation, query)
    nodes = audience(question, agreement)
    _check_merging(sql, question, query, dataset, [agreement.party_by_node[node].nation for node in nodes])
    check_price(query, dataset, agreement)
    envelope = Envelope(
        query=query,
        catalogue_sha256=catalogue.sha256,
        agreement_id=agreement.id,
        agreement_version=agreement.version,
        audience=nodes,
        idempotency_key=idempotency_key or secrets.token_urlsafe(16),
        expires_at=int(time.time()) + LIFETIME_SECONDS,
    )
    return SignedQuestion(sql, envelope, sign(envelope, key), question.presentation, plan(query, dataset), epsilon)


def _check_merging(sql: str, question: Question, query: Query, dataset: Dataset, nations: Sequence[str]) -> None:
    by_nation = question.presentation.by_nation
    if (column := wrongly_merged(query, dataset, by_nation=by_nation, nations=nations)) is not None:
        raise refusal_at_name(sql, column.name, merging_refused(column), Reason.NOT_COMPARABLE)


def sign(envelope: Envelope, key: SigningKey) -> query_pb2.SignedQuery:
    data = envelope_to_bytes(envelope)
    return query_pb2.SignedQuery(envelope=data, public_key=key.public_key, signature=key.sign(Purpose.QUERY, data))


def audience(question: Question, agreement: Agreement) -> tuple[str, ...]:
    """The nodes that a question is put to: those of the nations that its WHERE leaves."""
    nodes = sorted(
        party.node for party in agreement.parties if question.nations is None or party.nation in question.nations
    )
    if not nodes:
        raise Refusal(
            Reason.NOT_IN_AGREEMENT, "no node of the agreement belongs to the nations asked for", field="query.where"
        )
    return tuple(nodes)
