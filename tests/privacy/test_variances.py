"""Variances and deviations: the textbook's value where there is no noise, and honest margins where there is."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from concordat_privacy.components import Kind
from concordat_privacy.estimates import Status, Value, tabulate
from concordat_privacy.merge import NodeAnswer
from concordat_privacy.parts import Mean, Spread, Total
from concordat_privacy.plan import Plan, plan
from concordat_query.catalogue import Catalogue
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Aggregate,
    Calculation,
    Comparator,
    Comparison,
    Presentation,
    Query,
    RowOperator,
    Statistic,
)
from concordat_query.model import Value as Given
from concordat_query.scalar_types import MAX_SPREAD
from concordat_query.text import Question, read_sql
from fakes.answers import answer
from fakes.catalogue import NATIONS, code, number, small_catalogue
from fakes.laws import drawn
from fakes.scans import Units, open_table

CATALOGUE = small_catalogue()
VISITS = CATALOGUE.dataset("health.visits")
CASUALTIES = CATALOGUE.dataset("road.casualties")
COUNT = Aggregate(Statistic.COUNT_ROWS)
OF_THE_BOOK = {
    Statistic.VAR_SAMP: statistics.variance,
    Statistic.VAR_POP: statistics.pvariance,
    Statistic.STDDEV_SAMP: statistics.stdev,
    Statistic.STDDEV_POP: statistics.pstdev,
}


def visits(*aggregates: Aggregate) -> Plan:
    return plan(Query("health.visits", ("clinic",), None, aggregates, 60_000_000, 3, 2), VISITS)


# Components


def test_a_variance_is_the_components_of_a_mean_and_the_squares_less_half_their_maximum() -> None:
    planned = visits(Aggregate(Statistic.VAR_SAMP, "weight"))
    assert [(c.kind, c.scalar, c.per_row, c.step) for c in planned.components] == [
        (Kind.ROWS, "weight", 1, 1),
        (Kind.CENTRED, "weight", 300, Fraction(1, 2)),
        (Kind.SQUARES, "weight", 300**2, Fraction(1, 8)),
    ]
    assert planned.parts == (Spread(0, 1, 2, Fraction(150**2, 2), is_sample=True, is_root=False),)


def test_decimals_count_twice_in_squares() -> None:
    planned = visits(Aggregate(Statistic.STDDEV_POP, "cost"))
    assert (planned.components[2].per_row, planned.components[2].step) == (25_500**2, Fraction(1, 80_000))
    assert planned.parts == (Spread(0, 1, 2, Fraction(255, 2) ** 2 / 2, is_sample=False, is_root=True),)


def test_counts_means_and_all_spreads_of_a_column_share_their_components() -> None:
    spreads = [Aggregate(statistic, "cost") for statistic in OF_THE_BOOK]
    planned = visits(COUNT, Aggregate(Statistic.AVG, "cost"), *spreads)
    assert [c.kind for c in planned.components] == [Kind.ROWS, Kind.CENTRED, Kind.SQUARES]
    assert sum(c.price_nano for c in planned.components) == 60_000_000
    assert [type(part) for part in planned.parts] == [Total, Mean, *[Spread] * 4]


def test_other_filters_and_columns_share_nothing() -> None:
    male = Comparison("sex", Comparator.EQUAL, "Male")
    variance = Aggregate(Statistic.VAR_POP, "weight")
    planned = visits(variance, Aggregate(Statistic.VAR_POP, "weight", male), Aggregate(Statistic.VAR_POP, "cost"))
    assert len(planned.components) == 9


@pytest.mark.parametrize(("over", "refused"), [(0, False), (1, True)])
def test_squares_beyond_what_adds_up_are_refused_at_planning(over: int, refused: bool) -> None:
    content = VISITS.model_dump(mode="json")
    content["columns"] = [number("wide", -5, MAX_SPREAD - 5 + over)]
    dataset = type(VISITS).model_validate(content)
    asked = Query("health.visits", (), None, (Aggregate(Statistic.STDDEV_SAMP, "wide"),), 10**9, 1, 1)
    if refused:
        with pytest.raises(Refusal) as found:
            plan(asked, dataset)
        assert found.value.reason is Reason.WRONG_TYPE
    else:
        assert plan(asked, dataset).components[2].per_row == MAX_SPREAD**2 == 2**36


def test_a_calculation_of_one_value_has_no_sensitivity_of_zero() -> None:
    nothing = Calculation(RowOperator.MOD, "weight", Given(Decimal(1)))
    planned = visits(Aggregate(Statistic.VAR_POP, nothing))
    assert [component.per_row for component in planned.components] == [1, 1, 1]


# Figures


def asked(sql: str, catalogue: Catalogue, rho: int = 10**9) -> tuple[Question, Plan]:
    question = read_sql(sql, catalogue)
    query = Query(question.dataset, question.keys, question.where, question.aggregates, rho, 20, 20)
    return question, plan(query, catalogue.dataset(question.dataset))


def figures(question: Question, planned: Plan, *exact: list[list[int]]) -> list[list[Value | None]]:
    """What a table shows where each node's components are these."""
    answers = [
        answer(planned, CATALOGUE.dataset(question.dataset), nation, dict(enumerate(vectors)))
        for nation, vectors in zip(NATIONS, exact, strict=False)
    ]
    table = tabulate(CATALOGUE, planned, question.presentation, answers, [], b"seed")
    return [list(row.values) for row in table.rows]


