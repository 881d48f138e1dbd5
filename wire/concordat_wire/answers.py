"""From a node's signed answer to what merging needs, believing nothing that the signature and the query do not prove.

The coordinator and every client read answers through here, so both refuse the same things.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from concordat.v1 import node_pb2
from concordat_privacy.components import Kind
from concordat_privacy.laws import MECHANISM_OF
from concordat_privacy.merge import Absent, NodeAnswer
from concordat_privacy.plan import Plan, held_components
from concordat_privacy.plan import plan as plan_query
from concordat_privacy.status import Status
from concordat_query.agreement import Agreement, Party
from concordat_query.catalogue import ByDefinition, Catalogue, Dataset
from concordat_query.check import check_coverage
from concordat_query.coverage import Coverage
from concordat_query.errors import ConcordatError, VerificationError
from concordat_query.model import Envelope
from concordat_query.signing import Purpose, is_signed
from concordat_query.texts import is_clean
from concordat_query.wire import coverage_from_proto, parse
from google.protobuf.message import Message

M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class Cost:
    """A price in billionths, and the delta that private keys cost beside, in 1e-15."""

    price_nano: int = 0
    delta_e15: int = 0


NOTHING = Cost()


@dataclass(frozen=True)
class Given:
    """What a node gave to a request: a serialised Answer or Declaration, and what it costs."""

    node: str
    content: bytes
    cost: Cost = NOTHING


def answers_seed(answers: Iterable[bytes]) -> bytes:
    """The seed of simulated margins: SHA-256 over the serialised Answers, sorted, each preceded by its length.

    Whoever holds the answers draws the same margins, in whatever order they came.
    """
    digest = hashlib.sha256(b"concordat.v1.seed\0")
    for answer in sorted(answers):
        digest.update(len(answer).to_bytes(8, "big") + answer)
    return digest.digest()


def read_answer(
    signed: node_pb2.SignedAnswer, envelope: Envelope, plan: Plan, catalogue: Catalogue, agreement: Agreement
) -> NodeAnswer:
    """One node's verified answer. Raises VerificationError that names the node and what is not as it must be."""
    answer = _parsed(node_pb2.Answer, signed.answer, "an answer")
    party = _party(answer.node, envelope, agreement)
    _demand(
        is_signed(Purpose.ANSWER, signed.answer, signed.signature, _key(party)), party, "the answer's signature is bad"
    )
    _check_subject(answer, envelope, plan, catalogue, party)
    coverage = _coverage(answer.coverage, catalogue.dataset(plan.query.dataset), party)
    texts = _texts(answer, plan, catalogue, party)
    components = _components(answer, _known(plan, catalogue, texts), catalogue, coverage, party)
    return NodeAnswer(party.node, party.nation, coverage, components, tuple(answer.differences), texts)


def read_declaration(
    signed: node_pb2.SignedDeclaration, envelope: Envelope, plan: Plan, catalogue: Catalogue, agreement: Agreement
) -> Absent:
    """A node's verified word that it holds nothing of the query. Raises VerificationError that names the node."""
    declaration = _parsed(node_pb2.Declaration, signed.declaration, "a declaration")
    party = _party(declaration.node, envelope, agreement)
    genuine = is_signed(Purpose.DECLARATION, signed.declaration, signed.signature, _key(party))
    _demand(genuine, party, "the declaration's signature is bad")
    _demand(declaration.query_sha256 == plan.query_sha256, party, "the declaration is about another query")
    _demand(declaration.catalogue_sha256 == catalogue.sha256, party, "the declaration follows another catalogue")
    dataset = catalogue.dataset(plan.query.dataset)
    coverage = _coverage(declaration.coverage, dataset, party)
    held = held_components(plan, dataset, coverage)
    _demand(not held, party, "it declares to hold nothing, but its coverage holds a part of the query")
    return Absent(party.node, party.nation, Status.NOT_HELD, coverage, tuple(declaration.differences))


def read_delivery(
    signed: node_pb2.SignedDelivery, given: Given, request: bytes, envelope: Envelope, agreement: Agreement
) -> Cost:
    """What a request was charged at a node: what was given costs or nothing, by the node's verified word.

    Without this an answer proves only what the node once gave to the same query, not that it gave it to this request.
    `request` is the envelope's `request_sha256`. Raises VerificationError that names the node.
    """
    party = _party(given.node, envelope, agreement)
    _demand(bool(signed.delivery), party, "it does not say what it gave to this request")
    genuine = is_signed(Purpose.DELIVERY, signed.delivery, signed.signature, _key(party))
    _demand(genuine, party, "the delivery's signature is bad")
    delivery = _parsed(node_pb2.Delivery, signed.delivery, "a delivery")
    _demand(delivery.node == given.node, party, "the delivery is another node's")
    _demand(delivery.request_sha256 == request, party, "the delivery is to another request")
    _demand(
        (delivery.agreement_id, delivery.agreement_version) == (envelope.agreement_id, envelope.agreement_version),
        party,
        "the delivery was made under another agreement",
    )
    same = delivery.content_sha256 == hashlib.sha256(given.content).digest()
    _demand(same, party, "it gave something else to this request")
    charged = Cost(delivery.charged_nano, delivery.charged_delta_e15)
    _demand(charged in (NOTHING, given.cost), party, "it says to have charged another price")
    return charged


