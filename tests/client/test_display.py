"""What people see: figures with ±, marks with a legend, errors in one line."""

import asyncio
import io
import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from concordat_client.cli import main
from concordat_client.display import (
    LOW_RELIABILITY,
    MARKS,
    NOT_APPLICABLE,
    as_text,
    cost,
    decimals,
    figures,
    key_text,
    value_text,
)
from concordat_privacy.estimates import Status, Value
from concordat_query.catalogue import Catalogue
from fakes.analysts import with_connection, write_client
from fakes.catalogue import code, small_catalogue
from fakes.federation import federation
from fakes.results import MEANS, NO_AGE, FakeParties
from rich.console import Console

SQL = "SELECT nation, severity, COUNT(*) AS n, AVG(age) AS mean_age FROM road.casualties GROUP BY nation, severity"
SHORTHAND = ["[c]", "[e]", "[low]", "[p]", "[r]", "[u]", "[x]", "[z]"]
"""Of the Government Statistical Service."""

HOLDS_NO_AGE = {"Wales": {"columns": {"age": {"held": False, "difference": "Age is not recorded."}}}}


def value(estimate: float | None, margin: float | None, status: Status = Status.OK, low: bool = False) -> Value:
    return Value(estimate, margin, status, low)


@pytest.mark.parametrize(
    ("shown", "digits", "text"),
    [
        (value(30051, 17), 0, "30,051 ± 17"),
        (value(-1, 17, low=True), 0, "-1 ± 17 [u]"),
        (value(35.2634, 0.0123), 3, "35.263 ± 0.012"),
        (value(None, None, Status.NOT_HELD), 0, "[x]"),
        (value(-0.0004, 0.02), 2, "0.00 ± 0.02"),
        (value(2.5, math.inf, low=True), 1, "2.5 ± ∞ [u]"),
        (None, 0, "[z]"),
        (value(12, 3, Status.PARTLY_HELD), 0, "12 ± 3 [part]"),
    ],
)
def test_a_value_is_written_with_its_margin_and_marks(shown: Value | None, digits: int, text: str) -> None:
    assert value_text(shown, digits) == text


def test_a_column_shows_two_figures_of_its_smallest_margin() -> None:
    assert decimals([value(0.21, 0.00063), value(0.22, 0.019)]) == 5
    assert decimals([value(30051, 17), value(None, None, Status.NOT_HELD)]) == 0


def test_a_missing_key_is_not_mistaken_for_an_empty_one() -> None:
    assert key_text(None) == "(missing)"
    assert key_text(Decimal(2016)) == "2016"


def test_every_status_that_is_not_plain_has_a_mark_of_its_own() -> None:
    marks = [mark for mark, _ in [*MARKS.values(), LOW_RELIABILITY, NOT_APPLICABLE]]
    assert set(MARKS) == set(Status) - {Status.OK}
    assert len(set(marks)) == len(marks)


def test_shorthand_is_that_of_official_statistics_in_its_own_meaning_and_all_else_is_a_word() -> None:
    meanings = {"[c]": "suppressed", "[x]": "not available", "[u]": "low reliability", "[z]": "not applicable"}
    for mark, meaning in [*MARKS.values(), LOW_RELIABILITY, NOT_APPLICABLE]:
        if mark in SHORTHAND:
            assert meaning.startswith(meanings[mark])
        else:
            assert len(mark) > 4


def test_a_columns_figures_margins_and_marks_stand_below_one_another() -> None:
    column = [
        value(30051.25, 17.5),
        value(-1.0, 17.25, low=True),
        value(None, None, Status.NOT_HELD),
        value(12.0, 3.1, Status.PARTLY_HELD, low=True),
    ]
    assert figures(column) == [
        "30,051.2 ± 17.5           ",
        "    -1.0 ± 17.2 [u]       ",
        "                [x]       ",
        "    12.0 ±  3.1 [part] [u]",
    ]
    assert figures([value(None, None, Status.NOT_HELD)] * 2) == ["[x]", "[x]"]
    assert figures([]) == []


def test_a_printed_table_keeps_them_below_one_another_where_only_some_have_marks() -> None:
    result = FakeParties(nations=["Wales"]).result(figures={"Wales": [[1, 30000, 500]]})
    rows = [line for line in as_text(result).splitlines() if "±" in line and "│" in line]
    assert any(line.endswith("[u]") for line in rows)
    assert not all(line.endswith("[u]") for line in rows)
    assert len({line.index("±") for line in rows}) == 1


SIX = ", ".join(f"COUNTIF(year = {2014 + i % 3}) AS casualties_{i}" for i in range(6))
WIDE = f"SELECT nation, severity, {SIX} FROM road.casualties GROUP BY nation, severity"  # noqa: S608  # no data base


