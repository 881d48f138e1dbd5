"""No unit moves the exact sums by more than the plan claims, and some unit moves them by exactly that."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from concordat_privacy.plan import Plan, plan
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.model import (
    NANO,
    Aggregate,
    Calculation,
    Calculus,
    Case,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    NullTest,
    RowOperator,
    Scalar,
    Statistic,
    Value,
    WidthBucket,
)
from concordat_query.scalar_types import MAX_SPREAD
from fakes.catalogue import small_catalogue
from fakes.editions import Row
from fakes.engine import CASUALTIES, COUNT, VISITS, query
from fakes.scans import NEVER_LIGHT, Units, open_table, row_key
from hypothesis import example, given, settings
from hypothesis import strategies as st

DATASET = small_catalogue().dataset(VISITS)
TABLE = open_table(DATASET)
LIMIT = DATASET.max_rows_per_unit
FEMALE = Comparison("sex", Comparator.EQUAL, "Female")
DEAR = Comparison("cost", Comparator.GREATER, Decimal("100"))
CHARGED = Case(((FEMALE, "cost"),), Calculation(RowOperator.TIMES, "cost", Value(Decimal("0.5"))))
SPARSE = Calculation(RowOperator.TIMES, Calculation(RowOperator.DIV, "weight", Value(Decimal(100))), Value(Decimal(7)))
EVERYTHING: tuple[Aggregate, ...] = (
    COUNT,
    Aggregate(Statistic.COUNT_ROWS, filter=DEAR),
    Aggregate(Statistic.COUNT_VALUES, "weight"),
    Aggregate(Statistic.SUM, "cost", FEMALE),
    Aggregate(Statistic.AVG, "weight"),
    Aggregate(Statistic.COUNT_UNITS),
    Aggregate(Statistic.COUNT_UNITS, filter=DEAR),
    Aggregate(Statistic.SUM, CHARGED),
    Aggregate(Statistic.VAR_SAMP, "weight"),
    Aggregate(Statistic.STDDEV_POP, "cost", FEMALE),
    Aggregate(Statistic.VAR_POP, CHARGED),
    Aggregate(Statistic.CORR, "weight", other="cost"),
    Aggregate(Statistic.REGR_SLOPE, CHARGED, DEAR, other="weight"),
    Aggregate(Statistic.PERCENTILE_CONT, SPARSE, fraction=Decimal("0.5")),
    Aggregate(Statistic.PERCENTILE_CONT, SPARSE, DEAR, fraction=Decimal("0.9")),
    Aggregate(Statistic.PERCENTILE_CONT, CHARGED, FEMALE, fraction=Decimal(0)),
)
DEAR_OR_LIGHT = Disjunction((DEAR, Comparison("weight", Comparator.LESS, Decimal(90))))
MIDDLING = Conjunction(
    (
        Comparison("weight", Comparator.GREATER_OR_EQUAL, Decimal(50)),
        Comparison("weight", Comparator.LESS, Decimal("80.5")),
        Comparison("cost", Comparator.LESS_OR_EQUAL, Decimal("12.34")),
    )
)
NEVER = Conjunction((DEAR, Comparison("cost", Comparator.EQUAL, Decimal(3))))
EVERYTHING += tuple(
    Aggregate(statistic, "weight", condition)
    for statistic in (Statistic.COUNT_VALUES, Statistic.SUM, Statistic.VAR_POP)
    for condition in (MIDDLING, NEVER)
)
EVERYTHING += (Aggregate(Statistic.COVAR_POP, "weight", MIDDLING, other=CHARGED),)
HEAVY = Case(((Comparison("weight", Comparator.GREATER, Decimal(150)), Value("heavy")),), Value("light"))
BANDS = WidthBucket("weight", Decimal(0), Decimal(300), 3)
WOMEN_AT_A = Case(((Conjunction((FEMALE, Comparison("clinic", Comparator.EQUAL, "A"))), Value("yes")),), Value("no"))
KEYS: list[tuple[Scalar, ...]] = [(), ("clinic",), ("sex",), ("clinic", "sex"), (HEAVY,), (BANDS, "clinic"), (SPARSE,)]
KEYS += [(WOMEN_AT_A,)]


NARROW_ENDS = {"weight": (50, 80), "cost": (1234, 10_001)}
"""The values nearest to what conditions let through, as stored."""


def _values(name: str) -> st.SearchStrategy[int | None]:
    column = DATASET.column(name)
    ends = [column.fixed_lower, column.fixed_upper, *NARROW_ENDS.get(name, ())]
    numbers = st.sampled_from(ends) | st.integers(column.fixed_lower, column.fixed_upper)
    return numbers if not column.nullable else st.none() | numbers


def _units() -> st.SearchStrategy[Units]:
    row = st.fixed_dictionaries({name: _values(name) for name in ("clinic", "cost", "weight")})
    unit = st.tuples(_values("sex"), st.lists(row, max_size=LIMIT))
    return st.lists(unit.map(lambda each: [{**row, "sex": each[0]} for row in each[1]]), max_size=4)


def _at_the_bounds(rows: int, cells: int, weight: int | None = None) -> list[Row]:
    """A unit with the largest values, but for its weight, in so many rows of so many clinics."""
    tops = {name: DATASET.column(name).fixed_upper for name in ("cost", "weight")}
    tops |= {} if weight is None else {"weight": weight}
    return [{**tops, "clinic": rank % cells, "sex": 1} for rank in range(rows)]


def _plan(
    keys: tuple[Scalar, ...],
    where: Condition | None,
    groups: int,
    rows: int,
    total: bool = False,
    calculus: Calculus = Calculus.GAUSSIAN,
) -> Plan:
    over = [keys, keys[:1]] if total else []
    totals = [Aggregate(Statistic.COUNT_UNITS, over=each) for each in over if each]
    asked = query(VISITS, keys, [*EVERYTHING, *totals], where, max_groups=groups, max_rows=rows)
    return plan(replace(asked, calculus=calculus, price_nano=10 * NANO), DATASET)


def _plans() -> st.SearchStrategy[Plan]:
    return st.builds(
        _plan,
        st.sampled_from(KEYS),
        st.sampled_from([None, FEMALE, DEAR, NullTest("weight"), MIDDLING, DEAR_OR_LIGHT, NEVER]),
        st.sampled_from([1, 2, 5, 30]),
        st.sampled_from([1, 3, 20]),
        st.booleans(),
        st.sampled_from(Calculus),
    )


def _distance_squared(left: Sequence[int], right: Sequence[int]) -> int:
    return sum((a - b) ** 2 for a, b in zip(left, right, strict=True))


@settings(max_examples=80, deadline=None)
@given(_units(), _plans())
@example([_at_the_bounds(6, 6)] * 40, _plan(("clinic",), None, 2, 1))
@example([_at_the_bounds(6, 6)], _plan((BANDS, "clinic"), None, 30, 20, total=True))
def test_sums_are_those_of_the_rows_that_the_rules_choose(units: Units, planned: Plan) -> None:
    TABLE.fill(units)
    assert TABLE.exact(planned) == TABLE.expected(planned, units)


@settings(max_examples=50, deadline=None)
@given(_units(), _plans())
def test_sparing_light_units_changes_no_sum(units: Units, planned: Plan) -> None:
    TABLE.fill(units)
    spared = TABLE.exact(planned)
    TABLE.fill(units, unit_rows=NEVER_LIGHT)
    assert TABLE.exact(planned) == spared


@settings(max_examples=80, deadline=None)
@given(_units(), _plans(), st.integers(0, 3))
@example([_at_the_bounds(LIMIT, 6)], _plan(("clinic",), None, 1, 20), 0)
@example([_at_the_bounds(LIMIT, 2)], _plan(("clinic",), None, 30, 1), 0)
@example([_at_the_bounds(2, 1)], _plan(("clinic",), None, 2, 1), 0)
@example([_at_the_bounds(LIMIT, 1, weight=0)], _plan(("clinic",), None, 1, 20), 0)
@example([_at_the_bounds(LIMIT, 1, weight=100)], _plan(("clinic",), None, 1, 20), 0)
@example([_at_the_bounds(LIMIT, 1, weight=200)], _plan(("clinic",), None, 1, 20), 0)
def test_deleting_a_unit_moves_every_component_by_no_more_than_claimed(units: Units, planned: Plan, gone: int) -> None:
    TABLE.fill(units)
    with_it = TABLE.exact(planned)
    TABLE.fill([[] if number == gone else rows for number, rows in enumerate(units)])
    without = TABLE.exact(planned)
    for component, left, right in zip(planned.components, with_it, without, strict=True):
        assert _distance_squared(left, right) <= component.sensitivity.squared
        assert sum(abs(a - b) for a, b in zip(left, right, strict=True)) <= component.sensitivity.l1


def test_a_key_made_of_a_constant_and_a_varying_column_spreads_a_unit_over_its_cells() -> None:
    planned = plan(query(VISITS, (WOMEN_AT_A,), [COUNT], max_groups=30, max_rows=20), DATASET)
    TABLE.fill([[{"clinic": rank % 2, "sex": 1, "cost": 1, "weight": 1} for rank in range(LIMIT)]])
    assert planned.max_groups == 2
    assert planned.spreading == frozenset({0})
    assert TABLE.exact(planned) == [[LIMIT // 2, LIMIT // 2]]


@pytest.mark.parametrize("groups", [1, 2, 5, 30])
@pytest.mark.parametrize("rows", [1, 20])
def test_the_claimed_distance_of_counts_of_units_is_attained_by_a_unit_in_as_many_cells_as_it_may(
    groups: int, rows: int
) -> None:
    aggregates = [
        Aggregate(Statistic.COUNT_UNITS),
        Aggregate(Statistic.COUNT_UNITS, over=("clinic",)),
        Aggregate(Statistic.COUNT_UNITS, over=("clinic", "sex")),
        Aggregate(Statistic.COUNT_UNITS, over=("sex",)),
    ]
    planned = plan(query(VISITS, ("clinic", "sex"), aggregates, max_groups=groups, max_rows=rows), DATASET)
    TABLE.fill([[{"clinic": rank % 6, "sex": 0, "cost": 1, "weight": 1} for rank in range(LIMIT)]])
    for component, vector in zip(planned.components, TABLE.exact(planned), strict=True):
        spread = min(groups, 6) if 0 not in component.over else 1
        assert sum(value**2 for value in vector) == component.sensitivity.squared == spread
        assert sum(vector) == component.sensitivity.l1


@pytest.mark.parametrize("keys", [(), ("clinic",), ("sex",)])
@pytest.mark.parametrize("groups", [1, 2, 6, 30])
@pytest.mark.parametrize("rows", [1, 3, 7, 20])
@pytest.mark.parametrize("extreme", ["fixed_lower", "fixed_upper"])
@pytest.mark.parametrize("calculus", Calculus)
def test_the_claimed_distances_are_attained_by_a_unit_that_has_all_it_may(
    keys: tuple[str, ...], groups: int, rows: int, extreme: str, calculus: Calculus
) -> None:
    sums = [Aggregate(Statistic.SUM, "cost"), Aggregate(Statistic.SUM, "weight")]
    spreads = [Aggregate(Statistic.VAR_SAMP, "weight"), Aggregate(Statistic.STDDEV_POP, "cost")]
    spreads.append(Aggregate(Statistic.COVAR_POP, "weight", other="cost"))
    spreads.append(Aggregate(Statistic.PERCENTILE_CONT, "cost", fraction=Decimal("0.5")))
    aggregates = [COUNT, *sums, Aggregate(Statistic.AVG, "weight"), *spreads]
    planned = plan(
        replace(query(VISITS, keys, aggregates, max_groups=groups, max_rows=rows), calculus=calculus), DATASET
    )
    cost, weight = (getattr(DATASET.column(name), extreme) for name in ("cost", "weight"))
    # Full cells first, which is where the sum of squares is largest; what is left goes to one more cell, if it may.
    cells = [min(rank // planned.max_rows, planned.max_groups - 1) for rank in range(LIMIT)]
    unit = [{"clinic": cell, "sex": 0, "cost": cost, "weight": weight} for cell in cells]
    TABLE.fill([unit])
    for component, vector in zip(planned.components, TABLE.exact(planned), strict=True):
        claimed = component.sensitivity.squared
        largest = 0 if component.scalar is None else abs(getattr(DATASET.column(str(component.scalar)), extreme))
        reaches_per_row = (
            component.kind.value in ("rows", "centred", "squares", "products")
            or (component.bins is None and largest == component.per_row)
            or (component.bins is not None and extreme == "fixed_lower")
        )
        if reaches_per_row:
            assert sum(value**2 for value in vector) == claimed
            assert sum(map(abs, vector)) == component.sensitivity.l1


NARROWED = Conjunction((MIDDLING, Comparison("cost", Comparator.GREATER_OR_EQUAL, Decimal(-3))))


@pytest.mark.parametrize("in_where", [True, False])
@pytest.mark.parametrize("groups", [1, 6])
@pytest.mark.parametrize("rows", [1, 7, 20])
@pytest.mark.parametrize(("weight", "cost"), [(80, 1234), (50, -300), (65, 467)])
def test_the_distance_claimed_for_narrowed_bounds_is_attained_and_not_passed(
    in_where: bool, groups: int, rows: int, weight: int, cost: int
) -> None:
    asked = None if in_where else NARROWED
    aggregates = [
        Aggregate(Statistic.SUM, "weight", asked),
        Aggregate(Statistic.VAR_SAMP, "cost", asked),
        Aggregate(Statistic.COVAR_POP, "weight", asked, other="cost"),
        Aggregate(Statistic.VAR_POP, "weight", asked),
    ]
    where = NARROWED if in_where else None
    planned = plan(query(VISITS, ("clinic",), aggregates, where, max_groups=groups, max_rows=rows), DATASET)
    outside = {"clinic": 0, "sex": 0, "cost": 25_000, "weight": 300} if rows == 20 else None
    cells = [min(rank // planned.max_rows, planned.max_groups - 1) for rank in range(LIMIT)]
    unit: list[Row] = [{"clinic": cell, "sex": 0, "cost": cost, "weight": weight} for cell in cells]
    TABLE.fill([unit if outside is None else [*unit[:-1], outside]])
    widths = {"weight": 30, "cost": 1534}
    for component, vector in zip(planned.components, TABLE.exact(planned), strict=True):
        width = widths.get(str(component.scalar), 1)
        bounds = {"rows": 1, "centred": width, "squares": width**2, "products": 30 * 1534}
        assert component.per_row == bounds[component.kind.value]
        reached = sum(value**2 for value in vector)
        assert reached <= component.sensitivity.squared
        if outside is None and (weight != 65 or component.kind.value in ("rows", "squares")):  # 65 is the middle
            assert reached == component.sensitivity.squared


def test_rows_are_chosen_after_where_and_before_an_aggregates_own_condition() -> None:
    unit = [{"clinic": 0, "sex": 0, "cost": cost} for cost in (20_000, 1, 2, 3, 4, 5, 6, 7, 8, 9)]
    TABLE.fill([unit])
    filtered = plan(query(VISITS, (), [Aggregate(Statistic.COUNT_ROWS, filter=DEAR)]), DATASET)
    asked = plan(query(VISITS, (), [COUNT], DEAR), DATASET)
    first = min(range(10), key=lambda rank: row_key(0, rank))
    assert TABLE.exact(asked) == [[1]]
    assert TABLE.exact(filtered) == [[1 if first == 0 else 0]]
    TABLE.fill([[*unit[1 : first + 1], unit[0], *unit[first + 1 :]]])
    assert TABLE.exact(filtered) == [[1]]


def test_units_differ_in_the_cells_that_are_chosen_for_them() -> None:
    """Were it always the first cells, every figure but theirs would be empty."""
    unit = [{"clinic": clinic, "sex": 0, "cost": 0} for clinic in range(6)]
    TABLE.fill([unit] * 120)
    (counts,) = TABLE.exact(plan(query(VISITS, ("clinic",), [COUNT], max_groups=2), DATASET))
    assert sum(counts) == 240
    assert all(20 <= count <= 60 for count in counts)


@pytest.mark.parametrize("clinics", [(0, 1, 2), (0, 1, 2, 3, 4), (1, 3, 4, 5)])
def test_no_cell_is_chosen_more_often_than_another(clinics: Sequence[int]) -> None:
    """A hash that combines token and cell too plainly would favour the same cells in every unit."""
    TABLE.fill([[{"clinic": clinic, "sex": 0, "cost": 0} for clinic in clinics]] * 1_500)
    (counts,) = TABLE.exact(plan(query(VISITS, ("clinic",), [COUNT]), DATASET))
    even = 1_500 / len(clinics)
    assert all(abs(counts[clinic] - even) < 5 * even**0.5 for clinic in clinics)


@pytest.mark.parametrize("units", [[], [[{"clinic": 3, "sex": None, "cost": 7}]]])
@pytest.mark.parametrize("rows", [1, 20])
def test_every_public_cell_has_a_value_whether_a_row_is_in_it_or_not(units: Units, rows: int) -> None:
    TABLE.fill(units)
    planned = plan(query(VISITS, ("clinic", "sex"), EVERYTHING, max_groups=20, max_rows=rows), DATASET)
    vectors = TABLE.exact(planned)
    assert [len(vector) for vector in vectors] == [18 * component.width for component in planned.components]
    assert sum(vectors[_count_index(planned)]) == len(units)


def _count_index(planned: Plan) -> int:
    return next(i for i, each in enumerate(planned.components) if each.scalar is None and each.filter is None)


def test_a_missing_key_has_a_cell_of_its_own_and_the_last_key_runs_fastest() -> None:
    rows: list[Row] = [{"clinic": 1, "sex": 0, "cost": 1}, {"clinic": 1, "sex": None, "cost": 1}]
    TABLE.fill([[row] for row in rows])
    for max_rows in (1, 20):
        planned = plan(query(VISITS, ("clinic", "sex"), [COUNT], max_groups=18, max_rows=max_rows), DATASET)
        (counts,) = TABLE.exact(planned)
        assert [cell for cell, count in enumerate(counts) if count] == [3, 5]


def test_only_rows_count_for_which_every_column_read_is_held() -> None:
    table = open_table(small_catalogue().dataset(CASUALTIES))
    rows: list[Row] = [{"year": 2014 + i % 3, "severity": i % 3, "mode": 0, "age": None} for i in range(9)]
    units = [[row] for row in rows]
    table.fill(units)
    held = Coverage(columns=(ColumnCoverage("age", rows=Comparison("year", Comparator.EQUAL, Decimal(2016))),))
    aggregates = [COUNT, Aggregate(Statistic.COUNT_ROWS, filter=NullTest("age"))]
    planned = plan(query(CASUALTIES, ("year",), aggregates), table.dataset)
    by_filter = dict(zip([each.filter for each in planned.components], table.exact(planned, held), strict=True))
    assert by_filter == {None: [3, 3, 3], NullTest("age"): [0, 0, 3]}
    in_where = plan(query(CASUALTIES, ("year",), [COUNT], NullTest("age")), table.dataset)
    assert table.exact(in_where, held) == [[0, 0, 3]]


@settings(max_examples=50, deadline=None)
@given(_units(), _plans())
def test_coverage_limits_rows_before_they_are_chosen_where_the_whole_query_reads_the_column(
    units: Units, planned: Plan
) -> None:
    clinic_a: Condition = Comparison("clinic", Comparator.EQUAL, "A")
    held = Coverage(columns=(ColumnCoverage("weight", rows=clinic_a), ColumnCoverage("sex", rows=FEMALE)))
    TABLE.fill(units)
    assert TABLE.exact(planned, held) == TABLE.expected(planned, units, held)


def test_sums_are_exact_beyond_64_bits_of_doubles() -> None:
    columns = [column.model_dump() for column in DATASET.columns if column.name in ("clinic", "sex")]
    wide = {"name": "wide", "type": "number", "description": "", "lower": -(2**31), "upper": 2**31}
    dataset = DATASET.model_validate({**DATASET.model_dump(), "columns": [*columns, wide]})
    table = open_table(dataset)
    units = [[{"clinic": 0, "wide": value} for value in (2**31, 2**31, 2**31 - 1, -(2**31))] for _ in range(5)]
    table.fill(units)
    asked = query(VISITS, ("clinic",), [Aggregate(Statistic.AVG, "wide"), Aggregate(Statistic.SUM, "wide")])
    for max_rows in (3, 20):
        planned = plan(replace(asked, max_rows=max_rows, price_nano=10**9), dataset)
        assert table.exact(planned) == table.expected(planned, units)


@pytest.mark.parametrize("max_rows", [3, 20])
def test_squares_of_the_largest_numbers_that_are_stored_are_exact(max_rows: int) -> None:
    columns = [column.model_dump() for column in DATASET.columns if column.name in ("clinic", "sex")]
    far = {"name": "far", "type": "number", "description": "", "lower": 2**31 - MAX_SPREAD, "upper": 2**31}
    dataset = DATASET.model_validate({**DATASET.model_dump(), "columns": [*columns, far]})
    table = open_table(dataset)
    units = [[{"clinic": 0, "far": value} for value in (2**31, 2**31, 2**31 - 1, 2**31 - MAX_SPREAD)] for _ in range(5)]
    table.fill(units)
    aggregates = [Aggregate(Statistic.VAR_POP, "far"), Aggregate(Statistic.CORR, "far", other="far")]
    asked = query(VISITS, ("clinic",), aggregates, max_rows=max_rows)
    planned = plan(replace(asked, price_nano=10**9), dataset)
    assert table.exact(planned) == table.expected(planned, units)


def test_a_value_at_either_bound_moves_the_squares_up_and_one_in_the_middle_down_by_all_that_is_claimed() -> None:
    planned = plan(query(VISITS, (), [Aggregate(Statistic.VAR_POP, "weight")], max_rows=1), DATASET)
    squares = planned.components[2]
    for weight, expected in ((0, 300**2), (300, 300**2), (150, -(300**2))):
        TABLE.fill([[{"clinic": 0, "sex": 0, "cost": 0, "weight": weight}]])
        assert TABLE.exact(planned)[2] == [expected]
        assert squares.sensitivity.squared == expected**2
