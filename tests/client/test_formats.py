"""Every format holds the same tidy table: nothing is lost, and nothing that is missing looks like a number."""

import csv
import dataclasses
import io
import json
import math
import sys
from datetime import date
from pathlib import Path
from typing import Any

import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from concordat_client import Result, formats, load
from concordat_query.catalogue import Catalogue
from fakes.catalogue import NATIONS, code, small_catalogue
from fakes.results import COUNTS, MEANS, NO_AGE, FakeParties

PARTIES = FakeParties(coverage={"Northern Ireland": NO_AGE})
TINY = {nation: [[3 + i, 0, 9]] * 3 for i, nation in enumerate(NATIONS)}
"""So few rows that a mean has no bound, and in one cell no value."""


def read_back(form: str, data: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(data)) if form == "parquet" else pa.ipc.open_file(data).read_all()


def strict(text: bytes) -> Any:
    def refuse(name: str) -> None:
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(scope="module")
def result() -> Result:
    return PARTIES.result(MEANS, TINY)


def test_the_tidy_table_has_a_row_for_each_cell_and_says_of_each_figure_what_it_is(result: Result) -> None:
    table = result.to_arrow()
    assert table.num_rows == len(result)
    rows = table.to_pylist()
    assert {row["mean_age__status"] for row in rows} == {"ok", "not held", "undefined"}
    assert all((row["mean_age"] is None) == (row["mean_age__status"] != "ok") for row in rows)
    unbounded = [row for row in rows if row["mean_age__margin"] == math.inf]
    assert unbounded
    assert all(row["mean_age__low_reliability"] for row in unbounded)


def test_a_value_that_its_row_does_not_have_says_so(result: Result) -> None:
    row = dataclasses.replace(result.table.rows[0], values=(None, *result.table.rows[0].values[1:]))
    changed = dataclasses.replace(result, table=dataclasses.replace(result.table, rows=(row,)))
    (told,) = changed.to_arrow().to_pylist()
    assert (told["n"], told["n__status"]) == (None, "not applicable")
    assert "[z] not applicable" in str(changed)


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_binary_formats_give_back_the_tidy_table_with_notes_and_provenance(result: Result, form: str) -> None:
    tidy = result.to_arrow()
    table = read_back(form, formats.encode(result, form))
    assert table.equals(tidy)
    assert json.loads(table.schema.metadata[b"concordat.notes"]) == list(result.table.notes)
    assert json.loads(table.schema.metadata[b"concordat.provenance"]) == result.provenance


def test_csv_is_rfc_4180_in_utf_8_with_the_tidy_tables_figures(result: Result) -> None:
    data = formats.encode(result, "csv").decode()
    assert data.count("\r\n") == data.count("\n") == len(result) + 1
    rows = list(csv.DictReader(io.StringIO(data, newline="")))
    for row, tidy in zip(rows, result.to_arrow().to_pylist(), strict=True):
        assert row.keys() == tidy.keys()
        assert row["mean_age__margin"] == ("" if tidy["mean_age__margin"] is None else str(tidy["mean_age__margin"]))
        assert (row["mean_age"] == "") == (row["mean_age__status"] != "ok")
        assert row["nation__is_total"] == str(tidy["nation__is_total"]).lower()


HOSTILE = ["=1+1", "+1", "-2+3", "@SUM(A1)", "\tx", "\r=1", "＝1", 'a,"b"\nc', "plain"]


def test_no_code_becomes_a_formula_in_a_spreadsheet() -> None:
    content = small_catalogue().model_dump(mode="json")
    content["datasets"]["road.casualties"]["columns"][1] = code("severity", *HOSTILE, nullable=False)
    parties = FakeParties(nations=["Wales"], catalogue=Catalogue.model_validate(content))
    rows = list(csv.DictReader(io.StringIO(formats.encode(parties.result(COUNTS), "csv").decode(), newline="")))
    shown = [row["severity"] for row in rows]
    assert shown == [f"'{text}" for text in HOSTILE[:7]] + HOSTILE[7:]
    assert not any(text.startswith(tuple("=+-@\t\r\n")) for row in rows for text in (row["nation"], row["severity"]))


