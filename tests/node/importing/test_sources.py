"""Sources of every kind; what is wrong with them is told without a value from them."""

# ruff: noqa: S311, S608 - reproducible samples; SQL written in this file

import random
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from concordat_node.importing import edition, sources
from concordat_node.importing.build import import_dataset
from concordat_node.importing.mapping import Mapping, load
from concordat_node.importing.report import Report
from concordat_node.importing.steps import Step, without_values
from concordat_query.errors import Refusal
from fakes.catalogue import small_catalogue

PERSON = "Aneurin"  # stands for any value of the data

MAPPING = """
dataset = "road.casualties"
unit_id = "id"
select = "SELECT CAST(year AS INTEGER) AS year, severity, mode, sex, age FROM casualty"
[sources.casualty]
path = "casualty.csv"
"""
HEADER = "id,year,severity,mode,sex,age\n"
GOOD = "1,2016,Fatal,Car,Male,30\n"


def mapping(folder: Path, text: str = MAPPING) -> Mapping:
    path = folder / "mapping.toml"
    path.write_text(text)
    return load(path, small_catalogue())


def imported(folder: Path, text: str = MAPPING) -> Report:
    return import_dataset(mapping(folder, text), folder, folder / "state")


def rows(folder: Path) -> list[tuple[int | None, ...]]:
    path = edition.current(folder / "state", "road.casualties").path
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute("SELECT year, severity, mode, sex, age FROM rows ORDER BY ALL").fetchall()


def refusal(folder: Path, text: str = MAPPING) -> str:
    with pytest.raises(Refusal) as caught:
        imported(folder, text)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert PERSON.lower() not in caught.value.message.lower()
    return caught.value.message


@pytest.mark.parametrize(
    "line",
    [
        b"2,2016",
        b"2,2016,Fatal,Car,Male,30,extra",
        b'2,2016,"Fatal,Car,Male,30',
        b'2,2016,Fatal,Car,Male,"30"x',
        b'2,2016,Fatal,Car,Male,"30',
        b"2,2016,Fatal,Car,Male,\xff\xfe",
        b"2,2016,Fatal,Ca\rr,Male,30",
        b'2,2016,Fatal,Car,"Male",' + b"9" * 200_000,
        b'"' * 201,
        b"\0",
    ],
)
def test_a_line_of_csv_that_is_no_record_changes_no_other_line(tmp_path: Path, line: bytes) -> None:
    lines = [f"{i},2016,Slight,Car,Male,30\n".encode() for i in range(10, 20)]
    (tmp_path / "casualty.csv").write_bytes(HEADER.encode() + b"".join(lines[:5]) + line + b"\n" + b"".join(lines[5:]))
    report = imported(tmp_path)
    assert rows(tmp_path) == [(2016, 2, 2, 0, 30)] * 10
    assert (report.rows_read, report.malformed_lines) == (10, {"casualty": 1})


@pytest.mark.parametrize(
    ("age", "known"),
    [
        ("{square} + {square}", 8),
        ("CASE WHEN {square} > 1 THEN {square} END", 4),
        ("CASE {square} WHEN 1 THEN 1 WHEN 4 THEN 5 END", 5),
    ],
)
def test_an_overflow_in_what_expressions_share_is_missing_in_its_own_row_only(
    tmp_path: Path, age: str, known: int
) -> None:
    lines = ["1,2016,Fatal,Car,Male,2\n", "2,2016,Fatal,Car,Male,9223372036854775807\n"]
    (tmp_path / "casualty.csv").write_text(HEADER + "".join(lines))
    expression = age.format(square="CAST(age AS BIGINT) * CAST(age AS BIGINT)")
    imported(
        tmp_path, MAPPING.replace("sex, age", f"CASE WHEN {expression} > 0 THEN sex END AS sex, {expression} AS age")
    )
    assert rows(tmp_path) == [(2016, 0, 2, 0, known), (2016, 0, 2, None, None)]


def test_csv_may_quote_and_end_lines_as_it_likes(tmp_path: Path) -> None:
    text = '\ufeff"id",year,severity,mode,sex,age\r\n1,"2016",Fatal,"Pedal cycle",,\r\n\r\n2,2015,"Slight",Car,"",7'
    (tmp_path / "casualty.csv").write_bytes(text.encode())
    report = imported(tmp_path)
    assert rows(tmp_path) == [(2015, 2, 2, None, 7), (2016, 0, 1, None, None)]
    assert (report.rows_read, report.malformed_lines) == (2, {"casualty": 0})


