"""Linear combinations of counts and sums: exact figures, and the smallest margin that holds 95% on their lattice."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from concordat_privacy.linear import Linear, linear
from concordat_privacy.margins import Noise, combined_margin, noise_margin
from concordat_privacy.plan import Plan, plan
from concordat_query.model import (
    Aggregate,
    AggregateRef,
    Arithmetic,
    Constant,
    Expression,
    Operator,
    Query,
    Statistic,
)
from fakes.catalogue import small_catalogue
from fakes.laws import gaussian

Distribution = dict[int, float]


def brute(terms: tuple[Noise, ...]) -> Distribution:
    """The distribution of a sum of weighted noises, one noise after the other, outcome by outcome."""
    total: Distribution = {0: 1.0}
    for weight, (_, scale), copies in terms:
        width = math.ceil(10 * scale) + 2
        steps = np.arange(-width, width + 1)
        weights = np.exp(-(steps**2) / (2 * scale**2))
        single = dict(zip((weight * steps).tolist(), (weights / weights.sum()).tolist(), strict=True))
        for _ in range(copies):
            after: Distribution = {}
            for left, p in total.items():
                for right, q in single.items():
                    after[left + right] = after.get(left + right, 0.0) + p * q
            total = after
    return total


def held(distribution: Distribution, margin: int) -> float:
    return math.fsum(p for value, p in distribution.items() if abs(value) <= margin)


def lattice_below(distribution: Distribution, margin: int) -> int:
    """The largest size below `margin` that the sum may have; -1 below zero."""
    return max((abs(value) for value in distribution if abs(value) < margin), default=-1)


@pytest.mark.parametrize(
    "terms",
    [
        (Noise(1, gaussian(3.0), 1), Noise(1, gaussian(3.0), 1)),
        (Noise(1, gaussian(3.0), 2), Noise(2, gaussian(1.5), 2)),
        (Noise(2, gaussian(0.4), 3), Noise(3, gaussian(0.7), 1)),
        (Noise(1, gaussian(0.3), 5), Noise(100, gaussian(0.8), 1)),
        (Noise(7, gaussian(2.5), 1), Noise(1000, gaussian(1.2), 1)),
        (Noise(1, gaussian(40.0), 1), Noise(3, gaussian(20.0), 1)),
        (Noise(1, gaussian(1.0), 1), Noise(10, gaussian(1.0), 1), Noise(100, gaussian(1.0), 1)),
        (Noise(3, gaussian(50.0), 1), Noise(2, gaussian(40.0), 1)),
    ],
    ids=range(8),
)
def test_the_margin_of_a_combination_is_the_smallest_that_holds_95_percent(terms: tuple[Noise, ...]) -> None:
    margin = combined_margin(terms)
    distribution = brute(terms)
    assert held(distribution, margin) >= 0.95
    assert held(distribution, lattice_below(distribution, margin)) < 0.95


@pytest.mark.parametrize(
    "terms",
    [
        (Noise(1, gaussian(90.0), 1), Noise(1, gaussian(70.0), 1)),
        (Noise(1, gaussian(50.0), 9), Noise(2, gaussian(30.0), 12)),
        (Noise(1, gaussian(50.0), 1), Noise(20, gaussian(15.0), 1)),
        (Noise(2, gaussian(60.0), 1), Noise(3, gaussian(45.0), 1)),
        (Noise(4, gaussian(40.0), 1), Noise(6, gaussian(40.0), 1), Noise(9, gaussian(30.0), 1)),
    ],
    ids=range(5),
)
def test_smooth_sums_are_corrected_for_the_lattice_and_give_the_same_margin(terms: tuple[Noise, ...]) -> None:
    margin = combined_margin(terms)
    lattice = np.zeros(1)
    for weight, (_, scale), copies in terms:
        width = math.ceil(10 * scale * math.sqrt(copies))
        spread = np.zeros(2 * width * weight + 1)
        spread[::weight] = np.exp(-(np.arange(-width, width + 1) ** 2) / (2 * copies * scale**2))
        spread /= spread.sum()
        lattice = spread if len(lattice) == 1 else np.convolve(lattice, spread)
    middle = len(lattice) // 2
    assert lattice[middle - margin : middle + margin + 1].sum() >= 0.95
    assert lattice[middle - margin + 1 : middle + margin].sum() < 0.95


@pytest.mark.parametrize(("scale", "copies"), [(0.5, 12), (0.2, 400), (1.0, 3000), (1.9, 40), (30.0, 6), (30.0, 60)])
def test_margins_of_many_equal_noises_are_those_of_their_sum(scale: float, copies: int) -> None:
    margin = noise_margin((gaussian(scale),) * copies)
    width = math.ceil(12 * scale) + 2
    single = np.exp(-(np.arange(-width, width + 1) ** 2) / (2 * scale**2))
    total = np.ones(1)
    for _ in range(copies):
        total = np.convolve(total, single / single.sum())
        cut = max(0, (len(total) - 20_001) // 2)
        total = total[cut : len(total) - cut]
    middle = len(total) // 2
    assert total[middle - margin : middle + margin + 1].sum() >= 0.95
    assert margin == 0 or total[middle - margin + 1 : middle + margin].sum() < 0.95


def test_small_scales_have_less_variance_than_their_square_and_the_normal_margin_knows_it() -> None:
    assert noise_margin((gaussian(0.5),) * 100_000) == pytest.approx(1.96 * math.sqrt(100_000 * 0.2166), rel=0.01)


@pytest.mark.parametrize(
    "terms",
    [
        (Noise(10**6, gaussian(300.0), 1), Noise(333_333, gaussian(600.0), 1)),
        (Noise(10**30, gaussian(9.0), 1), Noise(1, gaussian(10.0**30), 1)),
    ],
)
def test_where_outcomes_are_too_many_the_margin_errs_on_the_wide_side(terms: tuple[Noise, ...]) -> None:
    sigma = math.sqrt(sum((weight * scale) ** 2 * copies for weight, (_, scale), copies in terms))
    assert 1.95996 * sigma < combined_margin(terms) < 1.95997 * sigma * (1 + 1 / 9)


def test_the_order_of_terms_and_repeats_change_nothing() -> None:
    one, other = Noise(3, gaussian(4.0), 2), Noise(2, gaussian(5.0), 1)
    assert combined_margin((one, other)) == combined_margin((other, one))
    assert combined_margin(()) == 0
    assert combined_margin((Noise(1, gaussian(6.0), 4),)) == noise_margin((gaussian(6.0),) * 4)


# From expressions

COUNT, MEAN = Aggregate(Statistic.COUNT_ROWS), Aggregate(Statistic.AVG, "cost")
COST = Aggregate(Statistic.SUM, "cost")
VISITS = small_catalogue().dataset("health.visits")
A, B, C = AggregateRef(0), AggregateRef(1), AggregateRef(2)


def planned() -> Plan:
    return plan(Query("health.visits", (), None, (COUNT, COST, MEAN), 60_000_000, 1, 1), VISITS)


def number(text: str) -> Constant:
    return Constant(Decimal(text))


def made(operator: str, left: Expression, right: Expression) -> Arithmetic:
    return Arithmetic(Operator(operator), left, right)


def test_an_expression_that_is_linear_has_its_weights_in_units_of_the_lattice() -> None:
    expression = made("-", made("*", number("2"), made("+", A, number("3"))), made("/", B, number("4")))
    sum_of_costs = {0: Fraction(245, 2), 1: Fraction(1, 200)}  # the bounds' middle for each row, and the centred sum
    weights = {0: 2 - sum_of_costs[0] / 4, 1: -sum_of_costs[1] / 4}
    assert linear(expression, planned()) == Linear(Fraction(6), weights)


def test_a_component_used_twice_is_one_noise() -> None:
    assert linear(made("-", A, A), planned()) == Linear(Fraction(0), {})
    assert linear(made("+", A, A), planned()) == Linear(Fraction(0), {0: Fraction(2)})
    assert linear(made("*", A, number("0")), planned()) == Linear(Fraction(0), {})


@pytest.mark.parametrize(
    "expression",
    [made("*", A, B), made("/", A, B), made("/", number("1"), A), C, made("+", A, C), made("/", A, number("0"))],
    ids=range(6),
)
def test_what_is_not_linear_is_not_taken_as_such(expression: Expression) -> None:
    assert linear(expression, planned()) is None


def test_numbers_beyond_reason_are_left_to_floating_point() -> None:
    large: Expression = A
    for _ in range(4):
        large = made("*", large, number("1" + "0" * 30))
    assert linear(large, planned()) is None


def test_the_lattice_is_the_largest_step_that_all_weights_are_multiples_of() -> None:
    form = Linear(Fraction(1), {0: Fraction(3, 10), 1: Fraction(-1, 4)})
    assert form.step == Fraction(1, 20)
    terms = (Noise(5, planned().components[1].law, 3), Noise(6, planned().components[0].law, 3))
    assert form.margin(planned(), {0: 3, 1: 3}) == combined_margin(tuple(sorted(terms))) * Fraction(1, 20)
