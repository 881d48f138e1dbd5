"""An answer with a private key is believed only where its texts, components and price are what they must be."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from concordat.v1 import engine_pb2, node_pb2, query_pb2
from concordat_node.admission import admit, identify
from concordat_node.answer import sign_delivery
from concordat_node.engine.release import Failed
from concordat_privacy.merge import NodeAnswer
from concordat_query.catalogue import OTHER
from concordat_query.errors import VerificationError
from concordat_query.signing import Purpose
from concordat_query.wire import request_sha256
from concordat_wire.answers import Cost, Given, read_answer, read_delivery
from fakes.offline import OfflineFederation, node_name
from fakes.private_texts import federation, patients, visits

SQL = """SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (private_keys = TRUE, epsilon = 4, delta = 1e-6)
practice, COUNT(*) AS n FROM care.visits GROUP BY practice"""
Tampering = Callable[[node_pb2.Answer], None]


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> OfflineFederation:
    rows = [*patients("Alpha", 200), *patients("Beta", 200)]
    return federation(tmp_path_factory.mktemp("nation"), {"England": rows}, visits())


def read(nation: OfflineFederation, tamper: Tampering) -> NodeAnswer:
    """The node's answer, altered and signed again by the node itself."""
    question = nation.question(SQL)
    node = nation.nodes[node_name("England")]
    given = node.give(query_pb2.SignedQuery.FromString(question.signed.SerializeToString()))
    assert isinstance(given, node_pb2.SignedAnswer)
    answer = node_pb2.Answer.FromString(given.answer)
    tamper(answer)
    data = answer.SerializeToString(deterministic=True)
    signed = node_pb2.SignedAnswer(answer=data, signature=node.signing.sign(Purpose.ANSWER, data))
    return read_answer(signed, question.envelope, question.plan, nation.catalogue, nation.agreement)


def named(*texts: str) -> Tampering:
    """Texts in place of those given, with figures for as many."""

    def tamper(answer: node_pb2.Answer) -> None:
        hidden, counts = answer.components[-1], answer.components[0]
        del hidden.texts[:]
        hidden.texts.extend(texts)
        del counts.values[:]
        counts.values.extend(range(len(texts) + 2))

    return tamper


def test_an_honest_answer_names_its_texts_and_has_a_figure_for_each_for_all_others_and_for_missing_ones(
    nation: OfflineFederation,
) -> None:
    answer = read(nation, lambda answer: None)
    assert answer.texts == ("Alpha", "Beta")
    assert answer.components[0].tolist() == [200, 200, 0, 0]
    assert answer.components[1].tolist() == [0]
    assert read(nation, named("A", "Z", "é")).texts == ("A", "Z", "é")
    assert read(nation, named()).texts == ()


def misplaced(answer: node_pb2.Answer) -> None:
    answer.components[0].texts.append("Alpha")


def too_few_figures(answer: node_pb2.Answer) -> None:
    answer.components[-1].texts.append("Gamma")


def cheaper(answer: node_pb2.Answer) -> None:
    answer.delta_e15 -= 1


def cheaper_in_rho(answer: node_pb2.Answer) -> None:
    answer.price_nano -= 1


def without_the_hidden(answer: node_pb2.Answer) -> None:
    del answer.components[-1]


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (named("Beta", "Alpha"), "not in order"),
        (named("Alpha", "Alpha"), "not in order"),
        (named(*(f"{number:05}" for number in range(10_001))), "too many"),
        (named(OTHER), "cannot be shown"),
        (named(""), "cannot be shown"),
        (named("x" * 41), "cannot be shown"),
        (named("a\0b"), "cannot be shown"),
        (named("a\u202eb"), "cannot be shown"),
        (named("a\nb"), "cannot be shown"),
        (named(" a"), "cannot be shown"),
        (named("a\u2028b"), "cannot be shown"),
        (misplaced, "out of place"),
        (too_few_figures, "not all values"),
        (cheaper, "price"),
        (cheaper_in_rho, "price"),
        (without_the_hidden, "components are not those"),
    ],
)
def test_what_a_node_could_not_have_released_is_not_believed(
    nation: OfflineFederation, tamper: Tampering, told: str
) -> None:
    with pytest.raises(VerificationError, match=told):
        read(nation, tamper)


@pytest.mark.parametrize("field", ["delta_e15", "price_nano"])
@pytest.mark.parametrize("change", [-1, 1])
def test_the_engine_releases_nothing_for_a_receipt_of_another_price(
    nation: OfflineFederation, field: str, change: int
) -> None:
    node = nation.nodes[node_name("England")]
    signed = query_pb2.SignedQuery.FromString(nation.question(SQL).signed.SerializeToString())
    admitted = admit(identify(signed, node.rules), node.rules, time.time())
    planned = {"price_nano": admitted.price_nano, "delta_e15": admitted.delta_e15}
    for price in (planned, {**planned, field: planned[field] + change}):
        receipt = engine_pb2.Receipt(
            node=node.rules.node,
            query_sha256=admitted.query_sha256,
            edition=node.held.edition.id,
            sequence=1,
            price_nano=price["price_nano"],
            delta_e15=price["delta_e15"],
            calculus=query_pb2.CALCULUS_GAUSSIAN,
        ).SerializeToString()
        proof = engine_pb2.SignedReceipt(receipt=receipt, signature=node.ledger.sign(Purpose.RECEIPT, receipt))
        request = engine_pb2.EngineRequest(query=signed, receipt=proof)
        if price == planned:
            assert node.held.release(request)
        else:
            with pytest.raises(Failed) as failed:
                node.held.release(request)
            assert failed.value.failure == engine_pb2.EngineResponse.FAILURE_RECEIPT


def test_an_answer_without_a_private_key_names_no_text(tmp_path: Path) -> None:
    plain = federation(tmp_path, {"England": patients("Alpha", 3)}, visits())
    question = plain.question("SELECT sex, COUNT(*) AS n FROM care.visits GROUP BY sex")
    node = plain.nodes[node_name("England")]
    given = node.give(query_pb2.SignedQuery.FromString(question.signed.SerializeToString()))
    assert isinstance(given, node_pb2.SignedAnswer)
    answer = node_pb2.Answer.FromString(given.answer)
    answer.components[0].texts.append("Alpha")
    data = answer.SerializeToString(deterministic=True)
    signed = node_pb2.SignedAnswer(answer=data, signature=node.signing.sign(Purpose.ANSWER, data))
    with pytest.raises(VerificationError, match="out of place"):
        read_answer(signed, question.envelope, question.plan, plain.catalogue, plain.agreement)


def test_what_a_request_was_charged_is_signed_with_its_delta_or_is_nothing(nation: OfflineFederation) -> None:
    node, question = nation.nodes[node_name("England")], nation.question(SQL)
    signed = query_pb2.SignedQuery.FromString(question.signed.SerializeToString())
    asked = identify(signed, node.rules)
    charge = node.charge(admit(asked, node.rules, time.time()))
    price = Cost(charge.request.price_nano, charge.request.delta_e15)
    assert price.delta_e15 == question.envelope.query.delta_e15 > 0
    given, request = Given(node.rules.node, b"an answer", price), request_sha256(signed.envelope)
    for key, expected in ((question.envelope.idempotency_key, price), ("another's", Cost())):
        charged = charge.charged(asked.analyst, key)
        delivery = sign_delivery(asked, b"an answer", charged, node.rules, node.signing)
        assert read_delivery(delivery, given, request, question.envelope, nation.agreement) == expected
