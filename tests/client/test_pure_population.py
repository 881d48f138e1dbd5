"""A population whose budget counts in pure epsilon, over gRPC from the analyst's SQL to her verified result."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from concordat.v1 import coordinator_pb2, node_pb2, query_pb2
from concordat_client import Connection, load
from concordat_client.display import cost
from concordat_client.explanation_report import report
from concordat_client.provenance import provenance
from concordat_client.reports import budget
from concordat_client.result import Result
from concordat_node.cli import main
from concordat_privacy.margins import noise_margin
from concordat_privacy.parts import Total
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Calculus
from concordat_wire.status import error_from_rpc
from fakes.analysts import with_connection
from fakes.engine import CASUALTIES
from fakes.federation import FakeFederation, by_severity, federation, write_federation
from fakes.laws import laplace
from grpc import aio
from rich.console import Console

TWO = ["Wales", "Scotland"]
COUNTS = "SELECT nation, severity, COUNT(*) AS n, AVG(age) AS mean FROM road.casualties GROUP BY nation, severity"
TENTH = (
    "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 0.1) COUNT(*) AS n FROM road.casualties WHERE year = {year}"
)
PURE = query_pb2.CALCULUS_PURE


@pytest.fixture
async def fed(tmp_path: Path) -> AsyncIterator[FakeFederation]:
    """With real engines, and a budget of epsilon 10 for the people of whom casualties are."""
    async with federation(tmp_path, nations=TWO, real_engine=True, calculus=Calculus.PURE) as made:
        yield made


def shown(content: object) -> str:
    console = Console(width=150, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115  # recorded, not written
    console.print(content)
    return console.export_text()


async def test_epsilon_is_charged_as_it_is_written_and_noise_is_laplace(fed: FakeFederation) -> None:
    result = await with_connection(fed, lambda connection: connection.query(COUNTS))
    assert [charge.price_nano for charge in result.charges] == [500_000_000] * 2
    assert [await fed.members[nation].spent() for nation in TWO] == [500_000_000] * 2
    for signed in result.answers:
        answer = node_pb2.Answer.FromString(signed.answer)
        assert answer.mechanism == "discrete_laplace"
        head = node_pb2.Head.FromString(answer.head.head)
        spend = {each.population: each for each in head.spend}["people"]
        assert (spend.spent_nano, spend.calculus) == (500_000_000, PURE)
    plan = result.question.plan
    for component in plan.components:
        assert component.law == laplace(component.scale)
        assert component.scale == pytest.approx(component.sensitivity.l1 * 1e9 / component.price_nano, rel=2e-4)
    counted = next(part.component for part in plan.parts if isinstance(part, Total))
    law = plan.components[counted].law
    margins = {(row.nation, row.keys): row.values[0].margin for row in result.table.rows if row.values[0]}
    assert margins["Wales", ("Fatal",)] == noise_margin([law])
    (total,) = {row.nation for row in result.table.rows if row.is_total}
    assert margins[total, ("Fatal",)] == noise_margin([law] * 2)


async def test_explain_budget_and_cost_speak_of_epsilon_alone(fed: FakeFederation) -> None:
    def work(connection: Connection) -> tuple[str, str, str]:
        told = shown(report(connection.explain(COUNTS)))
        result = connection.query(COUNTS)
        return told, cost(result), shown(budget(connection.budget()))

    told, charged, left = await with_connection(fed, work)
    assert "Cost: epsilon 0.5 of each nation's own budget, at most." in told
    assert "cost (epsilon)" in told
    assert "enough for 19 more questions like this (epsilon 0.00 of 10.00 spent so far)" in told
    assert "Half of every margin would cost epsilon 1." in told
    assert "Charged in epsilon: node-scotland 0.500000, node-wales 0.500000." in charged
    assert "epsilon 0.50 of 10.00 spent (5.0% of the epsilon)" in left
    assert "epsilon 9.500000" in left
    assert "rho" not in told + charged


async def test_the_budget_pays_for_exactly_as_many_questions_as_it_says(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales"], calculus=Calculus.PURE, epsilon=0.3) as fed:

        def work(connection: Connection) -> None:
            for year in (2014, 2015, 2016):
                connection.query(TENTH.format(year=year))
            with pytest.raises(Refusal, match="costs 1 nano-epsilon of the budget of"):
                connection.query(TENTH.format(year=2014).replace("0.1", "1e-9"))

        await with_connection(fed, work)
        assert await fed.members["Wales"].spent() == 300_000_000


async def test_a_saved_result_proves_itself_and_tells_its_calculus(fed: FakeFederation, tmp_path: Path) -> None:
    def work(connection: Connection) -> Result:
        result = connection.query(COUNTS)
        result.save(tmp_path / "saved.concordat")
        return result

    result = await with_connection(fed, work)
    again = load(tmp_path / "saved.concordat")
    assert again.table == result.table
    told = provenance(again)
    assert (told["calculus"], told["epsilon"], told["delta"], told["price_nano"]) == ("pure", 0.5, 0.0, 500_000_000)


async def test_a_query_priced_in_rho_is_refused_by_the_node_and_leaves_its_ledger_as_it_was(
    fed: FakeFederation,
) -> None:
    signed = fed.signed(by_severity(price_nano=1_000_000))
    for call in (
        fed.node("Wales").Explain(node_pb2.ExplainRequest(query=signed), timeout=10),
        fed.node("Wales").Prepare(node_pb2.PrepareRequest(query=signed), timeout=10),
        fed.node("Wales").Commit(node_pb2.CommitRequest(query=signed, participants=["node-wales"]), timeout=10),
    ):
        with pytest.raises(aio.AioRpcError) as raised:
            await call
        error = error_from_rpc(raised.value)
        assert error.reason is Reason.WRONG_CALCULUS
        assert "'people' in epsilon (pure), and this is priced in rho (gaussian)" in error.message
    assert await fed.members["Wales"].log() == ["genesis", "budget", "budget"]


async def test_the_accounts_of_a_node_tell_what_each_counts_in(fed: FakeFederation) -> None:
    told = await fed.analysts_stub().GetBudget(coordinator_pb2.CoordinatorServiceGetBudgetRequest(), timeout=10)
    accounts = {account.population: account for account in told.budgets[0].budget.accounts}
    people, patients = accounts["people"], accounts["patients"]
    assert (people.calculus, people.delta, people.budget_nano) == (PURE, 0.0, 10 * 10**9)
    assert (patients.calculus, patients.delta) == (query_pb2.CALCULUS_GAUSSIAN, 1e-6)


def test_an_operator_buys_a_profile_for_epsilon_and_no_rho(tmp_path: Path) -> None:
    node = write_federation(tmp_path, ["Wales"], calculus=Calculus.PURE).members["Wales"].settings.folder / "node.toml"

    def run(*arguments: str) -> tuple[int, str]:
        outcome = CliRunner().invoke(main, [*arguments, "--config", str(node)])
        return outcome.exit_code, outcome.output

    keys = ("--keys", "severity", "--yes")
    for bad, reason, advice in (
        (("--rho", "0.1"), "WRONG_CALCULUS", "priced in rho (gaussian)"),
        ((), "MALFORMED_REQUEST", "--epsilon 0.001"),
        (("--rho", "0.1", "--epsilon", "0.1"), "MALFORMED_REQUEST", "--epsilon 0.001"),
        (("--epsilon", "0"), "INVALID_PRICE", "above 0"),
        (("--epsilon", "1e-320"), "INVALID_PRICE", "decimal"),
        (("--epsilon", "nan"), "INVALID_PRICE", "decimal"),
        (("--epsilon", "100"), "BUDGET_EXHAUSTED", "smaller --epsilon"),
    ):
        status, told = run("profile", CASUALTIES, *bad, *keys)
        assert (status, told.split(": ")[1]) == (2, reason), told
        assert advice in told
    status, told = run("profile", CASUALTIES, "--epsilon", "0.25", *keys)
    assert status == 0, told
    assert "costs epsilon 0.25, which is 2.500% of the budget of people." in told
    assert "Spent before: epsilon 0; after: 0.25; the budget: 10 (delta 0)." in told
    assert "bought for epsilon 0.25." in told
    assert run("profile", CASUALTIES, "--show")[0] == 0
    status, told = run("ledger", "--entries")
    assert "people: spent epsilon 0.25 of epsilon 10 at delta 0; reserved epsilon 0" in told
    assert "population people, price_nano 250000000, calculus pure" in told
