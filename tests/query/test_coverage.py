"""What is held of a value in a cell agrees with listing every row that there may be."""

import itertools
from collections.abc import Sequence

import pytest
from concordat_query.catalogue import CellKey
from concordat_query.coverage import MAX_ASSIGNMENTS, ColumnCoverage, Coverage, Held, held_by_cell, possible
from concordat_query.domains import domain_of
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Case,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Negation,
    NullTest,
    Scalar,
    Value,
)
from concordat_query.row_values import truth, value_of
from concordat_query.text import parse_condition
from fakes.catalogue import small_catalogue
from fakes.conditions import TINY, all_rows, conditions, leaves
from hypothesis import given, settings
from hypothesis import strategies as st

ROWS = list(all_rows())
NAMES = list(TINY.by_name)
keys = st.lists(st.sampled_from(NAMES), unique=True, max_size=2)


def coverages() -> st.SearchStrategy[Coverage]:
    column = st.builds(ColumnCoverage, st.sampled_from(NAMES), st.just(True), st.none() | conditions())
    return st.builds(Coverage, st.none() | conditions(), st.lists(column, max_size=2).map(tuple))


def made_keys() -> st.SearchStrategy[list[Scalar]]:
    """Keys as columns, and as CASEs over one or several of them."""
    labels = st.sampled_from([Value("x"), Value("y"), Value(None)])
    cases = st.builds(lambda when, then: Case(((when, then),), Value("rest")), conditions(), labels)
    return st.lists(st.sampled_from(NAMES) | cases, unique=True, max_size=2)


def brute(coverage: Coverage, where: Condition | None, grouped: Sequence[Scalar], read: set[str]) -> list[set[bool]]:
    """For every cell: which of {held, not held} occur among the rows that are asked for there."""
    limit = coverage.condition(read)
    cells: dict[tuple[CellKey, ...], set[bool]] = {
        cell: set() for cell in itertools.product(*(domain_of(key, TINY).values for key in grouped))
    }
    for row in ROWS:
        if truth(where, row) is True:
            inside = truth(coverage.rows, row) is True and truth(limit, row) is True
            cells[tuple(value_of(key, row) for key in grouped)].add(inside)
    return list(cells.values())


@settings(max_examples=80, deadline=None)
@given(coverage=coverages(), where=st.none() | conditions(), grouped=made_keys())
def test_all_and_nothing_are_never_said_wrongly(
    coverage: Coverage, where: Condition | None, grouped: list[Scalar]
) -> None:
    read = set(NAMES)
    said = held_by_cell(TINY, coverage, where, grouped, read)
    for held, found in zip(said, brute(coverage, where, grouped, read), strict=True):
        assert not (held is Held.ALL and False in found)
        assert not (held is Held.NOTHING and True in found)


@settings(max_examples=80, deadline=None)
@given(data=st.data(), coverage=coverages(), grouped=keys)
def test_what_is_said_is_exact_where_conditions_read_one_column_each(
    data: st.DataObject, coverage: Coverage, grouped: list[str]
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    where = Conjunction(tuple(data.draw(leaves(name)) for name in chosen))
    said = held_by_cell(TINY, coverage, where, grouped, NAMES)
    exact = {frozenset({True}): Held.ALL, frozenset({False}): Held.NOTHING, frozenset({True, False}): Held.PART}
    for held, found in zip(said, brute(coverage, where, grouped, set(NAMES)), strict=True):
        if found:
            assert held is exact[frozenset(found)]


@settings(max_examples=60, deadline=None)
@given(condition=conditions(), given_names=st.sets(st.sampled_from(NAMES)), index=st.integers(0, len(ROWS) - 1))
def test_possible_is_never_wrongly_false(condition: Condition, given_names: set[str], index: int) -> None:
    partial = {name: ROWS[index][name] for name in given_names}
    alike = [row for row in ROWS if all(row[name] == partial[name] for name in partial)]
    reached = any(truth(condition, row) is True for row in alike)
    assert possible(condition, partial, frozenset(NAMES) - given_names) or not reached


def test_northern_ireland_holds_one_year_and_no_ages() -> None:
    casualties = small_catalogue().dataset("road.casualties")
    only_2016 = Coverage(parse_condition("year = 2016", casualties), (ColumnCoverage("age", held=False),))
    assert held_by_cell(casualties, only_2016, None, ["year"], []) == [Held.NOTHING, Held.NOTHING, Held.ALL]
    assert held_by_cell(casualties, only_2016, None, [], []) == [Held.PART]
    assert held_by_cell(casualties, only_2016, None, [], ["age"]) == [Held.NOTHING]
    year = parse_condition("year = 2016", casualties)
    assert held_by_cell(casualties, only_2016, year, [], []) == [Held.ALL]
    by_age = parse_condition("age > 17", casualties)
    assert held_by_cell(casualties, only_2016, by_age, [], []) == [Held.NOTHING]


def test_a_column_held_from_some_year_on_limits_only_what_reads_it() -> None:
    casualties = small_catalogue().dataset("road.casualties")
    late = Coverage(None, (ColumnCoverage("age", True, parse_condition("year >= 2015", casualties)),))
    assert held_by_cell(casualties, late, None, ["year"], ["age"]) == [Held.NOTHING, Held.ALL, Held.ALL]
    assert held_by_cell(casualties, late, None, ["year"], []) == [Held.ALL] * 3
    assert late.condition(["age", "sex"]) == parse_condition("year >= 2015", casualties)
    assert late.condition(["sex"]) is None


def test_a_key_made_of_a_limited_column_is_held_where_its_own_rows_are() -> None:
    casualties = small_catalogue().dataset("road.casualties")
    late = Coverage(None, (ColumnCoverage("age", True, parse_condition("year >= 2015", casualties)),))
    early = Case(((parse_condition("year < 2015", casualties), Value("before")),), Value("since"))
    mixed = Case(((parse_condition("year < 2015 AND mode = 'Car'", casualties), Value("before")),), Value("since"))
    assert held_by_cell(casualties, late, None, [early], ["age"]) == [Held.NOTHING, Held.ALL]
    assert held_by_cell(casualties, late, None, [mixed], ["age"]) == [Held.PART, Held.PART]


def test_cells_come_in_order_with_the_last_key_running_fastest() -> None:
    foot = Coverage(parse_condition("mode = 'Foot' AND year >= 2015", TINY))
    held = held_by_cell(TINY, foot, None, ["year", "mode"], [])
    nothing, all_held = Held.NOTHING, Held.ALL
    assert held == [nothing, nothing, all_held, nothing, all_held, nothing]


def test_unknown_truth_is_neither_true_nor_false() -> None:
    row: dict[str, CellKey] = {"sex": None}
    equal = Comparison("sex", Comparator.EQUAL, "Male")
    assert truth(equal, row) is None
    assert truth(Negation(equal), row) is None
    assert truth(NullTest("sex"), row) is True
    assert truth(Conjunction((equal, NullTest("sex"))), row) is None
    assert truth(Conjunction((equal, Negation(NullTest("sex")))), row) is False


def test_coverage_over_too_many_combinations_is_refused() -> None:
    visits = small_catalogue().dataset("health.visits")
    wide = Coverage(parse_condition("cost > 0 AND weight > 0 AND clinic = 'A'", visits))
    assert MAX_ASSIGNMENTS < 25_501 * 302 * 6
    with pytest.raises(Refusal) as refused:
        held_by_cell(visits, wide, None, [], [])
    assert refused.value.reason is Reason.TOO_MANY_CELLS
