"""An attack from its first question to the account's last nano-rho."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from attacks.asking import Attacker, Wording, spend_all
from attacks.bounds import Bounds
from attacks.engines import StartEngine
from attacks.estimating import Answer
from attacks.nodes import ANALYSTS, besieged, copied
from attacks.towns import Country
from concordat_query.model import Calculus

SPENT = 0.999
"""The part of its budget that an attack is to spend before it is judged."""


@dataclass(frozen=True)
class Attack:
    """What is asked of an account of `epsilon`, how many times over, by so many analysts in turn."""

    wordings: tuple[Wording, ...]
    epsilon: float
    rounds: int = 1
    calculus: Calculus = Calculus.GAUSSIAN
    analysts: int = 1


@dataclass(frozen=True)
class Outcome:
    """All that the attackers have, and what they can win by it at most."""

    answers: Sequence[Answer]
    bounds: Bounds


async def carried_out(attack: Attack, country: Country, engine: StartEngine, folder: Path) -> Outcome:
    """Asks until the account refuses. The charges of all answers must add up to what the account says is spent, and to
    its budget at most."""
    account = besieged(folder / "node", country, engine, epsilon=attack.epsilon, calculus=attack.calculus)
    async with account as node:
        attackers = [Attacker(node, node.analysts[name]) for name in ANALYSTS[: attack.analysts]]
        told = await spend_all(attackers, attack.wordings, attack.rounds)
        balance = await node.account()
    assert sum(seen.charged for _, seen in told) == balance.spent_nano
    assert SPENT * balance.budget_nano < balance.spent_nano <= balance.budget_nano == node.bounds.budget_nano
    async with copied(folder / "copy", country, node) as copy:
        owner = Attacker(copy, copy.analysts[ANALYSTS[0]])
        return Outcome([Answer(how, seen, await owner.ask(seen.sql)) for how, seen in told], node.bounds)
