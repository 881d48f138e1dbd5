"""Margins of sums of discrete Laplace noise: exact on the lattice, and bounded from above beyond what can be listed."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from concordat_privacy.laws import Law
from concordat_privacy.margins import Noise, combined_margin, draws, noise_margin
from fakes.laws import Floats, gaussian, laplace, probabilities, variance

Terms = tuple[Noise, ...]


def brute(terms: Terms) -> Floats:
    """Probabilities of the sum, by convolving every single noise over a wide lattice; zero's in the middle."""
    total = np.ones(1)
    for weight, law, copies in terms:
        single = probabilities(law)
        spread = np.zeros((len(single) - 1) * weight + 1)
        spread[::weight] = single
        for _ in range(copies):
            total = np.convolve(total, spread)
    return total


def held(distribution: Floats, margin: int) -> float:
    middle = len(distribution) // 2
    return float(distribution[max(0, middle - margin) : middle + margin + 1].sum())


def is_smallest(distribution: Floats, margin: int) -> bool:
    middle = len(distribution) // 2
    below = next((m for m in range(margin - 1, -1, -1) if distribution[middle + m] > 0), None)
    return held(distribution, margin) >= 0.95 and (below is None or held(distribution, below) < 0.95)


def of_copies(scale: float, copies: int, reach: int) -> Floats:
    """P(sum = k) for k from 0 to `reach`, in closed form: the difference of two negative binomials, by Pfaff's form of
    its hypergeometric series, in which every term is positive."""
    q, k = math.exp(-1 / scale), np.arange(reach + 1, dtype=np.float64)
    found = np.zeros(reach + 1)
    for j in range(copies):
        ways = np.full(reach + 1, float(math.comb(copies + j - 1, j)) * (q * q / (1 - q * q)) ** j)
        for i in range(copies - 1 - j):  # C(copies + k - 1, copies - 1 - j)
            ways *= (copies + k - 1 - i) / (i + 1)
        found += ways
    return np.asarray(found * ((1 - q) / (1 + q)) ** copies * np.exp(-k / scale))


@pytest.mark.parametrize("scale", [0.01, 0.1, 0.3, 0.334, 0.5, 1.0, 1.7, 9.0, 31.5])
@pytest.mark.parametrize("copies", [1, 2, 3, 4])
def test_the_margin_is_the_smallest_that_holds_95_percent(scale: float, copies: int) -> None:
    distribution = brute((Noise(1, laplace(scale), copies),))
    assert is_smallest(distribution, noise_margin((laplace(scale),) * copies))


def test_one_noise_has_its_margin_in_closed_form_whatever_its_scale() -> None:
    dice = random.Random(3)  # noqa: S311  # a reproducible sample, not a secret
    for _ in range(300):
        scale = 2 ** dice.uniform(-6, 49)
        margin = noise_margin([laplace(scale)])
        beyond = [2 * math.exp(-(m + 1) / scale) / (1 + math.exp(-1 / scale)) for m in (margin, margin - 1)]
        assert beyond[0] <= 0.05 * (1 + 1e-9)
        assert margin == 0 or beyond[1] > 0.05 * (1 - 1e-9)


@pytest.mark.parametrize(("scale", "copies"), [(700.0, 2), (2500.0, 4), (5000.0, 2), (9000.0, 3), (3000.0, 24)])
def test_sums_of_equal_noises_too_wide_to_list_have_the_same_margins(scale: float, copies: int) -> None:
    margin = noise_margin((laplace(scale),) * copies)
    single = of_copies(scale, copies, margin)
    within = single[0] + 2 * single[1:].sum()
    assert within >= 0.95
    assert within - 2 * single[-1] < 0.95


@pytest.mark.parametrize("copies", [1, 2, 5, 64, 4000, 100_000])
def test_margins_go_by_the_scale_and_towards_the_normal_interval(copies: int) -> None:
    small, large = (noise_margin((laplace(scale),) * copies) / scale for scale in (2000.0, 2.0**50 / 1000))
    assert small == pytest.approx(large, rel=5e-4)
    spread = large / math.sqrt(2 * copies)
    assert 1.9599 < spread < math.log(20) / math.sqrt(2) + 1e-6
    if copies > 64:  # the fourth cumulant's part, by Cornish and Fisher
        assert spread == pytest.approx(1.959964 + (1.959964**3 - 3 * 1.959964) / 24 * 3 / copies, rel=1e-5)


@pytest.mark.parametrize(
    "terms",
    [
        (Noise(1, laplace(3.0), 1), Noise(1, laplace(7.0), 1)),
        (Noise(1, laplace(3.0), 2), Noise(2, laplace(1.5), 2)),
        (Noise(2, laplace(0.4), 3), Noise(3, laplace(0.7), 1)),
        (Noise(1, laplace(0.3), 5), Noise(100, laplace(0.8), 1)),
        (Noise(7, laplace(2.5), 1), Noise(1000, laplace(1.2), 1)),
        (Noise(1, laplace(1.0), 1), Noise(10, laplace(1.0), 1), Noise(100, laplace(1.0), 1)),
        (Noise(3, laplace(20.0), 1), Noise(2, laplace(40.0), 2)),
        (Noise(3, laplace(0.02), 2), Noise(5, laplace(0.03), 1)),
    ],
    ids=range(8),
)
def test_the_margin_of_a_combination_is_the_smallest_that_holds_95_percent(terms: Terms) -> None:
    assert is_smallest(brute(terms), combined_margin(terms))


