"""Averaging: the same figure asked for again and again, in the same words and in others.

The attackers want to know how many women live in each of 1,000 towns, to less than the whole account's noise.
"""

from pathlib import Path

import pytest
from attacks.asking import Attacker, Wording
from attacks.carrying_out import Attack, carried_out
from attacks.engines import HONEST, StartEngine, weakened
from attacks.estimating import lost_to, presence
from attacks.judging import Measured, squared_error
from attacks.nodes import besieged
from attacks.towns import with_or_without
from concordat_query.model import NANO, Calculus

WOMEN = "sex = 'F'"
REPEATED = (Wording("COUNT(*)", WOMEN),), 8
"""What is asked, and how many times over."""
WORDINGS = (
    Wording("COUNT(*)", WOMEN),
    Wording(f"COUNTIF({WOMEN})"),
    Wording("COUNT(*) FILTER (WHERE NOT sex = 'M') AS women"),
    Wording("COUNT(*) - COUNTIF(sex = 'M') AS women"),
    Wording("COUNT(age)", WOMEN),
    Wording("COUNT(DISTINCT resident) AS women", WOMEN),
    Wording("COUNT(*)", "sex <> 'M' AND (street = 'North' OR trade <> 'Smith')"),
    Wording("COUNT(*)", f"{WOMEN} AND age BETWEEN 0 AND 60 OR {WOMEN} AND age > 60"),
    Wording("COUNT(*)", keys="sex"),
    Wording("COUNT(*)", WOMEN, keys="street"),
    Wording("COUNT(*)", WOMEN, keys="trade", by="ROLLUP(trade)"),
    Wording(
        "COUNT(*)", WOMEN, keys="CASE WHEN age < 18 THEN 'child' WHEN age < 65 THEN 'adult' END AS band", by="band"
    ),
    Wording("SUM(CASE WHEN sex = 'F' THEN 1 ELSE 0 END) AS women"),
    Wording("SUM(CASE WHEN sex = 'F' THEN 1 ELSE -1 END) AS balance, COUNT(*)"),
    Wording("SUM(age) / AVG(age) AS women", WOMEN),
    Wording("AVG(CASE WHEN sex = 'F' THEN 100 ELSE 0 END) AS percent"),
    Wording("VAR_POP(age)", WOMEN),
    Wording("MEDIAN(DIV(age, 25)) AS quarter", WOMEN),
    Wording("CORR(age, CASE WHEN sex = 'F' THEN 1 ELSE 0 END) AS likeness"),
    Wording("SUM(age)", f"{WOMEN} AND age >= 98"),
    Wording("AVG(age)", f"{WOMEN} AND age = 99"),
)
REPHRASED = WORDINGS, 1
TOWNS = 1_000
EPSILON = 1.0


async def average(
    wordings: tuple[Wording, ...], rounds: int, engine: StartEngine, folder: Path
) -> tuple[Measured, float]:
    """How far the best average is off, squared, and the bound of that."""
    country = with_or_without(TOWNS, seed=1)
    outcome = await carried_out(Attack(wordings, EPSILON, rounds), country, engine, folder)
    return squared_error(presence(outcome.answers), country.truth.astype(float)), outcome.bounds.variance


async def test_averaging_by_repetition_comes_to_the_noise_of_the_whole_account_and_no_further(tmp_path: Path) -> None:
    found, bound = await average(*REPEATED, HONEST, tmp_path)
    assert not found.is_below(bound)
    assert not found.is_above(1.1 * bound)


async def test_averaging_by_rephrasing_errs_no_less_than_the_account_allows(tmp_path: Path) -> None:
    found, bound = await average(*REPHRASED, HONEST, tmp_path)
    assert not found.is_below(bound)


@pytest.mark.parametrize("calculus", Calculus)
async def test_no_wording_tells_more_of_one_resident_than_it_is_charged_for(calculus: Calculus, tmp_path: Path) -> None:
    attack = Attack(WORDINGS, EPSILON, calculus=calculus)
    outcome = await carried_out(attack, with_or_without(2, seed=4), HONEST, tmp_path)
    lost = {each.wording: lost_to(each) / (each.seen.charged / NANO) for each in outcome.answers}
    assert [wording for wording in WORDINGS if lost[wording] > 1] == []
    assert max(lost.values()) > 0.99


@pytest.mark.parametrize("asked", [REPEATED, REPHRASED], ids=["repetition", "rephrasing"])
async def test_an_average_over_noise_of_a_third_of_its_scale_is_caught(
    asked: tuple[tuple[Wording, ...], int], tmp_path: Path
) -> None:
    found, bound = await average(*asked, weakened(3, seed=2), tmp_path)
    assert found.is_below(bound)


SAME = (
    Wording("COUNT(*) AS a", "sex = 'F' AND street = 'North'"),
    Wording("COUNT(*) AS b", "street = 'North' AND sex = 'F'"),
    Wording("COUNT(*)", "(street = 'North') AND 'F' = sex"),
    Wording("COUNT(*) + 1 AS more", "sex IN ('F') AND street = 'North'"),
    Wording("COUNT(*)", "NOT (sex <> 'F' OR street <> 'North')"),
    Wording("COUNT(*), COUNT(*) / COUNT(*) AS one", "sex = 'F' AND street = 'North'"),
)
OTHER = (
    Wording("COUNTIF(sex = 'F')", "street = 'North'"),
    Wording("COUNT(*)", "sex = 'F' AND street = 'North' AND age >= 0"),
    Wording("COUNT(*)", "sex = 'F'", keys="street"),
)


async def test_what_says_the_same_is_free_and_brings_the_same_bytes_and_all_else_is_charged(tmp_path: Path) -> None:
    async with besieged(tmp_path, with_or_without(3, seed=3), HONEST, epsilon=EPSILON) as node:
        attacker = Attacker(node, node.analysts["first"])
        first = await attacker.ask(SAME[0].at(0.1), key="one")
        again = [await attacker.ask(SAME[0].at(0.1), key="one"), *[await attacker.ask(each.at(0.1)) for each in SAME]]
        assert {each.answer for each in again} == {first.answer}
        assert (await node.account()).spent_nano == first.charged
        others = [await attacker.ask(each.at(0.1)) for each in OTHER]
        others.append(await attacker.ask(SAME[0].at(0.1001)))
        assert len({each.answer for each in (first, *others)}) == 1 + len(others)
        assert (await node.account()).spent_nano == first.charged + sum(each.charged for each in others)
        assert all(each.charged >= first.charged for each in others)
