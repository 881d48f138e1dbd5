"""What people see: figures with ±, marks with a legend, errors in one line."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from concordat_client.cli import main
from concordat_client.display import LOW_RELIABILITY, MARKS, as_text, cost, decimals, key_text, value_text
from concordat_privacy.estimates import Status, Value
from fakes.analysts import with_connection, write_client
from fakes.federation import federation

SQL = "SELECT nation, severity, COUNT(*) AS n, AVG(age) AS mean_age FROM road.casualties GROUP BY nation, severity"
NO_AGE = {"Wales": {"columns": {"age": {"held": False, "difference": "Age is not recorded."}}}}


def value(estimate: float | None, margin: float | None, status: Status = Status.OK, low: bool = False) -> Value:
    return Value(estimate, margin, status, low)


@pytest.mark.parametrize(
    ("shown", "digits", "text"),
    [
        (value(30051, 17), 0, "30,051 ± 17"),
        (value(-1, 17, low=True), 0, "-1 ± 17 [u]"),
        (value(35.2634, 0.0123), 3, "35.263 ± 0.012"),
        (value(None, None, Status.NOT_HELD), 0, "[x]"),
        (value(12, 3, Status.PARTLY_HELD), 0, "12 ± 3 [p]"),
    ],
)
def test_a_value_is_written_with_its_margin_and_marks(shown: Value, digits: int, text: str) -> None:
    assert value_text(shown, digits) == text


def test_a_column_shows_two_figures_of_its_smallest_margin() -> None:
    assert decimals([value(0.21, 0.00063), value(0.22, 0.019)]) == 5
    assert decimals([value(30051, 17), value(None, None, Status.NOT_HELD)]) == 0


def test_a_missing_key_is_not_mistaken_for_an_empty_one() -> None:
    assert key_text(None) == "(missing)"
    assert key_text(Decimal(2016)) == "2016"


def test_every_status_that_is_not_plain_has_a_mark_of_its_own() -> None:
    marks = [mark for mark, _ in MARKS.values()] + [LOW_RELIABILITY[0]]
    assert set(MARKS) == set(Status) - {Status.OK}
    assert len(set(marks)) == len(marks)


async def test_a_result_as_text_shows_marks_legend_differences_and_cost(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"], holds=NO_AGE) as fed:
        result = await with_connection(fed, lambda connection: connection.query(SQL))
    text = as_text(result)
    for expected in (" ± ", "[x] not held", "Age is not recorded.", "Wales and Scotland", "Cost: epsilon 0.5"):
        assert expected in text


async def test_what_was_charged_before_under_the_key_is_told_apart_from_what_is_served_free(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales"]) as fed:
        paid = await with_connection(fed, lambda connection: connection.query(SQL, idempotency_key="mine"))
        again = await with_connection(fed, lambda connection: connection.query(SQL, idempotency_key="mine"))
        free = await with_connection(fed, lambda connection: connection.query(SQL))
    (charge,) = paid.charges
    figure = f"node-wales {charge.rho_nano / 1e9:.6f}."
    assert f" Charged in rho: {figure}" in cost(paid)
    assert f" Charged before under this key, in rho: {figure}" in cost(again)
    assert " Served again free: node-wales." in cost(free)
    assert all("harged" not in cost(free) and "free" not in cost(each) for each in (paid, again))


async def test_the_command_prints_a_table_and_an_error_prints_its_place_cause_fix_and_cost(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        config = str(write_client(fed))

        def run(*arguments: str) -> tuple[int, str]:
            done = CliRunner().invoke(main, [arguments[0], "--config", config, *arguments[1:]])
            return done.exit_code, done.output

        for arguments, expected in (
            (("query", SQL), "Scotland"),
            (("explain", SQL), "epsilon 0.5"),
            (("catalogue",), "road.casualties"),
            (("catalogue", "road.casualties"), "severity"),
            (("budget",), "people"),
        ):
            code, output = await asyncio.to_thread(run, *arguments)
            assert code == 0, output
            assert expected in output
        code, output = await asyncio.to_thread(run, "query", "SELECT MAX(age) FROM road.casualties")
        assert code == 2
        assert output.startswith("error: SQL_NOT_SUPPORTED: line 1, column 8: ")
        place, caret = output.splitlines()[1:3]
        assert place[caret.index("^") :].startswith("MAX(age)")
        labels = [line[2:10].strip() for line in output.splitlines()[3:]]
        assert [label for label in labels if label] == ["cause", "fix", "charged"]
        assert output.endswith("  charged    nothing\n")
        for sql in (SQL, SQL.replace("severity", "mode")):  # another question under the same key is refused by all
            code, output = await asyncio.to_thread(run, "query", "--key", "mine", sql)
        assert code == 2
        assert output.startswith("error: NODE_REFUSED: ")  # and no key to try again under: nobody was charged
