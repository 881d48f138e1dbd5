"""Discrete Gaussian noise is no easier to see through than the continuous noise that it is priced as, and no cheaper.

Mu-Gaussian differential privacy of one coordinate is looked at where it is decided, at every corner of the exact
trade-off; docs/proofs/gaussian.md says why these are enough.
"""

import math
import random
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest
from concordat_privacy.accounting import epsilon_of
from concordat_privacy.sensitivity import LEAST_VARIANCE, is_paid, scale_for
from concordat_query.model import NANO
from fakes.laws import gaussian, probabilities

NORMAL = NormalDist()


def steps(scale: float) -> list[float]:
    """What one lattice step adds to the normal quantile of P[X < k], from the middle outwards, as far as 8 scales."""
    spread = probabilities(gaussian(scale))
    tails = np.cumsum(spread[::-1])[len(spread) // 2 - 1 :: -1]  # P[X >= k] for k = 1, 2, ...
    quantiles = [-NORMAL.inv_cdf(float(tail)) for tail in tails[: math.ceil(8 * scale) + 2]]
    return [2 * quantiles[0], *np.diff(quantiles)]


def variance_paid_for(scale: float) -> float:
    """The largest variance of a continuous Gaussian that this scale pays for, found without the house's formula."""
    low, high = 0, 8 * NANO
    while high - low > 1:  # the least price at a sensitivity of 1
        middle = (low + high) // 2
        low, high = (low, middle) if is_paid(scale, 1, middle) else (middle, high)
    return NANO / (2 * high)


@pytest.mark.parametrize("scale", [0.578, 0.6, 0.66, 0.75, 0.9, 1.0, 1.3, 1.7, 2.5, 4.0, 6.5, 10.0, 17.3, 30.0])
def test_no_step_of_the_lattice_is_further_than_the_continuous_noise_allows(scale: float) -> None:
    allowed = 1 / math.sqrt(variance_paid_for(scale))
    assert max(steps(scale)) <= allowed * (1 + 1e-10)


@pytest.mark.parametrize("scale", [1.0, 1.7, 4.0, 10.0])
def test_next_to_nothing_is_given_away(scale: float) -> None:
    """A twelfth of a lattice step squared is what discreteness costs."""
    widest = max(steps(scale))
    assert variance_paid_for(scale) >= 0.985 / widest**2
    assert widest > 1 / scale


def test_the_scale_is_the_least_on_its_grid_that_is_paid_for() -> None:
    dice = random.Random(20160103)  # noqa: S311  # a reproducible sample, not a secret
    for _ in range(2000):
        square, rho = int(2 ** dice.uniform(0, 60)), int(2 ** dice.uniform(5, 37))
        scale = scale_for(square, rho)
        below = scale - math.ldexp(1, math.frexp(scale)[1] - 14)
        assert is_paid(scale, square, rho)
        assert not is_paid(below, square, rho) or below**2 >= scale**2 * (1 - 2**-30)


def test_a_price_beyond_what_the_lattice_lets_anybody_use_buys_the_least_noise() -> None:
    assert scale_for(1, 3 * NANO) == scale_for(1, 1000 * NANO)
    assert Fraction(scale_for(1, 1000 * NANO)) ** 2 >= LEAST_VARIANCE * 2
    assert not is_paid(0.57, 1, 1000 * NANO)


@pytest.mark.parametrize("rho", [0, -1])
def test_nothing_is_paid_for_by_nothing(rho: int) -> None:
    assert not is_paid(1e9, 1, rho)


def hockey_stick(epsilon: float, mu: float) -> float:
    """Delta by its definition, as an integral over what a continuous Gaussian releases."""
    points = np.linspace(-14, 14 + mu, 2_000_001)
    without, with_it = (np.exp(-((points - centre) ** 2) / 2) / math.sqrt(2 * math.pi) for centre in (0, mu))
    return float(np.trapezoid(np.maximum(with_it - math.exp(epsilon) * without, 0), points))


@pytest.mark.parametrize("delta", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("rho", [0.001, 0.0244, 0.311, 1.052, 7.0, 40.0])
def test_delta_at_the_epsilon_of_rho_is_the_integral_over_the_larger_probability(rho: float, delta: float) -> None:
    epsilon, mu = epsilon_of(round(rho * NANO), delta), math.sqrt(2 * rho)
    assert hockey_stick(epsilon, mu) == pytest.approx(delta, rel=1e-5)


@pytest.mark.parametrize("scale", [0.66, 1.0, 2.5, 6.5])
@pytest.mark.parametrize("releases", [1, 3])
def test_exact_delta_of_discrete_releases_is_within_what_is_said(scale: float, releases: int) -> None:
    """By the distribution of the loss itself: a lattice of multiples of 1 / (2 scale**2), added up over releases."""
    spread = probabilities(gaussian(scale))
    losses = spread
    for _ in range(releases - 1):
        losses = np.convolve(losses, spread)
    sums = np.arange(len(losses)) - len(losses) // 2
    loss = (2 * sums + releases) / (2 * scale**2)
    rho = releases * NANO / (2 * variance_paid_for(scale))
    for delta in (1e-2, 1e-4, 1e-6, 1e-9):
        epsilon = epsilon_of(math.ceil(rho), delta)
        exact = float(np.sum(losses * np.maximum(0, -np.expm1(epsilon - loss))))
        assert exact <= delta
