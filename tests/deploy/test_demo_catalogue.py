"""The demo's catalogue and the four mappings fit each other."""

import pytest
from concordat_query import catalogue as catalogues
from concordat_query.catalogue import Catalogue
from concordat_query.comparability import wrongly_merged
from concordat_query.model import Aggregate, Query, Statistic
from layout import HERE, NODES
from lookalike import FILES
from published import PUBLISHED

DATASET = "road.casualties"


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