def exact_of_two(first: Noise, second: Noise, margin: int) -> float:
    """P(abs(sum) <= margin) of two single noises, the first of few values, by the second's closed form."""
    single, q = probabilities(first.law), math.exp(-1 / second.law.scale)

    def upto(x: int) -> float:  # P(second <= x)
        tail = math.exp(-(abs(x) + (x >= 0)) / second.law.scale) / (1 + q)
        return 1 - tail if x >= 0 else tail

    middle = len(single) // 2
    return math.fsum(
        float(p)
        * (
            upto((margin - first.weight * (place - middle)) // second.weight)
            - upto(-((margin + first.weight * (place - middle)) // second.weight) - 1)
        )
        for place, p in enumerate(single.tolist())
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Noise(9000, laplace(2.0), 1), Noise(1, laplace(40.0), 1)),
        (Noise(1_000_000, laplace(12.0), 1), Noise(1, laplace(9e6), 1)),
        (Noise(123_457, laplace(0.9), 1), Noise(1000, laplace(150.0), 1)),
        (Noise(1, laplace(30.0), 1), Noise(10, laplace(1e9), 1)),
    ],
    ids=range(4),
)
def test_beyond_the_lattice_a_margin_is_never_too_narrow_and_little_too_wide(first: Noise, second: Noise) -> None:
    margin = combined_margin(tuple(sorted((first, second))))
    assert exact_of_two(first, second, margin) >= 0.95
    spare = first.weight + second.weight + 2
    assert exact_of_two(first, second, margin - spare) < 0.95


def test_a_sum_of_very_unequal_noises_has_nearly_the_larger_ones_margin() -> None:
    alone = noise_margin([laplace(2.0**40)])
    assert noise_margin([laplace(2.0**40), laplace(5.0)]) == pytest.approx(alone, rel=1e-6)


def test_the_order_of_noises_changes_nothing_and_weights_alone_multiply() -> None:
    assert noise_margin([laplace(0.5), laplace(8.0)]) == noise_margin([laplace(8.0), laplace(0.5)])
    assert combined_margin((Noise(6, laplace(3.0), 4),)) == 6 * noise_margin((laplace(3.0),) * 4)


def test_noise_of_two_mechanisms_is_never_added_up() -> None:
    mixed = [laplace(3.0), gaussian(3.0)]
    with pytest.raises(ValueError, match="one mechanism"):
        noise_margin(mixed)
    with pytest.raises(ValueError, match="one mechanism"):
        combined_margin(tuple(Noise(1, law, 1) for law in mixed))
    with pytest.raises(ValueError, match="one mechanism"):
        draws(b"seed", [mixed], 10)


def test_a_laplace_has_another_margin_than_a_gaussian_of_its_variance() -> None:
    assert noise_margin([laplace(100.0)]) == 300
    assert noise_margin([gaussian(math.sqrt(variance(laplace(100.0))))]) == 277


SUMS = [(0.01, 3), (0.5, 1), (0.5, 2), (7.0, 1), (60.0, 4), (5000.0, 1), (5000.0, 3), (1e9, 2), (2.0**49, 40)]


@pytest.mark.parametrize(("scale", "copies"), SUMS)
def test_draws_have_the_variance_and_the_margin_of_the_noise(scale: float, copies: int) -> None:
    laws: tuple[Law, ...] = (laplace(scale),) * copies
    (found,) = draws(b"variance", [laws], 20_000)
    assert found.var() == pytest.approx(copies * variance(laplace(scale)), rel=0.01)
    assert (np.sort(found) == -np.sort(found)[::-1]).all()
    assert (found == np.rint(found)).all()
    margin = noise_margin(laws)
    assert (np.abs(found) <= margin).mean() >= 0.95 - 1e-4
    assert margin == 0 or (np.abs(found) < margin).mean() <= 0.95 + 1e-4


def test_draws_are_the_same_for_ever() -> None:
    small, large = draws(b"seed", [(laplace(1.5),) * 2, (laplace(400.0),)], 12).astype(int).tolist()
    assert small == PINNED_SMALL
    assert large == PINNED_LARGE


def test_an_odd_number_of_draws_has_its_middle_at_zero() -> None:
    (found,) = draws(b"odd", [(laplace(50.0),) * 3], 9)
    assert sorted(found)[4] == 0
    assert Fraction(sum(found)) == 0


PINNED_SMALL = [0, -5, 3, 1, -3, -1, 5, 1, 0, -2, -1, 2]
PINNED_LARGE = [-35, 994, -555, 115, 35, 350, -216, 216, -994, -115, 555, -350]