def made_up(seed: int) -> Units:
    dice = np.random.default_rng(seed)
    return [
        [
            {
                "clinic": int(dice.integers(0, 2)),
                "sex": 0,
                "cost": int(dice.integers(-500, 25_001)),
                "weight": None if dice.random() < 0.3 else int(dice.integers(0, 301)),
            }
            for _ in range(3)
        ]
        for _ in range(30)
    ]


@pytest.mark.parametrize("statistic", OF_THE_BOOK)
@pytest.mark.parametrize("column", ["cost", "weight"])
def test_without_noise_it_is_the_value_of_the_textbook_in_every_cell_and_total(
    statistic: Statistic, column: str
) -> None:
    sql = f"SELECT clinic, {statistic.value}({column}) AS s FROM health.visits GROUP BY ROLLUP(clinic)"  # noqa: S608
    question, planned = asked(sql, CATALOGUE)
    table, nodes = open_table(VISITS), [made_up(1), made_up(2)]
    exact = []
    for units in nodes:
        table.fill(units)
        exact.append(table.exact(planned))
    found = figures(question, planned, *exact)
    scale = 100 if column == "cost" else 1
    rows = [row for units in nodes for unit in units for row in unit if row[column] is not None]
    for position, clinics in ((0, [0]), (1, [1]), (-1, [0, 1])):
        values = [Fraction(int(row[column] or 0), scale) for row in rows if row["clinic"] in clinics]
        shown = found[position][0]
        assert shown is not None
        assert shown.estimate == pytest.approx(float(OF_THE_BOOK[statistic](values)), rel=1e-9)


