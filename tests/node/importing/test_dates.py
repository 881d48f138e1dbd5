"""A column of dates: whatever kind the source holds, an edition holds days since 1970-01-01 within the bounds."""

# ruff: noqa: S608 - not SQL but a mapping, written in this file

from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from concordat_node.importing import edition
from concordat_node.importing.build import import_dataset
from concordat_node.importing.mapping import load
from concordat_node.importing.report import ColumnReport, Report
from concordat_query.catalogue import Catalogue

NAME = "health.visits"
FIRST, LAST = date(2023, 4, 1), date(2024, 3, 31)


def catalogue(*, nullable: bool = True) -> Catalogue:
    column = {"name": "seen", "type": "date", "description": "seen", "lower": FIRST, "upper": LAST}
    return Catalogue.model_validate(
        {
            "version": 1,
            "title": "Visits",
            "nations": [{"name": "Wales", "gss": "W92000004"}],
            "populations": {"patients": {"description": "patients"}},
            "datasets": {
                NAME: {
                    "title": "Visits",
                    "description": "Visits.",
                    "population": "patients",
                    "unit": "patient",
                    "unit_description": "one patient",
                    "max_rows_per_unit": 5,
                    "columns": [{**column, "nullable": nullable}],
                }
            },
        }
    )


def imported(
    folder: Path, values: pa.Array, rule: str = "", *, nullable: bool = True
) -> tuple[list[int | None], Report]:
    """What the edition holds of these values, each of a patient of its own, smallest first, and the report."""
    pq.write_table(pa.table({"pid": [str(i) for i in range(len(values))], "seen": values}), folder / "visit.parquet")
    text = f"""
dataset = "{NAME}"
unit_id = "pid"
select = "SELECT seen FROM visit"
[sources.visit]
path = "visit.parquet"
{rule}"""  # a mapping, not a statement
    (folder / "mapping.toml").write_text(text)
    report = import_dataset(load(folder / "mapping.toml", catalogue(nullable=nullable)), folder, folder / "state")
    with duckdb.connect(edition.current(folder / "state", NAME).path, read_only=True) as connection:
        return [row[0] for row in connection.execute("SELECT seen FROM rows ORDER BY seen").fetchall()], report


def days(*found: date) -> list[int]:
    return [(each - date(1970, 1, 1)).days for each in found]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([FIRST, date(2024, 2, 29), LAST]),
        pa.array([datetime(2023, 4, 1, 0, 0), datetime(2024, 2, 29, 12, 30), datetime(2024, 3, 31, 23, 59, 59)]),
        pa.array(["2023-04-01", "2024-02-29", "2024-03-31"]),
    ],
    ids=["dates", "times", "texts"],
)
def test_dates_times_and_texts_become_days(tmp_path: Path, values: pa.Array) -> None:
    found, report = imported(tmp_path, values)
    assert found == days(FIRST, date(2024, 2, 29), LAST)
    assert report.columns["seen"] == ColumnReport(0, 0, 0, 0, "null", "clamp")


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("", days(FIRST, date(2023, 5, 1), LAST)),
        ("[repair.seen]\nout_of_range = 'null'", [*days(date(2023, 5, 1)), None, None]),
        ("[repair.seen]\nout_of_range = 'drop'", days(date(2023, 5, 1))),
    ],
)
def test_a_date_out_of_range_is_repaired_as_declared(tmp_path: Path, rule: str, kept: list[int | None]) -> None:
    found, report = imported(tmp_path, pa.array([date(2023, 3, 31), date(2023, 5, 1), date(9999, 1, 1)]), rule)
    assert found == kept
    assert report.columns["seen"].out_of_range == 2


@pytest.mark.parametrize(
    "values",
    [pa.array(["2024-02-30", "yesterday", "", None]), pa.array([1, 2, None]), pa.array([1e300, None, float("nan")])],
    ids=["texts", "whole numbers", "numbers"],
)
def test_what_is_no_date_is_missing_and_never_an_error(tmp_path: Path, values: pa.Array) -> None:
    found, report = imported(tmp_path, values)
    assert found == [None] * len(values)
    assert report.columns["seen"].missing == len(values)


def test_a_row_without_a_date_goes_where_none_may_be_missing(tmp_path: Path) -> None:
    found, report = imported(tmp_path, pa.array([None, LAST], pa.date32()), nullable=False)
    assert found == days(LAST)
    assert report.dropped["seen: no usable value"] == 1
