"""Answers over each node's own texts become answers over all: nothing moves to another text, nothing is lost."""

import itertools
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from concordat_privacy.estimates import Status, tabulate
from concordat_privacy.merge import NodeAnswer
from concordat_privacy.plan import Plan, held_components, plan
from concordat_privacy.released import over_all_texts
from concordat_query.canonical import canonical_query
from concordat_query.catalogue import OTHER, Catalogue
from concordat_query.coverage import Coverage
from concordat_query.errors import Refusal
from concordat_query.model import (
    Aggregate,
    AggregateRef,
    Comparator,
    Comparison,
    KeyColumn,
    Presentation,
    Query,
    Scalar,
    Statistic,
    ValueColumn,
)
from fakes.private_texts import DATASET, visits

CATALOGUE = visits()
COUNT, UNITS = Aggregate(Statistic.COUNT_ROWS), Aggregate(Statistic.COUNT_UNITS)
MEDIAN = Aggregate(Statistic.PERCENTILE_CONT, "age", fraction=Decimal("0.5"))


def planned(*aggregates: Aggregate, keys: tuple[Scalar, ...] = ("practice", "sex")) -> Plan:
    asked = Query(DATASET, keys, None, aggregates, price_nano=10**9, max_groups=5, max_rows=5, delta_e15=10**9)
    return plan(canonical_query(asked), CATALOGUE.dataset(DATASET))


def answer(open_plan: Plan, texts: tuple[str, ...], node: str = "a", nation: str = "England") -> NodeAnswer:
    """Every figure tells text, place and component: no two are alike."""
    known = plan(open_plan.query, CATALOGUE.dataset(DATASET).with_texts("practice", texts))
    vectors = {}
    for index, component in enumerate(known.components):
        vectors[index] = np.arange(component.length, dtype=np.int64) + 10**6 * index + 10**9
    return NodeAnswer(node, nation, Coverage(), vectors, texts=texts)


def by_label(catalogue: Catalogue, over: Plan, given: NodeAnswer, index: int) -> dict[tuple[object, ...], list[int]]:
    keys = over.keys_of(over.components[index])
    labels = list(itertools.product(*(over.domains[key] for key in keys)))
    figures = given.components[index].reshape(len(labels), -1).tolist()
    return dict(zip(labels, figures, strict=True))


@pytest.mark.parametrize("own", [(), ("Beta",), ("Alpha", "Gamma"), ("Alpha", "Beta", "Delta", "Gamma")])
@pytest.mark.parametrize("keys", [("practice", "sex"), ("practice",), ("sex", "practice")])
def test_every_figure_stays_with_its_label_and_what_was_not_released_is_zero(
    own: tuple[str, ...], keys: tuple[Scalar, ...]
) -> None:
    total = Aggregate(Statistic.COUNT_UNITS, over=("practice",))
    open_plan = planned(COUNT, UNITS, total, MEDIAN, keys=keys)
    alone = answer(open_plan, own)
    catalogue, over, (wide, _) = over_all_texts(
        CATALOGUE, open_plan, [alone, answer(open_plan, ("Alpha", "Delta"), "b", "Wales")]
    )
    own_plan = plan(open_plan.query, CATALOGUE.dataset(DATASET).with_texts("practice", own))
    for index in range(len(over.components)):
        before, after = by_label(CATALOGUE, own_plan, alone, index), by_label(catalogue, over, wide, index)
        assert {label: figures for label, figures in after.items() if label in before} == before
        assert all(not any(figures) for label, figures in after.items() if label not in before)


def test_the_texts_of_all_are_sorted_and_all_others_come_after_them() -> None:
    open_plan = planned(COUNT)
    _, over, _ = over_all_texts(
        CATALOGUE, open_plan, [answer(open_plan, ("b", "é")), answer(open_plan, ("Z", "b"), "b", "Wales")]
    )
    assert over.domains[0] == ("Z", "b", "é", OTHER, None)


