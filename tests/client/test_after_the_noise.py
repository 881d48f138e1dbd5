"""Whatever follows the noise: the client makes the coordinator's table again, and shows totals as such."""

from pathlib import Path

from concordat_client.connection import Connection
from concordat_client.display import as_text
from fakes.analysts import with_connection
from fakes.federation import federation

SQL = """SELECT nation, severity, COUNT(*) AS n, 100 * COUNTIF(age < 16) / COUNT(*) AS percent,
       COUNT(*) - COUNT(age) AS d
FROM road.casualties
GROUP BY ROLLUP(nation, severity)
HAVING n IS NOT NULL OR AVG(age) IS NULL
ORDER BY percent DESC NULLS LAST, severity
LIMIT 4 OFFSET 1"""


async def test_a_sorted_and_cut_table_with_totals_is_verified_and_shown(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        result = await with_connection(fed, lambda connection: connection.query(SQL))
    rows = result.table.rows
    assert [row.is_plain for row in rows] == [True] * 4 + [False] * 6
    text = as_text(result)
    assert text.count("Total") >= 3
    assert "the 95% does not hold" in text


async def test_what_follows_the_noise_is_free_and_asks_nodes_nothing_new(tmp_path: Path) -> None:
    plain = "SELECT nation, severity, COUNT(*) AS n FROM road.casualties GROUP BY nation, severity"
    sorted_one = (
        plain.replace("nation, severity, COUNT(*)", "nation, severity, 2 * COUNT(*)", 1) + " ORDER BY n LIMIT 2"
    )
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:

        def work(connection: Connection) -> None:
            first, second = connection.query(plain), connection.query(sorted_one)
            assert [charge.price_nano > 0 for charge in first.charges] == [True, True]
            assert [charge.price_nano for charge in second.charges] == [0, 0]
            assert first.answers == second.answers
            doubled = {2 * row.values[0].estimate for row in first.table.rows if row.values[0]}  # type: ignore[operator]
            assert {row.values[0].estimate for row in second.table.rows if row.values[0]} <= doubled

        await with_connection(fed, work)
