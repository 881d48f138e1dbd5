"""What a node tells differs between neighbouring sources in nothing but components, and in these within the claim.

Random questions with every statistic go the whole way from SQL text over a dirty source in local coding; only the
noise is set aside. The neighbour differs at the source, before mapping and import.
"""

from collections import Counter
from pathlib import Path

import pytest
from audit.neighbours import neighbours
from audit.questions import EveryStatistic
from audit.recorder import Record, excess, record
from concordat_query.errors import Refusal
from concordat_query.model import Calculus
from fakes.offline import OfflineFederation, found, node_name, with_other_source
from fakes.plain_source import DATASET, contacts, random_sources
from fakes.spec_engines import ENGINES, Engine

SEEDS = range(5)
QUERIES = 40
"""For each seed, each asked of a source and of all its neighbours: 200 questions and 1,600 pairs in all."""


def questions(federation: OfflineFederation, seed: int) -> list[str]:
    """Texts that can be signed: what nobody understands never reaches a node."""
    asking = EveryStatistic(seed)
    kept: list[str] = []
    while len(kept) < QUERIES:
        text = asking.sql()
        try:
            federation.question(text)
        except Refusal:
            continue
        kept.append(text)
    return kept


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_neighbours_differ_in_nothing_but_components_and_in_these_within_the_claim(
    engine: Engine, seed: int, tmp_path: Path
) -> None:
    sources = random_sources(seed)
    nation = ("England", "Wales")[seed % 2]
    calculus = (Calculus.GAUSSIAN, Calculus.PURE)[seed // 2 % 2]
    federation = found(tmp_path, engine, contacts(), DATASET, sources, calculus)
    asked = [(text, federation.question(text).signed) for text in questions(federation, seed)]
    whole = [record(federation.nodes[node_name(nation)], signed) for _, signed in asked]
    seen = Counter(one.status.partition(":")[0] for one in whole)
    assert seen["answered"] > QUERIES / 3
    differ = 0
    for number, (what, source) in enumerate(neighbours(sources[nation], nation, seed)):
        place = tmp_path / f"neighbour {number}"
        other = with_other_source(place, engine, federation, nation, DATASET, source)
        for (text, signed), left in zip(asked, whole, strict=True):
            right = record(other, signed)
            told = f"seed {seed}, {nation} {what}: {text}"
            assert left == right, f"{told}\n{differing(left, right)}"
            if left.plan is not None:
                moved = left.moved(right)
                assert not excess(moved, left.price), f"{told}\n{excess(moved, left.price)}"
                differ += any(one.distance.l1 for one in moved)
    assert differ > QUERIES


def differing(left: Record, right: Record) -> list[str]:
    return [name for name in vars(left) if name != "components" and getattr(left, name) != getattr(right, name)]
