"""How often the margins hold that a result's notes tell of how many texts of a private key are not shown.

The count is one number for a whole query and stands in words alone, so every repetition is a table of its own.
"""

import re

import numpy as np
from audit.margins import Covered, Level, Line, pooled, price_of
from audit.planted.mistakes import quantiles
from concordat_privacy.components import Kind
from concordat_privacy.estimates import tabulate
from concordat_privacy.merge import NodeAnswer
from concordat_privacy.plan import Plan, plan
from concordat_privacy.private_keys import HIDDEN_PART
from concordat_query.coverage import Coverage
from concordat_query.model import NANO, Calculus, Query
from concordat_query.text import read_sql
from fakes.private_texts import DATASET, visits

HIDDEN = Line("hidden values of a private key", lambda _: 0.0, 0)
NODES = {"England": 1, "Wales": 2}
"""How many nodes each nation has: the counts of a nation's nodes are added up."""

_SQL = f"SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (private_keys = TRUE) practice, COUNT(*) AS n FROM {DATASET} GROUP BY practice"  # noqa: S608, E501
_TOLD = re.compile(r"(-?[\d,]+) ± ([\d,]+) in (\w+)")


def hidden_covered(level: Level, repetitions: int, seed: int = 0) -> Covered:
    """Asks so many times for texts of which none is shown. Deterministic given the seed."""
    catalogue = visits()
    question = read_sql(_SQL, catalogue)
    price = round(price_of(Calculus.GAUSSIAN, level.sigma) * HIDDEN_PART * NANO)
    query = Query(DATASET, question.keys, None, question.aggregates, price, 1, 1, delta_e15=10**9)
    planned = plan(query, catalogue.dataset(DATASET))
    chance = np.random.default_rng(seed)
    truth = round(level.rows * level.sigma)
    held: dict[str, list[bool]] = {nation: [] for nation in NODES}
    for _ in range(repetitions):
        answers = [
            _answer(planned, f"{nation} {number}", nation, truth, chance)
            for nation, nodes in NODES.items()
            for number in range(nodes)
        ]
        told = " ".join(tabulate(catalogue, planned, question.presentation, answers, [], b"").notes)
        for count, margin, nation in _TOLD.findall(told):
            held[nation].append(abs(_number(count) - NODES[nation] * truth) <= _number(margin))
    return pooled(HIDDEN, Calculus.GAUSSIAN, level, held, len(NODES) * repetitions)


def _answer(planned: Plan, node: str, nation: str, truth: int, chance: np.random.Generator) -> NodeAnswer:
    """Of which only the count of hidden texts matters."""
    vectors = {
        index: truth * (component.kind is Kind.HIDDEN) + quantiles(component.law, chance.random(component.length))
        for index, component in enumerate(planned.components)
    }
    return NodeAnswer(node, nation, Coverage(), vectors)


def _number(text: str) -> int:
    return int(text.replace(",", ""))
