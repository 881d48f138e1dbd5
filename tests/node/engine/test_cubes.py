"""Which queries a cube answers. All others are answered without it."""

from dataclasses import replace
from decimal import Decimal

import pytest
from concordat_node.engine import cubes
from concordat_query.canonical import canonical_query
from concordat_query.catalogue import Cube, Dataset
from concordat_query.model import Comparator, Comparison, Condition, Conjunction, Disjunction, Negation, Query
from fakes.catalogue import small_catalogue
from fakes.engine import COUNT, VISITS, query

PLAIN = Cube(keys=("sex", "clinic"), max_groups=2, max_rows=3)
BY_SEX = Cube(keys=("clinic",), for_each=("sex",), max_groups=2, max_rows=3)
BY_BOTH = Cube(keys=(), for_each=("clinic", "sex"), max_groups=1, max_rows=3)
DATASET: Dataset = small_catalogue().dataset(VISITS).model_copy(update={"cubes": (PLAIN, BY_SEX, BY_BOTH)})
FEMALE: Condition = Comparison("sex", Comparator.EQUAL, "Female")
AT_A: Condition = Comparison("clinic", Comparator.EQUAL, "A")
ASKED = query(VISITS, ("clinic",), [COUNT], FEMALE, max_groups=2, max_rows=3)


@pytest.mark.parametrize(
    ("asked", "position"),
    [
        (query(VISITS, ("clinic", "sex"), [COUNT], max_groups=2, max_rows=3), 0),
        (query(VISITS, ("sex", "clinic"), [COUNT], max_groups=2, max_rows=3), 0),
        (ASKED, 1),
        (query(VISITS, (), [COUNT], Conjunction((FEMALE, AT_A)), max_groups=7, max_rows=3), 2),
    ],
)
def test_a_cube_answers_queries_of_its_keys_and_limits_that_set_its_columns_to_a_value(
    asked: Query, position: int
) -> None:
    assert cubes.serving(asked, DATASET) == position


@pytest.mark.parametrize(
    "change",
    [
        {"keys": ("sex",)},
        {"keys": ()},
        {"max_groups": 1},
        {"max_groups": 3},
        {"max_rows": 2},
        {"max_rows": 20},
        {"where": None},
        {"where": AT_A},
        {"where": Negation(FEMALE)},
        {"where": Comparison("sex", Comparator.NOT_EQUAL, "Female")},
        {"where": Disjunction((FEMALE, Comparison("sex", Comparator.EQUAL, "Male")))},
        {"where": Conjunction((FEMALE, Comparison("sex", Comparator.EQUAL, "Male")))},
        {"where": Conjunction((FEMALE, Comparison("weight", Comparator.EQUAL, Decimal(1))))},
        {"where": Conjunction((FEMALE, Comparison("weight", Comparator.LESS, Decimal(1))))},
    ],
)
def test_a_cube_answers_no_other_query(change: dict[str, object]) -> None:
    asked = canonical_query(replace(ASKED, **change))  # type: ignore[arg-type]
    assert cubes.serving(asked, DATASET) is None


def test_a_cube_has_a_condition_for_every_value_that_a_query_may_name() -> None:
    assert list(cubes.conditions(PLAIN, DATASET)) == [None]
    assert list(cubes.conditions(BY_SEX, DATASET)) == [
        Comparison("sex", Comparator.EQUAL, s) for s in ("Male", "Female")
    ]
    both = list(cubes.conditions(BY_BOTH, DATASET))
    assert len(both) == 12
    assert Conjunction((AT_A, FEMALE)) in both
