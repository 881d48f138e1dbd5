"""Simulated margins hold the truth as often as they say, over many repetitions of the noise."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pytest
from concordat_privacy.estimates import Row, tabulate
from concordat_privacy.merge import NodeAnswer
from concordat_privacy.plan import Plan, plan
from concordat_query.catalogue import Catalogue, Dataset
from concordat_query.coverage import Coverage
from concordat_query.model import (
    Aggregate,
    AggregateRef,
    Arithmetic,
    Calculus,
    Comparator,
    Comparison,
    Constant,
    Operator,
    Presentation,
    Query,
    Statistic,
    ValueColumn,
)
from fakes.catalogue import NATIONS, code, number, small_catalogue
from fakes.laws import drawn, standard_deviation

REPETITIONS = 300
"""Each is a cell of its own with noise of its own."""
PRICES = {Calculus.GAUSSIAN: 40_000_000, Calculus.PURE: 400_000_000}


@dataclass(frozen=True)
class Truth:
    """One nation's exact figures, the same in every cell."""

    rows: int
    mean: float
    share: float


def repeated() -> tuple[Catalogue, Dataset]:
    content = small_catalogue().model_dump(mode="json")
    content["datasets"]["road.casualties"]["columns"] = [
        number("repetition", 1, REPETITIONS, key=True, nullable=False),
        code("sex", "Male", "Female"),
        number("age", 0, 100),
    ]
    catalogue = Catalogue.model_validate(content)
    return catalogue, catalogue.dataset("road.casualties")


def noisy_answers(planned: Plan, truth: Truth, noise: np.random.Generator) -> list[NodeAnswer]:
    centred = round(truth.rows * 2 * (truth.mean - 50))
    exact = [truth.rows, centred, round(truth.rows * truth.share), truth.rows]
    answers = []
    for nation in NATIONS:
        noises = [drawn(component.law, planned.cells, noise) for component in planned.components]
        vectors: dict[int, npt.NDArray[np.int64]] = {
            index: (figure + noises[index]).astype(np.int64) for index, figure in enumerate(exact)
        }
        answers.append(NodeAnswer(f"node of {nation}", nation, Coverage(), vectors))
    return answers


def held_truths(rows: tuple[Row, ...], truths: tuple[float, float]) -> npt.NDArray[np.bool_]:
    return np.array(
        [
            [
                abs(float(value.estimate or 0) - truth) <= float(value.margin or 0)
                for value, truth in zip(row.values, truths, strict=True)
                if value
            ]
            for row in rows
        ]
    )


@pytest.mark.parametrize("calculus", Calculus)
@pytest.mark.parametrize("sigmas", [10, 14, 40, 400])
@pytest.mark.parametrize(("mean", "share"), [(50.0, 0.5), (36.0, 0.1), (90.0, 0.9)])
def test_margins_of_means_and_shares_hold_the_truth_in_95_of_100(
    sigmas: int, mean: float, share: float, calculus: Calculus
) -> None:
    catalogue, dataset = repeated()
    male = Aggregate(Statistic.COUNT_ROWS, None, Comparison("sex", Comparator.EQUAL, "Male"))
    aggregates = (Aggregate(Statistic.AVG, "age"), male, Aggregate(Statistic.COUNT_ROWS))
    planned = plan(
        Query("road.casualties", ("repetition",), None, aggregates, PRICES[calculus], 1, 1, calculus), dataset
    )
    rows = round(sigmas * standard_deviation(planned.components[0].law))
    truth = Truth(rows, mean, round(rows * share) / rows)
    quotient = Arithmetic(Operator.DIVIDE, AggregateRef(1), AggregateRef(2))
    columns = (ValueColumn("age", AggregateRef(0)), ValueColumn("share", quotient))
    answers = noisy_answers(planned, truth, np.random.default_rng(sigmas))
    table = tabulate(catalogue, planned, Presentation(True, columns), answers, [], b"%d" % sigmas)
    exact_mean = 50 + round(rows * 2 * (mean - 50)) / 2 / rows
    held = held_truths(table.rows, (exact_mean, truth.share))
    assert held.shape == (5 * REPETITIONS, 2)
    assert (held.mean(axis=0) >= 0.93).all()
    assert (held.mean(axis=0) <= 0.97).all()


@pytest.mark.parametrize("calculus", Calculus)
@pytest.mark.parametrize("price", [1_000_000, 40_000_000, 400_000_000])
def test_margins_of_counts_sums_and_their_combinations_hold_the_truth_in_95_of_100(
    price: int, calculus: Calculus
) -> None:
    catalogue, dataset = repeated()
    aggregates = (Aggregate(Statistic.COUNT_ROWS), Aggregate(Statistic.SUM, "age"))
    planned = plan(Query("road.casualties", ("repetition",), None, aggregates, price, 1, 1, calculus), dataset)
    once = Arithmetic(Operator.MULTIPLY, Constant(Decimal("37.5")), AggregateRef(0))
    combined = Arithmetic(Operator.SUBTRACT, once, AggregateRef(1))
    columns = (ValueColumn("n", AggregateRef(0)), ValueColumn("s", AggregateRef(1)), ValueColumn("c", combined))
    dice = np.random.default_rng(price)
    held = np.zeros(3)
    rounds = 4
    for _ in range(rounds):
        answers = [
            NodeAnswer(
                f"node of {nation}",
                nation,
                Coverage(),
                {
                    index: (figure + drawn(planned.components[index].law, planned.cells, dice)).astype(np.int64)
                    for index, figure in enumerate((1000, 41_000))
                },
            )
            for nation in NATIONS
        ]
        rows = tabulate(catalogue, planned, Presentation(True, columns), answers, [], b"seed").rows
        for row in rows:
            many = len(NATIONS) if row.is_total else 1
            truths = (1000 * many, 41_000 * many, -3500 * many)
            for place, (value, truth) in enumerate(zip(row.values, truths, strict=True)):
                assert value is not None
                held[place] += abs(float(value.estimate or 0) - truth) <= float(value.margin or 0)
    shares = held / (rounds * 5 * REPETITIONS)
    assert (shares >= 0.93).all()
    if planned.components[0].scale >= 5:
        assert (shares <= 0.97).all()
