"""A query's whole way: Prepare everywhere, Commit everywhere, one result that proves itself."""

import asyncio
import threading
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from concordat.v1 import coordinator_pb2, node_pb2, query_pb2
from concordat_coordinator import results, service
from concordat_coordinator.protocol import Round
from concordat_node.admission import Identified, Rules
from concordat_node.answer import sign_delivery
from concordat_privacy.estimates import Table, tabulate
from concordat_query.errors import Reason, Refusal, Unavailable
from concordat_query.model import (
    AggregateRef,
    Arithmetic,
    Comparator,
    Comparison,
    KeyColumn,
    Lacking,
    NationColumn,
    Operator,
    Ordering,
    Presentation,
    ValueColumn,
)
from concordat_query.signing import SigningKey
from concordat_query.wire import envelope_from_bytes
from concordat_query.wire_presentation import presentation_to_proto
from concordat_wire.answers import Cost
from concordat_wire.status import error_from_rpc
from concordat_wire.tables import from_ipc
from fakes.federation import FakeFederation, by_severity, federation, presentation_of
from grpc import aio

SORTED = Presentation(True, (NationColumn("nation"), KeyColumn("severity", 0), ValueColumn("n", AggregateRef(0))))
Missing = coordinator_pb2.MissingNode
Step = coordinator_pb2.Progress


async def test_a_query_over_four_nodes_gives_four_answers_and_a_table_with_a_total(tmp_path: Path) -> None:
    async with federation(tmp_path) as fed:
        events = await fed.run_events(fed.signed())
        result = events[-1].result
        assert result.complete
        assert not result.missing
        assert [node_pb2.Answer.FromString(signed.answer).node for signed in result.answers] == list(fed.names)
        nations = from_ipc(result.table).column("nation").to_pylist()
        assert nations.count("United Kingdom") == 3
        assert nations.count("Wales") == 3
        steps = [(event.progress.node, event.progress.step) for event in events[:-1]]
        assert sorted(steps) == sorted(
            (name, step) for name in fed.names for step in (Step.STEP_PREPARED, Step.STEP_COMMITTED, Step.STEP_ANSWERED)
        )
        assert [charge.node for charge in result.charges] == list(fed.names)
        for charge in result.charges:
            assert charge.price_nano == 10_000_000
            assert not charge.stored_answer
        for member in fed.members.values():
            assert await member.spent() == 10_000_000
            assert await member.reserved() == 0


