"""What an analyst's connection does: asks, runs again, fetches, explains, and refuses before anything leaves."""

from pathlib import Path

import pytest
from concordat_client import Connection, asking, connect
from concordat_client.config import read_settings
from concordat_coordinator import results
from concordat_privacy.estimates import Status, Table
from concordat_privacy.plan import Plan
from concordat_query.errors import Reason, Refusal, SqlRefusal, Unavailable
from concordat_query.model import Presentation
from fakes.analysts import with_connection, write_client
from fakes.federation import federation, write_federation

SQL = "SELECT nation, severity, COUNT(*) AS n FROM road.casualties GROUP BY nation, severity"
DEAR = "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 2.1) COUNT(*) AS n FROM road.casualties"
TWO = ["Wales", "Scotland"]


async def test_a_query_gives_figures_for_each_nation_and_their_total(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=TWO) as fed:
        result = await with_connection(fed, lambda connection: connection.query(SQL))
    rows = {(row.nation, row.keys[0]): row.values[0] for row in result.table.rows}
    assert result.complete
    total = rows["Wales and Scotland", "Fatal"]
    assert total is not None
    parts = [rows[nation, "Fatal"] for nation in TWO]
    assert total.estimate == sum(part.estimate for part in parts if part is not None and part.estimate is not None)
    assert all(value is not None and value.status is Status.OK for value in rows.values())
    assert [charge.price_nano > 0 for charge in result.charges] == [True, True]


async def test_the_coordinator_makes_no_table_for_a_client_who_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(*_: object) -> Table:
        raise AssertionError("a table was made by the coordinator")

    monkeypatch.setattr(results, "tabulate", make)
    async with federation(tmp_path, nations=TWO) as fed:

        def work(connection: Connection) -> None:
            question = connection.ask(SQL)
            assert connection.run(question).table.rows == connection.fetch(question).table.rows

        await with_connection(fed, work)


async def test_percentiles_in_too_many_rows_are_refused_before_anything_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(plan: Plan, presentation: Presentation, nodes: int) -> None:
        assert (plan.cells, presentation.by_nation, nodes) == (3, True, len(TWO))
        raise Refusal(Reason.TOO_MANY_CELLS, "too much", field="presentation.columns")

    monkeypatch.setattr(asking, "check_effort", refuse)
    async with federation(tmp_path, nations=TWO) as fed:

        def work(connection: Connection) -> None:
            with pytest.raises(Refusal, match="too much"):
                connection.ask(SQL)

        await with_connection(fed, work)


async def test_the_same_question_signed_again_under_its_key_is_free_and_gives_the_same(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=TWO) as fed:

        def work(connection: Connection) -> None:
            first = connection.query(SQL, idempotency_key="mine")
            second = connection.query(SQL, idempotency_key="mine")
            assert second.table == first.table
            assert [charge.price_nano for charge in second.charges] == [0, 0]
            with pytest.raises(Refusal) as refused:
                connection.query(SQL.replace("severity", "mode"), idempotency_key="mine")
            assert refused.value.reason is Reason.NODE_REFUSED
            assert "node-wales refused (KEY_REUSED)" in refused.value.message

        await with_connection(fed, work)


async def test_a_result_can_be_fetched_later_but_not_one_that_was_never_run(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=TWO) as fed:

        def work(connection: Connection) -> None:
            question = connection.ask(SQL)
            with pytest.raises(Refusal) as refused:
                connection.fetch(question)
            assert refused.value.reason is Reason.UNKNOWN_RESULT
            assert connection.fetch(connection.run(question).question).table == connection.run(question).table

        await with_connection(fed, work)


async def test_explain_costs_nothing_and_tells_the_price(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=TWO) as fed:

        def work(connection: Connection) -> None:
            told = connection.explain(SQL)
            assert [node.price_nano for node in told.nodes] == [told.question.envelope.query.price_nano] * 2
            accounts = [account for node in connection.budget().budgets for account in node.budget.accounts]
            assert {account.spent_nano for account in accounts} == {0}

        await with_connection(fed, work)


async def test_where_on_nation_decides_who_is_asked(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=TWO) as fed:
        sql = "SELECT severity, COUNT(*) AS n FROM road.casualties WHERE nation = 'Wales' GROUP BY severity"
        result = await with_connection(fed, lambda connection: connection.query(sql))
        assert result.question.envelope.audience == ("node-wales",)
        assert await fed.members["Scotland"].spent() == 0


async def test_nothing_leaves_the_machine_for_what_the_agreement_or_language_does_not_allow(tmp_path: Path) -> None:
    fed = write_federation(tmp_path, TWO)
    connection = connect(write_client(fed))  # nobody listens there: only a refusal before sending can come
    for sql, reason in (
        ("SELECT MIN(age) AS youngest FROM road.casualties", Reason.SQL_NOT_SUPPORTED),
        ("SELECT COUNT(*) AS n FROM road.accidents", Reason.UNKNOWN_DATASET),
        ("SELECT SUM(age) AS total FROM road.casualties", Reason.NOT_IN_AGREEMENT),
        ("SELECT sex, COUNT(*) AS n FROM road.casualties GROUP BY sex", Reason.NOT_IN_AGREEMENT),
        ("SELECT COUNT(*) AS n FROM road.casualties WHERE nation = 'England'", Reason.NOT_IN_AGREEMENT),
        (DEAR, Reason.NOT_IN_AGREEMENT),
    ):
        with pytest.raises(Refusal) as refused:
            connection.query(sql)
        assert refused.value.reason is reason, sql
    for sql, place in (
        ("SELECT SUM(age) AS total FROM road.casualties", "SUM(age)"),
        ("SELECT COUNT(*) AS n FROM road.casualties WHERE year = 2016\nAND sex = 'Male'", "sex = "),
        (DEAR, "epsilon"),
    ):
        with pytest.raises(SqlRefusal) as placed:
            connection.query(sql)
        assert placed.value.reason is Reason.NOT_IN_AGREEMENT
        assert sql[placed.value.offset :].startswith(place)
    with pytest.raises(SqlRefusal) as placed:
        connection.query("SELECT COUNT(*) AS n\nFROM road.casualties\nWHERE colour = 'red'")
    assert (placed.value.line, placed.value.column) == (3, 7)


async def test_a_coordinator_that_is_away_is_unavailable_and_nothing_is_lost(tmp_path: Path) -> None:
    fed = write_federation(tmp_path, TWO)
    with connect(write_client(fed, timeout_seconds=2.0)) as connection, pytest.raises(Unavailable):
        connection.query(SQL)


def test_a_catalogue_that_the_agreement_does_not_name_is_refused(tmp_path: Path) -> None:
    fed = write_federation(tmp_path, TWO)
    path = write_client(fed)
    text = (tmp_path / "catalogue.toml").read_text()
    (tmp_path / "catalogue.toml").write_text(text.replace("A small catalogue", "Another catalogue"))
    with pytest.raises(Refusal) as refused:
        read_settings(path)
    assert refused.value.reason is Reason.WRONG_CATALOGUE


def test_an_unknown_key_in_the_configuration_is_refused_with_its_name(tmp_path: Path) -> None:
    fed = write_federation(tmp_path, TWO)
    with pytest.raises(Refusal, match="colour"):
        read_settings(write_client(fed, colour="red"))