def test_a_filter_and_a_calculation_are_part_of_it() -> None:
    sql = "SELECT VARIANCE(weight * 2) FILTER (WHERE cost > 100) AS s, STDDEV(DIV(weight, 10)) AS t FROM health.visits"
    question, planned = asked(sql, CATALOGUE)
    table, units = open_table(VISITS), made_up(3)
    table.fill(units)
    ((first, second),) = figures(question, planned, table.exact(planned))
    rows = [row for unit in units for row in unit if row["weight"] is not None]
    dear = [2 * int(row["weight"] or 0) for row in rows if int(row["cost"] or 0) > 10_000]
    assert first is not None
    assert second is not None
    assert first.estimate == pytest.approx(statistics.variance(dear), rel=1e-9)
    assert second.estimate == pytest.approx(statistics.stdev(int(row["weight"] or 0) // 10 for row in rows), rel=1e-9)


ALL = (
    "SELECT VAR_POP(age) AS vp, VAR_SAMP(age) AS vs, STDDEV_POP(age) AS sp, STDDEV_SAMP(age) AS ss FROM road.casualties"
)


def of_ages(components: Mapping[Kind, int], rho: int = 10**9) -> dict[str, Value]:
    question, planned = asked(ALL, CATALOGUE, rho)
    (row,) = figures(question, planned, [[components[component.kind]] for component in planned.components])
    return {column.name: value for column, value in zip(question.presentation.columns, row, strict=True) if value}


def components_of(ages: list[int]) -> dict[Kind, int]:
    centred = [2 * age - 100 for age in ages]
    return {
        Kind.ROWS: len(ages),
        Kind.CENTRED: sum(centred),
        Kind.SQUARES: sum(2 * z**2 - 100**2 for z in centred),
    }


def test_a_negative_variance_stays_negative_and_has_no_root() -> None:
    found = of_ages({Kind.ROWS: 1000, Kind.CENTRED: 0, Kind.SQUARES: -(100**2) * 1000 - 80_000})
    assert found["vp"].estimate == -10.0
    assert found["vs"].estimate == pytest.approx(-10_000 / 999)
    assert (found["sp"].status, found["ss"].status) == (Status.UNDEFINED, Status.UNDEFINED)


@pytest.mark.parametrize(
    ("rows", "of_population", "of_sample"), [(-1, False, False), (0, False, False), (1, True, False), (2, True, True)]
)
def test_too_few_rows_give_no_variance_and_no_finite_margin(rows: int, of_population: bool, of_sample: bool) -> None:
    found = of_ages({Kind.ROWS: rows, Kind.CENTRED: 0, Kind.SQUARES: 0}, rho=1_000_000)
    for name, given in (("vp", of_population), ("vs", of_sample)):
        assert (found[name].estimate is not None) == given
        assert found[name].margin == (math.inf if given else None)


def test_a_root_has_no_finite_margin_where_noise_may_have_made_its_variance() -> None:
    certain, doubtful = components_of([40, 60] * 5000), components_of([50] * 10_000)
    assert 0 < float(of_ages(certain)["sp"].margin or 0) < 10
    doubtful[Kind.SQUARES] += 1000
    found = of_ages(doubtful)
    assert found["vp"].margin is not None
    assert found["vp"].margin < math.inf
    assert found["sp"].margin == math.inf
    assert found["sp"].low_reliability


def test_a_margin_as_large_as_half_of_what_the_bounds_leave_is_of_low_reliability() -> None:
    wide = of_ages(components_of([0, 100] * 32), rho=3_000_000)
    assert float(wide["vp"].estimate or 0) > float(wide["vp"].margin or 0) >= 1250
    assert wide["vp"].low_reliability
    assert not of_ages(components_of([0, 100] * 4000), rho=3_000_000)["vp"].low_reliability


# Margins

REPETITIONS = 300
"""Each is a cell of its own with noise of its own."""


@dataclass(frozen=True)
class Repeated:
    """A query of which every cell holds the same ages."""

    catalogue: Catalogue
    plan: Plan
    presentation: Presentation

    def held(self, ages: list[int], seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """The share of all figures given whose margins hold the truth, by statistic, and the share that is given."""
        exact = components_of(ages)
        noise = np.random.default_rng(seed)
        answers = [
            NodeAnswer(
                f"node of {nation}",
                nation,
                answer(self.plan, self.catalogue.dataset("road.casualties"), nation, 0).coverage,
                {
                    i: (exact[c.kind] + drawn(c.law, c.cells, noise)).astype(np.int64)
                    for i, c in enumerate(self.plan.components)
                },
            )
            for nation in NATIONS
        ]
        table = tabulate(self.catalogue, self.plan, self.presentation, answers, [], b"%d" % seed)
        plain, total = ages, ages * len(NATIONS)
        shares = []
        for place, book in enumerate((statistics.pvariance, statistics.variance, statistics.pstdev, statistics.stdev)):
            truth = {False: float(book(plain)), True: float(book(total))}
            pairs = [(truth[row.is_total], value) for row in table.rows if (value := row.values[place])]
            given = [(true, v.estimate, v.margin) for true, v in pairs if v.estimate is not None]
            inside = [abs(estimate - true) <= (margin or 0) for true, estimate, margin in given]
            shares.append((np.mean(inside), len(given) / len(pairs)))
        return np.array(shares)


def repeated(rho: int) -> Repeated:
    content = small_catalogue().model_dump(mode="json")
    content["datasets"]["road.casualties"]["columns"] = [
        number("repetition", 1, REPETITIONS, key=True, nullable=False),
        code("sex", "Male", "Female"),
        number("age", 0, 100),
    ]
    catalogue = Catalogue.model_validate(content)
    sql = ALL.replace("SELECT", "SELECT nation, repetition,") + " GROUP BY nation, repetition"
    question, planned = asked(sql, catalogue, rho)
    return Repeated(catalogue, planned, question.presentation)


@pytest.mark.parametrize("sigmas", [10, 14, 40, 400])
@pytest.mark.parametrize("ages", [[0, 100], [20, 20, 20, 90], list(range(30, 51)), [96, 97, 98, 99, 100]])
def test_margins_of_variances_hold_the_truth_in_95_of_100(sigmas: int, ages: list[int]) -> None:
    asking = repeated(40_000_000)
    rows = round(sigmas * asking.plan.components[0].scale)
    held, given = asking.held((ages * rows)[:rows], sigmas)[:2].T
    assert (given == 1).all()
    assert (held >= 0.93).all()
    assert (held <= 0.97).all()


@pytest.mark.parametrize("sigmas", [10, 40, 400, 4000])
@pytest.mark.parametrize("ages", [[0, 100], [20, 20, 20, 90], list(range(30, 51)), [50, 51]])
def test_margins_of_deviations_hold_the_truth_at_least_as_often_wherever_there_is_a_figure(
    sigmas: int, ages: list[int]
) -> None:
    asking = repeated(40_000_000)
    rows = round(sigmas * asking.plan.components[0].scale)
    held, _ = asking.held((ages * rows)[:rows], sigmas)[2:].T
    assert (held >= 0.93).all()


def test_noise_takes_half_of_the_variances_of_one_value_below_zero_and_these_have_no_root() -> None:
    asking = repeated(40_000_000)
    rows = round(40 * asking.plan.components[0].scale)
    held = asking.held([50] * rows, 1)
    assert held[0][1] == 1
    assert 0.4 < held[2][1] < 0.6
    assert held[2][0] >= 0.93