async def test_a_caller_who_wants_no_table_gets_the_same_answers_without_one(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        signed, stub = fed.signed(), fed.analysts_stub()
        shown = presentation_to_proto(presentation_of(by_severity()))
        request = coordinator_pb2.RunRequest(query=signed, presentation=shown)
        run = [event async for event in stub.Run(request, timeout=10)][-1].result
        again = coordinator_pb2.GetResultRequest(query=signed, presentation=shown)
        fetched = (await stub.GetResult(again, timeout=10)).result
        with_table = await fed.run(signed)
        assert run.table == fetched.table == b""
        assert with_table.table
        assert run.answers == fetched.answers == with_table.answers
        assert run.deliveries == fetched.deliveries == with_table.deliveries


async def test_the_same_holds_with_engines_that_scan_editions(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"], real_engine=True) as fed:
        signed = fed.signed()
        result = await fed.run(signed)
        assert result.complete
        assert len(result.answers) == 2
        assert [member.node is not None for member in fed.members.values()] == [True, True]
        for member in fed.members.values():
            assert await member.log() == ["genesis", "budget", "budget", "charge", "answer"]


async def test_the_same_key_gives_the_same_bytes_and_costs_nothing_again(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        signed = fed.signed()
        first, second = await fed.run(signed), await fed.run(signed)
        assert second.answers == first.answers
        assert second.table == first.table
        for charge in second.charges:
            assert charge.stored_answer
            assert charge.price_nano == 0
        for member in fed.members.values():
            assert await member.spent() == 10_000_000
            assert len(member.engine.releases) == 1


async def test_the_same_query_under_another_key_is_served_the_stored_answer_free(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        first, second = await fed.run(fed.signed()), await fed.run(fed.signed())
        assert second.answers == first.answers
        assert [charge.price_nano for charge in second.charges] == [0, 0]
        assert await fed.members["Wales"].spent() == 10_000_000
        assert await fed.members["Wales"].log() == ["genesis", "budget", "budget", "charge", "answer", "served"]


async def test_two_runs_of_the_same_query_at_once_report_one_charge(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales"]) as fed:
        wales = fed.members["Wales"]
        wales.engine.may_go_on.clear()
        first = asyncio.create_task(fed.run(fed.signed()))
        await wales.engine.started.wait()
        second = asyncio.create_task(fed.run(fed.signed()))
        for _ in range(1000):
            if "served" in await wales.log():  # quoted the full price, it shares the first one's charge
                break
            await asyncio.sleep(0.01)
        wales.engine.may_go_on.set()
        (paid,), (shared,) = (await first).charges, (await second).charges
        assert (paid.price_nano, paid.stored_answer) == (10_000_000, False)
        assert (shared.price_nano, shared.stored_answer) == (0, True)


async def test_every_answer_and_declaration_comes_with_its_delivery(tmp_path: Path) -> None:
    holds = {"Wales": {"rows": "year = 2014"}}
    asked = by_severity(where=Comparison("year", Comparator.EQUAL, Decimal(2016)))
    async with federation(tmp_path, nations=["Wales", "Scotland"], holds=holds) as fed:
        result = await fed.run(fed.signed(asked))
        signed = [*result.deliveries, *(missing.delivery for missing in result.missing)]
        told = [node_pb2.Delivery.FromString(each.delivery) for each in signed]
        assert [(each.node, each.charged_nano) for each in told] == [
            ("node-scotland", 10_000_000),
            ("node-wales", 0),
        ]


@pytest.mark.parametrize(
    ("charged", "told"), [(Cost(5, 3), (5, 3, False)), (Cost(), (0, 0, True)), (None, (5, 3, False))]
)
def test_a_run_cost_a_node_what_was_quoted_or_nothing_where_a_charge_is_shared(
    charged: Cost | None, told: tuple[int, int, bool]
) -> None:
    """The price and the delta of a private key alike; a lost node's is as quoted."""
    answers = {} if charged is None else {"node-wales": SimpleNamespace(charged=charged)}
    quotes = {"node-wales": node_pb2.Quote(price_nano=5, delta_e15=3)}
    round_ = cast("Round", SimpleNamespace(answers=answers))
    charge = results._charge("node-wales", quotes, round_)
    assert (charge.price_nano, charge.delta_e15, charge.stored_answer) == told


async def test_a_node_that_does_not_say_what_it_gave_is_lost_and_a_declaration_of_it_costs_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds = {"Wales": {"rows": "year = 2014"}}
    asked = by_severity(where=Comparison("year", Comparator.EQUAL, Decimal(2016)))
    async with federation(tmp_path, nations=["Wales", "Scotland"], holds=holds) as fed:

        def silent(
            asked: Identified, content: bytes, charged: tuple[int, int], rules: Rules, key: SigningKey
        ) -> object:
            genuine = sign_delivery(asked, content, charged, rules, key)
            return node_pb2.SignedDelivery() if rules.node == "node-wales" else genuine

        monkeypatch.setattr("concordat_node.service.sign_delivery", silent)
        result = await fed.run(fed.signed())
        (missing,) = result.missing
        assert (missing.node, missing.cause) == ("node-wales", Missing.CAUSE_UNAVAILABLE)
        assert "does not say what it gave" in missing.failure.message
        with pytest.raises(aio.AioRpcError) as raised:
            await fed.run(fed.signed(asked))
        assert "Nobody was charged" in error_from_rpc(raised.value).message
        assert await fed.members["Scotland"].spent() == 10_000_000


@pytest.mark.parametrize("shares", [True, False])
async def test_another_analyst_gets_a_stored_answer_only_where_the_agreement_shares_them(
    tmp_path: Path, shares: bool
) -> None:
    async with federation(tmp_path, nations=["Wales"], shares_answers=shares) as fed:
        first = await fed.run(fed.signed())
        second = await fed.run(fed.signed(key=fed.other))
        assert (second.answers == first.answers) is shares
        assert await fed.members["Wales"].spent() == (10_000_000 if shares else 20_000_000)


async def test_a_node_that_holds_nothing_of_the_query_takes_no_part_and_says_so_signed(tmp_path: Path) -> None:
    holds = {"Wales": {"rows": "year = 2014"}}
    asked = by_severity(where=Comparison("year", Comparator.EQUAL, Decimal(2016)))
    async with federation(tmp_path, nations=["Wales", "Scotland"], holds=holds) as fed:
        events = await fed.run_events(fed.signed(asked))
        result = events[-1].result
        assert result.complete
        assert [(missing.node, missing.cause) for missing in result.missing] == [("node-wales", Missing.CAUSE_NOT_HELD)]
        answer = node_pb2.Answer.FromString(result.answers[0].answer)
        assert list(answer.participants) == ["node-scotland"]
        assert await fed.members["Wales"].spent() == 0
        assert Step.STEP_TAKES_NO_PART in [event.progress.step for event in events[:-1]]


async def test_a_query_of_which_no_node_holds_anything_gives_a_table_of_statuses(tmp_path: Path) -> None:
    holds = {"Wales": {"rows": "year = 2014"}}
    asked = by_severity(where=Comparison("year", Comparator.EQUAL, Decimal(2016)))
    async with federation(tmp_path, nations=["Wales"], holds=holds) as fed:
        result = await fed.run(fed.signed(asked))
        assert not result.answers
        assert set(from_ipc(result.table).column("value_0__status").to_pylist()) == {"not held"}


async def test_one_refusal_costs_nobody_anything_and_names_the_node_and_its_reason(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        wales = fed.members["Wales"]
        wales.edition.path.chmod(0o600)
        wales.edition.path.write_bytes(b"changed")
        with pytest.raises(aio.AioRpcError) as raised:
            await fed.run(fed.signed())
        error = error_from_rpc(raised.value)
        assert error.reason is Reason.NODE_REFUSED
        assert error.field == "node-wales: EDITION_UNAVAILABLE"
        assert "node-wales refused (EDITION_UNAVAILABLE)" in error.message
        assert "Nobody was charged" in error.message
        for member in fed.members.values():
            assert await member.log() == ["genesis", "budget", "budget"]
            assert await member.reserved() == 0


async def test_a_node_down_before_prepare_costs_nobody_anything_and_is_named(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        await fed.members["Wales"].kill()
        with pytest.raises(aio.AioRpcError) as raised:
            await fed.run(fed.signed())
        error = error_from_rpc(raised.value)
        assert error.reason is Reason.NODE_UNAVAILABLE
        assert error.field == "node-wales: NODE_UNAVAILABLE"
        assert "node-wales did not answer" in error.message
        assert await fed.members["Scotland"].log() == ["genesis", "budget", "budget"]
        assert await fed.members["Scotland"].reserved() == 0


async def test_a_node_lost_after_commit_leaves_a_partial_result_that_the_same_key_completes(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        wales = fed.members["Wales"]
        wales.engine.may_go_on.clear()
        signed = fed.signed()
        running = asyncio.create_task(fed.run(signed))
        await wales.engine.started.wait()
        wales.engine.fails = Unavailable(Reason.NODE_UNAVAILABLE, "killed")
        wales.engine.may_go_on.set()
        await wales.kill()
        partial = await running
        assert not partial.complete
        assert [(m.node, m.cause) for m in partial.missing] == [("node-wales", Missing.CAUSE_UNAVAILABLE)]
        assert len(partial.answers) == 1
        await wales.start()
        whole = await fed.run(signed)
        assert whole.complete
        assert partial.answers[0] in whole.answers
        assert len(whole.answers) == 2
        for member in fed.members.values():
            assert await member.spent() == 10_000_000
            assert await member.log() == ["genesis", "budget", "budget", "charge", "answer"]


async def test_an_analyst_who_goes_away_during_commit_is_charged_once_and_finds_the_answer(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        for member in fed.members.values():
            member.engine.may_go_on.clear()
        signed = fed.signed()
        running = asyncio.create_task(fed.run(signed))
        await asyncio.gather(*(member.engine.started.wait() for member in fed.members.values()))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        for member in fed.members.values():
            member.engine.may_go_on.set()
        found = await get_result(fed, signed)
        assert found.complete
        assert len(found.answers) == 2
        for member in fed.members.values():
            assert await member.spent() == 10_000_000
            assert len(member.engine.releases) == 1


async def test_an_analyst_who_goes_away_before_commit_is_charged_nothing(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        assert fed.coordinator is not None
        with fed.members["Wales"].ledger_busy():
            running = asyncio.create_task(fed.run(fed.signed()))
            await asyncio.sleep(0.3)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await asyncio.sleep(0.2)
        await fed.coordinator.service.drain(5)
        for member in fed.members.values():
            assert await member.log() == ["genesis", "budget", "budget"]
            assert await member.reserved() == 0


async def test_a_node_that_is_back_within_moments_is_reached(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        wales = fed.members["Wales"]
        await wales.kill()
        running = asyncio.create_task(fed.run(fed.signed()))
        await asyncio.sleep(0.3)
        await wales.start()
        assert (await running).complete


async def test_get_result_returns_what_was_run_even_after_the_query_expired(tmp_path: Path) -> None:
    holds = {"Wales": {"rows": "year = 2014"}}
    asked = by_severity(where=Comparison("year", Comparator.EQUAL, Decimal(2016)))
    async with federation(tmp_path, nations=["Wales", "Scotland"], holds=holds) as fed:
        signed = fed.signed(asked)
        ran = await fed.run(signed)
        fed.clock.offset = 7200
        assert await get_result(fed, signed) == with_nothing_charged(ran)


async def test_get_result_of_a_query_never_run_is_unknown_and_charges_nothing(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        with pytest.raises(aio.AioRpcError) as raised:
            await get_result(fed, fed.signed())
        assert error_from_rpc(raised.value).reason is Reason.UNKNOWN_RESULT
        assert await fed.members["Wales"].log() == ["genesis", "budget", "budget"]


async def test_an_answer_held_until_its_hour_is_charged_at_once_and_handed_over_then(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales"]) as fed:
        signed = fed.signed(not_before=int(time.time()) + 1000)
        for again in (fed.run(signed), get_result(fed, signed), fed.run(fed.signed())):
            with pytest.raises(aio.AioRpcError) as raised:
                await again
            assert error_from_rpc(raised.value).reason is Reason.NOT_YET
        assert await fed.members["Wales"].spent() == 10_000_000
        fed.clock.offset = 1001
        assert (await fed.run(signed)).complete
        assert await fed.members["Wales"].spent() == 10_000_000


@pytest.mark.parametrize(
    "presentation",
    [
        Presentation(True, ()),
        Presentation(True, (ValueColumn("a", AggregateRef(1)),)),
        Presentation(True, (ValueColumn("a", Arithmetic(Operator.DIVIDE, AggregateRef(0), AggregateRef(7))),)),
        Presentation(True, (KeyColumn("a", 1),)),
        Presentation(False, (NationColumn("a"),)),
        replace(SORTED, order=(Ordering(AggregateRef(9), False, True),)),
        replace(SORTED, having=Lacking(AggregateRef(9))),
        replace(SORTED, rollup=(2,)),
    ],
)
async def test_a_presentation_of_what_the_query_lacks_is_refused_before_anything_is_charged(
    tmp_path: Path, presentation: Presentation
) -> None:
    async with federation(tmp_path, nations=["Wales"]) as fed:
        with pytest.raises(aio.AioRpcError) as raised:
            await fed.run_events(fed.signed(), presentation)
        assert error_from_rpc(raised.value).reason is Reason.MALFORMED_REQUEST
        assert await fed.members["Wales"].log() == ["genesis", "budget", "budget"]


async def test_percentiles_in_too_many_rows_are_refused_before_anything_is_charged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Refusal(Reason.TOO_MANY_CELLS, "too much", field="presentation.columns")

    monkeypatch.setattr(service, "check_effort", refuse)
    async with federation(tmp_path, nations=["Wales"]) as fed:
        with pytest.raises(aio.AioRpcError) as refused:
            await fed.run(fed.signed())
        assert error_from_rpc(refused.value).reason is Reason.TOO_MANY_CELLS
        assert await fed.members["Wales"].spent() == 0


class HeldTables:
    """Tables that are begun and made only once they are let go."""

    def __init__(self) -> None:
        self._begun, self._free = threading.Semaphore(0), threading.Event()

    def make(self, *arguments: Any) -> Table:
        self._begun.release()
        assert self._free.wait(timeout=20)
        return tabulate(*arguments)

    async def begun(self) -> None:
        """Waits for one more to be begun."""
        assert await asyncio.to_thread(self._begun.acquire, timeout=20)

    def let_go(self) -> None:
        self._free.set()


@pytest.fixture
def held_tables(monkeypatch: pytest.MonkeyPatch) -> HeldTables:
    held = HeldTables()
    monkeypatch.setattr(results, "tabulate", held.make)
    return held


async def test_others_are_served_while_a_table_is_made(tmp_path: Path, held_tables: HeldTables) -> None:
    async with federation(tmp_path, nations=["Wales"]) as fed:
        running = asyncio.create_task(fed.run(fed.signed()))
        await held_tables.begun()
        request = coordinator_pb2.CoordinatorServiceDescribeRequest()
        described = await fed.analysts_stub().Describe(request, timeout=10)
        assert not running.done()
        held_tables.let_go()
        assert [node.node for node in described.nodes] == ["node-wales"]
        assert (await running).table


async def test_who_wants_no_table_does_not_wait_for_those_who_do(tmp_path: Path, held_tables: HeldTables) -> None:
    async with federation(tmp_path, nations=["Wales"]) as fed:
        signed, stub = fed.signed(), fed.analysts_stub()
        shown = presentation_to_proto(presentation_of(by_severity()))
        running = [asyncio.create_task(fed.run(signed)) for _ in range(service.TABLES_AT_ONCE)]
        for _ in running:
            await held_tables.begun()
        request = coordinator_pb2.GetResultRequest(query=signed, presentation=shown)
        fetched = (await stub.GetResult(request, timeout=10)).result
        assert not any(task.done() for task in running)
        held_tables.let_go()
        assert fetched.answers == (await running[0]).answers
        await asyncio.gather(*running)


async def test_explain_quotes_each_node_or_tells_why_not_and_reserves_nothing(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        await fed.members["Wales"].kill()
        request = coordinator_pb2.CoordinatorServiceExplainRequest(query=fed.signed())
        scotland, wales = (await fed.analysts_stub().Explain(request, timeout=10)).quotes
        assert scotland.quote.price_nano == 10_000_000
        assert scotland.quote.account.budget_nano > 0
        assert wales.failure.reason == "NODE_UNAVAILABLE"
        assert await fed.members["Scotland"].reserved() == 0


async def test_describe_and_budget_tell_of_every_node_and_of_those_that_fail(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        await fed.members["Wales"].kill()
        described = await fed.analysts_stub().Describe(coordinator_pb2.CoordinatorServiceDescribeRequest(), timeout=10)
        scotland, wales = described.nodes
        assert (scotland.nation, wales.nation) == ("Scotland", "Wales")
        assert scotland.description.holdings[0].edition.id == fed.members["Scotland"].edition.id
        assert wales.failure.reason == "NODE_UNAVAILABLE"
        told = await fed.analysts_stub().GetBudget(coordinator_pb2.CoordinatorServiceGetBudgetRequest(), timeout=10)
        assert [account.population for account in told.budgets[0].budget.accounts] == ["patients", "people"]
        assert told.budgets[1].failure.reason == "NODE_UNAVAILABLE"


async def test_a_node_that_the_coordinator_does_not_know_is_refused_by_name(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales"]) as fed:
        with pytest.raises(aio.AioRpcError) as raised:
            await fed.run(fed.signed(audience=("node-france", "node-wales")))
        error = error_from_rpc(raised.value)
        assert error.reason is Reason.UNKNOWN_NODE
        assert "node-france" in error.message


async def get_result(fed: FakeFederation, signed: query_pb2.SignedQuery) -> coordinator_pb2.Result:
    shown = presentation_to_proto(presentation_of(envelope_from_bytes(signed.envelope).query))
    request = coordinator_pb2.GetResultRequest(query=signed, presentation=shown, table=True)
    return (await fed.analysts_stub().GetResult(request, timeout=10)).result


def with_nothing_charged(result: coordinator_pb2.Result) -> coordinator_pb2.Result:
    for charge in result.charges:
        charge.price_nano = 0
        charge.stored_answer = True
    return result