def test_csv_may_have_another_separator(tmp_path: Path) -> None:
    (tmp_path / "casualty.csv").write_text((HEADER + GOOD).replace(",", ";"))
    imported(tmp_path, MAPPING + 'separator = ";"\n')
    assert rows(tmp_path) == [(2016, 0, 2, 0, 30)]


def test_a_table_of_a_duckdb_file_is_a_source(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "casualty.duckdb") as connection:
        connection.execute(
            """CREATE TABLE "all of them" AS
            SELECT 'x' AS id, 2014 AS year, 'Fatal' AS severity, 'Car' AS mode, 'Male' AS sex, 5 AS age"""
        )
    text = MAPPING.replace('"casualty.csv"', '"casualty.duckdb"\ntable = "all of them"')
    imported(tmp_path, text)
    assert rows(tmp_path) == [(2014, 0, 2, 0, 5)]
    assert "holds table 'other'" in refusal(tmp_path, text.replace("all of them", "other"))


def test_a_view_of_a_duckdb_file_is_no_source_because_any_sql_may_stand_behind_it(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "casualty.duckdb") as connection:
        connection.execute(
            "CREATE VIEW casualty AS SELECT 'x' AS id, 2014 AS year, 'Fatal' AS severity, 'Car' AS mode, "
            "'Male' AS sex, count(*) AS age FROM range(3)"
        )
    text = MAPPING.replace('"casualty.csv"', '"casualty.duckdb"\ntable = "casualty"')
    assert "holds table 'casualty'" in refusal(tmp_path, text)


def test_an_empty_id_names_nobody_in_any_kind_of_file(tmp_path: Path) -> None:
    ids = ["", "1", None]
    table = {"id": ids, "year": [2016] * 3, "severity": ["Fatal"] * 3, "mode": ["Car"] * 3, "sex": ["Male"] * 3}
    pq.write_table(pa.table({**table, "age": [1, 2, 3]}), tmp_path / "casualty.parquet")
    imported(tmp_path, MAPPING.replace("casualty.csv", "casualty.parquet"))
    assert rows(tmp_path) == [(2016, 0, 2, 0, 2)]


def test_a_quote_in_a_files_name_is_a_part_of_its_name(tmp_path: Path) -> None:
    table = pa.table({"id": ["1"], "year": [2016], "severity": ["Fatal"], "mode": ["Car"], "sex": ["Male"], "age": [1]})
    pq.write_table(table, tmp_path / "o'brien.parquet")
    imported(tmp_path, MAPPING.replace("casualty.csv", "o'brien.parquet"))
    assert rows(tmp_path) == [(2016, 0, 2, 0, 1)]


def test_a_missing_file_is_told_with_its_place(tmp_path: Path) -> None:
    message = refusal(tmp_path)
    assert "sources.casualty" in message
    assert str(tmp_path / "casualty.csv") in message


@pytest.mark.parametrize("header", ["\n", "id,year,year,mode,sex,age\n", "id,,severity\n", "id,ID,severity\n"])
def test_a_csv_without_a_proper_header_is_refused(tmp_path: Path, header: str) -> None:
    (tmp_path / "casualty.csv").write_text(header + f"{PERSON},2016,Fatal,Car,Male,30\n")
    assert "names every column once" in refusal(tmp_path)


def test_a_missing_column_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["1"], "year": [2016], "sexes": [PERSON]}), tmp_path / "casualty.parquet")
    message = refusal(tmp_path, MAPPING.replace(".csv", ".parquet"))
    assert "no column 'age'" in message
    assert "id, year, sexes" in message


def test_a_first_record_in_the_place_of_a_header_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "casualty.csv").write_text(f"{PERSON},2016,Fatal,Car,Male,30\n")
    assert "no column 'age'" in refusal(tmp_path)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "casualty.parquet").write_text(PERSON * 100)
    assert "not a Parquet file" in refusal(tmp_path, MAPPING.replace(".csv", ".parquet"))


