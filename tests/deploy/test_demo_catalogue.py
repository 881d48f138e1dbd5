"""The demo's catalogue and the four mappings fit each other."""

from pathlib import Path

import duckdb
import pytest
from concordat_query import catalogue as catalogues
from concordat_query.catalogue import Catalogue
from concordat_query.comparability import wrongly_merged
from concordat_query.model import Aggregate, Query, Statistic
from layout import HERE, NODES
from lookalike import FILES
from published import PUBLISHED

DATASET, COLLISIONS = "road.casualties", "road.collisions_people"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return catalogues.load(HERE / "catalogue.toml")


def test_the_catalogue_parses_and_expects_the_rows_that_publishers_state(catalogue: Catalogue) -> None:
    dataset = catalogue.dataset(DATASET)
    assert dataset.expected_units == dict(PUBLISHED.rows)
    assert dataset.max_rows_per_unit == 1


def test_every_node_of_the_demo_is_of_a_nation_with_a_gss_code_and_files(catalogue: Catalogue) -> None:
    nations = {nation.name: nation.gss for nation in catalogue.nations}
    assert set(NODES.values()) == set(nations) == set(FILES)
    assert nations["Northern Ireland"] == "N92000002"


@pytest.mark.parametrize(
    ("nations", "name"),
    [
        ({"England", "Scotland", "Wales", "Northern Ireland"}, "United Kingdom"),
        ({"England", "Scotland", "Wales"}, "Great Britain"),
        ({"England", "Wales"}, "England and Wales"),
        ({"Scotland", "Northern Ireland"}, "Scotland and Northern Ireland"),
    ],
)
def test_a_total_is_named_after_exactly_its_nations(catalogue: Catalogue, nations: set[str], name: str) -> None:
    assert catalogue.total_name(frozenset(nations)) == name


def test_every_column_says_in_public_where_it_comes_from(catalogue: Catalogue) -> None:
    assert all(len(column.description) > 40 for column in catalogue.dataset(DATASET).columns)


def test_both_data_sets_are_charged_to_the_account_of_the_injured_and_a_collision_encloses_them(
    catalogue: Catalogue,
) -> None:
    casualties, collisions = catalogue.dataset(DATASET), catalogue.dataset(COLLISIONS)
    assert casualties.population == collisions.population
    assert (casualties.encloses, collisions.encloses) == (None, casualties.unit)
    assert collisions.max_rows_per_unit == 8


def test_a_column_means_the_same_in_both_data_sets(catalogue: Catalogue) -> None:
    casualties, collisions = catalogue.dataset(DATASET), catalogue.dataset(COLLISIONS)
    for column in collisions.columns:
        same = column.model_copy(update={"constant_within_unit": False})
        assert same == casualties.column(column.name)
    assert [column.name for column in collisions.columns if column.constant_within_unit] == ["year", "area"]


def test_what_is_said_of_collisions_is_true_of_the_published_files(catalogue: Catalogue, real_folder: Path) -> None:
    dataset = catalogue.dataset(COLLISIONS)
    sizes = {}
    for nation, (file, *_) in FILES.items():
        collision = "(a_year, a_ref)" if nation == "Northern Ireland" else "accident_index"
        sql = f"SELECT count(*) FROM read_parquet($path) GROUP BY {collision}"  # noqa: S608  # written here
        found = duckdb.connect().execute(sql, {"path": str(real_folder / file)}).fetchall()
        sizes[nation] = [size for (size,) in found]
    assert dataset.expected_units == {nation: len(found) for nation, found in sizes.items()}
    every = [size for found in sizes.values() for size in found]
    over = sum(size > dataset.max_rows_per_unit for size in every)
    assert (
        f"{over} of their {len(every):,} collisions have more casualties, {max(every)} at most" in dataset.description
    )


def test_deprivation_alone_is_never_added_up_over_nations(catalogue: Catalogue) -> None:
    dataset = catalogue.dataset(DATASET)
    count = Aggregate(Statistic.COUNT_ROWS)
    barred = [
        name
        for name in dataset.by_name
        if wrongly_merged(Query(DATASET, (name,), None, (count,), 1, 1, 1), dataset, by_nation=False, nations=FILES)
    ]
    assert barred == ["deprivation_decile"]


def test_what_northern_ireland_codes_by_inference_and_what_is_measured_otherwise_has_a_caveat(
    catalogue: Catalogue,
) -> None:
    columns = catalogue.dataset(DATASET).columns
    assert {column.name for column in columns if column.across_nations == "with caveat"} == {
        *("severity", "age_group", "area", "home_area_type", "pedestrian_location", "pedestrian_movement"),
    }


def test_the_catalogues_history_tells_of_its_version(catalogue: Catalogue) -> None:
    assert [change.version for change in catalogue.history] == list(range(1, catalogue.version + 1))
