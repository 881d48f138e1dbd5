"""From SQL text to the signed query: prices the question, names the nodes asked, signs the bytes."""

import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from concordat.v1 import query_pb2
from concordat_privacy.accounting import MAX_EPSILON
from concordat_privacy.effort import check_effort
from concordat_privacy.plan import Plan, plan
from concordat_privacy.precision import largest_margin, price_for_margin
from concordat_privacy.prices import check_price, currency_of
from concordat_query.agreement import Agreement, delta_steps
from concordat_query.canonical import canonical_query
from concordat_query.catalogue import Catalogue, Dataset
from concordat_query.check import check_query
from concordat_query.check_presentation import check_presentation
from concordat_query.comparability import check_merging
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Envelope, Presentation, Query, Statistic
from concordat_query.rules import MAX_DELTA_E15
from concordat_query.signing import Purpose, SigningKey
from concordat_query.sql.places import placed
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


@dataclass(frozen=True)
class Understood:
    """What SQL asks for under an agreement, in canonical form, and what it costs at most at each node."""

    query: Query
    presentation: Presentation
    audience: tuple[str, ...]
    plan: Plan
    epsilon: float


def understand(sql: str, catalogue: Catalogue, agreement: Agreement) -> Understood:
    """Reads, checks and prices a question. Raises Refusal."""
    question = read_sql(sql, catalogue)
    dataset = catalogue.dataset(question.dataset)
    permission = agreement.permission(question.dataset)
    currency = currency_of(agreement, dataset.population)
    unpriced = canonical_query(
        Query(
            dataset=question.dataset,
            keys=question.keys,
            where=question.where,
            aggregates=question.aggregates,
            price_nano=1,
            max_groups=question.max_groups_contributed or agreement.defaults.max_groups,
            max_rows=question.max_rows_contributed or agreement.defaults.max_rows,
            calculus=currency.calculus,
            delta_e15=_delta_e15(question, dataset, agreement),
            max_cells=permission.max_cells if question.private_keys else 0,
        )
    )
    nodes = audience(question, agreement)
    nations = [agreement.party_by_node[node].nation for node in nodes]
    names = (*dataset.by_name, *(statistic.value for statistic in Statistic), "epsilon", "private_keys", "delta")
    with _placed(sql, names):
        check_query(unpriced, dataset, permission)
        query = replace(unpriced, price_nano=_price(question, unpriced, dataset, agreement))
        check_presentation(question.presentation, query)
        check_price(query, dataset, agreement)
    with _placed(sql, sorted(dataset.by_name)):
        check_merging(query, dataset, by_nation=question.presentation.by_nation, nations=nations)
    planned = plan(query, dataset)
    check_effort(planned, question.presentation, len(nodes))
    epsilon = currency.epsilon_of(query.price_nano)
    return Understood(query, question.presentation, nodes, planned, epsilon)


def ask(
    sql: str, catalogue: Catalogue, agreement: Agreement, key: SigningKey, idempotency_key: str | None
) -> SignedQuestion:
    """Reads, checks, prices and signs a question. Raises Refusal before anything leaves this machine."""
    understood = understand(sql, catalogue, agreement)
    envelope = Envelope(
        query=understood.query,
        catalogue_sha256=catalogue.sha256,
        agreement_id=agreement.id,
        agreement_version=agreement.version,
        audience=understood.audience,
        idempotency_key=idempotency_key or secrets.token_urlsafe(16),
        expires_at=int(time.time()) + LIFETIME_SECONDS,
    )
    signed = sign(envelope, key)
    return SignedQuestion(sql, envelope, signed, understood.presentation, understood.plan, understood.epsilon)


def _delta_e15(question: Question, dataset: Dataset, agreement: Agreement) -> int:
    """What finding out private keys may cost beside, in 1e-15: as the question says, or the agreement's default."""
    if not question.private_keys:
        return 0
    if question.delta is not None:
        return _priced_delta(question.delta)
    currency_of(agreement, dataset.population)
    usual = agreement.populations[dataset.population].default_delta_e15
    default = min(usual, agreement.most_delta_e15(question.dataset, dataset.population))
    if not default:
        raise Refusal(
            Reason.NOT_IN_AGREEMENT,
            f"the agreement gives private keys no delta to spend on population {dataset.population!r}; group by "
            "columns with codes, or have the parties set threshold_delta",
            field="query.delta_e15",
        )
    return default


def _priced_delta(delta: float) -> int:
    """In 1e-15. Never more than was said: what is below the least step is refused."""
    steps = delta_steps(delta)
    if steps < 1:
        raise Refusal(
            Reason.INVALID_PRICE, "delta is spent in steps of 1e-15: name a larger one", field="query.delta_e15"
        )
    return min(steps, MAX_DELTA_E15)


def _price(question: Question, query: Query, dataset: Dataset, agreement: Agreement) -> int:
    """What the question is worth, in 1e-9: by its epsilon or margin of error, or the agreement's default."""
    currency = currency_of(agreement, dataset.population)
    if question.margin_of_error is None:
        asked = agreement.defaults.epsilon if question.epsilon is None else question.epsilon
        return currency.nano_of(min(asked, MAX_EPSILON))  # which is refused as more than any query may cost
    price = price_for_margin(query, dataset, merged_nodes(question, agreement), question.margin_of_error)
    most = currency.nano_of(agreement.permission(question.dataset).max_epsilon)
    if price <= most:
        return price
    buys = largest_margin(plan(replace(query, price_nano=most), dataset), merged_nodes(question, agreement))
    raise Refusal(
        Reason.NOT_IN_AGREEMENT,
        f"a margin of {question.margin_of_error:g} would cost epsilon {currency.epsilon_of(price):.3g}, and one query "
        f"on this data set may cost {agreement.permission(question.dataset).max_epsilon:g} at most, which buys {buys}",
        field="query.price_nano",
    )


def merged_nodes(question: Question, agreement: Agreement) -> int:
    """How many nodes are added up in one of the query's own cells, at most: where nations are apart, one nation's."""
    asked = audience(question, agreement)
    if not question.presentation.by_nation:
        return len(asked)
    return max(Counter(agreement.party_by_node[node].nation for node in asked).values())


@contextmanager
def _placed(sql: str, names: Iterable[str]) -> Iterator[None]:
    """Gives a refusal raised within its place in the text, where it speaks of one of the names."""
    try:
        yield
    except Refusal as refusal:
        raise placed(refusal, sql, names) from None


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