def _parsed(kind: type[M], data: bytes, what: str) -> M:
    try:
        return parse(kind, data, what)
    except ConcordatError as error:
        raise VerificationError(f"{what} cannot be read: {error.message}") from None


def _party(node: str, envelope: Envelope, agreement: Agreement) -> Party:
    if node not in agreement.party_by_node:
        raise VerificationError("an answer came from a node that is no party of the agreement", field=node)
    if node not in envelope.audience:
        raise VerificationError(f"{node}: the query does not ask this node", field=node)
    return agreement.party_by_node[node]


def _key(party: Party) -> bytes:
    return base64.b64decode(party.public_key)


def _demand(holds: bool, party: Party, what: str) -> None:
    if not holds:
        raise VerificationError(f"{party.node}: {what}; do not use this result", field=party.node)


def _check_subject(answer: node_pb2.Answer, envelope: Envelope, plan: Plan, catalogue: Catalogue, party: Party) -> None:
    """The answer is to this query, under this catalogue and this agreement."""
    dataset = catalogue.dataset(plan.query.dataset)
    _demand(answer.query_sha256 == plan.query_sha256, party, "the answer is to another query")
    _demand(
        answer.catalogue_sha256 == envelope.catalogue_sha256 == catalogue.sha256,
        party,
        "the answer follows another catalogue",
    )
    _demand(
        (answer.agreement_id, answer.agreement_version) == (envelope.agreement_id, envelope.agreement_version),
        party,
        "the answer was given under another agreement",
    )
    _demand(
        answer.definition_sha256 == dataset.definition_sha256, party, "the answer follows another data set definition"
    )
    _demand(answer.mechanism == MECHANISM_OF[plan.query.calculus], party, "the answer's noise is of another kind")


def _texts(answer: node_pb2.Answer, plan: Plan, catalogue: Catalogue, party: Party) -> tuple[str, ...]:
    """The texts that the node released: named by the count of hidden ones alone, each as import leaves it, and no more
    than the plan allows."""
    hidden = [index for index, component in enumerate(plan.components) if component.kind is Kind.HIDDEN]
    told = [component for component in answer.components if component.texts]
    _demand(all(component.index in hidden for component in told), party, "the answer names texts out of place")
    texts = [text for component in told for text in component.texts]
    if plan.selection is None or not texts:
        return ()
    column = catalogue.dataset(plan.query.dataset).column(str(plan.query.keys[plan.selection.key]))
    in_order = texts == sorted(set(texts)) and len(texts) <= plan.selection.most
    _demand(in_order, party, "the answer's texts are not in order, each once, or too many")
    clean = all(is_clean(text, column.max_length or 0) for text in texts)
    _demand(clean, party, "the answer names a text that cannot be shown")
    return tuple(texts)


def _known(plan: Plan, catalogue: Catalogue, texts: tuple[str, ...]) -> Plan:
    """The plan once these texts are known."""
    if plan.selection is None or not texts:
        return plan
    dataset, column = plan.query.dataset, str(plan.query.keys[plan.selection.key])
    return plan_query(plan.query, catalogue.dataset(dataset).with_texts(column, texts))


def _components(
    answer: node_pb2.Answer, plan: Plan, catalogue: Catalogue, coverage: Coverage, party: Party
) -> dict[int, npt.NDArray[np.int64]]:
    """The vectors by component index: exactly those that the declared coverage holds, each of the planned form."""
    held = held_components(plan, catalogue.dataset(plan.query.dataset), coverage)
    indexes = [component.index for component in answer.components]
    _demand(indexes == sorted(held), party, "the answer's components are not those that its coverage holds")
    _demand(
        (answer.price_nano, answer.delta_e15) == (plan.price(indexes), plan.delta_e15(indexes)),
        party,
        "the answer's price is not the planned one",
    )
    vectors = {}
    for component in answer.components:
        planned = plan.components[component.index]
        _demand(component.scale == planned.scale, party, "the answer's noise scale is not the planned one")
        _demand(len(component.values) == planned.length, party, "a component has not all values of every cell")
        vectors[component.index] = np.fromiter(component.values, dtype=np.int64, count=planned.length)
    return vectors


def check_head(signed: node_pb2.SignedHead, node: str, agreement: Agreement) -> None:
    """Raises VerificationError where a log head is not this node's.

    An answer's signature covers its head, too; only who keeps heads as evidence must know that they stand alone.
    """
    party = agreement.party_by_node[node]
    genuine = is_signed(Purpose.HEAD, signed.head, signed.signature, _key(party))
    _demand(genuine, party, "its log head's signature is bad")
    _demand(_parsed(node_pb2.Head, signed.head, "a log head").node == node, party, "the log head is another's")


def _coverage(message: node_pb2.Coverage, dataset: Dataset, party: Party) -> Coverage:
    try:
        return _coverage_from_bytes(message.SerializeToString(deterministic=True), ByDefinition(dataset))
    except ConcordatError as error:
        raise VerificationError(f"{party.node}: its coverage cannot be read: {error.message}") from None


@lru_cache(maxsize=256)  # every answer of a node repeats its coverage
def _coverage_from_bytes(data: bytes, definition: ByDefinition) -> Coverage:
    coverage = coverage_from_proto(node_pb2.Coverage.FromString(data))
    check_coverage(coverage, definition.dataset)
    return coverage
