"""Differences of two figures: exact for counts and sums, simulated for the rest, shared noise counted once."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from concordat_privacy.comparison import Addend, Difference, Side, addends, difference
from concordat_privacy.margins import noise_margin
from concordat_privacy.merge import Absent, NodeAnswer
from concordat_privacy.parts import Mean, Total
from concordat_privacy.plan import Plan, plan
from concordat_privacy.standing import Standing, components_of, standing
from concordat_query.catalogue import CellKey
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.errors import Refusal
from concordat_query.model import (
    Aggregate,
    AggregateRef,
    Arithmetic,
    Comparator,
    Comparison,
    Expression,
    Operator,
    Query,
    Statistic,
    ValueColumn,
)
from fakes.answers import answer, lost
from fakes.catalogue import NATIONS, small_catalogue

CATALOGUE = small_catalogue()
CASUALTIES, VISITS = CATALOGUE.dataset("road.casualties"), CATALOGUE.dataset("health.visits")
MALE = Aggregate(Statistic.COUNT_ROWS, None, Comparison("sex", Comparator.EQUAL, "Male"))
AGGREGATES = (Aggregate(Statistic.AVG, "age"), MALE, Aggregate(Statistic.COUNT_ROWS))
MEAN, COUNT = AggregateRef(0), AggregateRef(2)
SHARE = Arithmetic(Operator.DIVIDE, AggregateRef(1), AggregateRef(2))
REST = Arithmetic(Operator.SUBTRACT, COUNT, AggregateRef(1))
SCOTLAND, WALES = frozenset({(2, 0)}), frozenset({(1, 0)})
ALL = frozenset((node, 0) for node in range(4))
REPETITIONS = 600


def planned(*keys: str, price_nano: int = 40_000_000) -> Plan:
    return plan(Query("road.casualties", keys, None, AGGREGATES, price_nano, 1, 1), CASUALTIES)


def answers_of(plan: Plan, figures: list[dict[int, int]]) -> list[NodeAnswer]:
    return [
        NodeAnswer(f"node {i}", nation, Coverage(), {index: np.array([own[index]]) for index in own})
        for i, (nation, own) in enumerate(zip(NATIONS, figures, strict=True))
    ]


def indexes(plan: Plan) -> tuple[int, int, int, int]:
    """The components: rows with an age, their centred sum, men, rows."""
    mean, men, rows = plan.parts
    assert isinstance(mean, Mean)
    assert isinstance(men, Total)
    assert isinstance(rows, Total)
    return mean.rows, mean.centred, men.component, rows.component


def compared(
    expression: Expression,
    plan: Plan,
    answers: list[NodeAnswer],
    left: frozenset[Addend],
    right: frozenset[Addend],
    seed: bytes = b"seed",
) -> Difference:
    """Of figures that add up the same of every component."""
    one, other = (Side(plan, dict.fromkeys(components_of(expression, plan), side)) for side in (left, right))
    return difference(expression, answers, one, other, seed)


def test_the_margin_of_a_difference_of_counts_is_that_of_all_noises_which_only_one_side_holds() -> None:
    made = planned()
    answers = answers_of(made, [dict.fromkeys(range(len(made.components)), 100 * (i + 1)) for i in range(4)])
    law = made.components[indexes(made)[3]].law
    for left, right, estimate, noises in (
        (SCOTLAND, WALES, 100, 2),
        (ALL, WALES, 800, 3),  # Wales' own noise is in both and cancels
        (ALL, SCOTLAND | WALES, 500, 2),
        (WALES, WALES, 0, 0),
    ):
        found = compared(COUNT, made, answers, left, right)
        assert (found.estimate, found.margin) == (estimate, noise_margin((law,) * noises))
        mirrored = compared(COUNT, made, answers, right, left)
        assert (mirrored.estimate, mirrored.margin) == (-estimate, found.margin)


def test_a_sum_is_told_in_the_columns_own_units() -> None:
    made = plan(
        Query("health.visits", ("clinic",), None, (Aggregate(Statistic.SUM, "cost"),), 40_000_000, 1, 1), VISITS
    )
    answers = [answer(made, VISITS, "Wales", {0: [1000, 350, 0, 0, 0, 0]})]
    found = compared(AggregateRef(0), made, answers, frozenset({(0, 0)}), frozenset({(0, 1)}))
    assert found.estimate == pytest.approx(6.5)
    assert found.margin == pytest.approx(noise_margin((made.components[0].law,) * 2) / 100)


@pytest.mark.parametrize(("estimate", "margin", "told"), [(5, 5, True), (-5, 5, True), (6, 5, False), (-6, 5, False)])
def test_noise_alone_may_explain_what_lies_within_the_margin(estimate: int, margin: int, told: bool) -> None:
    assert Difference(0, 0, estimate, margin).may_be_noise is told
    assert Difference(None, 0, None, None).may_be_noise is None


@pytest.mark.parametrize("expression", [COUNT, MEAN, SHARE], ids=["count", "mean", "share"])
@pytest.mark.parametrize(
    ("left", "right"), [(SCOTLAND, WALES), (ALL, WALES), (ALL, ALL - WALES)], ids=["apart", "part", "nearly all"]
)
def test_margins_of_differences_hold_the_true_difference_in_95_of_100(
    expression: Expression, left: frozenset[Addend], right: frozenset[Addend]
) -> None:
    made = planned()
    exact = [truth(made, rows, mean, share) for rows, mean, share in NATIONS_TRUTH]
    true = by_hand(expression, made, exact, left) - by_hand(expression, made, exact, right)
    noise = np.random.default_rng(len(left) + len(right))
    held = 0
    for number in range(REPETITIONS):
        answers = answers_of(made, [noisy(made, own, noise) for own in exact])
        found = compared(expression, made, answers, left, right, b"%d" % number)
        held += abs(float(found.estimate or 0) - true) <= float(found.margin or 0)
    assert 0.93 <= held / REPETITIONS <= 0.975


NATIONS_TRUTH = [(900, 40.0, 0.5), (300, 55.0, 0.3), (450, 35.0, 0.7), (250, 50.0, 0.5)]


def truth(plan: Plan, rows: int, mean: float, share: float) -> dict[int, int]:
    """A nation's exact components."""
    return dict(zip(indexes(plan), (rows, round(rows * 2 * (mean - 50)), round(rows * share), rows), strict=True))


