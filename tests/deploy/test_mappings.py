"""The four mappings translate four local codings into one catalogue, for look-alike and for real records."""

import tomllib
from collections import Counter
from functools import lru_cache
from pathlib import Path

import duckdb
import pytest
from concordat_node.importing.mapping import Mapping, load
from concordat_query import catalogue as catalogues
from concordat_query.coverage import Held, held_by_cell
from concordat_query.text import parse_condition
from layout import HERE, NODES, mapping_paths
from lookalike import FILES
from published import PUBLISHED, SEVERITIES

CATALOGUE = catalogues.load(HERE / "catalogue.toml")
DATASET = CATALOGUE.dataset("road.casualties")
GREAT_BRITAIN = ["England", "Scotland", "Wales"]
SCOPE = "mode IN ('Pedestrian', 'Pedal cycle')"


def path_of(nation: str) -> Path:
    return HERE / "mappings" / f"{nation.lower().replace(' ', '_')}.toml"


def mapping_of(nation: str) -> Mapping:
    return load(path_of(nation), CATALOGUE)


@lru_cache
def translated(records: Path, nation: str) -> duckdb.DuckDBPyConnection:
    """A database whose table `translated` is what the mapping's own SELECT gives, before any repair."""
    database = duckdb.connect()
    for name, source in mapping_of(nation).sources.items():
        database.read_parquet(str(records / source.path)).create_view(name)
    select = tomllib.loads(path_of(nation).read_text())["select"]
    database.execute(f"CREATE TABLE translated AS {select}")
    return database


def counts(records: Path, nation: str, column: str, where: str = "true") -> dict[object, int]:
    """Rows by the values of one column."""
    sql = f"SELECT {column}, count(*) FROM translated WHERE {where} GROUP BY 1"  # noqa: S608  # written in this file
    return dict(translated(records, nation).execute(sql).fetchall())


@pytest.mark.parametrize("nation", list(FILES))
def test_a_mapping_reads_the_files_of_its_own_nation(nation: str) -> None:
    assert tuple(source.path for source in mapping_of(nation).sources.values()) == FILES[nation]


@pytest.mark.parametrize("nation", list(FILES))
def test_every_value_is_one_that_the_catalogue_allows(records: Path, nation: str) -> None:
    for column in DATASET.columns:
        if not mapping_of(nation).coverage.of(column.name).held:
            continue
        found = counts(records, nation, column.name)
        assert sum(found.values()) == PUBLISHED.rows[nation]
        assert column.nullable or None not in found, column.name
        oldest = 120 if column.name == "age" else column.fixed_upper  # import clamps ages to the catalogue's bound
        known = set(column.codes) if column.type == "code" else set(range(column.fixed_lower, oldest + 1))
        assert set(found) - {None} <= known, column.name


@pytest.mark.parametrize("nation", list(FILES))
def test_casualties_of_2016_in_the_common_scope_are_the_published_ones(records: Path, nation: str) -> None:
    assert counts(records, nation, "year", SCOPE)[2016] == PUBLISHED.in_scope_2016[nation]


def test_severity_by_mode_of_great_britain_is_the_published_one(records: Path) -> None:
    for mode, kind in (("Pedestrian", "Pedestrian"), ("Pedal cycle", "Cyclist")):
        found: Counter[object] = Counter()
        for nation in GREAT_BRITAIN:
            found.update(counts(records, nation, "severity", f"year = 2016 AND mode = '{mode}'"))
        assert tuple(found[severity] for severity in SEVERITIES) == PUBLISHED.gb_severity_2016[kind]


def test_severity_of_all_road_users_in_northern_ireland_is_the_published_one(records: Path) -> None:
    found = counts(records, "Northern Ireland", "severity")
    assert tuple(found[severity] for severity in SEVERITIES) == PUBLISHED.ni_severity


def test_every_casualty_in_northern_ireland_gets_its_collisions_district(records: Path) -> None:
    districts = counts(records, "Northern Ireland", "area")
    assert len(districts) == 11
    assert None not in districts


