"""Rho and epsilon: the conversion is that of Gaussian noise, rounded up; its inverse is the largest rho that fits."""

import math
from typing import Any

import opendp.prelude as dp
import pytest
from concordat_privacy.accounting import MAX_EPSILON, Currency, epsilon_of, rho_nano_of
from concordat_query.model import NANO, Calculus

dp.enable_features("contrib")
DELTAS = (1e-3, 1e-6, 1e-9, 1e-12)


@pytest.mark.parametrize("delta", [*DELTAS, 1e-15])
@pytest.mark.parametrize("rho_nano", [1_000_000, 10_524_000, 1_052_400_000, 5 * NANO, 100 * NANO])
def test_epsilon_is_below_what_concentration_alone_implies(rho_nano: int, delta: float) -> None:
    """OpenDP converts rho of any mechanism; ours knows that the noise is Gaussian."""
    vectors = dp.vector_domain(dp.atom_domain(T="i64"))
    gaussian: Any = dp.m.make_gaussian(vectors, dp.l2_distance(T=float), scale=2.0**20)
    converted: Any = dp.c.make_fix_delta(dp.c.make_zCDP_to_approxDP(gaussian), delta)
    theirs, _ = converted.map(math.sqrt(2 * rho_nano / NANO) * 2.0**20)
    assert 0.8 * theirs < epsilon_of(rho_nano, delta) < 0.985 * theirs


@pytest.mark.parametrize(
    ("rho_nano", "delta", "epsilon"),
    [
        (1, 1e-12, 0.000230777152087772),
        (1_000, 1e-6, 0.00399153540108041),
        (10_524_000, 1e-6, 0.59100661645957),
        (1_052_400_000, 1e-6, 7.50705412576277),
        (5 * NANO, 1e-15, 29.6134541776684),
        (100 * NANO, 1e-9, 183.988819345656),
        (1000 * NANO, 1e-100, 1950.55980002037),
    ],
)
def test_epsilon_is_known_to_many_digits_and_never_below(rho_nano: int, delta: float, epsilon: float) -> None:
    """Worked out with fifty digits."""
    assert epsilon <= epsilon_of(rho_nano, delta) <= epsilon * (1 + 5e-9)


def test_so_little_that_delta_covers_it_is_epsilon_zero() -> None:
    assert epsilon_of(1, 1e-3) == 0.0


@pytest.mark.parametrize("delta", DELTAS)
@pytest.mark.parametrize("epsilon", [0.01, 0.1, 0.5, 1.0, 4.0, 8.0, 30.0, 100.0])
def test_the_rho_of_an_epsilon_is_the_largest_that_fits(epsilon: float, delta: float) -> None:
    rho = rho_nano_of(epsilon, delta)
    assert epsilon_of(rho, delta) <= epsilon
    assert epsilon_of(rho + 1, delta) > epsilon


def test_known_figures() -> None:
    assert rho_nano_of(8.0, 1e-6) == 1_172_815_221
    assert rho_nano_of(1.0, 1e-6) == 28_014_481


def test_nothing_spent_is_epsilon_zero() -> None:
    assert epsilon_of(0, 1e-6) == 0.0


def test_every_nano_rho_raises_epsilon() -> None:
    epsilons = [epsilon_of(rho, 1e-6) for rho in range(24_000_000, 24_000_200)]
    assert epsilons == sorted(set(epsilons))


@pytest.mark.parametrize(("rho", "delta"), [(-1, 1e-6), (1, 0.0), (1, 1e-101), (1, 1.0), (1, math.nan)])
def test_out_of_range_is_an_error(rho: int, delta: float) -> None:
    with pytest.raises(ValueError, match="rho must not"):
        epsilon_of(rho, delta)


@pytest.mark.parametrize("epsilon", [0.0, -1.0, math.nan, math.inf])
def test_no_rho_for_an_epsilon_out_of_range(epsilon: float) -> None:
    with pytest.raises(ValueError, match="epsilon must"):
        rho_nano_of(epsilon, 1e-6)


PURE = Currency(Calculus.PURE, 0.0)


@pytest.mark.parametrize(
    ("epsilon", "nano"),
    [(0.1, 100_000_000), (0.3, 300_000_000), (2.675, 2_675_000_000), (0.0157, 15_700_000), (1, NANO)],
)
def test_a_pure_price_is_epsilon_as_it_is_written(epsilon: float, nano: int) -> None:
    assert PURE.nano_of(epsilon) == nano
    assert PURE.epsilon_of(nano) == epsilon


def test_three_tenths_pay_for_a_tenth_three_times() -> None:
    assert PURE.nano_of(0.3) == 3 * PURE.nano_of(0.1)


def test_less_than_a_billionth_of_epsilon_is_nothing_and_parts_are_rounded_down() -> None:
    assert PURE.nano_of(1e-320) == 0
    assert PURE.nano_of(9.99e-10) == 0
    assert PURE.nano_of(1.9999999999e-9) == 1


@pytest.mark.parametrize("epsilon", [0.0, -1.0, math.nan, math.inf, MAX_EPSILON * 1.01])
@pytest.mark.parametrize("currency", [PURE, Currency(Calculus.GAUSSIAN, 1e-6)])
def test_an_epsilon_out_of_range_is_no_price(epsilon: float, currency: Currency) -> None:
    with pytest.raises(ValueError, match="epsilon must lie between"):
        currency.nano_of(epsilon)


def test_a_currency_of_rho_converts_at_its_delta() -> None:
    currency = Currency(Calculus.GAUSSIAN, 1e-6)
    assert currency.nano_of(8.0) == rho_nano_of(8.0, 1e-6)
    assert currency.epsilon_of(NANO) == epsilon_of(NANO, 1e-6)
    assert (currency.word, PURE.word) == ("rho", "epsilon")
