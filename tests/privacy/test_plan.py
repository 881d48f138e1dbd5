"""What a query means in numbers: components, bounds, shares of the price, and what of it a node holds."""

import itertools
import random
from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from concordat_privacy import components
from concordat_privacy.components import Component, Kind
from concordat_privacy.parts import Mean, Total
from concordat_privacy.plan import Plan, held_components, plan
from concordat_privacy.shares import MAX_RHO_NANO, split
from concordat_query import coverage as coverages
from concordat_query import narrowing
from concordat_query.canonical import canonical_query
from concordat_query.catalogue import Dataset
from concordat_query.coverage import ColumnCoverage, Coverage, Held
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Aggregate,
    Calculation,
    Case,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Negation,
    NullTest,
    Query,
    RowOperator,
    Scalar,
    Statistic,
    Value,
)
from concordat_query.ranges import Ranges
from fakes.catalogue import number, small_catalogue

CATALOGUE = small_catalogue()
VISITS = CATALOGUE.dataset("health.visits")
CASUALTIES = CATALOGUE.dataset("road.casualties")
MALE = Comparison("sex", Comparator.EQUAL, "Male")
YEAR_2016 = Comparison("year", Comparator.EQUAL, Decimal(2016))
COUNT = Aggregate(Statistic.COUNT_ROWS)


def visits(*aggregates: Aggregate, keys: tuple[str, ...] = ("clinic",), groups: int = 3, rows: int = 2) -> Plan:
    return plan(Query("health.visits", keys, None, aggregates, 60_000_000, groups, rows), VISITS)


def casualties(*aggregates: Aggregate, keys: tuple[str, ...] = ("severity",)) -> Plan:
    return plan(Query("road.casualties", keys, None, aggregates, 60_000_000, 1, 1), CASUALTIES)


def outline(component: Component) -> tuple[Kind, Scalar | None, int, Fraction]:
    return component.kind, component.scalar, component.per_row, component.step


def test_a_count_is_one_component() -> None:
    planned = casualties(COUNT)
    assert [outline(c) for c in planned.components] == [(Kind.ROWS, None, 1, Fraction(1))]
    assert planned.parts == (Total(0),)


def test_a_sum_moves_by_its_larger_bound() -> None:
    planned = visits(Aggregate(Statistic.SUM, "cost"))
    assert [outline(c) for c in planned.components] == [(Kind.SUM, "cost", 25000, Fraction(1, 100))]


def test_a_sum_moves_by_its_lower_bound_where_that_is_further_from_zero() -> None:
    content = VISITS.model_dump(mode="json")
    content["columns"] = [number("balance", -70, 20)]
    dataset = Dataset.model_validate(content)
    planned = plan(Query("health.visits", (), None, (Aggregate(Statistic.SUM, "balance"),), 10**6, 1, 1), dataset)
    assert planned.components[0].per_row == 70


def test_a_mean_is_the_rows_with_a_value_and_twice_the_centred_sum() -> None:
    planned = visits(Aggregate(Statistic.AVG, "weight"))
    assert [outline(c) for c in planned.components] == [
        (Kind.ROWS, "weight", 1, Fraction(1)),
        (Kind.CENTRED, "weight", 300, Fraction(1, 2)),
    ]
    assert planned.parts == (Mean(0, 1, Fraction(150)),)


def test_the_middle_and_step_of_a_mean_count_decimals() -> None:
    planned = visits(Aggregate(Statistic.AVG, "cost"))
    assert planned.parts == (Mean(0, 1, Fraction(245, 2)),)
    assert outline(planned.components[1]) == (Kind.CENTRED, "cost", 25500, Fraction(1, 200))


def test_a_column_that_is_never_missing_shares_the_count_of_rows() -> None:
    planned = visits(COUNT, Aggregate(Statistic.COUNT_VALUES, "cost"), Aggregate(Statistic.AVG, "cost"))
    assert len(planned.components) == 2
    assert planned.parts == (Total(0), Total(0), Mean(0, 1, Fraction(245, 2)))