def test_dates_are_dates_in_every_format_and_found_by_how_they_are_written(tmp_path: Path) -> None:
    content = small_catalogue().model_dump(mode="json")
    bounds = {"lower": date(2016, 2, 28), "upper": date(2016, 3, 1)}
    content["datasets"]["road.casualties"]["columns"][0] = {
        "name": "year", "type": "date", "description": "day", **bounds, "key": True, "nullable": False
    }  # fmt: skip
    parties = FakeParties(nations=["Wales"], catalogue=Catalogue.model_validate(content))
    result = parties.result("SELECT year AS day, COUNT(*) AS n FROM road.casualties GROUP BY year")
    for form in ("csv", "json", "table"):
        assert "2016-02-29" in formats.encode(result, form).decode()
    for form in ("parquet", "arrow"):
        assert read_back(form, formats.encode(result, form)).column("day").to_pylist()[1] == date(2016, 2, 29)
    assert result.cell(day="2016-02-29") == result.cell(day=date(2016, 2, 29)) == result.table.rows[1].values[0]
    result.save(tmp_path / "dated")
    assert load(tmp_path / "dated") == result


def test_a_negative_figure_stays_a_number() -> None:
    result = FakeParties(nations=["Wales"]).result(COUNTS, {"Wales": [[-5, 0, 5]]})
    assert "Wales,false,Fatal,-5," in formats.encode(result, "csv").decode()


def test_json_is_strict_and_tells_columns_rows_notes_and_provenance(result: Result) -> None:
    told = strict(formats.encode(result, "json"))
    assert list(told) == ["columns", "rows", "notes", "provenance"]
    assert [column["name"] for column in told["columns"]] == result.to_arrow().column_names
    for row, tidy in zip(told["rows"], result.to_arrow().to_pylist(), strict=True):
        assert row == {name: None if cell == math.inf else cell for name, cell in tidy.items()}
    assert told["notes"] == list(result.table.notes)
    assert told["provenance"] == result.provenance


def test_provenance_names_question_cost_nodes_editions_agreement_catalogue_and_software() -> None:
    parties = FakeParties(coverage={"Wales": NO_AGE})
    result = parties.result("SELECT nation, AVG(age) AS a FROM road.casualties GROUP BY nation", lost=["Scotland"])
    told = result.provenance
    assert told["sql"] == result.question.sql
    assert told["epsilon"] == pytest.approx(0.5, rel=1e-6)
    assert (told["delta"], told["complete"]) == (1e-6, False)
    assert told["price_nano"] == result.question.envelope.query.price_nano
    assert told["agreement_sha256"] == parties.agreement.sha256
    assert told["catalogue_sha256"] == parties.catalogue.sha256
    assert told["software_version"]
    gave = {node["nation"]: (node["gave"], node["edition"] is not None) for node in told["nodes"]}
    assert gave == {
        "England": ("an answer", True),
        "Northern Ireland": ("an answer", True),
        "Scotland": ("nothing: unavailable", False),
        "Wales": ("nothing: not held", False),
    }
    assert {charge["node"]: charge["charged_nano"] for charge in told["charges"]}["node-scotland"] is None


def test_frames_keep_missing_values_missing_and_counts_whole(result: Result) -> None:
    pandas_frame, polars_frame = result.to_pandas(), result.to_polars()
    assert str(pandas_frame["n"].dtype) == "Int64"
    assert polars_frame.schema["n"] == polars.Int64
    missing = [row["mean_age"] is None for row in result.to_arrow().to_pylist()]
    assert pandas_frame["mean_age"].isna().tolist() == missing
    assert polars_frame["mean_age"].is_null().to_list() == missing
    assert pandas_frame.attrs["notes"] == list(result.table.notes)


@pytest.mark.parametrize(
    ("package", "call", "extra"),
    [("pandas", "to_pandas", "frames"), ("polars", "to_polars", "frames"), ("matplotlib", "chart", "chart")],
)
def test_a_package_that_is_missing_is_named_with_the_extra_that_brings_it(
    package: str, call: str, extra: str, monkeypatch: pytest.MonkeyPatch, result: Result
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, f"{package}.figure", None)
    with pytest.raises(ImportError, match=rf"needs {package}, .*install it, or concordat\[{extra}\]"):
        getattr(result, call)(*(["n"] if call == "chart" else []))


def test_the_same_result_gives_the_same_bytes(result: Result) -> None:
    assert list(formats.FORMATS) == ["table", "csv", "json", "parquet", "arrow"]
    for form in formats.FORMATS:
        assert formats.encode(result, form) == formats.encode(result, form)
