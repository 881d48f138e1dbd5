"""Trade-offs are those of the definition, worked out the slow way."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from audit.losses import Floats, Shifted, gaussian, laplace, shifts_of

LEVELS = np.linspace(0, 1, 201)


def slowly(q: float, shift: int, scale: float) -> float:
    """The best event of that probability: outcomes in the order of their ratio, the last one in part."""
    outcomes = range(-60, 61)
    weights = {y: math.exp(-(y**2) / (2 * scale**2)) for y in range(-200, 201)}
    total = sum(weights.values())
    p = 0.0
    for outcome in sorted(outcomes, reverse=True):
        here, there = weights[outcome] / total, weights[outcome - shift] / total
        part = min(1.0, q / here) if here > 0 else 1.0
        p, q = p + part * there, q - part * here
        if q <= 0:
            break
    return p


@pytest.mark.parametrize(("shift", "scale"), [(1, 1.0), (1, 0.7), (2, 1.5), (3, 5.0)])
def test_the_tradeoff_of_one_coordinate_is_exact(shift: int, scale: float) -> None:
    claim = gaussian([Shifted(shift, scale)])
    for level in LEVELS[1:-1]:
        assert claim.most(np.array(level)) == pytest.approx(slowly(float(level), shift, scale), abs=1e-9)


def test_a_fine_lattice_is_as_good_as_the_continuous_gaussian() -> None:
    claim = gaussian([Shifted(100_000, 80_000.0)])
    normal = NormalDist()
    for level in LEVELS[1:-1]:
        expected = normal.cdf(normal.inv_cdf(float(level)) + 100_000 / 80_000)
        assert claim.most(np.array(level)) == pytest.approx(expected, abs=1e-5)


def test_the_continuous_gaussian_would_condemn_correct_noise() -> None:
    normal = NormalDist()
    q = 0.300_5  # of at least 1 under noise of scale 1
    assert gaussian([Shifted(1, 1.0)]).most(np.array(q)) > normal.cdf(normal.inv_cdf(q) + 1) + 0.005


@pytest.mark.parametrize("factor", [1.0, 0.8])
def test_components_add_up_and_never_below_the_truth(factor: float) -> None:
    together = gaussian([Shifted(1, 20.0), Shifted(40, 600.0), Shifted(900, 9000.0)], factor)
    mu = math.sqrt((1 / 20) ** 2 + (40 / 600) ** 2 + (1 / 10) ** 2) / factor
    normal = NormalDist()
    for level in LEVELS[1:-1]:
        exact = normal.cdf(normal.inv_cdf(float(level)) + mu)
        assert exact - 1e-6 <= together.most(np.array(level)) <= exact + 3 * 2.0**-9


def test_laplace_noise_of_a_shift_of_one_allows_all_that_epsilon_allows() -> None:
    """Of the event and of its opposite."""
    claim = laplace([Shifted(1, 1.0)])
    for q in LEVELS:
        assert claim.most(np.array(q)) == pytest.approx(min(math.e * q, 1 - (1 - q) / math.e))


@pytest.mark.parametrize("factor", [1.0, 0.8])
def test_a_fine_lattice_is_as_good_as_continuous_laplace_noise(factor: float) -> None:
    """Between 0 and the shift, events are what lies above a value."""
    claim = laplace([Shifted(100_000, 80_000.0)], factor)
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        q, p = (0.5 * math.exp(-100_000 * each / 80_000.0 / factor) for each in (part, 1 - part))
        assert claim.most(np.array(q)) == pytest.approx(1 - p, abs=1e-5)


def test_laplace_noises_add_up_and_never_below_the_truth() -> None:
    """The best events are those of the largest sums of losses: by brute force over all pairs of outcomes."""
    parts, outcomes = [(3, 4.0), (5, 9.0)], np.arange(-300, 301)

    def together(moved: int) -> Floats:
        first, second = (np.exp(-np.abs(outcomes - moved * shift) / scale) for shift, scale in parts)
        found: Floats = np.multiply.outer(first, second).ravel()
        found /= found.sum()
        return found

    under, over = together(0), together(1)
    order = np.argsort(-over / under, kind="stable")
    q, p = np.cumsum(under[order]), np.cumsum(over[order])
    claim = laplace([Shifted(shift, scale) for shift, scale in parts])
    for level in LEVELS[1:-1]:
        exact = float(np.interp(level, q, p))
        assert exact - 1e-9 <= claim.most(np.array(level)) <= exact + 2 * 2.0**-9


@pytest.mark.parametrize(("squared", "shifts"), [(1, (1,)), (4, (2,)), (3, (1, 1, 1)), (90_000, (300,))])
def test_a_claim_is_one_shift_where_it_is_a_square(squared: int, shifts: tuple[int, ...]) -> None:
    assert shifts_of(squared) == shifts