def test_a_column_that_may_be_missing_has_a_count_of_its_own() -> None:
    planned = visits(COUNT, Aggregate(Statistic.COUNT_VALUES, "weight"), Aggregate(Statistic.AVG, "weight"))
    assert [c.scalar for c in planned.components] == [None, "weight", "weight"]
    assert planned.parts == (Total(0), Total(1), Mean(1, 2, Fraction(150)))


def test_other_filters_make_other_components() -> None:
    planned = visits(COUNT, replace(COUNT, filter=MALE), Aggregate(Statistic.AVG, "cost", MALE))
    assert [c.filter for c in planned.components] == [None, MALE, MALE]
    assert [c.reads for c in planned.components] == [frozenset(), {"sex"}, {"sex", "cost"}]


@pytest.mark.parametrize(
    ("keys", "groups", "rows", "expected"),
    [
        (("clinic",), 3, 2, (3, 2, 12)),
        (("clinic",), 100, 2, (6, 2, 24)),  # no more than there are cells
        (("clinic",), 100, 100, (6, 20, 400)),  # no more rows than a unit has
        (("clinic",), 3, 8, (3, 8, 64 + 64 + 16)),  # 20 rows fill two cells and leave four
        (("sex",), 3, 2, (1, 2, 4)),  # constant within the unit: one cell
        (("clinic", "sex"), 3, 2, (3, 2, 12)),
        (("clinic", "sex"), 18, 2, (6, 2, 24)),  # one sex a unit
        ((), 3, 2, (1, 2, 4)),
    ],
)
def test_bounds_are_no_looser_than_keys_and_declared_rows_allow(
    keys: tuple[str, ...], groups: int, rows: int, expected: tuple[int, int, int]
) -> None:
    planned = visits(COUNT, keys=keys, groups=groups, rows=rows)
    assert (planned.max_groups, planned.max_rows, planned.rows_squared) == expected


def test_one_row_a_unit_is_one_cell_whatever_is_asked() -> None:
    planned = plan(Query("road.casualties", ("year", "mode"), None, (COUNT,), 10**6, 50, 50), CASUALTIES)
    assert (planned.max_groups, planned.max_rows, planned.rows_squared) == (1, 1, 1)


def test_cells_are_the_product_of_domains_with_missing_last() -> None:
    planned = casualties(COUNT, keys=("severity", "sex"))
    assert planned.cells == 9
    assert list(itertools.product(*planned.domains))[2:4] == [("Fatal", None), ("Serious", "Male")]


# Sensitivity by brute force: random units, bounded and added up as the definition says

Visit = dict[str, str | int | None]
"""One row; numbers in fixed point."""


def contributions(planned: Plan, rows: list[Visit], dice: random.Random) -> list[list[int]]:
    """One unit's contribution to each component, cell by cell, after bounding: any k groups, any C rows of each."""
    groups: dict[tuple[object, ...], list[Visit]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[str(key)] for key in planned.query.keys)].append(row)
    kept = dice.sample(sorted(groups, key=str), min(planned.max_groups, len(groups)))
    vectors = []
    for component in planned.components:
        vector = []
        for key in kept:
            chosen = dice.sample(groups[key], min(planned.max_rows, len(groups[key])))
            vector.append(sum(contribution(component, row) for row in chosen))
        vectors.append(vector)
    return vectors


def contribution(component: Component, row: Visit) -> int:
    if component.filter == MALE and row["sex"] != "Male":
        return 0
    value = None if component.scalar is None else row[str(component.scalar)]
    if component.kind is Kind.ROWS:
        return 0 if component.scalar is not None and value is None else 1
    if value is None:
        return 0
    column = VISITS.column(str(component.scalar))
    assert isinstance(value, int)
    centred = 2 * value - column.fixed_lower - column.fixed_upper
    widest = column.fixed_upper - column.fixed_lower
    return {Kind.SUM: value, Kind.CENTRED: centred, Kind.SQUARES: 2 * centred**2 - widest**2}[component.kind]


