"""A node alone: what it refuses leaves the ledger as it was, what it charges it charges once."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from concordat.v1 import node_pb2, query_pb2
from concordat_node.ledger.ledger import Ledger
from concordat_privacy import noise
from concordat_query.errors import ConcordatError, Reason, Refusal, Unavailable
from concordat_query.model import Aggregate, Comparator, Comparison, Membership, Query, Statistic
from concordat_query.signing import Purpose, SigningKey, is_signed
from concordat_query.wire import envelope_to_bytes, request_sha256
from concordat_wire.status import error_from_rpc
from fakes.editions import build_edition
from fakes.engine import query
from fakes.federation import ANALYST, COORDINATOR, FakeFederation, by_severity, federation
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

WALES = "node-wales"
UNTOUCHED = ["genesis", "budget", "budget"]
COUNT = Aggregate(Statistic.COUNT_ROWS)


@pytest.fixture
async def fed(tmp_path: Path) -> AsyncIterator[FakeFederation]:
    async with federation(tmp_path, nations=["Wales"]) as made:
        yield made


@dataclass(frozen=True)
class Bad:
    """A request that must be refused."""

    name: str
    reason: Reason
    make: Callable[[FakeFederation], query_pb2.SignedQuery]


def asking(asked: Query) -> Callable[[FakeFederation], query_pb2.SignedQuery]:
    return lambda fed: fed.signed(asked)


def with_envelope(**more: Any) -> Callable[[FakeFederation], query_pb2.SignedQuery]:
    return lambda fed: fed.signed(**more)


def with_altered_bytes(fed: FakeFederation) -> query_pb2.SignedQuery:
    signed = fed.signed()
    dearer = envelope_to_bytes(fed.envelope(by_severity(price_nano=1)))
    return query_pb2.SignedQuery(envelope=dearer, public_key=signed.public_key, signature=signed.signature)


def with_another_analysts_key(fed: FakeFederation) -> query_pb2.SignedQuery:
    signed = fed.signed()
    signed.public_key = fed.other.public_key
    return signed


def with_garbage_that_is_signed(fed: FakeFederation) -> query_pb2.SignedQuery:
    garbage = b"\xff\xff\xff"
    signature = fed.analyst.sign(Purpose.QUERY, garbage)
    return query_pb2.SignedQuery(envelope=garbage, public_key=fed.analyst.public_key, signature=signature)


def where(column: str, literal: str | Decimal) -> Query:
    return query("road.casualties", where=Comparison(column, Comparator.EQUAL, literal))


BAD = [
    Bad("altered bytes", Reason.BAD_SIGNATURE, with_altered_bytes),
    Bad("another analyst's key", Reason.BAD_SIGNATURE, with_another_analysts_key),
    Bad("no signature", Reason.BAD_SIGNATURE, lambda fed: query_pb2.SignedQuery()),
    Bad("a stranger's key", Reason.UNKNOWN_ANALYST, lambda fed: fed.signed(key=SigningKey.generate())),
    Bad("signed garbage", Reason.MALFORMED_REQUEST, with_garbage_that_is_signed),
    Bad("another audience", Reason.NOT_IN_AUDIENCE, with_envelope(audience=("node-scotland",))),
    Bad("expired", Reason.QUERY_EXPIRED, with_envelope(expires_at=int(time.time()) - 1)),
    Bad("valid too long", Reason.MALFORMED_REQUEST, with_envelope(expires_at=int(time.time()) + 90_000)),
    Bad("another catalogue", Reason.WRONG_CATALOGUE, with_envelope(catalogue_sha256="0" * 64)),
    Bad("another agreement", Reason.WRONG_AGREEMENT, with_envelope(agreement_id="big")),
    Bad("another version", Reason.WRONG_AGREEMENT, with_envelope(agreement_version=2)),
    Bad("held for ever", Reason.MALFORMED_REQUEST, with_envelope(not_before=int(time.time()) + 10**9)),
    Bad("held before time", Reason.MALFORMED_REQUEST, with_envelope(not_before=-1)),
    Bad("no such data set", Reason.UNKNOWN_DATASET, asking(replace(by_severity(), dataset="road.horses"))),
    Bad("data set not agreed", Reason.NOT_IN_AGREEMENT, asking(query("health.visits", ["clinic"]))),
    Bad("column not agreed", Reason.NOT_IN_AGREEMENT, asking(where("sex", "Male"))),
    Bad("unknown column", Reason.UNKNOWN_COLUMN, asking(where("colour", "red"))),
    Bad("unknown code", Reason.UNKNOWN_CODE, asking(where("severity", "Bad"))),
    Bad("wrong type", Reason.WRONG_TYPE, asking(where("age", "old"))),
    Bad("key without a domain", Reason.KEY_WITHOUT_DOMAIN, asking(query("road.casualties", ["age"]))),
    Bad(
        "statistic not agreed",
        Reason.NOT_IN_AGREEMENT,
        asking(query("road.casualties", aggregates=[Aggregate(Statistic.SUM, "age")])),
    ),
    Bad(
        "not canonical",
        Reason.NOT_CANONICAL,
        asking(replace(by_severity(), where=Membership("severity", ("Slight", "Fatal")))),
    ),
    Bad("dearer than agreed", Reason.NOT_IN_AGREEMENT, asking(by_severity(price_nano=900_000_000))),
    Bad("free of charge", Reason.INVALID_PRICE, asking(by_severity(price_nano=0))),
    Bad("more groups than agreed", Reason.NOT_IN_AGREEMENT, asking(by_severity(max_groups=5))),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
async def test_a_bad_query_is_refused_with_its_reason_and_leaves_the_ledger_unchanged(
    fed: FakeFederation, bad: Bad
) -> None:
    signed = bad.make(fed)
    node = fed.node("Wales")
    for call in (
        node.Explain(node_pb2.ExplainRequest(query=signed), timeout=10),
        node.Prepare(node_pb2.PrepareRequest(query=signed), timeout=10),
        node.Commit(node_pb2.CommitRequest(query=signed, participants=[WALES]), timeout=10),
    ):
        error = await refusal(call)
        assert error.reason is bad.reason
        assert len(error.message) > 20
    wales = fed.members["Wales"]
    assert await wales.log() == UNTOUCHED
    assert await wales.reserved() == 0
    assert not wales.engine.releases


async def test_more_than_is_left_of_the_budget_is_refused_at_prepare(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales"], epsilon=0.5) as fed:
        budget = fed.members["Wales"].settings.budgets["people"].amount
        await commit(fed, fed.signed(by_severity(price_nano=budget - 1)))
        error = await refusal(prepare(fed, fed.signed(by_severity(price_nano=2))))
        assert error.reason is Reason.BUDGET_EXHAUSTED
        assert await fed.members["Wales"].spent() == budget - 1


async def test_an_agreement_out_of_its_days_admits_nothing(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales"], starts=date.today() + timedelta(days=2)) as fed:
        assert (await refusal(prepare(fed, fed.signed()))).reason is Reason.AGREEMENT_NOT_IN_FORCE


async def test_a_caller_whose_certificate_is_not_listed_is_turned_away(fed: FakeFederation) -> None:
    node = fed.node("Wales", caller=ANALYST)
    error = await refusal(node.Prepare(node_pb2.PrepareRequest(query=fed.signed()), timeout=10))
    assert error.reason is Reason.CALLER_NOT_ALLOWED


async def test_a_key_used_for_another_query_is_refused_before_and_after_the_charge(fed: FakeFederation) -> None:
    await commit(fed, fed.signed(idempotency_key="mine"))
    another = fed.signed(by_severity(price_nano=5), idempotency_key="mine")
    assert (await refusal(prepare(fed, another))).reason is Reason.KEY_REUSED
    assert (await refusal(just_commit(fed, another, "x"))).reason is Reason.KEY_REUSED
    assert await fed.members["Wales"].spent() == 10_000_000


async def test_the_same_key_of_another_analyst_is_another_key(fed: FakeFederation) -> None:
    mine = await commit(fed, fed.signed(idempotency_key="same"))
    theirs = await commit(fed, fed.signed(key=fed.other, idempotency_key="same"))
    assert mine != theirs
    assert await fed.members["Wales"].spent() == 20_000_000


async def test_commit_without_prepare_or_after_cancel_charges_nothing(fed: FakeFederation) -> None:
    signed = fed.signed()
    assert (await refusal(just_commit(fed, signed, ""))).reason is Reason.NO_RESERVATION
    prepared = await prepare(fed, signed)
    await fed.node("Wales").Cancel(node_pb2.CancelRequest(query=signed), timeout=10)
    assert await fed.members["Wales"].reserved() == 0
    assert (await refusal(just_commit(fed, signed, prepared.reservation))).reason is Reason.NO_RESERVATION
    assert await fed.members["Wales"].log() == UNTOUCHED


async def test_a_reservation_lapses_after_its_lifetime(fed: FakeFederation) -> None:
    signed = fed.signed()
    prepared = await prepare(fed, signed)
    fed.clock.offset = 61
    assert (await refusal(just_commit(fed, signed, prepared.reservation))).reason is Reason.NO_RESERVATION


async def test_cancel_after_commit_does_nothing(fed: FakeFederation) -> None:
    signed = fed.signed()
    answer = await commit(fed, signed)
    await fed.node("Wales").Cancel(node_pb2.CancelRequest(query=signed), timeout=10)
    assert await commit(fed, signed) == answer
    assert await fed.members["Wales"].spent() == 10_000_000


async def test_nobody_cancels_with_a_query_that_is_not_signed(fed: FakeFederation) -> None:
    signed = fed.signed()
    await prepare(fed, signed)
    signed.signature = b"0" * 64
    node = fed.node("Wales")
    error = await refusal(node.Cancel(node_pb2.CancelRequest(query=signed), timeout=10))
    assert error.reason is Reason.BAD_SIGNATURE
    assert await fed.members["Wales"].reserved() == 10_000_000


async def test_what_was_charged_is_served_again_after_the_query_expired_but_nothing_new(fed: FakeFederation) -> None:
    paid, unpaid = fed.signed(), fed.signed(by_severity(price_nano=7))
    answer = await commit(fed, paid)
    prepared = await prepare(fed, unpaid)
    fed.clock.offset = 3601
    assert (await prepare(fed, paid)).quote.stored_answer
    assert await just_commit(fed, paid, "") == answer
    assert (await refusal(just_commit(fed, unpaid, prepared.reservation))).reason is Reason.QUERY_EXPIRED
    assert await fed.members["Wales"].spent() == 10_000_000


async def test_the_same_question_signed_again_under_its_key_is_the_same_request(fed: FakeFederation) -> None:
    first = await commit(fed, fed.signed(idempotency_key="mine"))
    again = await commit(fed, fed.signed(idempotency_key="mine", expires_at=int(time.time()) + 7200))
    assert again == first
    assert await fed.members["Wales"].log() == [*UNTOUCHED, "charge", "answer"]


async def test_a_delivery_binds_the_answer_to_its_request_and_is_the_same_for_every_repeat(fed: FakeFederation) -> None:
    wales, signed = fed.members["Wales"], fed.signed(idempotency_key="mine")
    first = await commit(fed, signed)
    delivery = delivered(first, wales.settings.signing_key)
    assert delivery.node == WALES
    assert delivery.request_sha256 == request_sha256(signed.envelope)
    assert delivery.content_sha256 == hashlib.sha256(first.answer.answer).digest()
    assert delivery.charged_nano == 10_000_000
    assert (delivery.agreement_id, delivery.agreement_version) == ("small", 1)
    await wales.stop()
    await wales.start()
    again = fed.signed(idempotency_key="mine", expires_at=int(time.time()) + 7200)
    assert await just_commit(fed, again, "") == first


@pytest.mark.parametrize("shares", [True, False])
async def test_a_delivery_of_another_requests_answer_says_that_nothing_was_charged(
    tmp_path: Path, shares: bool
) -> None:
    async with federation(tmp_path, nations=["Wales"], shares_answers=shares) as fed:
        key = fed.members["Wales"].settings.signing_key
        paid = await commit(fed, fed.signed(idempotency_key="mine"))
        mine, theirs = fed.signed(), fed.signed(key=fed.other, idempotency_key="mine")
        for signed, charged in ((mine, 0), (theirs, 0 if shares else 10_000_000)):
            served = await commit(fed, signed)
            assert (served.answer == paid.answer) is not bool(charged)
            assert delivered(served, key).charged_nano == charged
            assert delivered(served, key).request_sha256 == request_sha256(signed.envelope)
            assert await commit(fed, signed) == served


async def test_a_declaration_is_delivered_alike_at_prepare_and_commit(tmp_path: Path) -> None:
    asked = by_severity(where=Comparison("year", Comparator.EQUAL, Decimal(2016)))
    async with federation(tmp_path, nations=["Wales"], holds={"Wales": {"rows": "year = 2014"}}) as fed:
        signed = fed.signed(asked)
        prepared, committed = await prepare(fed, signed), await just_commit(fed, signed, "")
        assert (prepared.declaration, prepared.delivery) == (committed.declaration, committed.delivery)
        delivery = delivered(committed, fed.members["Wales"].settings.signing_key)
        assert delivery.content_sha256 == hashlib.sha256(committed.declaration.declaration).digest()
        assert delivery.request_sha256 == request_sha256(signed.envelope)
        assert delivery.charged_nano == 0


async def test_what_brings_no_answer_brings_no_delivery(fed: FakeFederation) -> None:
    signed = fed.signed(not_before=int(time.time()) + 1000)
    assert not (await prepare(fed, signed)).HasField("delivery")
    assert not (await commit(fed, signed)).HasField("delivery")


async def test_commits_at_the_same_time_under_one_key_make_one_charge_and_one_answer(fed: FakeFederation) -> None:
    wales, signed = fed.members["Wales"], fed.signed()
    wales.engine.may_go_on.clear()
    prepared = await prepare(fed, signed)
    calls = [asyncio.create_task(just_commit(fed, signed, prepared.reservation)) for _ in range(8)]
    await wales.engine.started.wait()
    await asyncio.sleep(0.1)
    wales.engine.may_go_on.set()
    answers = await asyncio.gather(*calls)
    assert all(answer == answers[0] for answer in answers)
    assert len(wales.engine.releases) == 1
    assert await wales.log() == [*UNTOUCHED, "charge", "answer"]


async def test_a_caller_who_goes_away_during_commit_interrupts_nothing(fed: FakeFederation) -> None:
    wales, signed = fed.members["Wales"], fed.signed()
    wales.engine.may_go_on.clear()
    prepared = await prepare(fed, signed)
    call = asyncio.create_task(just_commit(fed, signed, prepared.reservation))
    await wales.engine.started.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await asyncio.sleep(0.1)
    wales.engine.may_go_on.set()
    await just_commit(fed, signed, prepared.reservation)
    assert len(wales.engine.releases) == 1
    assert await wales.log() == [*UNTOUCHED, "charge", "answer"]


async def test_a_caller_who_goes_away_before_the_charge_is_written_still_gets_its_answer_stored(
    fed: FakeFederation,
) -> None:
    wales, signed = fed.members["Wales"], fed.signed()
    prepared = await prepare(fed, signed)
    with wales.ledger_busy():
        call = asyncio.create_task(just_commit(fed, signed, prepared.reservation))
        await asyncio.sleep(0.3)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await asyncio.sleep(0.2)
    assert wales.node is not None
    await wales.node.service.drain(5)
    assert await wales.log() == [*UNTOUCHED, "charge", "answer"]


async def test_what_was_charged_is_not_served_outside_the_agreements_days(fed: FakeFederation) -> None:
    signed = fed.signed()
    await commit(fed, signed)
    fed.clock.offset = 31 * 86_400
    assert (await refusal(prepare(fed, signed))).reason is Reason.AGREEMENT_NOT_IN_FORCE
    assert (await refusal(just_commit(fed, signed, ""))).reason is Reason.AGREEMENT_NOT_IN_FORCE


async def test_a_price_that_the_privacy_map_does_not_bear_out_is_refused(
    fed: FakeFederation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noise, "price_by_map", lambda law, sensitivity: 10**18)
    assert (await refusal(prepare(fed, fed.signed()))).reason is Reason.INVALID_PRICE


async def test_a_charge_whose_engine_failed_is_answered_on_the_next_commit_under_the_same_receipt(
    fed: FakeFederation,
) -> None:
    wales, signed = fed.members["Wales"], fed.signed()
    wales.engine.fails = Unavailable(Reason.NODE_UNAVAILABLE, "the engine stopped")
    assert (await refusal(commit(fed, signed))).reason is Reason.NODE_UNAVAILABLE
    assert await wales.log() == [*UNTOUCHED, "charge"]
    wales.engine.fails = None
    await just_commit(fed, signed, "")
    assert wales.engine.releases[0] == wales.engine.releases[1]
    assert await wales.log() == [*UNTOUCHED, "charge", "answer"]


async def test_a_charge_that_a_crash_left_unanswered_is_answered_after_the_restart(fed: FakeFederation) -> None:
    wales, signed = fed.members["Wales"], fed.signed()
    wales.engine.fails = Unavailable(Reason.NODE_UNAVAILABLE, "the engine stopped")
    await refusal(commit(fed, signed))
    await wales.kill()
    await wales.start()
    answer = await just_commit(fed, signed, "")
    assert node_pb2.Answer.FromString(answer.answer.answer).price_nano == 10_000_000
    assert await wales.spent() == 10_000_000


async def test_an_exception_inside_crosses_as_a_reference_only(fed: FakeFederation) -> None:
    fed.members["Wales"].engine.fails = ValueError("secret 12345")
    error = await refusal(commit(fed, fed.signed()))
    assert error.reason is Reason.INTERNAL
    assert "reference" in error.message
    assert "12345" not in error.message


@pytest.mark.parametrize("participants", [[], ["node-england"], [WALES, "node-england"], [WALES, WALES]])
async def test_participants_that_the_analyst_did_not_ask_are_refused(
    fed: FakeFederation, participants: list[str]
) -> None:
    signed = fed.signed()
    prepared = await prepare(fed, signed)
    request = node_pb2.CommitRequest(query=signed, reservation=prepared.reservation, participants=participants)
    assert (await refusal(fed.node("Wales").Commit(request, timeout=10))).reason is Reason.MALFORMED_REQUEST
    assert await fed.members["Wales"].log() == UNTOUCHED


@pytest.mark.parametrize("harm", ["removed", "changed", "touched"])
async def test_an_edition_missing_or_changed_between_prepare_and_commit_costs_nothing(
    fed: FakeFederation, harm: str
) -> None:
    wales, signed = fed.members["Wales"], fed.signed()
    prepared = await prepare(fed, signed)
    path = wales.edition.path
    path.chmod(0o600)
    if harm == "removed":
        path.unlink()
    elif harm == "changed":
        path.write_bytes(path.read_bytes() + b"x")
    error = await refusal(just_commit(fed, signed, prepared.reservation))
    assert error.reason is Reason.EDITION_UNAVAILABLE
    assert await wales.log() == UNTOUCHED


async def test_an_engine_that_cannot_answer_refuses_before_anyone_is_charged(fed: FakeFederation) -> None:
    wales, early, late = fed.members["Wales"], fed.signed(), fed.signed()
    prepared = await prepare(fed, late)
    wales.engine.refuses = Refusal(Reason.EDITION_UNAVAILABLE, "the mapping was changed while the node ran")
    for call in (prepare(fed, early), just_commit(fed, late, prepared.reservation)):
        assert (await refusal(call)).reason is Reason.EDITION_UNAVAILABLE
    assert await wales.log() == UNTOUCHED
    wales.engine.refuses = None
    answered = await just_commit(fed, late, prepared.reservation)
    wales.engine.refuses = Refusal(Reason.EDITION_UNAVAILABLE, "what is stored needs no engine")
    assert await just_commit(fed, late, prepared.reservation) == answered


async def test_an_engine_that_starts_anew_after_an_import_has_the_edition_that_its_node_charges_for(
    tmp_path: Path,
) -> None:
    async with federation(tmp_path, nations=["Wales"], real_engine=True) as fed:
        wales = fed.members["Wales"]
        assert wales.node is not None
        known = wales.settings.mappings["road.casualties"]
        build_edition(wales.settings.state, known.dataset, known.definition, [], mapping_sha256=known.mapping_sha256)
        await wales.node.engine.close()
        answer = node_pb2.Answer.FromString((await commit(fed, fed.signed())).answer.answer)
        assert answer.edition.id == wales.edition.id


async def test_an_answer_held_for_one_query_leaves_for_nobody_before_its_hour(tmp_path: Path) -> None:
    hour = int(time.time()) + 1000
    async with federation(tmp_path, nations=["Wales"], shares_answers=True) as fed:
        held = await commit(fed, fed.signed(not_before=hour))
        assert (held.held_until, held.HasField("answer")) == (hour, False)
        others = await commit(fed, fed.signed(key=fed.other))
        assert (others.held_until, others.HasField("answer")) == (hour, False)
        fed.clock.offset = 1001
        assert (await commit(fed, fed.signed(key=fed.other))).HasField("answer")
        assert await fed.members["Wales"].spent() == 10_000_000


async def test_a_node_whose_log_went_back_in_time_stops_serving(fed: FakeFederation) -> None:
    wales = fed.members["Wales"]
    ahead = node_pb2.Head(node=WALES, epoch=1, sequence=99, hash=b"0" * 32).SerializeToString()
    forged = node_pb2.SignedHead(head=ahead, signature=b"0" * 64)
    genuine = node_pb2.SignedHead(head=ahead, signature=wales.settings.signing_key.sign(Purpose.HEAD, ahead))
    garbage = node_pb2.SignedHead(head=b"\xff", signature=b"0" * 64)  # as a bad node may have told a coordinator
    await prepare(fed, fed.signed(), forged, garbage)
    assert (await refusal(prepare(fed, fed.signed(), genuine))).reason is Reason.LEDGER_UNUSABLE
    assert (await refusal(prepare(fed, fed.signed()))).reason is Reason.LEDGER_UNUSABLE


async def test_a_node_whose_log_grew_anew_past_what_others_saw_stops_serving(fed: FakeFederation) -> None:
    wales, shown = fed.members["Wales"], []
    for rho in (1_000_000, 2_000_000, 3_000_000):
        answer = (await commit(fed, fed.signed(by_severity(price_nano=rho)))).answer.answer
        shown.append(node_pb2.Answer.FromString(answer).head)
        await prepare(fed, fed.signed(), *shown)
    await wales.stop()
    await wales.start()
    await prepare(fed, fed.signed(), *shown)
    other = node_pb2.Head.FromString(shown[0].head)
    other.hash = b"0" * 32  # as before a copy was restored that lacked this entry
    before = other.SerializeToString()
    genuine = node_pb2.SignedHead(head=before, signature=wales.settings.signing_key.sign(Purpose.HEAD, before))
    assert (await refusal(prepare(fed, fed.signed(), genuine))).reason is Reason.LEDGER_UNUSABLE
    assert (await refusal(prepare(fed, fed.signed()))).reason is Reason.LEDGER_UNUSABLE


async def test_a_draining_node_finishes_commits_and_takes_no_new_query(fed: FakeFederation) -> None:
    wales, signed = fed.members["Wales"], fed.signed()
    wales.engine.may_go_on.clear()
    prepared = await prepare(fed, signed)
    call = asyncio.create_task(just_commit(fed, signed, prepared.reservation))
    await wales.engine.started.wait()
    assert wales.node is not None
    draining = asyncio.create_task(wales.node.service.drain(5))
    await asyncio.sleep(0.05)
    assert (await refusal(prepare(fed, fed.signed()))).reason is Reason.NODE_UNAVAILABLE
    assert not draining.done()
    wales.engine.may_go_on.set()
    assert (await call).HasField("answer")
    await draining


async def test_a_node_whose_ledger_cannot_be_written_says_that_it_does_not_serve(fed: FakeFederation) -> None:
    wales = fed.members["Wales"]
    health = health_pb2_grpc.HealthStub(fed.channel(wales.port, WALES, COORDINATOR))
    asked = health_pb2.HealthCheckRequest(service="concordat.v1.NodeService")
    assert (await health.Check(asked, timeout=10)).status == health_pb2.HealthCheckResponse.SERVING
    assert wales.node is not None
    await wales.node.ledger.run(break_ledger)
    assert (await refusal(prepare(fed, fed.signed()))).reason is Reason.LEDGER_UNUSABLE
    assert (await health.Check(asked, timeout=10)).status == health_pb2.HealthCheckResponse.NOT_SERVING


def break_ledger(ledger: Ledger) -> None:
    """As a full or failing disk does."""
    ledger._database.connection.close(True)


async def test_explain_reserves_nothing_and_describe_and_budget_tell_public_facts_only(fed: FakeFederation) -> None:
    wales, node = fed.members["Wales"], fed.node("Wales")
    quote = (await node.Explain(node_pb2.ExplainRequest(query=fed.signed()), timeout=10)).quote
    assert quote.price_nano == 10_000_000
    assert quote.edition.id == wales.edition.id
    assert await wales.reserved() == 0
    described = await node.Describe(node_pb2.DescribeRequest(), timeout=10)
    assert described.holdings[0].edition.commitment == wales.edition.commitment
    (account,) = (
        a for a in (await node.GetBudget(node_pb2.GetBudgetRequest(), timeout=10)).accounts if a.population == "people"
    )
    assert account.budget_nano == wales.settings.budgets["people"].amount
    assert account.delta == 1e-6


async def test_logs_hold_no_literal_and_no_figure(fed: FakeFederation, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    asked = by_severity(where=Comparison("mode", Comparator.EQUAL, "Pedal cycle"))
    await commit(fed, fed.signed(asked))
    assert "prepared" in caplog.text
    assert "Pedal" not in caplog.text
    assert "101" not in [word for record in caplog.records for word in record.getMessage().split()]


async def prepare(
    fed: FakeFederation, signed: query_pb2.SignedQuery, *witnessed: node_pb2.SignedHead
) -> node_pb2.PrepareResponse:
    request = node_pb2.PrepareRequest(query=signed, witnessed=witnessed)
    return await fed.node("Wales", COORDINATOR).Prepare(request, timeout=10)


async def just_commit(fed: FakeFederation, signed: query_pb2.SignedQuery, reservation: str) -> node_pb2.CommitResponse:
    request = node_pb2.CommitRequest(query=signed, reservation=reservation, participants=[WALES])
    return await fed.node("Wales").Commit(request, timeout=10)


async def commit(fed: FakeFederation, signed: query_pb2.SignedQuery) -> node_pb2.CommitResponse:
    return await just_commit(fed, signed, (await prepare(fed, signed)).reservation)


def delivered(response: node_pb2.CommitResponse, key: SigningKey) -> node_pb2.Delivery:
    """What the node signed of its delivery."""
    signed = response.delivery
    assert is_signed(Purpose.DELIVERY, signed.delivery, signed.signature, key.public_key)
    return node_pb2.Delivery.FromString(signed.delivery)


async def refusal(call: Any) -> ConcordatError:
    with pytest.raises(aio.AioRpcError) as raised:
        await call
    return error_from_rpc(raised.value)