def test_age_groups_of_great_britain_follow_from_single_years(records: Path) -> None:
    groups = dict(translated(records, "Wales").execute("SELECT DISTINCT age, age_group FROM translated").fetchall())
    edges = (groups[16], groups[17], groups[24], groups[25], groups[64], groups[65], groups[None])
    assert edges == ("0-16", "17-24", "17-24", "25-34", "55-64", "65 and over", None)


@pytest.mark.parametrize("nation", GREAT_BRITAIN)
@pytest.mark.parametrize(
    ("where", "column", "held"),
    [
        ("year = 2016 AND mode IN ('Pedestrian', 'Pedal cycle')", "severity", Held.ALL),
        ("year = 2016", "severity", Held.PART),
        ("mode = 'Pedestrian'", "age", Held.PART),
        ("mode = 'Pedestrian' AND year >= 2014", "age_group", Held.ALL),
        ("mode = 'Pedestrian' AND year < 2014", "age", Held.NOTHING),
        ("mode = 'Motorcycle'", "severity", Held.NOTHING),
        ("mode = 'Pedal cycle'", "age_band", Held.ALL),
    ],
)
def test_great_britain_declares_what_it_holds(nation: str, where: str, column: str, held: Held) -> None:
    condition = parse_condition(where, DATASET)
    assert held_by_cell(DATASET, mapping_of(nation).coverage, condition, (), [column]) == [held]


@pytest.mark.parametrize(
    ("where", "column", "held"),
    [
        ("year = 2016 AND mode IN ('Pedestrian', 'Pedal cycle')", "severity", Held.ALL),
        ("year = 2016", "age_group", Held.ALL),
        ("year >= 2015", "sex", Held.PART),
        ("year = 2015", "sex", Held.NOTHING),
        ("year = 2016", "age", Held.NOTHING),
        ("year = 2016", "age_band", Held.NOTHING),
        ("year = 2016", "home_area_type", Held.NOTHING),
        ("year = 2016", "deprivation_decile", Held.NOTHING),
    ],
)
def test_northern_ireland_declares_what_it_holds(where: str, column: str, held: Held) -> None:
    condition = parse_condition(where, DATASET)
    assert held_by_cell(DATASET, mapping_of("Northern Ireland").coverage, condition, (), [column]) == [held]


def test_only_england_holds_a_deprivation_decile() -> None:
    holders = [nation for nation in FILES if mapping_of(nation).coverage.of("deprivation_decile").held]
    assert holders == ["England"]


def test_northern_ireland_says_what_was_inferred() -> None:
    coverage = mapping_of("Northern Ireland").coverage
    for column in ("sex", "age_group", "area", "pedestrian_location", "pedestrian_movement"):
        assert "nferred" in coverage.of(column).difference
    assert "74%" in coverage.of("pedestrian_location").difference


def test_columns_that_may_not_be_missing_are_held_everywhere_for_all_rows() -> None:
    for nation in NODES.values():
        for column in DATASET.columns:
            if not column.nullable:
                entry = mapping_of(nation).coverage.of(column.name)
                assert entry.held, (nation, column.name)
                assert entry.rows is None, (nation, column.name)


# What mappings and catalogue say of the published files is true of them


def share(folder: Path, nation: str, what: str, where: str = "true") -> float:
    """Which part of the source's casualties satisfies a condition on the source's own columns."""
    path = str(folder / FILES[nation][0])
    sql = f"SELECT avg(CAST(({what}) AS INTEGER)) FROM read_parquet($path) WHERE {where}"  # noqa: S608  # written here
    ((found,),) = duckdb.connect().execute(sql, {"path": path}).fetchall()
    return float(found)


def test_home_area_types_are_missing_as_often_as_the_catalogue_says(real_folder: Path) -> None:
    note = DATASET.column("home_area_type").across_nations_note
    for nation in GREAT_BRITAIN:
        missing = share(real_folder, nation, "casualty_home_area_type LIKE 'Data missing%'")
        assert f"{missing:.0%} in {nation}" in note
    assert f"for {missing:.0%} of casualties" in mapping_of("Wales").coverage.of("home_area_type").difference


