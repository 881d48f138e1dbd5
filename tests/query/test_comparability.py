"""Which questions may add nations up: by the catalogue's word on every column that they touch."""

from decimal import Decimal

import pytest
from concordat_query.comparability import check_merging, touching
from concordat_query.errors import Reason, Refusal, SqlRefusal
from concordat_query.model import (
    Aggregate,
    Case,
    Comparator,
    Comparison,
    Condition,
    NullTest,
    Query,
    Scalar,
    Statistic,
    Value,
)
from concordat_query.sql.places import placed
from fakes.catalogue import comparing

CATALOGUE = comparing(mode="not comparable", age="with caveat")
DATASET = CATALOGUE.dataset("road.casualties")
COUNT = Aggregate(Statistic.COUNT_ROWS)
WALKING = Comparison("mode", Comparator.EQUAL, "Pedestrian")
OLD = Comparison("age", Comparator.GREATER, Decimal(70))


def asked(*aggregates: Aggregate, keys: tuple[Scalar, ...] = (), where: Condition | None = None) -> Query:
    return Query("road.casualties", keys, where, aggregates or (COUNT,), 1000, 1, 1)


TOUCHING = {
    "a key": asked(keys=("mode",)),
    "a key made of it": asked(keys=(Case(((WALKING, Value("on foot")),), Value("otherwise")),)),
    "WHERE": asked(where=WALKING),
    "WHERE, if only for what is missing": asked(where=NullTest("mode")),
    "an aggregate's filter": asked(COUNT, Aggregate(Statistic.COUNT_ROWS, None, WALKING)),
    "an aggregate's column": asked(COUNT, Aggregate(Statistic.COUNT_VALUES, "mode")),
}


@pytest.mark.parametrize("query", TOUCHING.values(), ids=list(TOUCHING))
def test_a_query_that_touches_an_incomparable_column_is_refused_where_it_adds_nations_up(query: Query) -> None:
    with pytest.raises(Refusal) as refused:
        check_merging(query, DATASET, by_nation=False, nations=["Wales", "Scotland"])
    assert refused.value.reason is Reason.NOT_COMPARABLE
    for told in ("mode does not compare across nations", "Each measures mode anew. ", "GROUP BY", "WHERE nation ="):
        assert told in refused.value.message


@pytest.mark.parametrize("query", TOUCHING.values(), ids=list(TOUCHING))
def test_it_is_answered_by_nation_and_of_one_nation(query: Query) -> None:
    check_merging(query, DATASET, by_nation=True, nations=["Wales", "Scotland"])
    check_merging(query, DATASET, by_nation=False, nations=["Wales"])


def test_several_nodes_of_one_nation_are_added_up() -> None:
    check_merging(TOUCHING["a key"], DATASET, by_nation=False, nations=["Wales", "Wales"])


def test_what_compares_or_compares_with_a_caveat_is_added_up() -> None:
    query = asked(Aggregate(Statistic.AVG, "age"), keys=("severity",), where=OLD)
    check_merging(query, DATASET, by_nation=False, nations=["Wales", "Scotland"])


@pytest.mark.parametrize(("first", "second"), [("year", "age"), ("age", "year")])
def test_either_of_two_values_touches_what_is_made_of_both(first: str, second: str) -> None:
    query = asked(Aggregate(Statistic.CORR, first, other=second))
    assert touching(query, DATASET, [0], "with caveat") == (DATASET.column("age"),)


def test_an_aggregates_own_column_touches_no_other_value() -> None:
    query = asked(COUNT, Aggregate(Statistic.COUNT_VALUES, "mode"), where=OLD)
    assert touching(query, DATASET, [0], "not comparable") == ()
    assert touching(query, DATASET, [1], "not comparable") == (DATASET.column("mode"),)
    assert touching(query, DATASET, [0], "with caveat") == (DATASET.column("age"),)


def test_a_refusal_stands_where_the_text_names_the_column_and_not_where_it_quotes_it() -> None:
    sql = "SELECT COUNTIF(sex = 'mode' OR Mode = 'Car') FROM road.casualties"
    refusal = placed(Refusal(Reason.NOT_COMPARABLE, "mode does not compare"), sql, ["mode"])
    assert isinstance(refusal, SqlRefusal)
    assert (refusal.column, refusal.message) == (32, "line 1, column 32: mode does not compare")
