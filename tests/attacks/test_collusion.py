"""Colluding analysts: grants of their own, two coordinators, all at once. The account is the population's."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from attacks.asking import Attacker, Seen, Wording
from attacks.carrying_out import Attack, carried_out
from attacks.engines import HONEST
from attacks.estimating import bits, presence
from attacks.judging import bits_right, squared_error
from attacks.nodes import ANALYSTS, COORDINATORS, Besieged, besieged
from attacks.towns import with_debtors, with_or_without
from concordat_node.engine.process import Engine
from concordat_query.errors import Reason, Refusal

WOMEN = Wording("COUNT(*)", "sex = 'F'")
BALANCE = Wording("SUM(CASE WHEN debtor = 'yes' THEN 10 ELSE -10 END) AS balance", keys="street, trade, sex")
FEW = with_or_without(3, seed=31)


def colluders(node: Besieged, coordinators: int = 1) -> list[Attacker]:
    """Every analyst, through every coordinator."""
    return [Attacker(node, node.analysts[name], through) for name in ANALYSTS for through in range(coordinators)]


async def test_three_analysts_together_average_no_more_noise_away_than_one(tmp_path: Path) -> None:
    country = with_or_without(1_000, seed=32)
    attack = Attack((WOMEN,), epsilon=1.0, rounds=6, analysts=3)
    outcome = await carried_out(attack, country, HONEST, tmp_path)
    found = squared_error(presence(outcome.answers), country.truth.astype(float))
    assert not found.is_below(outcome.bounds.variance)


async def test_three_analysts_together_reconstruct_no_more_than_one(tmp_path: Path) -> None:
    country = with_debtors(250, seed=33)
    outcome = await carried_out(Attack((BALANCE,), epsilon=5.0, rounds=3, analysts=3), country, HONEST, tmp_path)
    assert not bits_right(bits(outcome.answers), country.truth).is_above(outcome.bounds.bits)


async def test_questions_at_the_same_time_are_answered_as_far_as_the_account_goes(tmp_path: Path) -> None:
    """Each colluder asks seven things at once through each of two coordinators; a third of it can be paid for."""
    async with besieged(tmp_path, FEW, Engine.start, epsilon=1.0) as node:
        asking = colluders(node, len(COORDINATORS))
        sql = [WOMEN.at(0.3 + number / 1000) for number in range(7 * len(asking))]
        told = await _at_once(asking * 7, sql)
        answered = [one for one in told if isinstance(one, Seen)]
        refused = [one.reason for one in told if isinstance(one, Refusal)]
        assert len(answered) + len(refused) == len(sql)
        assert set(refused) <= {Reason.BUDGET_EXHAUSTED, Reason.BUSY}
        balance = await node.account()
        assert sum(one.charged for one in answered) == balance.spent_nano <= balance.budget_nano
        assert balance.reserved_nano == 0
        assert len(answered) >= 5


async def test_the_same_question_at_the_same_time_is_charged_once_to_each_analyst(tmp_path: Path) -> None:
    async with besieged(tmp_path, FEW, Engine.start, epsilon=1.0) as node:
        asking = colluders(node, len(COORDINATORS)) * 3
        told = await _at_once(asking, [WOMEN.at(0.1)] * len(asking))
        answered = [one for one in told if isinstance(one, Seen)]
        assert len(answered) == len(asking)
        assert len({one.answer for one in answered}) == len(ANALYSTS)
        price = max(one.charged for one in answered)
        assert sum(one.charged for one in answered) == (await node.account()).spent_nano == price * len(ANALYSTS)


async def test_where_answers_are_shared_the_same_question_of_others_is_free_and_brings_the_same_noise(
    tmp_path: Path,
) -> None:
    async with besieged(tmp_path, FEW, HONEST, epsilon=1.0, shares_answers=True) as node:
        told = [await attacker.ask(WOMEN.at(0.1)) for attacker in colluders(node)]
        assert len({one.answer for one in told}) == 1
        assert [one.charged > 0 for one in told] == [True, False, False]
        assert (await node.account()).spent_nano == told[0].charged


async def _at_once(asking: Sequence[Attacker], sql: Sequence[str]) -> list[Seen | BaseException]:
    questions = [attacker.ask(text) for attacker, text in zip(asking, sql, strict=True)]
    return await asyncio.gather(*questions, return_exceptions=True)
