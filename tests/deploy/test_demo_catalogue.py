"""The demo's catalogue and the four mappings fit each other."""

import pytest
from concordat_query import catalogue as catalogues
from concordat_query.catalogue import Catalogue
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
