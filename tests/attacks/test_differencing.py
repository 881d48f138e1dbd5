"""Differencing: two figures that only one person tells apart, and the bound of what their difference gives away.

In each of 2,500 towns the target is present by the toss of a coin. She is alone in her combination of traits, and the
oldest. Attackers say of each town whether she is there.
"""

from pathlib import Path

import pytest
from attacks.asking import Wording
from attacks.carrying_out import Attack, Outcome, carried_out
from attacks.engines import HONEST, reused, weakened
from attacks.estimating import combined, is_present
from attacks.judging import Measured, advantage
from attacks.towns import OLDEST, with_or_without
from concordat_query.model import Calculus

HER = "street = 'North' AND trade = 'Baker' AND sex = 'F'"
ALL_BUT_ONE = (Wording("COUNT(*)"), Wording("COUNT(*)", f"NOT ({HER})", weight=-1))
NEIGHBOURING_BOUNDS = (
    Wording("SUM(age)", f"age BETWEEN 0 AND {OLDEST}", weight=1 / OLDEST),
    Wording("SUM(age)", f"age BETWEEN 0 AND {OLDEST - 1}", weight=-1 / OLDEST),
)
TRACKER = (
    Wording("COUNT(*)", f"{HER} OR debtor = 'no'"),
    Wording("COUNT(*)", f"{HER} OR debtor = 'yes'"),
    Wording("COUNT(*)", "debtor = 'yes' OR debtor = 'no'", weight=-1),
)
"""Nobody asks about her alone: where only large sets may be asked about, this finds her all the same (Denning, Denning,
Schwartz 1979, "The tracker: a threat to statistical database security")."""
WAYS = pytest.mark.parametrize(
    "wordings", [ALL_BUT_ONE, NEIGHBOURING_BOUNDS, TRACKER], ids=["all but one", "neighbouring bounds", "tracker"]
)
COUNTRY = with_or_without(2_500, seed=11)
EPSILON = 5.0


def attack(wordings: tuple[Wording, ...]) -> Attack:
    return Attack(wordings, EPSILON, rounds=2)


def won(outcome: Outcome) -> tuple[Measured, Measured]:
    """By the difference alone, and by whoever knows everybody else and how likely each answer is."""
    plain, best = combined(outcome.answers) > 0.5, is_present(outcome.answers)
    return advantage(plain, COUNTRY.truth), advantage(best, COUNTRY.truth)


@WAYS
async def test_a_difference_gives_away_no_more_than_the_account_allows(
    wordings: tuple[Wording, ...], tmp_path: Path
) -> None:
    outcome = await carried_out(attack(wordings), COUNTRY, HONEST, tmp_path)
    for found in won(outcome):
        assert not found.is_above(outcome.bounds.advantage)


@WAYS
async def test_noise_of_a_third_of_its_scale_is_caught(wordings: tuple[Wording, ...], tmp_path: Path) -> None:
    outcome = await carried_out(attack(wordings), COUNTRY, weakened(3, seed=12), tmp_path)
    _, best = won(outcome)
    assert best.is_above(outcome.bounds.advantage)


async def test_noise_that_two_questions_share_is_caught(tmp_path: Path) -> None:
    outcome = await carried_out(attack(ALL_BUT_ONE), COUNTRY, reused(seed=13), tmp_path)
    plain, _ = won(outcome)
    assert plain.is_above(outcome.bounds.advantage)


async def test_who_asks_about_her_alone_reaches_the_bound_and_does_not_pass_it(tmp_path: Path) -> None:
    outcome = await carried_out(attack((Wording("COUNT(*)", HER),)), COUNTRY, HONEST, tmp_path)
    for found in won(outcome):
        assert not found.is_above(outcome.bounds.advantage)
        assert not found.is_below(outcome.bounds.advantage - 0.02)


async def test_in_a_pure_account_one_question_that_takes_it_all_reaches_the_bound_and_does_not_pass_it(
    tmp_path: Path,
) -> None:
    alone = Attack((Wording("COUNT(*)", HER),), epsilon=1.0, calculus=Calculus.PURE)
    outcome = await carried_out(alone, COUNTRY, HONEST, tmp_path / "honest")
    _, best = won(outcome)
    assert not best.is_above(outcome.bounds.advantage)
    assert not best.is_below(outcome.bounds.advantage - 0.02)
    outcome = await carried_out(alone, COUNTRY, weakened(2, seed=14), tmp_path / "weakened")
    _, best = won(outcome)
    assert best.is_above(outcome.bounds.advantage)
