"""Covariances, correlations and regressions: the textbook's value without noise, and honest margins with it."""

import statistics
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from concordat_privacy.components import Component, Kind
from concordat_privacy.estimates import Status, Value, tabulate
from concordat_privacy.merge import NodeAnswer
from concordat_privacy.parts import Pair
from concordat_privacy.plan import Plan, held_components, plan
from concordat_query.catalogue import Catalogue
from concordat_query.coverage import ColumnCoverage, Coverage, Held
from concordat_query.model import Aggregate, Comparator, Comparison, Query, Statistic
from concordat_query.text import Question, read_sql
from fakes.answers import answer
from fakes.catalogue import NATIONS, number, small_catalogue
from fakes.laws import drawn
from fakes.scans import Units, open_table

CATALOGUE = small_catalogue()
VISITS = CATALOGUE.dataset("health.visits")
Numbers = Sequence[float]
OF_THE_BOOK: dict[str, Callable[[Numbers, Numbers], float]] = {
    "COVAR_SAMP": statistics.covariance,
    "COVAR_POP": lambda x, y: statistics.covariance(x, y) * (len(x) - 1) / len(x),
    "CORR": statistics.correlation,
    "REGR_SLOPE": lambda y, x: statistics.linear_regression(x, y).slope,
    "REGR_INTERCEPT": lambda y, x: statistics.linear_regression(x, y).intercept,
}


def visits(*aggregates: Aggregate) -> Plan:
    return plan(Query("health.visits", ("clinic",), None, aggregates, 60_000_000, 3, 2), VISITS)


def test_a_covariance_is_rows_two_centred_sums_and_products() -> None:
    planned = visits(Aggregate(Statistic.COVAR_POP, "weight", other="cost"))
    assert [(c.kind, c.scalar, c.other, c.per_row, c.step) for c in planned.components] == [
        (Kind.ROWS, "weight", None, 1, 1),
        (Kind.CENTRED, "weight", None, 300, Fraction(1, 2)),
        (Kind.CENTRED, "cost", None, 25_500, Fraction(1, 200)),
        (Kind.PRODUCTS, "weight", "cost", 300 * 25_500, Fraction(1, 400)),
    ]
    assert [c.filter is not None for c in planned.components] == [False, False, True, False]


def test_pairs_share_with_means_and_variances_what_nothing_can_be_missing_from() -> None:
    pairs = [Aggregate(Statistic(name), "weight", other="cost") for name in OF_THE_BOOK]
    planned = visits(Aggregate(Statistic.AVG, "weight"), Aggregate(Statistic.VAR_SAMP, "weight"), *pairs)
    assert len(planned.components) == 6
    assert all(isinstance(part, Pair) for part in planned.parts[2:])


def asked(sql: str, catalogue: Catalogue, rho: int = 10**9) -> tuple[Question, Plan]:
    question = read_sql(sql, catalogue)
    query = Query(question.dataset, question.keys, question.where, question.aggregates, rho, 20, 20)
    return question, plan(query, catalogue.dataset(question.dataset))


def made_up(seed: int) -> Units:
    dice = np.random.default_rng(seed)
    return [
        [
            {
                "clinic": int(dice.integers(0, 2)),
                "sex": 0,
                "cost": 40 * weight + int(dice.integers(0, 9000)),
                "weight": None if dice.random() < 0.3 else weight,
            }
            for weight in dice.integers(0, 301, 3).tolist()
        ]
        for _ in range(30)
    ]


@pytest.mark.parametrize("name", OF_THE_BOOK)
@pytest.mark.parametrize("turned", [False, True])
def test_without_noise_it_is_the_value_of_the_textbook_in_every_cell_and_total(name: str, turned: bool) -> None:
    columns = ("cost", "weight") if turned else ("weight", "cost")
    sql = f"SELECT clinic, {name}({', '.join(columns)}) AS s FROM health.visits GROUP BY ROLLUP(clinic)"  # noqa: S608
    question, planned = asked(sql, CATALOGUE)
    table, nodes = open_table(VISITS), [made_up(1), made_up(2)]
    answers = []
    for nation, units in zip(NATIONS, nodes, strict=False):
        table.fill(units)
        answers.append(answer(planned, VISITS, nation, dict(enumerate(table.exact(planned)))))
    found = tabulate(CATALOGUE, planned, question.presentation, answers, [], b"seed").rows
    rows = [row for units in nodes for unit in units for row in unit if row["weight"] is not None]
    for position, clinics in ((0, [0]), (1, [1]), (-1, [0, 1])):
        held = [row for row in rows if row["clinic"] in clinics]
        pair = [[int(row[c] or 0) / (100 if c == "cost" else 1) for row in held] for c in columns]
        shown = found[position].values[0]
        assert shown is not None
        assert shown.estimate == pytest.approx(OF_THE_BOOK[name](*pair), rel=1e-9)


