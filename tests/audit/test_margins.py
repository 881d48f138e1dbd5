"""Margins hold the truth as often as they say: `make margins` in small."""

import math

import numpy as np
import pytest
from audit.hidden import hidden_covered
from audit.margins import LEVELS, LINES, Covered, Level, Line, covered, price_of
from audit.planted.mistakes import quantiles
from concordat_privacy.laws import Sensitivity
from concordat_privacy.sensitivity import law_for
from concordat_query.model import NANO, Calculus, Statistic

REPETITIONS = 300
SLACK = 0.015
"""Three standard errors of what is found in so few repetitions."""


@pytest.mark.parametrize("calculus", Calculus)
@pytest.mark.parametrize("line", LINES, ids=lambda line: line.asked)
def test_margins_hold_the_truth_in_93_to_97_of_100(line: Line, calculus: Calculus) -> None:
    found = covered(line, calculus, Level(5, 10), REPETITIONS)
    assert 0.93 - SLACK <= found.share <= found.ceiling + SLACK


def test_margins_of_how_many_texts_are_hidden_hold_the_truth_too() -> None:
    found = hidden_covered(Level(5, 10), 2 * REPETITIONS)
    assert found.given == 1
    assert 0.93 - SLACK <= found.least <= found.most <= found.ceiling + SLACK


@pytest.mark.parametrize("calculus", Calculus)
@pytest.mark.parametrize("sigma", [0.7, 5, 50])
def test_the_noise_of_a_level_has_its_sigma(calculus: Calculus, sigma: float) -> None:
    """Of the discrete Gaussian, as its price is told: the noise itself is wider by a part of 1/24 of its variance."""
    law = law_for(calculus, Sensitivity(1, 1), round(price_of(calculus, sigma) * NANO))
    levels = (np.arange(200_000) + 0.5) / 200_000
    found = float(np.std(quantiles(law, levels).astype(np.float64)))
    assert sigma * 0.99 < found < math.sqrt(sigma**2 + (calculus is Calculus.GAUSSIAN) / 8) * 1.01


def test_a_quotient_holds_as_often_where_one_outcome_of_the_noise_has_a_twentieth_of_the_probability() -> None:
    line = next(each for each in LINES if each.asked.endswith("/ COUNT(*)"))
    assert covered(line, Calculus.GAUSSIAN, Level(0.73, 11), 1000).share > 0.95


def test_every_statistic_has_a_line() -> None:
    asked = " ".join(line.asked for line in LINES).replace("COUNTIF(", "COUNT(").replace("MEDIAN(", "PERCENTILE_CONT(")
    assert [each.value for each in Statistic if each.value.partition("(")[0] + "(" not in asked] == []


def test_margins_that_are_too_narrow_or_too_wide_are_noticed() -> None:
    def found(share: float, line: Line, level: Level, given: float = 1.0) -> Covered:
        return Covered(line, Calculus.PURE, level, given, share, share, share)

    count, mean, slope = (next(each for each in LINES if each.narrow == narrow) for narrow in (0, 10, None))
    assert not found(0.92, slope, LEVELS[0]).holds
    assert found(0.99, slope, Level(50, 400)).holds
    assert found(0.99, mean, Level(50, 9)).holds
    assert not found(0.98, mean, Level(50, 10)).holds
    assert not found(0.98, mean, Level(0.7, 10)).holds
    assert found(0.98, count, Level(4, 1)).holds
    assert not found(0.98, count, Level(5, 1)).holds
    assert found(0.95, slope, Level(5, 9), given=0.1).holds
    assert not found(0.95, slope, Level(5, 10), given=0.79).holds
    assert not found(0.95, slope, Level(5, 40), given=0.99).holds


def test_the_truth_is_that_of_the_records() -> None:
    line = next(each for each in LINES if each.asked == "AVG(age)")
    wrong = Line(line.asked, lambda records: float(np.mean(records.age)) + 30, None)
    assert covered(wrong, Calculus.GAUSSIAN, Level(50, 400), 50).share < 0.1