def test_scotland_and_wales_have_the_english_index_of_very_few(real_folder: Path) -> None:
    known = "casualty_imd_decile NOT LIKE 'Data missing%'"
    shares = {nation: share(real_folder, nation, known, "casualty_imd_decile IS NOT NULL") for nation in GREAT_BRITAIN}
    assert shares["England"] > 0.8
    assert max(shares["Scotland"], shares["Wales"]) < 0.03


def test_single_years_of_age_and_the_english_index_begin_when_the_mappings_say(real_folder: Path) -> None:
    for nation in GREAT_BRITAIN:
        for column, year in (("age_of_casualty", 2014), ("casualty_imd_decile", 2015)):
            where = f"CAST(accident_index[1:4] AS INTEGER) {{}} {year}"
            assert share(real_folder, nation, f"{column} IS NOT NULL", where.format("<")) == 0
            assert share(real_folder, nation, f"{column} IS NOT NULL", where.format(">=")) == 1


def test_northern_ireland_leaves_pedestrians_locations_blank_as_often_as_its_mapping_says(real_folder: Path) -> None:
    for column in ("c_loc", "c_move"):
        assert f"{share(real_folder, 'Northern Ireland', f'{column} IS NULL', 'c_class = 5'):.0%}" == "74%"


def test_northern_ireland_has_one_passenger_of_a_pedal_cycle(real_folder: Path) -> None:
    others = share(real_folder, "Northern Ireland", "c_class <> 7 AND coalesce(c_vtype, 0) = 1")
    assert round(others * PUBLISHED.rows["Northern Ireland"]) == 1


# The same rows, by collision


@pytest.mark.parametrize("nation", list(FILES))
def test_the_collisions_mapping_gives_the_same_rows_from_the_same_files(records: Path, nation: str) -> None:
    """In every column that both have, and each is held under the same conditions."""
    casualties, collisions = mapping_of(nation), load(mapping_paths(HERE, nation)[1], CATALOGUE)
    assert collisions.dataset == "road.collisions_people"
    assert collisions.sources == casualties.sources
    assert collisions.differences == casualties.differences
    assert collisions.coverage.rows == casualties.coverage.rows
    database = translated(records, nation)
    second = tomllib.loads(mapping_paths(HERE, nation)[1].read_text())
    columns = ", ".join(collisions.statement.columns)
    database.execute(f"CREATE OR REPLACE TABLE again AS {second['select']}")
    for one, other in (("translated", "again"), ("again", "translated")):
        sql = f"SELECT count(*) FROM (SELECT {columns} FROM {one} EXCEPT ALL SELECT {columns} FROM {other})"  # noqa: S608
        assert database.execute(sql).fetchall() == [(0,)]
    for column in collisions.definition.columns:
        assert collisions.coverage.of(column.name) == casualties.coverage.of(column.name)


@pytest.mark.parametrize("nation", list(FILES))
def test_a_collision_is_one_unit_and_the_casualties_of_one_never_differ_in_year_or_area(
    records: Path, nation: str
) -> None:
    """So that what the catalogue calls constant within a unit changes no record."""
    translated(records, nation)
    second = tomllib.loads(mapping_paths(HERE, nation)[1].read_text())
    select = second["select"].replace("SELECT\n", f"SELECT {second['unit_id']} AS collision,\n", 1)
    sql = f"SELECT collision, count(DISTINCT (year, area)), count(*) FROM ({select}) GROUP BY 1"  # noqa: S608
    found = translated(records, nation).execute(sql).fetchall()
    assert sum(rows for _, _, rows in found) == PUBLISHED.rows[nation]
    assert {kinds for _, kinds, _ in found} == {1}
    assert None not in {collision for collision, _, _ in found}
    assert len(found) < PUBLISHED.rows[nation]
