"""The published road casualty records, through the demo's mappings: editions give the publishers' own figures.

Needs CONCORDAT_REAL_DATA, the folder of the published files.
"""

import os
from pathlib import Path

import duckdb
import pytest
from concordat_node.engine.sql import condition_sql
from concordat_node.importing import edition
from concordat_node.importing.build import import_dataset
from concordat_node.importing.mapping import load
from concordat_query import catalogue as catalogues
from concordat_query.text import parse_condition

RECORDS = os.environ.get("CONCORDAT_REAL_DATA", "")
DEMO = Path(__file__).resolve().parents[3] / "deploy" / "demo"
DATASET = "road.casualties"

pytestmark = pytest.mark.skipif(not RECORDS, reason="CONCORDAT_REAL_DATA is not set")

ROWS = {"england": 317_565, "scotland": 21_714, "wales": 11_862, "northern_ireland": 9_591}
SHARED_2016 = {"england": 38_335, "scotland": 2_452, "wales": 1_240, "northern_ireland": 1_061}
COLLISIONS = [
    ("england", 309_407, 48),
    ("scotland", 21_192, 4),
    ("wales", 11_450, 19),
    ("northern_ireland", 6_225, 13),
]
GREAT_BRITAIN_2016 = {"Pedestrian": (448, 5_140, 17_962), "Pedal cycle": (102, 3_397, 14_978)}


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The edition's file of every nation, each imported at a node of its own."""
    catalogue = catalogues.load(DEMO / "catalogue.toml")
    found = {}
    for nation in ROWS:
        state = tmp_path_factory.mktemp(nation)
        report = import_dataset(load(DEMO / "mappings" / f"{nation}.toml", catalogue), Path(RECORDS), state)
        assert (report.rows_read, report.rows_kept, report.rows_trimmed) == (ROWS[nation], ROWS[nation], 0)
        found[nation] = edition.current(state, DATASET).path
    return found


def count(path: Path, text: str) -> int:
    dataset = catalogues.load(DEMO / "catalogue.toml").dataset(DATASET)
    where = condition_sql(dataset, parse_condition(text, dataset))
    with duckdb.connect(path, read_only=True) as connection:
        return int(connection.execute(f"SELECT count(*) FROM rows WHERE {where}").fetchall()[0][0])  # noqa: S608


@pytest.mark.parametrize("nation", list(ROWS))
def test_every_casualty_is_a_unit_of_one_row(editions: dict[str, Path], nation: str) -> None:
    with duckdb.connect(editions[nation], read_only=True) as connection:
        units = connection.execute("SELECT count(DISTINCT unit), max(unit_rows), max(unit) + 1 FROM rows").fetchall()
    assert units == [(ROWS[nation], 1, ROWS[nation])]


@pytest.mark.parametrize("nation", list(ROWS))
def test_the_scope_that_all_share_has_the_published_size(editions: dict[str, Path], nation: str) -> None:
    found = count(editions[nation], "year = 2016 AND mode IN ('Pedestrian', 'Pedal cycle')")
    assert found == SHARED_2016[nation]


@pytest.mark.parametrize("mode", list(GREAT_BRITAIN_2016))
def test_great_britain_adds_up_to_what_was_published(editions: dict[str, Path], mode: str) -> None:
    nations = [path for nation, path in editions.items() if nation != "northern_ireland"]
    found = [
        sum(count(path, f"year = 2016 AND mode = '{mode}' AND severity = '{severity}'") for path in nations)
        for severity in ("Fatal", "Serious", "Slight")
    ]
    assert tuple(found) == GREAT_BRITAIN_2016[mode]


def test_the_district_of_a_collision_reaches_its_casualties(editions: dict[str, Path]) -> None:
    assert count(editions["northern_ireland"], "area IS NULL") == 0


@pytest.mark.parametrize(("nation", "collisions", "trimmed"), COLLISIONS)
def test_a_collision_keeps_eight_of_its_casualties_at_most(
    tmp_path: Path, nation: str, collisions: int, trimmed: int
) -> None:
    mapping = load(DEMO / "mappings" / f"{nation}.collisions_people.toml", catalogues.load(DEMO / "catalogue.toml"))
    report = import_dataset(mapping, Path(RECORDS), tmp_path)
    assert (report.rows_read, report.units_kept) == (ROWS[nation], collisions)
    assert (report.rows_trimmed, report.rows_made_constant) == (trimmed, 0)
    assert report.rows_kept == ROWS[nation] - trimmed
    with duckdb.connect(edition.current(tmp_path, mapping.dataset).path, read_only=True) as connection:
        assert connection.execute("SELECT max(unit_rows) FROM rows").fetchall() == [(8,)]