def random_unit(dice: random.Random, extreme: bool) -> list[Visit]:
    """Up to 20 visits. Extreme units put many rows of the largest value into few clinics."""
    clinics = dice.sample(("A", "B", "C", "D", "E", "F"), 3 if extreme else 6)
    count = 20 if extreme else dice.randint(1, 20)
    return [
        {
            "clinic": clinics[i % len(clinics)] if extreme else dice.choice(clinics),
            "sex": "Male" if extreme else dice.choice(["Male", None]),
            "cost": 25000 if extreme else dice.randint(-500, 25000),
            "weight": 300 if extreme else dice.choice([None, 0, dice.randint(0, 300)]),
        }
        for i in range(count)
    ]


EVERYTHING = (
    COUNT,
    replace(COUNT, filter=MALE),
    Aggregate(Statistic.COUNT_VALUES, "weight"),
    Aggregate(Statistic.SUM, "cost"),
    Aggregate(Statistic.SUM, "weight"),
    Aggregate(Statistic.AVG, "cost"),
    Aggregate(Statistic.AVG, "weight", MALE),
    Aggregate(Statistic.VAR_SAMP, "cost"),
    Aggregate(Statistic.STDDEV_POP, "weight", MALE),
)


@pytest.mark.parametrize(("groups", "rows"), [(1, 1), (2, 3), (3, 6), (3, 7), (2, 20), (6, 5)])
def test_no_unit_moves_a_component_beyond_its_sensitivity_and_some_unit_reaches_it(groups: int, rows: int) -> None:
    planned = visits(*EVERYTHING, groups=groups, rows=rows)
    dice = random.Random(groups * 100 + rows)  # noqa: S311  # a reproducible sample, not a secret
    reached, reached_l1 = [0] * len(planned.components), [0] * len(planned.components)
    for trial in range(300):
        for index, vector in enumerate(contributions(planned, random_unit(dice, trial % 3 == 0), dice)):
            reached[index] = max(reached[index], sum(x * x for x in vector))
            reached_l1[index] = max(reached_l1[index], sum(map(abs, vector)))
    claimed = [component.sensitivity.squared for component in planned.components]
    claimed_l1 = [component.sensitivity.l1 for component in planned.components]
    assert all(found <= bound for found, bound in zip(reached, claimed, strict=True))
    assert all(found <= bound for found, bound in zip(reached_l1, claimed_l1, strict=True))
    if groups * rows <= 18 and groups <= 3:  # what the extreme units can fill
        assert reached == claimed
        assert reached_l1 == claimed_l1


# The price


@pytest.mark.parametrize("rho", [7, 8, 13, 1_000_003, 60_000_000, MAX_RHO_NANO])
def test_shares_add_up_to_the_price_exactly(rho: int) -> None:
    query = Query("health.visits", (), None, EVERYTHING, max(rho, 1_000), 1, 1)
    shares = [component.price_nano for component in plan(query, VISITS).components]
    assert sum(shares) == query.price_nano
    assert min(shares) >= 1
    assert sum(split(rho, (1,) * 7)) == rho


@pytest.mark.parametrize("rho", [0, -1, 1, MAX_RHO_NANO + 1])
def test_a_price_out_of_range_is_refused(rho: int) -> None:
    query = Query("health.visits", (), None, (COUNT, replace(COUNT, filter=MALE)), rho, 1, 1)
    with pytest.raises(Refusal) as refused:
        plan(query, VISITS)
    assert refused.value.reason is Reason.INVALID_PRICE