def test_a_wide_table_goes_on_below_with_its_keys_and_no_figure_is_cut_or_broken() -> None:
    result = FakeParties().result(WIDE)
    text = as_text(result, 80)
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("nation           ┃ severity ┃") == 2
    assert "…" not in text
    for row in result.table.rows:
        for figure in row.values:
            assert figure is not None
            assert f"{figure.estimate:,} ± {figure.margin}" in text
    assert "casualties_5" in text
    assert as_text(result, 200).count("nation           ┃ severity ┃") == 1


def test_a_result_prints_itself_wherever_it_is_shown() -> None:
    result = FakeParties().result(MEANS)
    assert str(result) == repr(result) == as_text(result)
    console = Console(width=80, file=io.StringIO(), no_color=True)
    console.print(result)
    assert isinstance(console.file, io.StringIO)
    assert [line.rstrip() for line in console.file.getvalue().splitlines()] == as_text(result, 80).splitlines()


def test_text_from_outside_cannot_steer_the_terminal() -> None:
    assert key_text("a\x1b]0;x\x07\u202e") == r"a\x1b]0;x\x07\u202e"


def test_in_notebooks_a_result_is_an_accessible_table_whose_texts_are_escaped() -> None:
    content = small_catalogue().model_dump(mode="json")
    content["datasets"]["road.casualties"]["title"] = "<b>Casualties</b>"
    content["datasets"]["road.casualties"]["columns"][1] = code("severity", "<script>", "&amp;", nullable=False)
    parties = FakeParties(catalogue=Catalogue.model_validate(content), coverage={"Wales": NO_AGE})
    html = parties.result(MEANS)._repr_html_()
    assert "<script>" not in html
    assert "<b>" not in html
    page = ElementTree.fromstring(f"<div>{html}</div>")  # noqa: S314  # our own, and well-formed
    assert page.findtext("table/caption") == "<b>Casualties</b>"
    heads = page.findall("table/thead/tr/th")
    assert [head.text for head in heads] == ["nation", "severity", "n", "mean_age"]
    assert {head.get("scope") for head in heads} == {"col"}
    rows = page.findall("table/tbody/tr")
    assert all([cell.get("scope") for cell in row.findall("th")] == ["row", "row"] for row in rows)
    assert rows[1].findall("th")[1].text == "&amp;"
    assert "1,000 ± 22" in "".join(rows[0].itertext())
    assert any(mark.get("title") == "not available: not held" for mark in page.iter("abbr"))
    notes = "".join(page.itertext())
    assert "Age is not recorded." in notes
    assert "Cost: epsilon" in notes


async def test_a_result_as_text_shows_marks_legend_differences_and_cost(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"], holds=HOLDS_NO_AGE) as fed:
        result = await with_connection(fed, lambda connection: connection.query(SQL))
    text = as_text(result)
    for expected in (
        " ± ",
        "[x] not available: not held",
        "Age is not recorded.",
        "Wales and Scotland",
        "Cost: epsilon 0.5",
    ):
        assert expected in text


async def test_what_was_charged_before_under_the_key_is_told_apart_from_what_is_served_free(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales"]) as fed:
        paid = await with_connection(fed, lambda connection: connection.query(SQL, idempotency_key="mine"))
        again = await with_connection(fed, lambda connection: connection.query(SQL, idempotency_key="mine"))
        free = await with_connection(fed, lambda connection: connection.query(SQL))
    (charge,) = paid.charges
    figure = f"node-wales {charge.price_nano / 1e9:.6f}."
    assert f" Charged in rho: {figure}" in cost(paid)
    assert f" Charged before under this key, in rho: {figure}" in cost(again)
    assert " Served again free: node-wales." in cost(free)
    assert all("harged" not in cost(free) and "free" not in cost(each) for each in (paid, again))


async def test_the_delta_of_a_private_key_is_told_where_it_was_charged(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales"]) as fed:
        paid = await with_connection(fed, lambda connection: connection.query(SQL))
    (charge,) = paid.charges
    told = " The private key cost delta 3e-09 beside at each node charged."
    now = replace(charge, delta_e15=3_000_000, signed_delta_e15=3_000_000)
    before = replace(now, price_nano=0, delta_e15=0)
    lost = replace(now, signed_nano=None, signed_delta_e15=None)
    free = replace(before, signed_nano=0, signed_delta_e15=0)
    for charges, expected in [((now,), 1), ((before, free), 1), ((lost,), 1), ((free,), 0), ((charge,), 0)]:
        assert cost(replace(paid, charges=charges)).count(told) == expected


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