def test_scales_prices_and_limits_follow_from_no_text() -> None:
    open_plan = planned(COUNT, UNITS, MEDIAN)
    known = plan(open_plan.query, CATALOGUE.dataset(DATASET).with_texts("practice", tuple("abcdefgh")))
    assert known.selection == open_plan.selection
    assert (known.max_groups, known.max_rows, known.rows_squared) == (
        open_plan.max_groups,
        open_plan.max_rows,
        open_plan.rows_squared,
    )
    for one, other in zip(known.components, open_plan.components, strict=True):
        assert (one.scale, one.price_nano, one.sensitivity.squared) == (
            other.scale,
            other.price_nano,
            other.sensitivity.squared,
        )


def test_a_figure_of_one_node_lacks_the_noise_of_the_other_too() -> None:
    open_plan = planned(COUNT, keys=("practice",))
    shown = Presentation(False, (KeyColumn("practice", 0), ValueColumn("n", AggregateRef(0))))
    answers = [answer(open_plan, ("Alpha",)), answer(open_plan, ("Alpha", "Beta"), "b", "Wales")]
    table = tabulate(CATALOGUE, open_plan, shown, answers, [], b"seed")
    found = {row.keys[0]: row.values[0] for row in table.rows}
    both, one = found["Alpha"], found["Beta"]
    assert both is not None
    assert one is not None
    assert both.margin is not None
    assert one.margin is not None
    assert one.margin < both.margin
    assert (both.status, one.status) == (Status.OK, Status.PARTLY_SUPPRESSED)


def test_a_price_is_split_without_rest() -> None:
    open_plan = planned(COUNT, UNITS)
    everything = range(len(open_plan.components))
    assert open_plan.price(everything) == open_plan.query.price_nano
    assert open_plan.delta_e15(everything) == open_plan.query.delta_e15
    assert (open_plan.price([]), open_plan.delta_e15([])) == (0, 0)
    assert open_plan.selection is not None
    assert abs(open_plan.selection.price_nano - open_plan.components[1].price_nano) <= 1


def test_so_many_texts_may_be_released_that_an_answer_is_no_larger_than_any_other() -> None:
    few = planned(COUNT, keys=("practice", "sex"))
    assert few.selection is not None
    assert few.selection.most == 10_000 // 3 - 2
    many = planned(MEDIAN, keys=("practice",))
    assert many.selection is not None
    width = many.components[0].length // many.components[0].cells
    assert many.selection.most == (200_000 - 1 - 2 * width) // width


def test_no_more_texts_are_released_than_make_the_cells_that_were_signed() -> None:
    open_plan = planned(COUNT, keys=("practice", "sex"))
    dataset, query = CATALOGUE.dataset(DATASET), open_plan.query
    for cells, texts in [(9, 1), (50, 14), (20_000, 10_000 // 3 - 2)]:
        selection = plan(replace(query, max_cells=cells), dataset).selection
        assert selection is not None
        assert selection.most == texts
    with pytest.raises(Refusal, match="no room for a single text"):
        plan(replace(query, max_cells=8), dataset)
    with pytest.raises(Refusal, match="leave them out"):
        plan(replace(query, keys=("sex",), delta_e15=0, max_cells=9), dataset)


@pytest.mark.parametrize("keys", [("practice", "sex"), ("practice",)])
@pytest.mark.parametrize("asked", ["Male", "Female"])
def test_a_node_takes_part_with_its_texts_and_its_figures_or_not_at_all(keys: tuple[Scalar, ...], asked: str) -> None:
    """A charge for the choice of texts without a count of the hidden ones could never be answered."""
    where = Comparison("sex", Comparator.EQUAL, asked)
    question = Query(DATASET, keys, where, (COUNT,), price_nano=10**9, max_groups=5, max_rows=5, delta_e15=10**9)
    open_plan = plan(canonical_query(question), CATALOGUE.dataset(DATASET))
    holds = Coverage(rows=Comparison("sex", Comparator.EQUAL, "Female"))
    held = held_components(open_plan, CATALOGUE.dataset(DATASET), holds)
    assert set(held) == (set(range(len(open_plan.components))) if asked == "Female" else set())
    assert (open_plan.price(held) > 0) == (open_plan.delta_e15(held) > 0) == (asked == "Female")
