"""Look-alike records have the published sizes and marginals, the schemas of the real files, and no other likeness."""

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest
from lookalike import FILES, write_lookalike
from published import PUBLISHED, SEVERITIES

GB_FILES = ["england.parquet", "scotland.parquet", "wales.parquet"]
ALL_FILES = [name for files in FILES.values() for name in files]


def rows(sql: str, *paths: Path) -> list[tuple[object, ...]]:
    return duckdb.connect().execute(sql, [[str(path) for path in paths]]).fetchall()


def count_by_severity(found: Iterable[tuple[object, ...]]) -> dict[object, object]:
    return {row[0]: row[1] for row in found}


@pytest.mark.parametrize("nation", list(FILES))
def test_each_file_has_the_published_number_of_rows(records: Path, nation: str) -> None:
    path = records / FILES[nation][0]
    assert rows("SELECT count(*) FROM read_parquet(?)", path) == [(PUBLISHED.rows[nation],)]


@pytest.mark.parametrize("kind", ["Pedestrian", "Cyclist"])
def test_severities_of_great_britain_in_2016_are_the_published_ones(records: Path, kind: str) -> None:
    found = rows(
        "SELECT casualty_severity, count(*), casualty_type FROM read_parquet(?) "
        "WHERE accident_index[1:4] = '2016' GROUP BY ALL",
        *(records / name for name in GB_FILES),
    )
    assert count_by_severity(row for row in found if row[2] == kind) == dict(
        zip(SEVERITIES, PUBLISHED.gb_severity_2016[kind], strict=True)
    )


@pytest.mark.parametrize("nation", ["England", "Scotland", "Wales"])
def test_casualties_of_2016_in_each_nation_are_the_published_ones(records: Path, nation: str) -> None:
    found = rows("SELECT count(*) FROM read_parquet(?) WHERE accident_index[1:4] = '2016'", records / FILES[nation][0])
    assert found == [(PUBLISHED.in_scope_2016[nation],)]


def test_northern_ireland_has_the_published_severities_pedestrians_cyclists_and_collisions(records: Path) -> None:
    casualties, collisions = (records / name for name in FILES["Northern Ireland"])
    severities = rows("SELECT c_sever, count(*) FROM read_parquet(?) GROUP BY 1", casualties)
    assert count_by_severity(severities) == dict(zip((1, 2, 3), PUBLISHED.ni_severity, strict=True))
    walking = rows("SELECT countif(c_class = 5), countif(c_class = 7) FROM read_parquet(?)", casualties)
    assert walking == [(PUBLISHED.ni_pedestrians, PUBLISHED.ni_cyclists)]
    assert rows("SELECT count(DISTINCT (a_year, a_ref)) FROM read_parquet(?)", collisions) == [(6_225,)]


def test_three_quarters_of_northern_irelands_pedestrians_lack_their_location(records: Path) -> None:
    path = records / FILES["Northern Ireland"][0]
    [(share,)] = rows("SELECT avg(CAST(c_loc IS NULL AS INT)) FROM read_parquet(?) WHERE c_class = 5", path)
    assert share == pytest.approx(PUBLISHED.ni_location_missing, abs=0.03)


@pytest.mark.parametrize("nation", ["England", "Scotland", "Wales"])
def test_a_person_in_great_britain_is_named_by_collision_vehicle_and_number(records: Path, nation: str) -> None:
    found = rows(
        "SELECT count(DISTINCT (accident_index, vehicle_reference, casualty_reference)) - count(*), "
        "min(length(accident_index)), max(length(accident_index)) FROM read_parquet(?)",
        records / FILES[nation][0],
    )
    assert found == [(0, 13, 13)]


def test_every_casualty_in_northern_ireland_has_one_collision(records: Path) -> None:
    casualties, collisions = (str(records / name) for name in FILES["Northern Ireland"])
    found = (
        duckdb.connect()
        .execute(
            "SELECT count(*), count(DISTINCT (c.a_year, c.a_ref, c.v_id, c.c_id)) FROM read_parquet(?) c "
            "JOIN read_parquet(?) k ON c.a_year = k.a_year AND c.a_ref = k.a_ref",
            [casualties, collisions],
        )
        .fetchall()
    )
    assert found == [(9_591, 9_591)]


def test_ages_begin_in_2014_and_agree_with_their_bands(records: Path) -> None:
    paths = [records / name for name in GB_FILES]
    [(early,)] = rows("SELECT count(age_of_casualty) FROM read_parquet(?) WHERE accident_index < '2014'", *paths)
    [(late,)] = rows(
        "SELECT countif(age_of_casualty IS NULL) FROM read_parquet(?) WHERE accident_index > '2014'", *paths
    )
    assert (early, late) == (0, 0)
    bands = rows(
        "SELECT age_band_of_casualty, min(age_of_casualty) FROM read_parquet(?) "
        "WHERE age_of_casualty >= 0 GROUP BY 1 ORDER BY 2",
        *paths,
    )
    assert [start for _, start in bands] == [0, 6, 11, 16, 21, 26, 36, 46, 56, 66, 76]


@pytest.mark.parametrize("name", ALL_FILES)
def test_columns_and_types_are_those_of_the_real_file(lookalike_folder: Path, real_folder: Path, name: str) -> None:
    made, real = (
        rows("DESCRIBE SELECT * FROM read_parquet(?)", folder / name) for folder in (lookalike_folder, real_folder)
    )
    assert [row[:2] for row in made] == [row[:2] for row in real]


@pytest.mark.parametrize("column", ["sex_of_casualty", "pedestrian_location", "pedestrian_movement", "casualty_class"])
def test_labels_are_among_those_of_the_real_file(lookalike_folder: Path, real_folder: Path, column: str) -> None:
    made, real = (
        rows(f"SELECT DISTINCT {column} FROM read_parquet(?)", *(folder / name for name in GB_FILES))  # noqa: S608  # named above
        for folder in (lookalike_folder, real_folder)
    )
    assert set(made) <= set(real)


def test_the_same_seed_makes_the_same_records_and_another_makes_others(tmp_path: Path, lookalike_folder: Path) -> None:
    write_lookalike(tmp_path / "again")
    write_lookalike(tmp_path / "other", seed=1)
    name = "wales.parquet"
    first, again, other = (
        rows("SELECT * FROM read_parquet(?)", folder / name)
        for folder in (lookalike_folder, tmp_path / "again", tmp_path / "other")
    )
    assert first == again
    assert first != other
