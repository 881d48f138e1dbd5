"""The threshold on noisy counts of units: its delta is exact, and the smallest threshold that keeps it is taken."""

import math
from fractions import Fraction

import numpy as np
import opendp.prelude as dp
import pytest
from concordat_privacy import noise
from concordat_privacy.laws import Law, Mechanism
from concordat_privacy.thresholds import DELTA_STEPS, delta_of_threshold, tail, threshold_for

SCALES = [0.3, 0.5, 1.0, 1.7, 5.0, 33.3, 99.0]


def plain_tail(least: int, scale: float) -> Fraction:
    """By adding up rationals, each far closer to its term than a double."""
    precise = 10**60

    def term(x: int) -> Fraction:
        exponent = Fraction(x * x) / (2 * Fraction(scale) ** 2)
        whole, part = divmod(exponent, 1)
        series = sum(((-part) ** n / math.factorial(n) for n in range(40)), Fraction(0))
        e = sum((Fraction(1, math.factorial(n)) for n in range(60)), Fraction(0))
        return Fraction(round(series / e**whole * precise), precise)

    reach = least + math.ceil(14 * scale) + 2
    above = sum((term(x) for x in range(least, reach)), Fraction(0))
    return above / (1 + 2 * sum((term(x) for x in range(1, reach)), Fraction(0)))


@pytest.mark.parametrize("scale", [0.3, 1.0, 1.7, 5.0])
@pytest.mark.parametrize("sigmas", [1, 3, 6])
def test_a_tail_is_the_sum_of_its_probabilities_and_never_less(scale: float, sigmas: int) -> None:
    least = max(1, round(sigmas * scale))
    exact = plain_tail(least, scale)
    assert exact <= Fraction(tail(least, scale)) <= exact * (1 + Fraction(2, 10**9))


@pytest.mark.parametrize("least", [250, 500, 800])
def test_above_a_scale_of_a_hundred_the_integral_is_an_upper_bound_and_close(least: int) -> None:
    scale = 100.5
    terms = np.exp(-((np.arange(-3000, 3001) / scale) ** 2) / 2)
    exact = terms[3000 + least :].sum() / terms.sum()
    assert exact <= tail(least, scale) <= exact * 1.0005


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("keys", [1, 3, 20])
@pytest.mark.parametrize("delta_e15", [1, 10**6, 10**9, 10**12])
def test_a_threshold_is_the_smallest_whose_delta_is_allowed(scale: float, keys: int, delta_e15: int) -> None:
    threshold = threshold_for(scale, keys, delta_e15)
    assert Fraction(delta_of_threshold(threshold, scale, keys)) * DELTA_STEPS <= delta_e15
    assert delta_of_threshold(threshold - 1, scale, keys) * DELTA_STEPS > delta_e15 * (1 - 1e-6)


def test_more_keys_of_a_unit_need_a_higher_threshold_and_a_smaller_delta_does() -> None:
    assert threshold_for(5.0, 1, 10**9) < threshold_for(5.0, 20, 10**9)
    assert threshold_for(5.0, 1, 10**9) < threshold_for(5.0, 1, 10**3)


def test_the_delta_of_several_keys_is_that_any_of_them_is_released() -> None:
    one = tail(4, 2.0)
    assert delta_of_threshold(5, 2.0, 3) == pytest.approx(1 - (1 - one) ** 3, rel=1e-8)


@pytest.mark.parametrize(("scale", "threshold", "keys"), [(1.0, 3, 1), (1.0, 2, 2), (2.0, 5, 4), (0.6, 2, 1)])
def test_a_lone_units_keys_are_released_as_often_as_delta_says(scale: float, threshold: int, keys: int) -> None:
    """The strict tail, or a count of zero, would be off by far more than chance."""
    trials = 40_000
    drawn = noise.draw(Law(Mechanism.GAUSSIAN, scale), trials * keys).reshape(trials, keys)
    released = (1 + drawn >= threshold).any(axis=1).sum()
    claimed = delta_of_threshold(threshold, scale, keys)
    spread = math.sqrt(trials * claimed * (1 - claimed))
    assert abs(released - trials * claimed) < 5 * spread


@pytest.mark.parametrize(("scale", "threshold", "keys"), [(5.0, 40, 1), (5.0, 30, 4), (1.0, 6, 2), (150.0, 1000, 3)])
def test_opendps_own_map_at_one_less_allows_no_less(scale: float, threshold: int, keys: int) -> None:
    """Its map takes the strict tail, so one less stands in for values that equal the threshold."""
    dp.enable_features("contrib", "honest-but-curious")
    counts = dp.map_domain(dp.atom_domain(T="i64"), dp.atom_domain(T="i64"))
    distance = dp.l02inf_distance(dp.absolute_distance(T="i64"))
    measured = dp.m.make_gaussian_threshold(counts, distance, scale=scale, threshold=threshold - 1)
    _, delta = measured.map((keys, keys, 1))  # type: ignore[no-untyped-call]  # OpenDP's
    assert delta_of_threshold(threshold, scale, keys) <= delta


def test_an_uncertain_region_near_zero_counts_as_certain() -> None:
    assert tail(50, 1000.0) == 1.0
    assert delta_of_threshold(50, 1000.0, 3) == 1.0