def noisy(plan: Plan, exact: dict[int, int], noise: np.random.Generator) -> dict[int, int]:
    return {index: figure + round(noise.normal(0, plan.components[index].scale)) for index, figure in exact.items()}


def by_hand(expression: Expression, plan: Plan, exact: list[dict[int, int]], side: frozenset[Addend]) -> float:
    """The true figure."""
    aged, centred, men, rows = (sum(exact[node][index] for node, _ in side) for index in indexes(plan))
    return {MEAN: 50 + centred / 2 / aged, SHARE: men / rows, COUNT: float(rows)}[expression]


def test_shared_noise_narrows_the_difference_of_a_mean_and_nothing_differs_from_itself() -> None:
    made = planned()
    answers = answers_of(made, [truth(made, *own) for own in NATIONS_TRUTH])
    nearly, apart = (compared(MEAN, made, answers, ALL, other) for other in (ALL - WALES, SCOTLAND))
    assert isinstance(nearly.margin, float)
    assert isinstance(apart.margin, float)
    assert nearly.margin < apart.margin
    same = compared(MEAN, made, answers, WALES, WALES)
    assert (same.estimate, same.margin) == (0, 0)


def test_without_a_figure_there_is_no_difference_and_beside_an_unbounded_one_no_bound() -> None:
    made = planned()
    none, tiny, large = (truth(made, rows, 50.0, 0.5) for rows in (0, 12, 900))
    answers = answers_of(made, [large, none, tiny, large])
    missing = compared(MEAN, made, answers, ALL, WALES)
    assert (missing.estimate, missing.margin, missing.may_be_noise) == (None, None, None)
    assert compared(MEAN, made, answers, ALL, SCOTLAND).margin == math.inf


