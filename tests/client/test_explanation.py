"""`concordat explain` tells cost, what is left, expected margins and what would change them, and spends nothing."""

from pathlib import Path

from concordat_client import Connection, Result
from concordat_client.display import cost
from concordat_client.explanation import Explanation
from concordat_client.explanation_report import digits, percent, report
from concordat_privacy.accounting import epsilon_of
from fakes.analysts import with_connection
from fakes.catalogue import enclosing
from fakes.federation import federation
from rich.console import Console

TWO = ["Wales", "Scotland"]
SQL = (
    "SELECT nation, severity, COUNT(*) AS n, AVG(age) AS mean, COUNT(age) AS aged FROM road.casualties "
    "GROUP BY nation, severity"
)


def text_of(explanation: Explanation) -> str:
    console = Console(width=120, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115  # recorded, not written
    console.print(report(explanation))
    return console.export_text()


async def test_it_tells_what_is_left_and_how_often_that_pays_for_the_same(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=TWO) as fed:

        def work(connection: Connection) -> tuple[Explanation, Explanation]:
            before = connection.explain(SQL)
            connection.query(SQL)
            return before, connection.explain(SQL.replace("mean,", "mean_age,"))

        before, after = await with_connection(fed, work)
        assert await fed.members["Wales"].spent() == before.question.envelope.query.price_nano
    assert [node.nation for node in before.nodes] == ["Scotland", "Wales"]
    first, later = before.nodes[1], after.nodes[1]
    assert first.spent_epsilon == 0 < later.spent_epsilon
    assert first.more is not None
    assert first.left_nano // first.price_nano == first.more
    assert (first.stored, later.stored) == (False, True)
    assert "nothing: asked before" in text_of(after)
    assert "more questions like this" in text_of(before)


async def test_it_tells_of_sharing_and_of_the_price_of_half_the_margin(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=TWO) as fed:
        told = await with_connection(fed, lambda connection: connection.explain(SQL))
    assert (told.apart, told.shared) == (4, 3)
    price_nano = told.question.envelope.query.price_nano
    assert told.halving_epsilon is not None
    assert 1 <= told.halving_epsilon / epsilon_of(4 * price_nano, 1e-6) < 1.02
    text = text_of(told)
    assert (
        "Sharing: 3 noisy components in place of 4; without it margins would be up to 15% larger at this price." in text
    )
    assert "Half of every margin would cost epsilon" in text
    assert "Each casualty counts in at most 1 cell" in text
    assert "the same noise is" in text


async def test_a_node_that_is_away_is_named_with_why_and_the_others_are_told_of(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=TWO) as fed:
        await fed.members["Wales"].kill()
        told = await with_connection(fed, lambda connection: connection.explain(SQL))
    away, here = told.nodes[1], told.nodes[0]
    assert (away.nation, away.more) == ("Wales", None)
    assert "NODE_UNAVAILABLE" in away.failure
    assert here.failure == ""
    assert "NODE_UNAVAILABLE" in text_of(told)


def test_margins_and_parts_are_shown_with_two_figures() -> None:
    assert [digits(margin) for margin in (0.0, 0.0123, 0.5, 9.99, 10.0, 5000.0, float("inf"))] == [0, 3, 2, 1, 0, 0, 0]
    assert [percent(part) for part in (0.0026, 0.069, 0.25, 1.5)] == ["0.26%", "6.9%", "25%", "150%"]


async def test_where_a_unit_encloses_people_the_price_says_for_whom_it_is_and_both_accounts_agree(
    tmp_path: Path,
) -> None:
    async with federation(tmp_path, nations=TWO, catalogue=enclosing("road.casualties", "person")) as fed:

        def work(connection: Connection) -> tuple[Explanation, Result]:
            return connection.explain(SQL), connection.query(SQL)

        before, result = await with_connection(fed, work)
        assert await fed.members["Wales"].spent() == result.question.envelope.query.price_nano
    told = text_of(before)
    own = epsilon_of(-(-before.question.envelope.query.price_nano // 4), 1e-6)
    price = (
        f"The charge is for one person; one injury in one collision is protected at epsilon {own:.3g}, by this alone."
    )
    assert f"Cost: epsilon 0.5 of each nation's own budget, at most. {price} Nothing was spent." in " ".join(
        told.split()
    )
    assert f"Cost: epsilon 0.5 at most from each nation's own budget. {price}" in cost(result)
    assert "What is charged for is one person" in " ".join(told.split())
    assert any("What is charged for is one person" in note for note in result.table.notes)
    assert (result.provenance["epsilon"], result.provenance["unit_epsilon"]) == (result.question.epsilon, own)
