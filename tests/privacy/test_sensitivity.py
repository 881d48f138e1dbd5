"""No unit moves a component further than is claimed, some unit moves it exactly so far, and the scale pays for it."""

import itertools
import random
from fractions import Fraction
from typing import Any

import opendp.prelude as dp
import pytest
from concordat_privacy.laws import Sensitivity
from concordat_privacy.noise import price_by_map
from concordat_privacy.sensitivity import MAX_SCALE, laplace_scale_for, law_for, rows_in_all, rows_squared, scale_for
from concordat_query.errors import Reason, Refusal
from concordat_query.model import NANO, Calculus
from fakes.laws import gaussian, laplace


def reachable(max_groups: int, max_rows: int, max_rows_per_unit: int) -> list[tuple[int, ...]]:
    """Every way in which one unit's bounded rows may spread over `max_groups` cells."""
    ways = itertools.product(range(max_rows + 1), repeat=max_groups)
    return [way for way in ways if sum(way) <= max_rows_per_unit]


@pytest.mark.parametrize("max_groups", [1, 2, 3, 4])
@pytest.mark.parametrize("max_rows", [1, 2, 3, 5])
@pytest.mark.parametrize("max_rows_per_unit", [5, 6, 7, 11])
def test_rows_squared_is_the_largest_sum_of_squares_of_all(
    max_groups: int, max_rows: int, max_rows_per_unit: int
) -> None:
    ways = reachable(max_groups, max_rows, max_rows_per_unit)
    assert rows_in_all(max_groups, max_rows, max_rows_per_unit) == max(map(sum, ways))
    largest = max(sum(n * n for n in way) for way in ways)
    assert rows_squared(max_groups, max_rows, max_rows_per_unit) == largest


def random_cases(count: int) -> list[tuple[int, int]]:
    """Squared sensitivities from 1 to those of the widest column with many rows, prices from one nano-rho up."""
    dice = random.Random(20160101)  # noqa: S311  # a reproducible sample, not a secret
    cases: list[tuple[int, int]] = []
    while len(cases) < count:
        square = int(2 ** dice.uniform(0, 85))
        rho = int(2 ** dice.uniform(0, 39.8))
        if square * NANO / (2 * rho) < (MAX_SCALE / 2) ** 2:
            cases.append((square, rho))
    return cases


def test_the_scale_pays_exactly_and_wastes_next_to_nothing() -> None:
    for square, rho in random_cases(5000):
        variance = Fraction(square * NANO, 2 * rho)
        paid = Fraction(scale_for(square, rho)) ** 2 - Fraction(1, 12)
        assert paid >= variance
        assert paid <= max(variance, Fraction(1, 6)) * Fraction(1001, 1000) + Fraction(1, 144) / max(
            variance - Fraction(1, 12), Fraction(1, 12)
        )


def test_opendps_own_map_never_exceeds_the_share() -> None:
    for square, rho in random_cases(1500):
        assert price_by_map(gaussian(scale_for(square, rho)), Sensitivity(square, square)) <= rho


@pytest.mark.parametrize(("square", "rho"), [(1, 1), (1, 1000 * NANO), (2, NANO), (10**18, 1000 * NANO), (8, NANO)])
def test_extremes_and_perfect_squares_are_paid_for(square: int, rho: int) -> None:
    assert price_by_map(gaussian(scale_for(square, rho)), Sensitivity(square, square)) <= rho


def test_a_price_is_rounded_up_to_whole_nano_rho() -> None:
    assert price_by_map(gaussian(3.0), Sensitivity(1, 1)) == 55_555_556  # 1/18


def test_scales_lie_on_a_coarse_grid() -> None:
    for square, rho in random_cases(200):
        numerator, _ = scale_for(square, rho).as_integer_ratio()
        while numerator % 2 == 0:
            numerator //= 2
        assert numerator < 2**15


def test_a_price_too_low_for_64_bit_noise_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        scale_for(2**64 * 10**6, 1)
    assert refused.value.reason is Reason.INVALID_PRICE


def test_the_discrete_gaussians_map_is_half_the_squared_ratio() -> None:
    """The formula that the scale inverts is the one that OpenDP proves."""
    vectors = dp.vector_domain(dp.atom_domain(T="i64"))
    gaussian: Any = dp.m.make_gaussian(vectors, dp.l2_distance(T=float), scale=10.0)
    assert gaussian.map(3.0) == pytest.approx(0.045)


# Laplace


def laplace_cases(count: int) -> list[tuple[int, int]]:
    """L1 sensitivities from 1 to those of the widest squares with many rows, prices from one nano-epsilon up."""
    dice = random.Random(20160102)  # noqa: S311  # a reproducible sample, not a secret
    cases: list[tuple[int, int]] = []
    while len(cases) < count:
        l1, epsilon = int(2 ** dice.uniform(0, 55)), int(2 ** dice.uniform(0, 39.8))
        if l1 * NANO / epsilon < MAX_SCALE / 2:
            cases.append((l1, epsilon))
    return cases


def test_a_laplace_scale_pays_exactly_and_wastes_next_to_nothing() -> None:
    for l1, epsilon in laplace_cases(5000):
        cost = Fraction(l1 * NANO) / Fraction(laplace_scale_for(l1, epsilon))
        assert cost <= epsilon
        assert cost >= epsilon * Fraction(9997, 10_000)


def test_opendps_own_map_of_a_laplace_never_exceeds_the_share() -> None:
    for l1, epsilon in laplace_cases(1500):
        price = price_by_map(laplace(laplace_scale_for(l1, epsilon)), Sensitivity(l1, 1))
        assert epsilon - epsilon // 1000 - 1 <= price <= epsilon


@pytest.mark.parametrize(("l1", "epsilon"), [(1, 1), (1, 1000 * NANO), (2**20, 2 * NANO), (10**15, 100 * NANO)])
def test_extremes_of_laplace_noise_are_paid_for(l1: int, epsilon: int) -> None:
    assert price_by_map(laplace(laplace_scale_for(l1, epsilon)), Sensitivity(l1, 1)) <= epsilon


def test_laplace_scales_lie_on_the_same_coarse_grid() -> None:
    for l1, epsilon in laplace_cases(200):
        numerator, _ = laplace_scale_for(l1, epsilon).as_integer_ratio()
        while numerator % 2 == 0:
            numerator //= 2
        assert numerator < 2**15


def test_a_price_too_low_for_64_bit_laplace_noise_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        laplace_scale_for(2**22, 1)
    assert refused.value.reason is Reason.INVALID_PRICE


def test_each_calculus_buys_its_own_noise_by_its_own_distance() -> None:
    moved = Sensitivity(l1=12, squared=50)
    assert law_for(Calculus.GAUSSIAN, moved, NANO // 2) == gaussian(scale_for(50, NANO // 2))
    assert law_for(Calculus.PURE, moved, NANO // 2) == laplace(laplace_scale_for(12, NANO // 2))
    assert laplace_scale_for(12, NANO // 2) == pytest.approx(24, rel=2e-4)


def test_the_discrete_laplaces_map_is_the_ratio() -> None:
    """The formula that the scale inverts is the one that OpenDP proves."""
    vectors = dp.vector_domain(dp.atom_domain(T="i64"))
    measurement: Any = dp.m.make_laplace(vectors, dp.l1_distance(T="i64"), scale=10.0)
    assert measurement.map(3) == pytest.approx(0.3)