def test_a_parquet_file_damaged_inside_is_refused_without_its_values(tmp_path: Path) -> None:
    names = [PERSON + str(i) for i in range(5000)]
    table = pa.table({"id": names, "year": [2016] * 5000, "severity": names, "mode": names, "sex": names, "age": names})
    path = tmp_path / "casualty.parquet"
    pq.write_table(table, path, compression="none", use_dictionary=False)
    raw = bytearray(path.read_bytes())
    chance = random.Random(1)
    for _ in range(200):
        raw[chance.randrange(4, len(raw) // 2)] ^= 0xFF
    path.write_bytes(raw)
    assert "sources" in refusal(tmp_path, MAPPING.replace(".csv", ".parquet"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("CAST(year AS INTEGER) AS year", "year(id) AS year", "select: column year"),
        ("CAST(year AS INTEGER) AS year", "substr(12, id) AS year", "select: column year"),
        ('"id"', '"year(id)"', "unit_id"),
        ("FROM casualty", "FROM casualty WHERE year(id) = 1", "select: WHERE"),
    ],
)  # fmt: skip
def test_an_expression_that_cannot_work_on_these_columns_is_refused_before_any_row_is_read(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    (tmp_path / "casualty.csv").write_text(HEADER + GOOD)
    assert told in refusal(tmp_path, MAPPING.replace(old, new, 1))


def with_parent(path: str) -> str:
    """The mapping with ages from places."""
    text = (
        MAPPING.replace("severity, mode", "casualty.severity, casualty.mode")
        .replace("CAST(year", "CAST(casualty.year")
        .replace("sex, age FROM casualty", "casualty.sex, place.age FROM casualty")
        .replace("FROM casualty", "FROM casualty LEFT JOIN place ON place.id = casualty.id")
        .replace('"id"', '"casualty.id"')
    )
    return f'{text}[sources.place]\npath = "{path}"\nparent_key = ["id"]\n'


def test_keys_of_two_types_are_refused(tmp_path: Path) -> None:
    text = with_parent("place.parquet")
    (tmp_path / "casualty.csv").write_text(HEADER + GOOD)
    pq.write_table(pa.table({"id": [1], "age": [7]}), tmp_path / "place.parquet")
    assert "BIGINT in the parent and VARCHAR here" in refusal(tmp_path, text)
    imported(tmp_path, text.replace("= casualty.id", "= CAST(casualty.id AS BIGINT)"))
    assert rows(tmp_path) == [(2016, 0, 2, 0, 7)]


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_the_rows_themselves_under_another_name_are_no_parent(
    tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    text = with_parent("place.csv")
    (tmp_path / "casualty.csv").write_text(HEADER + GOOD)
    (tmp_path / "place.csv").write_text("id,age\n1,7\n")
    imported(tmp_path, text)
    (tmp_path / "place.csv").unlink()
    link(tmp_path / "place.csv", tmp_path / "casualty.csv")
    assert "file of the rows themselves" in refusal(tmp_path, text)


def test_an_import_opens_nothing_but_its_sources(tmp_path: Path) -> None:
    (tmp_path / "casualty.csv").write_text(HEADER + GOOD)
    (tmp_path / "other.csv").write_text("a\n1\n")
    with sources.connect("500MB", 1, tmp_path / "spill", "1GB") as connection:
        sources.open_sources(connection, mapping(tmp_path), tmp_path)
        sources.lock(connection, mapping(tmp_path), tmp_path)
        for statement in (
            f"SELECT * FROM read_csv('{tmp_path}/other.csv')",
            f"ATTACH '{tmp_path}/new.duckdb'",
            f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
            "SELECT * FROM glob('/*')",
            "SET enable_external_access = true",
            "SET threads = 2",
            "INSTALL httpfs",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)


@pytest.mark.parametrize("kind", [duckdb.ConversionException, duckdb.OutOfMemoryException, duckdb.IOException])
def test_what_duckdb_says_of_a_failure_is_not_repeated(kind: type[duckdb.Error]) -> None:
    with pytest.raises(Refusal) as caught, without_values(Step.CONVERT):
        raise kind(f"Could not convert string '{PERSON}' to INT32")
    assert PERSON not in caught.value.message
    assert Step.CONVERT.value in caught.value.message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