def test_rows_that_lack_either_value_count_for_nothing() -> None:
    columns = [number("a", 0, 10), number("b", 0, 20)]
    dataset = type(VISITS).model_validate({**VISITS.model_dump(mode="json"), "columns": columns})
    pairs = tuple(Aggregate(statistic, "a", other="b") for statistic in (Statistic.CORR, Statistic.COVAR_SAMP))
    planned = plan(Query("health.visits", (), None, pairs, 10**9, 1, 20), dataset)
    table = open_table(dataset)
    whole = [{"a": 3, "b": 4}, {"a": 9, "b": 17}]
    table.fill([whole])
    exact = table.exact(planned)
    table.fill([[*whole, {"a": None, "b": 20}, {"a": 0, "b": None}, {"a": None, "b": None}]])
    assert table.exact(planned) == exact


# Margins

REPETITIONS = 300
ALL = ", ".join(f"{name}(age, dose) AS {name.lower()}" for name in OF_THE_BOOK)


def repeated(rho: int) -> tuple[Catalogue, Question, Plan]:
    content = small_catalogue().model_dump(mode="json")
    content["datasets"]["road.casualties"]["columns"] = [
        number("repetition", 1, REPETITIONS, key=True, nullable=False),
        number("age", 0, 100, nullable=False),
        number("dose", -10, 30, nullable=False),
    ]
    catalogue = Catalogue.model_validate(content)
    sql = f"SELECT nation, repetition, {ALL} FROM road.casualties GROUP BY nation, repetition"  # noqa: S608
    return catalogue, *asked(sql, catalogue, rho)


def exact(component: Component, ages: list[int], doses: list[int]) -> int:
    z = {"age": [2 * age - 100 for age in ages], "dose": [2 * dose - 20 for dose in doses]}
    width = {"age": 100, "dose": 40}
    name = str(component.scalar)
    match component.kind:
        case Kind.CENTRED:
            return sum(z[name])
        case Kind.SQUARES:
            return sum(2 * each**2 - width[name] ** 2 for each in z[name])
        case Kind.PRODUCTS:
            return sum(a * b for a, b in zip(z["age"], z["dose"], strict=True))
        case _:
            return len(ages)


def figures(rho: int, ages: list[int], doses: list[int], seed: int) -> list[list[Value]]:
    """All values of plain rows by statistic, each with a noise of its own."""
    catalogue, question, planned = repeated(rho)
    noise = np.random.default_rng(seed)
    answers = [
        NodeAnswer(
            f"node of {nation}",
            nation,
            Coverage(),
            {
                i: (exact(c, ages, doses) + drawn(c.law, c.cells, noise)).astype(np.int64)
                for i, c in enumerate(planned.components)
            },
        )
        for nation in NATIONS
    ]
    table = tabulate(catalogue, planned, question.presentation, answers, [], b"%d" % seed)
    return [[value for row in table.rows if not row.is_total and (value := row.values[i])] for i in range(5)]


@pytest.mark.parametrize("rows", [1000, 4000, 40_000])
@pytest.mark.parametrize("slope", [0, 0.3, -0.3])
def test_margins_hold_the_truth_in_95_of_100(rows: int, slope: float) -> None:
    dice = np.random.default_rng(1)
    ages = dice.integers(0, 101, rows)
    doses = np.rint(10 + slope * (ages - 50) + dice.integers(-5, 6, rows)).astype(int)
    if slope == 0:
        doses = dice.integers(-10, 31, rows)
    runs = [figures(40_000_000, ages.tolist(), doses.tolist(), seed) for seed in range(4)]
    for name, *values in zip(OF_THE_BOOK, *runs, strict=True):
        truth = OF_THE_BOOK[name](ages.tolist(), doses.tolist())
        given = [value for run in values for value in run if value.estimate is not None]
        held = np.mean([abs(float(value.estimate or 0) - truth) <= float(value.margin or 0) for value in given])
        assert 0.93 <= held <= 0.97


def test_what_is_divided_by_a_variance_below_zero_is_undefined() -> None:
    covar_samp, covar_pop, corr, slope, intercept = figures(40_000_000, [50] * 4000, [10] * 4000, 1)
    assert all(value.estimate is not None for value in (*covar_samp, *covar_pop))
    for values in (corr, slope, intercept):
        undefined = [value for value in values if value.status is Status.UNDEFINED]
        assert len(values) / 3 < len(undefined) < len(values)
        finite = [value for value in values if value.margin is not None and value.margin < float("inf")]
        assert len(finite) < len(values) / 20


def test_a_pair_is_counted_where_both_values_are_held_even_if_one_is_never_null() -> None:
    casualties = CATALOGUE.dataset("road.casualties")
    sql = "SELECT COVAR_POP(CASE WHEN sex = 'Male' THEN 1 ELSE 0 END, year) AS c FROM road.casualties"
    _, planned = asked(sql, CATALOGUE)
    year_2016 = Comparison("year", Comparator.EQUAL, Decimal(2016))
    held = Coverage(columns=(ColumnCoverage("sex", rows=year_2016),))
    assert all("sex" in component.reads for component in planned.components)
    assert held_components(planned, casualties, held) == {i: [Held.PART] for i in range(len(planned.components))}
