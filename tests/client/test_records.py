"""A result's rows as records, and one figure by its keys."""

import dataclasses
import subprocess
import sys

import pytest
from concordat_client import Record
from concordat_privacy.estimates import Value
from concordat_query.errors import Refusal
from fakes.results import COUNTS, MEANS, FakeParties

PARTIES = FakeParties()
BY_YEAR = "SELECT year, mode AS way, COUNT(*) AS n FROM road.casualties GROUP BY year, mode"


def test_rows_are_records_in_the_tables_order_by_the_names_of_the_columns() -> None:
    result = PARTIES.result(COUNTS)
    rows = list(result)
    assert len(rows) == len(result) == 15
    assert dict(rows[0].labels) == {"nation": "England", "severity": "Fatal"}
    assert rows[0]["severity"] == "Fatal"
    figure = rows[0]["n"]
    assert isinstance(figure, Value)
    assert figure.estimate == 1000
    assert [row.is_total for row in rows] == [False] * 12 + [True] * 3
    assert isinstance(rows[0], Record)
    with pytest.raises(dataclasses.FrozenInstanceError):
        rows[0].is_total = True  # type: ignore[misc]
    with pytest.raises(TypeError):
        rows[0].values["n"] = None  # type: ignore[index]
    with pytest.raises(KeyError):
        rows[0]["age"]


def test_a_cell_is_found_by_its_keys_in_whatever_type_a_number_is_written() -> None:
    counts, years = PARTIES.result(COUNTS), PARTIES.result(BY_YEAR)
    assert counts.cell(nation="United Kingdom", severity="Slight").estimate == 10008
    assert counts.cell({"nation": "Wales"}, severity="Fatal", value="n").estimate == 2000
    for year in (2015, "2015", 2015.0):
        assert years.cell(year=year, way="Car").estimate == 10_000 + 4 * 7


def test_a_key_that_is_summed_over_is_asked_for_as_total() -> None:
    result = PARTIES.result(BY_YEAR)
    row = result.table.rows[0]
    rolled = dataclasses.replace(row, keys=(None, row.keys[1]), rolled=(True, False))
    summed, other = ("year", "way") if result.question.envelope.query.keys[0] == "year" else ("way", "year")
    table = dataclasses.replace(result.table, rows=(*result.table.rows, rolled))
    changed = dataclasses.replace(result, table=table)
    last = list(changed)[-1]
    assert last.labels[summed] == "Total"
    assert last.summed == {summed}
    assert changed.cell({summed: "Total", other: last.labels[other]}) == row.values[0]
    assert "Total" in str(changed)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"nation": "Wales"}, "3 rows are meant; tell them apart by severity"),
        ({"nation": "Atlantis"}, "no row has 'Atlantis' as nation; rows here have: England, Wales"),
        ({"nation": "Wales", "severity": None}, "no row has None as severity"),
        ({"region": "North"}, "no column 'region'.*there are: nation, severity"),
    ],
)
def test_what_names_no_row_or_several_is_refused_with_advice(keys: dict[str, object], told: str) -> None:
    with pytest.raises(Refusal, match=told):
        PARTIES.result(COUNTS).cell(keys)


def test_which_value_is_meant_must_be_said_where_there_are_several() -> None:
    result = PARTIES.result(MEANS)
    for value, told in ((None, "several values; name one with value=: n, mean_age"), ("m", "no value 'm'")):
        with pytest.raises(Refusal, match=told):
            result.cell(nation="Wales", severity="Fatal", value=value)


def test_importing_the_client_imports_no_data_frames_and_no_charts() -> None:
    program = "import sys, concordat_client; print(*{'pandas', 'polars', 'matplotlib'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert told.stdout.strip() == ""
