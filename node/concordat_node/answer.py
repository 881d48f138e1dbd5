"""What a node signs: an answer to a charged query or a declaration that it holds nothing of it, and their delivery."""

import hashlib
import json
from collections.abc import Sequence

from concordat.v1 import node_pb2
from concordat_privacy.laws import MECHANISM_OF
from concordat_query.signing import Purpose, SigningKey

from concordat_node.admission import Admitted, Identified, Rules
from concordat_node.importing.edition import EditionInfo
from concordat_node.ledger.records import Charge


def answer_key(admitted: Admitted, edition_id: str, rules: Rules) -> bytes:
    """SHA-256 over all that decides an answer. Equal keys mean one charge and one answer.

    The analyst is part of it unless the agreement shares answers.
    """
    agreement = rules.agreement
    parts = [
        "concordat.answer.v1",
        admitted.query_sha256.hex(),
        rules.catalogue.sha256,
        admitted.dataset.definition_sha256,
        admitted.holding.mapping_sha256,
        edition_id,
        agreement.id,
        agreement.version,
        MECHANISM_OF[admitted.plan.query.calculus],
        [(index, admitted.plan.components[index].scale.hex()) for index in admitted.held],
        None if agreement.shares_answers else admitted.asked.analyst,
    ]
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).digest()


def sign_answer(
    admitted: Admitted,
    charge: Charge,
    edition: EditionInfo,
    components: Sequence[node_pb2.Component],
    rules: Rules,
    key: SigningKey,
) -> bytes:
    """A serialised SignedAnswer: what is stored and then sent, byte for byte."""
    ordered: list[node_pb2.Component] = sorted(components, key=_index)
    answer = node_pb2.Answer(
        node=rules.node,
        query_sha256=admitted.query_sha256,
        catalogue_sha256=rules.catalogue.sha256,
        agreement_id=rules.agreement.id,
        agreement_version=rules.agreement.version,
        edition=edition_to_proto(edition),
        definition_sha256=admitted.dataset.definition_sha256,
        mapping_sha256=admitted.holding.mapping_sha256,
        coverage=admitted.holding.coverage_message,
        differences=admitted.differences,
        price_nano=charge.request.price_nano,
        delta_e15=charge.request.delta_e15,
        mechanism=MECHANISM_OF[admitted.plan.query.calculus],
        participants=charge.participants,
        components=ordered,
        head=charge.head,
        not_before=charge.request.not_before,
    ).SerializeToString(deterministic=True)
    signed = node_pb2.SignedAnswer(answer=answer, signature=key.sign(Purpose.ANSWER, answer))
    return signed.SerializeToString(deterministic=True)


def _index(component: node_pb2.Component) -> int:
    return component.index


def sign_declaration(admitted: Admitted, rules: Rules, key: SigningKey) -> node_pb2.SignedDeclaration:
    """The node's word that no cell of this query is held here."""
    declaration = node_pb2.Declaration(
        node=rules.node,
        query_sha256=admitted.query_sha256,
        catalogue_sha256=rules.catalogue.sha256,
        mapping_sha256=admitted.holding.mapping_sha256,
        coverage=admitted.holding.coverage_message,
        differences=admitted.differences,
    ).SerializeToString(deterministic=True)
    return node_pb2.SignedDeclaration(declaration=declaration, signature=key.sign(Purpose.DECLARATION, declaration))


def sign_delivery(
    asked: Identified, content: bytes, charged: tuple[int, int], rules: Rules, key: SigningKey
) -> node_pb2.SignedDelivery:
    """The node's word that `content`, a serialised Answer or Declaration, is what it gives to this very request, and of
    the price and the delta that it charged for it.

    It follows from its arguments alone, so that a repeat of the request gets the same bytes. The agreement is the
    envelope's: what was charged under one version is handed over under the next, too.
    """
    charged_nano, charged_delta_e15 = charged
    delivery = node_pb2.Delivery(
        node=rules.node,
        request_sha256=asked.request_sha256,
        content_sha256=hashlib.sha256(content).digest(),
        charged_nano=charged_nano,
        charged_delta_e15=charged_delta_e15,
        agreement_id=asked.envelope.agreement_id,
        agreement_version=asked.envelope.agreement_version,
    ).SerializeToString(deterministic=True)
    return node_pb2.SignedDelivery(delivery=delivery, signature=key.sign(Purpose.DELIVERY, delivery))


def edition_to_proto(edition: EditionInfo) -> node_pb2.Edition:
    """The edition as the outside may see it."""
    return node_pb2.Edition(id=edition.id, commitment=edition.commitment)
