"""The check of typed queries refuses what the catalogue or agreement does not have, whatever the wire brings."""

from dataclasses import replace
from decimal import Decimal

import pytest
from concordat_query.agreement import Permission
from concordat_query.canonical import canonical_query
from concordat_query.check import (
    MAX_AGGREGATES,
    MAX_LEAVES,
    MAX_RHO_NANO,
    check_coverage,
    check_query,
)
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Aggregate,
    Calculation,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Membership,
    Negation,
    NullTest,
    Query,
    RowOperator,
    Statistic,
    Value,
)
from fakes.catalogue import small_catalogue
from hypothesis import given, settings
from hypothesis import strategies as st

CASUALTIES = small_catalogue().dataset("road.casualties")
VISITS = small_catalogue().dataset("health.visits")
ALL = Permission(
    columns=("year", "severity", "mode", "sex", "age"),
    keys=("year", "severity", "mode", "sex"),
    statistics=tuple(Statistic),
    max_groups=5,
    max_rows=3,
    max_cells=100,
    max_epsilon=1,
)
COUNT = Aggregate(Statistic.COUNT_ROWS)
YEAR = Comparison("year", Comparator.EQUAL, Decimal(2016))
GOOD = Query("road.casualties", ("mode", "year"), YEAR, (COUNT,), price_nano=10_000_000, max_groups=5, max_rows=3)


def refusal(query: Query, permission: Permission = ALL) -> Refusal:
    with pytest.raises(Refusal) as refused:
        check_query(query, CASUALTIES, permission)
    return refused.value


def test_a_canonical_query_within_the_agreement_passes() -> None:
    check_query(GOOD, CASUALTIES, ALL)
    rich = replace(
        GOOD,
        where=Conjunction((YEAR, Disjunction((NullTest("sex"), Negation(Membership("mode", ("Car", "Pedestrian"))))))),
        aggregates=(
            Aggregate(Statistic.AVG, "age"),
            Aggregate(Statistic.COUNT_VALUES, "sex"),
            Aggregate(Statistic.COUNT_ROWS, None, Comparison("age", Comparator.LESS, Decimal(-5))),
            Aggregate(Statistic.SUM, "age", Comparison("sex", Comparator.NOT_EQUAL, "Male")),
        ),
    )
    check_query(canonical_query(rich), CASUALTIES, ALL)


def count_where(condition: Condition) -> Query:
    return canonical_query(replace(GOOD, where=condition))


def aggregating(aggregate: Aggregate) -> Query:
    return replace(GOOD, aggregates=(aggregate,))


