"""One form for all ways of writing a query."""

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from concordat_query.canonical import canonical_bytes, canonical_condition, canonical_query, decimal_text, query_sha256
from concordat_query.model import (
    Aggregate,
    Calculus,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Membership,
    Negation,
    NullTest,
    Query,
    Statistic,
)
from concordat_query.row_values import truth
from fakes.conditions import all_rows, conditions
from hypothesis import given, settings
from hypothesis import strategies as st

ROWS = list(all_rows())
QUERY = Query("tiny", (), None, (Aggregate(Statistic.COUNT_ROWS),), price_nano=1, max_groups=1, max_rows=1)


@settings(max_examples=80, deadline=None)
@given(condition=conditions())
def test_canonical_form_keeps_three_valued_truth_on_every_row(condition: Condition) -> None:
    canonical = canonical_condition(condition)
    assert [truth(canonical, row) for row in ROWS] == [truth(condition, row) for row in ROWS]


@settings(max_examples=80, deadline=None)
@given(where=conditions(), counted=conditions())
def test_canonical_form_of_a_canonical_query_is_itself(where: Condition, counted: Condition) -> None:
    aggregates = (Aggregate(Statistic.COUNT_ROWS, None, counted), Aggregate(Statistic.SUM, "dose"))
    once = canonical_query(replace(QUERY, where=where, aggregates=aggregates))
    assert canonical_query(once) == once
    assert canonical_bytes(canonical_query(once)) == canonical_bytes(once)


@settings(max_examples=60, deadline=None)
@given(condition=conditions(), seed=st.integers())
def test_order_and_repeats_of_terms_do_not_matter(condition: Condition, seed: int) -> None:
    shuffled = _shuffled(condition, random.Random(seed))  # noqa: S311
    assert query_sha256(canonical_query(replace(QUERY, where=shuffled))) == query_sha256(
        canonical_query(replace(QUERY, where=condition))
    )


def _shuffled(condition: Condition, order: random.Random) -> Condition:
    match condition:
        case Conjunction(terms) | Disjunction(terms):
            mixed = [_shuffled(term, order) for term in (*terms, terms[0])]
            order.shuffle(mixed)
            return type(condition)(tuple(mixed))
        case Negation(term):
            return Negation(Negation(Negation(_shuffled(term, order))))
        case Membership(column, literals):
            return Membership(column, (*literals[::-1], literals[0]))
        case _:
            return condition


@pytest.mark.parametrize("comparator", Comparator)
def test_every_comparison_has_its_opposite_where_it_is_negated(comparator: Comparator) -> None:
    for leaf in (Comparison("dose", comparator, Decimal("0.1")), Comparison("year", comparator, Decimal(2015))):
        negated = Negation(leaf)
        assert isinstance(canonical_condition(negated), Comparison)
        assert [truth(canonical_condition(negated), row) for row in ROWS] == [truth(negated, row) for row in ROWS]


@pytest.mark.parametrize(("outer", "other"), [(Conjunction, Disjunction), (Disjunction, Conjunction)])
def test_brackets_that_change_nothing_are_dropped(
    outer: Callable[[tuple[Condition, ...]], Condition], other: Callable[[tuple[Condition, ...]], Condition]
) -> None:
    a, b, c = (NullTest(name) for name in ("dose", "mode", "sex"))
    flat = canonical_condition(outer((a, b, c)))
    assert canonical_condition(outer((a, outer((b, c))))) == flat
    assert canonical_condition(outer((outer((c, b)), other((a, a))))) == flat
    assert canonical_condition(other((a, outer((b, c))))) != flat


def test_keys_and_aggregates_are_sorted_without_repeats() -> None:
    counts, total = Aggregate(Statistic.COUNT_ROWS), Aggregate(Statistic.SUM, "dose")
    query = replace(QUERY, keys=("year", "mode", "year"), aggregates=(total, counts, total))
    canonical = canonical_query(query)
    assert canonical.keys == ("mode", "year")
    assert sorted(map(repr, canonical.aggregates)) == sorted(map(repr, (counts, total)))
    assert canonical == canonical_query(replace(query, aggregates=(counts, total), keys=("mode", "year")))


def test_whatever_changes_the_answer_changes_the_hash() -> None:
    changed = [
        replace(QUERY, dataset="other"),
        replace(QUERY, keys=("year",)),
        replace(QUERY, where=NullTest("sex")),
        replace(QUERY, where=Negation(NullTest("sex"))),
        replace(QUERY, where=Comparison("year", Comparator.EQUAL, Decimal(2014))),
        replace(QUERY, where=Comparison("year", Comparator.EQUAL, "2014")),
        replace(QUERY, where=Comparison("year", Comparator.LESS, Decimal(2014))),
        replace(QUERY, aggregates=(Aggregate(Statistic.COUNT_VALUES, "sex"),)),
        replace(QUERY, aggregates=(Aggregate(Statistic.COUNT_ROWS, None, NullTest("sex")),)),
        replace(QUERY, aggregates=(_percentile("0.5"),)),
        replace(QUERY, aggregates=(_percentile("0.9"),)),
        replace(QUERY, price_nano=2),
        replace(QUERY, max_groups=2),
        replace(QUERY, max_rows=2),
        replace(QUERY, calculus=Calculus.PURE),
        replace(QUERY, delta_e15=2),
        replace(QUERY, max_cells=2),
    ]
    assert len({query_sha256(query) for query in [QUERY, *changed]}) == len(changed) + 1


def _percentile(fraction: str) -> Aggregate:
    return Aggregate(Statistic.PERCENTILE_CONT, "dose", fraction=Decimal(fraction))


def test_numbers_have_one_notation() -> None:
    texts = {text: decimal_text(Decimal(text)) for text in ["1.50", "1.5", "-0.0", "0", "1e3", "100", "-0.50", "00.1"]}
    assert texts == {
        "1.50": "1.5",
        "1.5": "1.5",
        "-0.0": "0",
        "0": "0",
        "1e3": "1000",
        "100": "100",
        "-0.50": "-0.5",
        "00.1": "0.1",
    }


def test_the_same_price_in_another_calculus_is_another_query() -> None:
    pure = replace(QUERY, calculus=Calculus.PURE)
    assert query_sha256(pure) != query_sha256(QUERY)
    assert canonical_query(pure) == pure
    assert canonical_bytes(pure).endswith(b',1,1,1,"pure",0,0]]')
