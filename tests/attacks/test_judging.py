"""The judge lets an attack pass that wins just what it may, and catches one that has a fifth less noise against it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from attacks.bounds import Bounds
from attacks.judging import Floats, Measured, Truths, advantage, bits_right, squared_error
from concordat_query.model import NANO, Calculus

TOWNS, RESIDENTS = 20_000, 5
BOUNDS = Bounds(Calculus.GAUSSIAN, NANO // 2)
CHANCE = np.random.default_rng(41)
TRUTH: Truths = CHANCE.random((TOWNS, RESIDENTS)) < 0.5
NOISE: Floats = CHANCE.standard_normal((TOWNS, RESIDENTS))


@dataclass(frozen=True)
class Judged:
    """What the judge measures where noise has so many standard deviations, and the bound that deviation 1 attains."""

    measured: Callable[[float], Measured]
    bound: float


CASES = {
    "presence": Judged(lambda sd: advantage((TRUTH + sd * NOISE > 0.5)[:, 0], TRUTH[:, 0]), BOUNDS.advantage),
    "bits": Judged(lambda sd: bits_right(2 * TRUTH + sd * NOISE > 1, TRUTH), BOUNDS.bits),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_what_attains_the_bound_passes_and_what_has_a_fifth_less_noise_is_caught(case: Judged) -> None:
    attained = case.measured(1.0)
    assert not attained.is_above(case.bound)
    assert attained.value == pytest.approx(case.bound, abs=4 * attained.error)
    assert case.measured(0.8).is_above(case.bound)


def test_an_error_is_below_its_bound_only_beyond_what_chance_does() -> None:
    found = squared_error(NOISE[:, 0], np.zeros(TOWNS))
    assert found.value == pytest.approx(1, abs=4 * found.error)
    assert found.error == pytest.approx((2 / TOWNS) ** 0.5, rel=0.05)
    assert not found.is_below(1.0)
    assert found.is_below(1.1)


def test_residents_of_one_town_are_not_taken_for_independent() -> None:
    """All of a town guessed rightly, or none: as uncertain as one resident of each."""
    luck = np.repeat(TRUTH[:, :1], RESIDENTS, axis=1)
    assert bits_right(luck, np.ones_like(luck)).error == pytest.approx(0.5 / TOWNS**0.5, rel=0.01)