@pytest.mark.parametrize("field", ["max_groups", "max_rows"])
@pytest.mark.parametrize("bound", [0, -1])
def test_a_bound_below_one_never_becomes_a_sensitivity_of_zero(field: str, bound: int) -> None:
    query = replace(Query("health.visits", ("clinic",), None, (COUNT,), 10**6, 1, 1), **{field: bound})  # type: ignore[arg-type]  # one of two integer fields
    with pytest.raises(Refusal) as refused:
        plan(query, VISITS)
    assert refused.value.reason is Reason.MALFORMED_REQUEST


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (Query("road.casualties", (), None, (), 10**6, 1, 1), Reason.MALFORMED_REQUEST),
        (Query("road.casualties", ("age",), None, (COUNT,), 10**6, 1, 1), Reason.KEY_WITHOUT_DOMAIN),
        (Query("road.casualties", ("nothing",), None, (COUNT,), 10**6, 1, 1), Reason.UNKNOWN_COLUMN),
        (
            Query("road.casualties", (), None, (Aggregate(Statistic.SUM, "mode"),), 10**6, 1, 1),
            Reason.WRONG_TYPE,
        ),
        (
            Query("road.casualties", (), None, (Aggregate(Statistic.STDDEV_POP, "mode"),), 10**6, 1, 1),
            Reason.WRONG_TYPE,
        ),
    ],
)
def test_what_would_be_unsafe_to_plan_is_refused(query: Query, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        plan(query, CASUALTIES)
    assert refused.value.reason is reason


def test_more_noise_than_a_node_should_draw_is_refused() -> None:
    filters = [Comparison("cost", Comparator.LESS, Decimal(i)) for i in range(12_000)]
    aggregates = tuple(replace(COUNT, filter=condition) for condition in filters)
    with pytest.raises(Refusal) as refused:
        plan(Query("health.visits", ("clinic", "sex"), None, aggregates, 10**9, 1, 1), VISITS)
    assert refused.value.reason is Reason.TOO_MANY_CELLS


def test_the_same_query_has_the_same_plan_however_it_is_written() -> None:
    first = canonical_query(Query("health.visits", ("sex", "clinic"), None, EVERYTHING, 10**7, 2, 2))
    second = canonical_query(Query("health.visits", ("clinic", "sex"), None, EVERYTHING[::-1], 10**7, 2, 2))
    assert plan(first, VISITS) == plan(second, VISITS)


# What a node holds


def test_components_of_which_nothing_is_held_are_left_out() -> None:
    planned = casualties(COUNT, Aggregate(Statistic.AVG, "age"))
    held = held_components(planned, CASUALTIES, Coverage(columns=(ColumnCoverage("age", held=False),)))
    assert held == {0: [Held.ALL] * 3}


def test_a_cell_outside_the_rows_held_is_not_held() -> None:
    planned = casualties(COUNT, keys=("year",))
    held = held_components(planned, CASUALTIES, Coverage(rows=YEAR_2016))
    assert held == {0: [Held.NOTHING, Held.NOTHING, Held.ALL]}


@pytest.mark.parametrize("keys", [(), ("year",), ("severity",), ("year", "severity")])
def test_nothing_is_held_of_what_asks_for_other_rows_whatever_cells_it_cannot_reach(keys: tuple[str, ...]) -> None:
    """A cell that WHERE cannot reach would be held where its own rows are; its totals would not."""
    earlier = replace(YEAR_2016, literal=Decimal(2015))
    asked = replace(casualties(COUNT, keys=keys).query, where=earlier)
    assert held_components(plan(asked, CASUALTIES), CASUALTIES, Coverage(rows=YEAR_2016)) == {}
    filtered = casualties(COUNT, replace(COUNT, filter=earlier), keys=keys)
    assert set(held_components(filtered, CASUALTIES, Coverage(rows=YEAR_2016))) == {0}


def test_a_filter_within_what_is_held_makes_the_count_whole() -> None:
    planned = casualties(COUNT, replace(COUNT, filter=YEAR_2016), keys=("severity",))
    held = held_components(planned, CASUALTIES, Coverage(rows=YEAR_2016))
    assert held == {0: [Held.PART] * 3, 1: [Held.ALL] * 3}


def test_a_filters_column_must_be_held_for_the_count_to_be() -> None:
    planned = casualties(COUNT, replace(COUNT, filter=Negation(NullTest("age"))))
    held = held_components(planned, CASUALTIES, Coverage(columns=(ColumnCoverage("age", rows=YEAR_2016),)))
    assert held == {0: [Held.ALL] * 3, 1: [Held.PART] * 3}


def test_conditions_that_are_short_each_and_long_together_are_refused_where_coverage_must_judge_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    years = [replace(COUNT, filter=replace(YEAR_2016, literal=Decimal(year))) for year in (2014, 2015, 2016)]
    coverage = Coverage(rows=YEAR_2016)
    judged_of_each = 3  # one comparison for each year
    monkeypatch.setattr(coverages, "MAX_JUDGED", 2 * judged_of_each)
    assert set(held_components(casualties(*years[1:]), CASUALTIES, coverage)) == {1}
    with pytest.raises(Refusal, match="in several queries") as refused:
        held_components(casualties(*years), CASUALTIES, coverage)
    assert refused.value.reason is Reason.TOO_MANY_CELLS
    assert held_components(casualties(*years), CASUALTIES, Coverage())


# Bounds narrowed by literals


def compared(column: str, sign: str, number: str) -> Comparison:
    return Comparison(column, Comparator(sign), Decimal(number))


ADULT = Conjunction((compared("age", ">=", "18"), compared("age", "<=", "64")))
AGED = [Aggregate(statistic, "age") for statistic in (Statistic.SUM, Statistic.AVG, Statistic.VAR_SAMP)]


def of_casualties(aggregates: list[Aggregate], where: Condition | None = None) -> Plan:
    return plan(Query("road.casualties", ("severity",), where, tuple(aggregates), 60_000_000, 1, 1), CASUALTIES)


def test_where_narrows_the_bounds_of_what_it_compares() -> None:
    planned = of_casualties(AGED, ADULT)
    assert [(c.kind, c.per_row) for c in planned.components] == [
        (Kind.ROWS, 1),
        (Kind.CENTRED, 46),
        (Kind.SQUARES, 46**2),
    ]
    assert planned.parts[1] == Mean(0, 1, Fraction(41))
    alone = of_casualties([Aggregate(Statistic.SUM, "age")], ADULT)
    assert [c.per_row for c in alone.components] == [64]


def test_a_filter_narrows_those_of_its_own_aggregate_alone() -> None:
    planned = of_casualties([Aggregate(Statistic.SUM, "age", ADULT), Aggregate(Statistic.SUM, "age")])
    assert [c.per_row for c in planned.components] == [64, 100]


def test_where_and_filter_narrow_together_and_calculations_follow() -> None:
    twice = Calculation(RowOperator.TIMES, "age", Value(Decimal(2)))
    planned = of_casualties([Aggregate(Statistic.SUM, twice, compared("age", "<", "30"))], ADULT)
    assert [(c.types[0].lower, c.types[0].upper, c.per_row) for c in planned.components] == [(36, 58, 58)]


@pytest.mark.parametrize(
    "never",
    [
        compared("age", ">", "200"),
        Conjunction((compared("age", ">", "5"), compared("age", "<", "3"))),
        Conjunction((compared("age", "<", "0"), ADULT)),
    ],
)
def test_what_no_row_satisfies_is_planned_with_the_columns_own_bounds(never: Condition) -> None:
    for planned in (of_casualties(AGED, never), of_casualties([replace(each, filter=never) for each in AGED])):
        assert [c.per_row for c in planned.components] == [1, 100, 100**2]
        assert all(c.sensitivity.squared >= 1 for c in planned.components)


def test_one_value_alone_still_has_a_sensitivity_of_a_step() -> None:
    planned = of_casualties(AGED, compared("age", "=", "0"))
    assert [c.sensitivity.squared for c in planned.components] == [1, 1, 1]


@pytest.mark.parametrize("filtered", [True, False])
def test_rows_are_shared_where_a_condition_leaves_no_value_missing(filtered: bool) -> None:
    asked = ADULT if filtered else None
    aggregates = [Aggregate(Statistic.COUNT_ROWS, None, asked), Aggregate(Statistic.AVG, "age", asked)]
    planned = of_casualties(aggregates, None if filtered else ADULT)
    assert [(c.kind, c.scalar) for c in planned.components] == [(Kind.ROWS, None), (Kind.CENTRED, "age")]
    held = held_components(planned, CASUALTIES, Coverage(columns=(ColumnCoverage("age", rows=YEAR_2016),)))
    assert held == {0: [Held.PART] * 3, 1: [Held.PART] * 3}


NO_AGE_AS_0 = Case(((NullTest("age"), Value(Decimal(0))),), "age")
NOT_MALE = Disjunction((Comparison("sex", Comparator.EQUAL, "Female"), NullTest("sex")))


@pytest.mark.parametrize(
    ("scalar", "where"),
    [
        ("age", NOT_MALE),
        ("age", Disjunction((ADULT, NullTest("age")))),
        (NO_AGE_AS_0, NOT_MALE),  # never NULL, but not held where age is not
        (Calculation(RowOperator.PLUS, "age", Case(((NullTest("sex"), Value(Decimal(0))),), Value(Decimal(1)))), ADULT),
    ],
)
def test_rows_are_not_shared_where_a_value_may_be_missing_or_not_held(scalar: Scalar, where: Condition) -> None:
    planned = of_casualties([COUNT, Aggregate(Statistic.AVG, scalar)], where)
    assert [(c.kind, c.scalar) for c in planned.components] == [
        (Kind.ROWS, None),
        (Kind.ROWS, scalar),
        (Kind.CENTRED, scalar),
    ]


def test_both_values_of_a_pair_are_centred_alike_in_all_of_its_components() -> None:
    asked = Conjunction((compared("weight", ">", "50"), Disjunction((compared("cost", "<", "9"), NullTest("sex")))))
    planned = visits(Aggregate(Statistic.CORR, "weight", asked, other="cost"))
    bounds = {(c.scalar, c.types[0].lower, c.types[0].upper) for c in planned.components if c.scalar is not None}
    assert bounds == {("weight", 51, 300), ("cost", -500, 25000)}


def test_what_is_too_wide_is_refused_whatever_a_condition_leaves_of_it() -> None:
    """DuckDB may multiply before it looks at a condition, and the reading of SQL refuses it anyway."""
    square = Calculation(RowOperator.TIMES, "cost", "cost")
    for statistic in (Statistic.VAR_POP, Statistic.COVAR_POP):
        other = square if statistic is Statistic.COVAR_POP else None
        little = Conjunction((compared("cost", ">=", "0"), compared("cost", "<", "1")))
        aggregate = Aggregate(statistic, square, little, other=other)
        with pytest.raises(Refusal, match="too far apart"):
            visits(aggregate)


def test_where_is_looked_through_once_and_every_condition_of_an_aggregate_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A WHERE may hold thousands of literals, beside a hundred aggregates with conditions of their own."""
    looked: list[Condition | None] = []

    def ranges_of(condition: Condition | None, dataset: Dataset) -> Ranges:
        looked.append(condition)
        return narrowing.ranges_of(condition, dataset)

    where = Comparison("age", Comparator.LESS, Decimal(60))
    filters = [Comparison("year", Comparator.LESS, Decimal(year)) for year in (2015, 2016)]
    older = Comparison("age", Comparator.GREATER, Decimal(17))
    aggregates = [Aggregate(Statistic.VAR_SAMP, "age", condition) for condition in (None, *filters, older)]
    dataset = small_catalogue().dataset("road.casualties")
    query = Query("road.casualties", (), where, tuple(aggregates), price_nano=10**9, max_groups=1, max_rows=1)
    monkeypatch.setattr(components, "ranges_of", ranges_of)
    planned = plan(query, dataset)
    assert Counter(looked) == Counter([where, *filters, older])
    ages = {
        component.filter: (component.types[0].lower, component.types[0].upper)
        for component in planned.components
        if component.kind is Kind.CENTRED
    }
    assert ages == {None: (0, 59), filters[0]: (0, 59), filters[1]: (0, 59), older: (18, 59)}
