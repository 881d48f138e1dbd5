"""Many small towns, alike but for what is to be found out: each is a trial of its own, as a resident is of one town.

What everybody may know of a resident is street, trade, sex and age. Who owes money is a secret.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from attacks.judging import Truths
from concordat_query.catalogue import Catalogue
from concordat_query.model import Calculus
from fakes.catalogue import code, number

DATASET, POPULATION = "towns.residents", "residents"
NODE, NATION = "node-shire", "Shire"
STREETS, SEXES = ("North", "East", "South", "West"), ("F", "M")
TRADES = ("Baker", "Carter", "Miller", "Smith", "Weaver")
OLDEST = 99
DELTA = 1e-6


@dataclass(frozen=True)
class Resident:
    street: str
    trade: str
    sex: str
    age: int
    debtor: bool = False


TARGET = Resident("North", "Baker", "F", OLDEST, debtor=True)
"""The one in question: alone in her combination of traits, and at every bound."""

OTHERS = (
    Resident("North", "Smith", "M", 31),
    Resident("North", "Baker", "M", 98, debtor=True),
    Resident("East", "Weaver", "F", 54),
    Resident("West", "Miller", "F", 12),
)

TOWNSFOLK = tuple(
    Resident(street, trade, sex, 20 + index)
    for index, (street, trade, sex) in enumerate(itertools.product(STREETS, TRADES, SEXES))
)
"""40 residents, one of each combination of traits and each of an age of its own."""

Towns = Sequence[Sequence[Resident]]


@dataclass(frozen=True)
class Country:
    """Towns of one node and the truth about them: by town whether the target lives there, or by town and resident who
    owes money. `model` are towns of which an attacker makes a copy: of all that may differ, one thing each, then
    nothing."""

    towns: Towns
    truth: Truths
    model: Towns


def with_or_without(towns: int, seed: int) -> Country:
    """The same neighbours everywhere, and by the toss of a coin the target."""
    present = np.random.default_rng(seed).random(towns) < 0.5
    inhabited = [(*OTHERS, TARGET) if there else OTHERS for there in present]
    return Country(inhabited, present, [(*OTHERS, TARGET), OTHERS])


def with_debtors(towns: int, seed: int) -> Country:
    """The same 40 residents everywhere, each of whom owes money by the toss of a coin."""
    bits = np.random.default_rng(seed).random((towns, len(TOWNSFOLK))) < 0.5
    one_each = np.eye(len(TOWNSFOLK) + 1, len(TOWNSFOLK), dtype=np.bool_)
    return Country(_owing(bits), bits, _owing(one_each))


def _owing(bits: Truths) -> Towns:
    return [[replace(resident, debtor=bool(bit)) for resident, bit in zip(TOWNSFOLK, own, strict=True)] for own in bits]


def catalogue(towns: int) -> Catalogue:
    return Catalogue.model_validate(
        {
            "version": 1,
            "title": "Small towns",
            "nations": [{"name": NATION, "gss": "X0"}],
            "populations": {POPULATION: {"description": "all residents"}},
            "datasets": {
                DATASET: {
                    "title": "Residents",
                    "description": "One row a resident.",
                    "population": POPULATION,
                    "unit": "resident",
                    "unit_description": "one resident",
                    "max_rows_per_unit": 1,
                    "columns": [
                        number("town", 0, towns - 1, key=True, nullable=False),
                        code("street", *STREETS, nullable=False),
                        code("trade", *TRADES, nullable=False),
                        code("sex", *SEXES, nullable=False),
                        number("age", 0, OLDEST, nullable=False),
                        code("debtor", "no", "yes", nullable=False),
                    ],
                }
            },
        }
    )


def budget(epsilon: float, calculus: Calculus) -> dict[str, Any]:
    if calculus is Calculus.PURE:
        return {"epsilon": epsilon, "calculus": calculus.value}
    return {"epsilon": epsilon, "delta": DELTA}


def csv(towns: Towns) -> str:
    """The node's source."""
    lines = ["id,town,street,trade,sex,age,debtor"]
    for town, residents in enumerate(towns):
        for index, one in enumerate(residents):
            owes = "yes" if one.debtor else "no"
            lines.append(f"{town}-{index},{town},{one.street},{one.trade},{one.sex},{one.age},{owes}")
    return "\n".join(lines) + "\n"
