"""Margins are exact on the lattice, and simulated noise is the same for everyone."""

import math
import random

import numpy as np
import numpy.typing as npt
import pytest
from concordat_privacy.margins import COARSE, draws, noise_margin
from fakes.laws import gaussian, gaussians

PINNED_SMALL = [0, -6, 4, 2, -4, -2, 6, 1, 0, -3, -1, 3]
PINNED_SPREAD = [2.4345, 3.6966, 1.1792, -1.1792, -3.6966, 0.2216, -2.4345, 1.7434, -0.2216, 0.6840, -0.6840, -1.7434]
PINNED_LARGE = [-42, 693, -460, 127, 42, 325, -219, 219, -693, -127, 460, -325]
Floats = npt.NDArray[np.float64]


def brute_distribution(scales: tuple[float, ...]) -> Floats:
    """Probabilities of the sum, by convolving every single one over a wide lattice."""
    total = np.ones(1)
    for scale in scales:
        width = math.ceil(14 * scale) + 3
        weights = np.exp(-(np.arange(-width, width + 1) ** 2) / (2 * scale**2))
        total = np.convolve(total, weights / weights.sum())
    return total


def coverage(distribution: Floats, margin: int) -> float:
    middle = len(distribution) // 2
    return float(distribution[middle - margin : middle + margin + 1].sum())


@pytest.mark.parametrize(
    "scales",
    [
        (0.2,),
        (0.5,),
        (1.0,),
        (3.0,),
        (30.0,),
        (99.9,),
        (1.0,) * 4,
        (0.5, 3.0),
        (3.0,) * 4,
        (2.0, 2.0),
        (0.7, 1.9, 30.0),
        (0.2,) * 4,
        (0.48,) * 3,
    ],
)
def test_the_margin_is_the_smallest_that_holds_95_percent(scales: tuple[float, ...]) -> None:
    margin = noise_margin(gaussians(*scales))
    distribution = brute_distribution(scales)
    assert coverage(distribution, margin) >= 0.95
    assert margin == 0 or coverage(distribution, margin - 1) < 0.95


def test_large_scales_need_no_lattice_and_give_the_same_margin() -> None:
    dice = random.Random(7)  # noqa: S311  # a reproducible sample, not a secret
    for _ in range(60):
        scale = dice.uniform(100, 1500)
        margin = noise_margin([gaussian(scale)])
        distribution = brute_distribution((scale,))
        assert coverage(distribution, margin) >= 0.95
        assert coverage(distribution, margin - 1) < 0.95


def test_large_scales_are_corrected_for_the_lattice() -> None:
    scale = 200.5004 / 1.959963985  # the normal interval alone would end just beyond the middle between 200 and 201
    assert noise_margin([gaussian(scale)]) == 200
    assert coverage(brute_distribution((scale,)), 200) >= 0.95


def test_at_sigma_one_the_margin_is_two_not_196_hundredths() -> None:
    assert noise_margin([gaussian(1.0)]) == 2
    assert coverage(brute_distribution((1.0,)), 2) >= 0.95
    assert coverage(brute_distribution((1.0,)), 1) < 0.90


def test_margins_do_not_depend_on_the_order_of_scales() -> None:
    assert noise_margin(gaussians(0.5, 8.0, 1.5)) == noise_margin(gaussians(8.0, 1.5, 0.5))


def test_a_huge_scale_is_no_work() -> None:
    assert noise_margin([gaussian(2.0**50)]) == pytest.approx(1.959963985 * 2**50, rel=1e-9)


def test_draws_are_the_same_for_ever() -> None:
    small, large, spread = draws(b"seed", [gaussians(2.5, 2.5), gaussians(400.0), gaussians(1.5, 1.5)], 12).tolist()
    assert small == PINNED_SMALL
    assert large == PINNED_LARGE
    assert spread == pytest.approx(PINNED_SPREAD, abs=1e-4)
    assert draws(b"seed", [gaussians()], 3).tolist() == [[0, 0, 0]]


def test_another_seed_shuffles_otherwise() -> None:
    assert (draws(b"a", [gaussians(5.0)], 100) != draws(b"b", [gaussians(5.0)], 100)).any()


@pytest.mark.parametrize("scales", [(0.5,), (1.0, 1.0), (7.0,), (60.0, 90.0), (5000.0,)])
def test_draws_have_the_variance_of_the_noise(scales: tuple[float, ...]) -> None:
    distribution = brute_distribution(scales) if max(scales) < 100 else None
    expected = sum(scale**2 for scale in scales)
    if distribution is not None:
        lattice = np.arange(len(distribution)) - len(distribution) // 2
        expected = float((distribution * lattice**2).sum())
    if expected < COARSE**2:
        expected += 1 / 12  # of a step
    (found,) = draws(b"variance", [gaussians(*scales)], 1000)
    assert found.var() == pytest.approx(expected, rel=0.02)
    assert abs(found.mean()) < 0.02 * math.sqrt(expected)


def test_rows_of_draws_are_unrelated() -> None:
    first, second, third = draws(b"rows", [gaussians(9.0), gaussians(9.0), gaussians(900.0)], 1000)
    for left, right in ((first, second), (first, third), (second, third)):
        assert abs(np.corrcoef(left, right)[0, 1]) < 0.1
