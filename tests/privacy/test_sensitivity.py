"""No unit moves a component further than is claimed, some unit moves it exactly so far, and the scale pays for it."""

import itertools
import random
from fractions import Fraction
from typing import Any

import opendp.prelude as dp
import pytest
from concordat_privacy.noise import price_by_map
from concordat_privacy.sensitivity import MAX_SCALE, rows_squared, scale_for
from concordat_query.errors import Reason, Refusal
from concordat_query.model import NANO


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
    largest = max(sum(n * n for n in way) for way in reachable(max_groups, max_rows, max_rows_per_unit))
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
        cost = Fraction(square * NANO) / (2 * Fraction(scale_for(square, rho)) ** 2)
        assert cost <= rho
        assert cost >= rho * Fraction(999, 1000)


def test_opendps_own_map_never_exceeds_the_share() -> None:
    for square, rho in random_cases(1500):
        assert rho - rho // 1000 - 1 <= price_by_map(scale_for(square, rho), square) <= rho


@pytest.mark.parametrize(("square", "rho"), [(1, 1), (1, 1000 * NANO), (2, NANO), (10**18, 1000 * NANO), (8, NANO)])
def test_extremes_and_perfect_squares_are_paid_for(square: int, rho: int) -> None:
    assert price_by_map(scale_for(square, rho), square) <= rho


def test_a_price_is_rounded_up_to_whole_nano_rho() -> None:
    assert price_by_map(3.0, 1) == 55_555_556  # 1/18


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