def stand(made: Plan, answers: list[NodeAnswer], absent: list[Absent]) -> Standing:
    columns = (ValueColumn("age", MEAN), ValueColumn("n", COUNT))
    return standing(CATALOGUE, made, columns, answers, absent)


def test_a_rows_addends_are_those_of_its_nations_and_cells_that_hold_the_value() -> None:
    made = planned("severity", "year")
    no_age = Coverage(columns=(ColumnCoverage("age", held=False),))
    answers = [answer(made, CASUALTIES, n, 5, no_age if n == "Northern Ireland" else None) for n in NATIONS[1:]]
    standing = stand(made, answers, [lost("England")])
    names = [entry.node.removeprefix("node of ") for entry in standing.answers]
    cell = 3 * CASUALTIES.column("severity").codes.index("Serious") + 1  # of 2015

    def of(value: int, nation: str | None, summed: bool = False) -> dict[str, list[int]]:
        keys = [("Serious", False), (None if summed else made.domains[1][1], summed)]
        sides = addends(CATALOGUE, made, standing, value, nation, keys).addends
        assert len(set(sides.values())) == 1
        found = sorted(next(iter(sides.values())))
        return {names[node]: [cell for other, cell in found if other == node] for node, _ in found}

    assert of(0, "Wales") == {"Wales": [cell]}
    assert of(0, "Scotland", summed=True) == {"Scotland": [3, 4, 5]}
    assert of(1, "Wales, Scotland and Northern Ireland") == {name: [cell] for name in names}
    assert of(0, None) == {"Wales": [cell], "Scotland": [cell]}  # merged: whoever holds an age
    assert of(0, "Northern Ireland") == {}
    with pytest.raises(Refusal, match="together called"):
        of(0, "Great Britain and Atlantis")


def test_a_total_of_units_is_made_of_its_own_component_and_is_compared_as_such() -> None:
    """Units in several clinics would count more than once if cells were added up."""
    units = [Aggregate(Statistic.COUNT_UNITS), Aggregate(Statistic.COUNT_UNITS, over=("clinic",))]
    made = plan(Query("health.visits", ("clinic", "sex"), None, tuple(units), 40_000_000, 2, 1), VISITS)
    rows = [np.arange(made.components[index].cells) for index in range(2)]
    answers = [NodeAnswer("node", "Wales", Coverage(), dict(enumerate(rows)))]
    there = standing(CATALOGUE, made, (ValueColumn("units", AggregateRef(0)),), answers, [])

    def of(clinic: tuple[CellKey, bool], sex: tuple[CellKey, bool]) -> Side:
        return addends(CATALOGUE, made, there, 0, "Wales", [clinic, sex])

    cell, over_sex, total = (
        of(("C", False), ("Female", False)),
        of(("C", False), (None, True)),
        of((None, True), ("Female", False)),
    )
    assert cell.addends == {0: {(0, 7)}}
    assert over_sex.addends == {0: {(0, 6), (0, 7), (0, 8)}}
    assert total.addends == {1: {(0, 1)}}
    found = difference(AggregateRef(0), answers, total, cell, b"")
    laws = [made.components[index].law for index in range(2)]
    assert (found.estimate, found.margin) == (1 - 7, noise_margin(laws))


def test_the_difference_of_a_linear_expression_is_exact_too() -> None:
    made = planned()
    answers = answers_of(made, [dict.fromkeys(range(len(made.components)), 100 * (i + 1)) for i in range(4)])
    found = compared(REST, made, answers, ALL, WALES)
    law = made.components[indexes(made)[3]].law
    assert (found.estimate, found.margin) == (0, noise_margin((law,) * 6))


def test_the_same_seed_gives_everyone_the_same_margin() -> None:
    made = planned()
    answers = answers_of(made, [truth(made, *own) for own in NATIONS_TRUTH])
    margins: npt.NDArray[np.float64] = np.array(
        [compared(MEAN, made, answers, SCOTLAND, WALES, seed).margin for seed in (b"a", b"a", b"b")]
    )
    assert margins[0] == margins[1] != margins[2]
