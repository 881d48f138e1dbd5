"""Reconstruction: the secret bits of everybody in a small town, from many counts about its streets, trades and ages.

250 towns of 40 residents, all alike but for who owes money. Everything else is public. Attackers guess for each
resident (Dinur, Nissim 2003, "Revealing information while preserving privacy").
"""

from pathlib import Path

import pytest
from attacks.asking import Wording
from attacks.carrying_out import Attack, carried_out
from attacks.engines import HONEST, StartEngine, silent, weakened
from attacks.estimating import bits
from attacks.judging import Measured, bits_right
from attacks.towns import with_debtors
from concordat_query.model import Calculus

SUBSETS = tuple(Wording("COUNTIF(debtor = 'yes')", f"MOD(age * {factor}, 61) < 30") for factor in range(2, 52))
"""Of each town about half of its residents, as if by chance: by a hash of their ages."""
TABLES = tuple(
    Wording("COUNTIF(debtor = 'yes')", keys=keys)
    for keys in ("street, trade", "street, sex", "trade, sex", "street, trade, sex", "trade", "street")
)
TURNED = "SUM(CASE WHEN debtor = 'yes' THEN 10 ELSE -10 END) AS balance"
EVERYBODY = (Wording(TURNED, keys="street, trade, sex"),)
"""A cell for each resident, on a lattice so fine that its noise is as good as continuous: the most that can be had."""
COUNTRY = with_debtors(250, seed=21)
EPSILON = 5.0


async def reconstruct(
    attack: Attack, engine: StartEngine, folder: Path, believed: float = 1.0
) -> tuple[Measured, float]:
    """The share of bits that were guessed rightly, and its bound."""
    outcome = await carried_out(attack, COUNTRY, engine, folder)
    return bits_right(bits(outcome.answers, believed), COUNTRY.truth), outcome.bounds.bits


@pytest.mark.parametrize("wordings", [SUBSETS, TABLES], ids=["subsets", "tables"])
async def test_many_counts_about_a_town_give_away_no_more_bits_than_the_account_allows(
    wordings: tuple[Wording, ...], tmp_path: Path
) -> None:
    found, bound = await reconstruct(Attack(wordings, EPSILON), HONEST, tmp_path)
    assert not found.is_above(bound)
    assert found.is_above(0.5)


@pytest.mark.parametrize("wordings", [SUBSETS, TABLES], ids=["subsets", "tables"])
async def test_without_noise_the_same_attack_finds_nearly_everybody_out(
    wordings: tuple[Wording, ...], tmp_path: Path
) -> None:
    found, _ = await reconstruct(Attack(wordings, EPSILON), silent(), tmp_path, believed=0)
    assert found.value > 0.99


async def test_the_best_attack_reaches_the_bound_and_does_not_pass_it(tmp_path: Path) -> None:
    found, bound = await reconstruct(Attack(EVERYBODY, EPSILON), HONEST, tmp_path)
    assert not found.is_above(bound)
    assert not found.is_below(bound - 0.01)


async def test_the_best_attack_on_noise_a_fifth_too_small_is_caught(tmp_path: Path) -> None:
    found, bound = await reconstruct(Attack(EVERYBODY, EPSILON), weakened(1.25, seed=22), tmp_path)
    assert found.is_above(bound)


async def test_in_a_pure_account_the_best_attack_passes_its_bound_no_more(tmp_path: Path) -> None:
    found, bound = await reconstruct(Attack(EVERYBODY, 1.0, calculus=Calculus.PURE), HONEST, tmp_path)
    assert not found.is_above(bound)
    assert not found.is_below(bound - 0.08)
