"""A mapping is held against the catalogue before any data is read."""

from pathlib import Path

import pytest
from concordat_node.importing.mapping import Mapping, Repair, load
from concordat_query.coverage import ColumnCoverage
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Comparator, Comparison
from fakes.dirty_sources import dirty_catalogue, mapping_text


def loaded(folder: Path, text: str) -> Mapping:
    path = folder / "mapping.toml"
    path.write_text(text)
    return load(path, dirty_catalogue())


def refusal(folder: Path, text: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        loaded(folder, text)
    assert caught.value.message.startswith(str(folder / "mapping.toml"))
    assert caught.value.field.startswith(str(folder / "mapping.toml"))
    return caught.value


def test_a_mapping_declares_its_coverage_and_its_repairs(tmp_path: Path) -> None:
    mapping = loaded(tmp_path, mapping_text())
    assert mapping.dataset == "health.visits"
    assert mapping.coverage.of("height") == ColumnCoverage("height", held=False)
    assert mapping.coverage.of("cost").rows is not None
    assert mapping.repairs["dose"] == Repair("drop", "null")
    assert mapping.repairs["clinic"] == Repair("clamp", "drop")
    assert "height" not in mapping.repairs


def test_the_hash_leaves_out_paths_and_layout_and_nothing_else(tmp_path: Path) -> None:
    text = mapping_text()
    sha256 = loaded(tmp_path, text).mapping_sha256
    for same in (text.replace("visit.parquet", "2024/visit.csv"), "# a comment\n\n" + text):
        assert loaded(tmp_path, same).mapping_sha256 == sha256
    for other in (
        text.replace("year >= 2011", "year >= 2012", 1),
        text.replace("visit.pid", "visit.clinic"),
        text.replace("10 //", "9 //"),
        text.replace('out_of_range = "drop"', 'out_of_range = "null"'),
        text.replace("held = false", 'held = false\ndifference = "not measured"'),
        'differences = ["all of it"]\n' + text,
    ):
        assert loaded(tmp_path, other).mapping_sha256 != sha256


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('dataset = "health.visits"', 'dataset = "health.deaths"', ""),
        ('dataset = "health.visits"', 'dataset = "health.visits"\nunknown_key = 1', "unknown_key"),
        ("visit.clinic, visit.year", "visit.clinic, visit.colour, visit.year", "select"),
        ("visit.clinic, visit.year", "visit.year", "select"),
        ("visit.clinic, visit.year", "visit.clinic, visit.height, visit.year", "select"),
        ("visit.clinic, visit.year", "random() AS clinic, visit.year", "select"),
        ('"visit.pid"', '"count(visit.pid)"', "unit_id"),
        ("clinic <> 'B'", "clinic <> 'Q'", "holds.rows"),
        ("clinic <> 'B'", "colour <> 'B'", "holds.rows"),
        ("clinic <> 'B'", "clinic <", "holds.rows"),
        ("clinic <> 'B'", "born = 1950", "holds.rows"),
        ("clinic <> 'B'", "height = 1", "holds.rows"),
        ("[holds.columns.cost]", "[holds.columns.colour]", "holds.columns.colour"),
        ("[holds.columns.cost]\nrows", "[holds.columns.cost]\nheld = false\nrows", "holds.columns.cost.rows"),
        ("[holds.columns.cost]", "[holds.columns.clinic]", "holds.columns.clinic"),
        ("[holds.columns.cost]", "[holds.columns.year]\nheld = false\n[holds.columns.cost]", "holds.columns.year"),
        ("[holds.columns.cost]", "[holds.columns.sex]\nrows = \"sex = 'Male'\"\n[holds.columns.cost]", "holds."),
        ("[holds.columns.cost]", "[holds.columns.dose]\nheld = false\n[holds.columns.cost]", "select"),
        ("[holds.columns.cost]", "[holds.columns.sex]", "holds.columns.sex.rows"),
        ("[repair.cost]", "[repair.colour]", "repair.colour"),
        ("[repair.sex]", "[repair.clinic]\nunknown = 'null'\n[repair.sex]", "repair.clinic"),
        ("[repair.sex]", "[repair.year]\nout_of_range = 'null'\n[repair.sex]", "repair.year"),
        ('unknown = "drop"', 'out_of_range = "clamp"', "repair.sex.out_of_range"),
        ('unknown = "drop"', 'unknown = "guess"', "repair.sex.unknown"),
        ('"visit.parquet"', '"/data/visit.parquet"', "sources.visit.path"),
        ('"visit.parquet"', '"../visit.parquet"', "sources.visit.path"),
        ('"visit.parquet"', '"visit*.parquet"', "sources.visit.path"),
        ('"visit.parquet"', '"visit.xlsx"', "sources.visit.path"),
        ('"visit.parquet"', '"visit.duckdb"', "sources.visit"),
        ('"visit.parquet"', '"visit.parquet"\ntable = "visit"', "sources.visit"),
        ('"visit.parquet"', '"visit.parquet"\nseparator = ";"', "sources.visit"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_is_refused_with_file_and_key(
    tmp_path: Path, old: str, new: str, field: str
) -> None:
    assert old in mapping_text()
    found = refusal(tmp_path, mapping_text().replace(old, new, 1))
    assert field in found.field
    assert found.field.removeprefix(f"{tmp_path / 'mapping.toml'}: ").startswith(field) or not field


def test_a_place_in_sql_is_told_by_line_and_column(tmp_path: Path) -> None:
    found = refusal(tmp_path, mapping_text().replace("visit.cost", "random() AS cost"))
    assert found.reason is Reason.SQL_NOT_SUPPORTED
    assert "select: line 3, column 8: " in found.message


def test_conditions_on_too_many_combinations_are_refused(tmp_path: Path) -> None:
    rows = "clinic <> 'B' OR sex = 'Male'"
    catalogue = dirty_catalogue()
    form = catalogue.model_dump()
    columns = form["datasets"]["health.visits"]["columns"]
    form["datasets"]["health.visits"]["columns"] = [
        column | ({"key": True} if column["name"] in ("born", "dose") else {}) for column in columns
    ]
    path = tmp_path / "mapping.toml"
    path.write_text(mapping_text().replace(rows, "year > 2010 AND born > 1950 AND dose > 5"))
    with pytest.raises(Refusal, match="combinations"):
        load(path, type(catalogue).model_validate(form))


def test_a_condition_keeps_the_catalogues_own_terms(tmp_path: Path) -> None:
    mapping = loaded(tmp_path, mapping_text().replace("clinic <> 'B' OR sex = 'Male'", "clinic = 'A'"))
    assert mapping.coverage.rows == Comparison("clinic", Comparator.EQUAL, "A")


@pytest.mark.parametrize("path", ["visit.parquet", "./visit.parquet", ".//visit.parquet"])
def test_the_rows_themselves_are_no_parent(tmp_path: Path, path: str) -> None:
    """One person's row would stand in others', beyond every limit."""
    error = refusal(tmp_path, mapping_text().replace("ward.parquet", path))
    assert error.reason is Reason.WRONG_FILE
    assert error.field.endswith("sources.ward")
    assert "file of the rows themselves" in error.message


def test_another_table_of_one_file_may_be_a_parent(tmp_path: Path) -> None:
    both = mapping_text().replace('path = "ward.parquet"', 'path = "all.duckdb"\ntable = "ward"')
    both = both.replace('path = "visit.parquet"', 'path = "all.duckdb"\ntable = "visit"')
    assert loaded(tmp_path, both).sources["ward"].table == "ward"
    refusal(tmp_path, both.replace('table = "ward"', 'table = "VISIT"'))
