"""What a question would cost and how precise its answer would be, as values: told before anything is spent."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from concordat.v1 import coordinator_pb2
from concordat_privacy.accounting import Currency
from concordat_privacy.enclosing import protection
from concordat_privacy.expectations import Profile
from concordat_privacy.foresight import Foresight, Party, foresee
from concordat_privacy.precision import (
    components_of_statistics,
    larger_without_sharing,
    price_for_half_the_margin,
    released_apart,
)
from concordat_privacy.prices import currency_of
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.model import Query
from concordat_query.wire import coverage_from_proto
from concordat_wire.profiles import read_described_profile

from concordat_client.asking import SignedQuestion
from concordat_client.display import failure_text

ExplainResponse = coordinator_pb2.CoordinatorServiceExplainResponse
DescribeResponse = coordinator_pb2.CoordinatorServiceDescribeResponse


@dataclass(frozen=True)
class NodeOutlook:
    """One node asked. With `failure` it would not answer, and why; else its price in billionths, and its account.

    `left_nano` is what is left after this question, and `more` how many more questions at this price that pays for.
    One that holds nothing of what is asked takes no part and pays nothing.
    """

    node: str
    nation: str
    failure: str
    price_nano: int
    spent_epsilon: float
    budget_epsilon: float
    left_nano: int
    more: int | None
    takes_part: bool
    stored: bool


@dataclass(frozen=True)
class Explanation:
    """`epsilon` is the cost at each node at most, `halving_epsilon` what would halve every margin, if anything does.
    `counted_in` is the word for what prices are counted in.

    `protection` says what else is to be known of the price; empty where the charge is for the data set's own unit.
    `apart` and `shared` count noisy components without and with sharing; `saved` is by which part a margin would
    at most be larger without. `foresight` is None where no node would answer.
    """

    question: SignedQuestion
    counted_in: str
    epsilon: float
    protection: str
    most_epsilon: float
    halving_epsilon: float | None
    nodes: tuple[NodeOutlook, ...]
    foresight: Foresight | None
    apart: int
    shared: int
    saved: float


def explained(
    question: SignedQuestion,
    response: ExplainResponse,
    described: DescribeResponse,
    catalogue: Catalogue,
    agreement: Agreement,
) -> Explanation:
    """Puts together what nodes quote and what follows from public facts. Raises VerificationError for a bad profile."""
    query = question.envelope.query
    dataset = catalogue.dataset(query.dataset)
    currency = currency_of(agreement, dataset.population)
    profiles = dict(_profiles(question, described, catalogue, agreement))
    parties = list(_parties(response, profiles, agreement))
    halving = price_for_half_the_margin(question.plan)
    return Explanation(
        question=question,
        counted_in=currency.word,
        epsilon=currency.epsilon_of(query.price_nano),
        protection=protection(query.price_nano, currency, dataset),
        most_epsilon=agreement.permission(query.dataset).max_epsilon,
        halving_epsilon=None if halving is None else currency.epsilon_of(halving),
        nodes=tuple(_node(entry, query, currency, agreement) for entry in response.quotes),
        foresight=foresee(catalogue, question.plan, question.presentation, parties) if parties else None,
        apart=released_apart(question.plan),
        shared=len(components_of_statistics(question.plan)),
        saved=larger_without_sharing(question.plan),
    )


def _more_deltas(left: int, price: int) -> list[int]:
    """How many more questions the delta for private keys is enough for, where one is asked."""
    return [max(0, left) // price] if price else []


def _node(entry: coordinator_pb2.NodeQuote, query: Query, currency: Currency, agreement: Agreement) -> NodeOutlook:
    nation = agreement.party_by_node[entry.node].nation
    if entry.WhichOneof("outcome") == "failure":
        return NodeOutlook(entry.node, nation, failure_text(entry.failure), 0, 0.0, 0.0, 0, None, False, False)
    quote, account = entry.quote, entry.quote.account
    left = account.budget_nano - account.spent_nano - account.reserved_nano - quote.price_nano
    left_delta = account.budget_delta_e15 - account.spent_delta_e15 - account.reserved_delta_e15 - quote.delta_e15
    return NodeOutlook(
        node=entry.node,
        nation=nation,
        failure="",
        price_nano=quote.price_nano,
        spent_epsilon=currency.epsilon_of(account.spent_nano),
        budget_epsilon=currency.epsilon_of(account.budget_nano),
        left_nano=min(left, left_delta) if left_delta < 0 else left,
        more=min([max(0, left) // (quote.price_nano or query.price_nano), *_more_deltas(left_delta, query.delta_e15)]),
        takes_part=not quote.nothing_held,
        stored=quote.stored_answer,
    )


def _profiles(
    question: SignedQuestion, described: DescribeResponse, catalogue: Catalogue, agreement: Agreement
) -> Iterator[tuple[str, Profile]]:
    """The verified profile of every node asked that has one."""
    for entry in described.nodes:
        if entry.node not in question.envelope.audience or entry.WhichOneof("outcome") == "failure":
            continue
        for holding in entry.description.holdings:
            if holding.dataset == question.envelope.query.dataset:
                profile = read_described_profile(holding, entry.node, catalogue, agreement)
                if profile is not None:
                    yield entry.node, profile


def _parties(response: ExplainResponse, profiles: Mapping[str, Profile], agreement: Agreement) -> Iterator[Party]:
    nations = Counter(agreement.party_by_node[entry.node].nation for entry in response.quotes)
    for entry in response.quotes:
        if entry.WhichOneof("outcome") == "quote" and entry.quote.HasField("coverage"):
            nation = agreement.party_by_node[entry.node].nation
            coverage = coverage_from_proto(entry.quote.coverage)
            differences = tuple(entry.quote.differences)
            yield Party(entry.node, nation, coverage, profiles.get(entry.node), nations[nation], differences)