MANY = tuple(Comparison("age", Comparator.LESS, Decimal(i)) for i in range(MAX_LEAVES + 1))
REFUSED: dict[str, tuple[Query, Reason, str]] = {
    "no aggregate": (replace(GOOD, aggregates=()), Reason.MALFORMED_REQUEST, "query.aggregates"),
    "a hundred and one aggregates": (
        replace(GOOD, aggregates=(COUNT,) * (MAX_AGGREGATES + 1)),
        Reason.MALFORMED_REQUEST,
        "query.aggregates",
    ),
    "too many literals": (count_where(Disjunction(MANY)), Reason.MALFORMED_REQUEST, "query"),
    "an empty AND": (replace(GOOD, where=Conjunction(())), Reason.MALFORMED_REQUEST, "query"),
    "an empty list": (replace(GOOD, where=Membership("mode", ())), Reason.MALFORMED_REQUEST, "query"),
    "a sum of nothing": (aggregating(Aggregate(Statistic.SUM)), Reason.MALFORMED_REQUEST, "query.aggregates"),
    "a count of rows of a column": (
        aggregating(Aggregate(Statistic.COUNT_ROWS, "age")),
        Reason.MALFORMED_REQUEST,
        "query.aggregates",
    ),
    "keys out of order": (replace(GOOD, keys=("year", "mode")), Reason.NOT_CANONICAL, "query"),
    "a key twice": (replace(GOOD, keys=("mode", "mode")), Reason.NOT_CANONICAL, "query"),
    "an aggregate twice": (replace(GOOD, aggregates=(COUNT, COUNT)), Reason.NOT_CANONICAL, "query"),
    "a negated negation": (replace(GOOD, where=Negation(Negation(YEAR))), Reason.NOT_CANONICAL, "query"),
    "an unsorted list": (replace(GOOD, where=Membership("mode", ("Pedestrian", "Car"))), Reason.NOT_CANONICAL, "query"),
    "nation as key": (replace(GOOD, keys=("nation",)), Reason.UNKNOWN_COLUMN, "query.keys"),
    "an unknown key": (replace(GOOD, keys=("colour",)), Reason.UNKNOWN_COLUMN, "query.keys"),
    "a key without a domain": (replace(GOOD, keys=("age",)), Reason.KEY_WITHOUT_DOMAIN, "query.keys"),
    "an unknown column in WHERE": (count_where(NullTest("colour")), Reason.UNKNOWN_COLUMN, "query.where"),
    "an unknown aggregated column": (
        aggregating(Aggregate(Statistic.SUM, "colour")),
        Reason.UNKNOWN_COLUMN,
        "query.aggregates[0]",
    ),
    "an unknown column in a filter": (
        replace(GOOD, aggregates=(COUNT, Aggregate(Statistic.COUNT_ROWS, None, NullTest("colour")))[::-1]),
        Reason.UNKNOWN_COLUMN,
        "query.aggregates[0]",
    ),
    "a sum of codes": (aggregating(Aggregate(Statistic.SUM, "mode")), Reason.WRONG_TYPE, "query.aggregates[0]"),
    "a mean of codes": (aggregating(Aggregate(Statistic.AVG, "mode")), Reason.WRONG_TYPE, "query.aggregates[0]"),
    "a variance of codes": (
        aggregating(Aggregate(Statistic.VAR_SAMP, "mode")),
        Reason.WRONG_TYPE,
        "query.aggregates[0]",
    ),
    "a deviation of what is too wide to square": (
        aggregating(Aggregate(Statistic.STDDEV_POP, Calculation(RowOperator.TIMES, "age", Value(Decimal(10_000))))),
        Reason.WRONG_TYPE,
        "query.aggregates[0]",
    ),
    "a percentile of codes": (
        aggregating(Aggregate(Statistic.PERCENTILE_CONT, "mode", fraction=Decimal("0.5"))),
        Reason.WRONG_TYPE,
        "query.aggregates[0]",
    ),
    "a percentile without a fraction": (
        aggregating(Aggregate(Statistic.PERCENTILE_CONT, "age")),
        Reason.MALFORMED_REQUEST,
        "query.aggregates",
    ),
    "a fraction that is not taken": (
        aggregating(Aggregate(Statistic.AVG, "age", fraction=Decimal("0.5"))),
        Reason.MALFORMED_REQUEST,
        "query.aggregates",
    ),
    "a fraction above 1": (
        aggregating(Aggregate(Statistic.PERCENTILE_CONT, "age", fraction=Decimal("1.5"))),
        Reason.MALFORMED_REQUEST,
        "query.aggregates",
    ),
    "a fraction that is no number": (
        aggregating(Aggregate(Statistic.PERCENTILE_CONT, "age", fraction=Decimal("NaN"))),
        Reason.MALFORMED_REQUEST,
        "query.aggregates",
    ),
    "a second value that is not taken": (
        aggregating(Aggregate(Statistic.VAR_POP, "age", other="year")),
        Reason.MALFORMED_REQUEST,
        "query.aggregates",
    ),
    "a correlation with nothing": (
        aggregating(Aggregate(Statistic.CORR, "age")),
        Reason.MALFORMED_REQUEST,
        "query.aggregates",
    ),
    "a correlation with codes": (
        aggregating(Aggregate(Statistic.CORR, "age", other="mode")),
        Reason.WRONG_TYPE,
        "query.aggregates[0]",
    ),
    "a correlation with an unknown column": (
        aggregating(Aggregate(Statistic.CORR, "age", other="colour")),
        Reason.UNKNOWN_COLUMN,
        "query.aggregates[0]",
    ),
    "a variance of nothing": (aggregating(Aggregate(Statistic.VAR_POP)), Reason.MALFORMED_REQUEST, "query.aggregates"),
    "a variance with a total of its own": (
        aggregating(Aggregate(Statistic.VAR_POP, "age", over=GOOD.keys)),
        Reason.MALFORMED_REQUEST,
        "query.aggregates[0]",
    ),
    "an unknown code": (
        count_where(Comparison("mode", Comparator.EQUAL, "Bus")),
        Reason.UNKNOWN_CODE,
        "query.where",
    ),
    "an unknown code in a list": (count_where(Membership("mode", ("Bus", "Car"))), Reason.UNKNOWN_CODE, "query.where"),
    "an order of codes": (count_where(Comparison("mode", Comparator.LESS, "Car")), Reason.WRONG_TYPE, "query.where"),
    "a number for a code": (
        count_where(Comparison("mode", Comparator.EQUAL, Decimal(1))),
        Reason.WRONG_TYPE,
        "query.where",
    ),
    "a text for a number": (count_where(Comparison("age", Comparator.EQUAL, "1")), Reason.WRONG_TYPE, "query.where"),
    "too many decimals": (
        count_where(Comparison("age", Comparator.EQUAL, Decimal("1.5"))),
        Reason.WRONG_TYPE,
        "query.where",
    ),
    "decimals beyond any context's precision": (
        count_where(Comparison("age", Comparator.EQUAL, Decimal("1." + "0" * 40 + "1"))),
        Reason.WRONG_TYPE,
        "query.where",
    ),
    "a number beyond all": (
        count_where(Comparison("age", Comparator.LESS, Decimal(10**25))),
        Reason.WRONG_TYPE,
        "query.where",
    ),
    "a filter of the wrong type": (
        aggregating(Aggregate(Statistic.COUNT_ROWS, None, Comparison("sex", Comparator.EQUAL, "male"))),
        Reason.UNKNOWN_CODE,
        "query.aggregates[0]",
    ),
    "k of nothing": (replace(GOOD, max_groups=0), Reason.MALFORMED_REQUEST, "query.max_groups"),
    "k above the agreement's": (replace(GOOD, max_groups=6), Reason.NOT_IN_AGREEMENT, "query.max_groups"),
    "C of nothing": (replace(GOOD, max_rows=0), Reason.MALFORMED_REQUEST, "query.max_rows"),
    "C above the agreement's": (replace(GOOD, max_rows=2**32 - 1), Reason.NOT_IN_AGREEMENT, "query.max_rows"),
    "a price of nothing": (replace(GOOD, price_nano=0), Reason.INVALID_PRICE, "query.price_nano"),
    "a price beyond all": (replace(GOOD, price_nano=MAX_RHO_NANO + 1), Reason.INVALID_PRICE, "query.price_nano"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_its_field(name: str) -> None:
    query, reason, field = REFUSED[name]
    found = refusal(query)
    assert (found.reason, found.field) == (reason, field), found.message


def permitting(**changes: object) -> Permission:
    return Permission.model_validate({**ALL.model_dump(), **changes})


def test_the_agreement_limits_columns_keys_statistics_and_cells() -> None:
    no_year = tuple(name for name in ALL.columns if name != "year")
    by_age = replace(GOOD, aggregates=(Aggregate(Statistic.AVG, "age"),))
    no_age = permitting(columns=("year", "mode"))
    filtered = aggregating(Aggregate(Statistic.COUNT_ROWS, None, NullTest("age")))
    for query, permission, field in [
        (replace(GOOD, keys=()), permitting(columns=no_year), "query.where"),
        (replace(GOOD, where=None), permitting(columns=no_year), "query.keys"),
        (GOOD, permitting(keys=("year",)), "query.keys"),
        (by_age, no_age, "query.aggregates[0]"),
        (filtered, no_age, "query.aggregates[0]"),
        (aggregating(Aggregate(Statistic.CORR, "year", other="age")), no_age, "query.aggregates[0]"),
        (GOOD, permitting(statistics=(Statistic.SUM,)), "query.aggregates[0]"),
    ]:
        found = refusal(query, permission)
        assert (found.reason, found.field) == (Reason.NOT_IN_AGREEMENT, field)


def test_cells_are_counted_with_the_missing_value_where_there_may_be_one() -> None:
    by_all = replace(GOOD, keys=("mode", "severity", "sex", "year"))
    check_query(by_all, CASUALTIES, permitting(max_cells=3 * 3 * 3 * 3))
    found = refusal(by_all, permitting(max_cells=3 * 3 * 3 * 3 - 1))
    assert (found.reason, found.field) == (Reason.TOO_MANY_CELLS, "query.keys")


def test_decimals_are_those_of_the_column() -> None:
    permission = Permission.model_validate({**ALL.model_dump(), "columns": ("cost", "clinic"), "keys": ("clinic",)})
    query = Query("health.visits", (), Comparison("cost", Comparator.LESS, Decimal("1.25")), (COUNT,), 1, 1, 1)
    check_query(query, VISITS, permission)
    with pytest.raises(Refusal, match="at most 2 decimals"):
        check_query(replace(query, where=Comparison("cost", Comparator.LESS, Decimal("1.255"))), VISITS, permission)


names = st.sampled_from(["year", "mode", "age", "sex", "nation", "holder", "", "x" * 5000, "Year", "\0"])
literals = st.one_of(
    st.sampled_from(["Car", "", "x" * 5000]),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.sampled_from([Decimal(2016), Decimal(1), Decimal("1E+30"), Decimal("-0")]),
)
hostile_conditions = st.recursive(
    st.one_of(
        st.builds(Comparison, names, st.sampled_from(Comparator), literals),
        st.builds(Membership, names, st.lists(literals, max_size=3).map(tuple)),
        st.builds(NullTest, names),
    ),
    lambda inner: st.one_of(
        st.builds(Conjunction, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Disjunction, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Negation, inner),
    ),
    max_leaves=6,
)
hostile_queries = st.builds(
    Query,
    names,
    st.lists(names, max_size=3).map(tuple),
    st.none() | hostile_conditions,
    st.lists(
        st.builds(Aggregate, st.sampled_from(Statistic), st.none() | names, st.none() | hostile_conditions), max_size=3
    ).map(tuple),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
)


@settings(max_examples=150, deadline=None)
@given(query=hostile_queries, tidy=st.booleans())
def test_a_hostile_query_passes_or_is_refused_and_the_message_stays_short(query: Query, tidy: bool) -> None:
    try:
        check_query(canonical_query(query) if tidy else query, CASUALTIES, ALL)
    except Refusal as found:
        assert len(found.message) < 400  # noqa: PT017
        assert "x" * 5000 not in found.message  # noqa: PT017


def test_a_coverage_of_more_combinations_than_can_be_judged_is_refused_before_any_is_listed() -> None:
    check_coverage(Coverage(NullTest("cost")), VISITS)
    with pytest.raises(Refusal) as caught:
        check_coverage(Coverage(NullTest("cost"), (ColumnCoverage("sex", rows=NullTest("weight")),)), VISITS)
    assert caught.value.field == "coverage"
