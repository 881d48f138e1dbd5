"""The bounds themselves, where they are known otherwise."""

import math

import pytest
from attacks.bounds import Bounds
from concordat_query.model import NANO, Calculus

RHO, EPSILON = Bounds(Calculus.GAUSSIAN, NANO // 2), Bounds(Calculus.PURE, NANO)


def test_bounds_of_half_a_rho_are_those_of_one_normal_deviation() -> None:
    assert pytest.approx(0.382924922548026) == RHO.advantage
    assert pytest.approx(1 / (math.e - 1)) == RHO.variance
    assert pytest.approx(0.841344746068543) == RHO.bits


def test_bounds_of_an_epsilon_are_those_of_randomised_response() -> None:
    """Who tells the truth with probability e / (1 + e) is 1-DP: the best guess is to believe it."""
    assert pytest.approx(2 * math.e / (1 + math.e) - 1) == EPSILON.advantage
    assert pytest.approx(math.e**2 / (1 + math.e**2)) == EPSILON.bits


@pytest.mark.parametrize("calculus", Calculus)
def test_who_spends_more_may_win_more_and_who_spends_nothing_wins_nothing(calculus: Calculus) -> None:
    bounds = [Bounds(calculus, spent) for spent in (0, 1, NANO, 40 * NANO)]
    assert [each.advantage for each in bounds] == sorted(each.advantage for each in bounds)
    assert [each.bits for each in bounds] == sorted(each.bits for each in bounds)
    assert (bounds[0].advantage, bounds[0].bits) == (0.0, 0.5)
