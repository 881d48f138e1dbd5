"""What a node tells differs between neighbouring sources in nothing but components, and in these within the claim.

Random questions with every statistic go the whole way from SQL text over a dirty source in local coding; only the
noise is set aside. The neighbour differs at the source, before mapping and import.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from audit.neighbours import neighbours
from audit.private_questions import MOST, PRACTICES, WithPrivateKeys, random_records
from audit.private_questions import neighbours as neighbours_by_text
from audit.questions import EveryStatistic
from audit.recorder import differing, excess, record
from concordat_query.errors import Refusal
from concordat_query.model import Calculus
from fakes.offline import OfflineFederation, found, node_name, with_other_source
from fakes.plain_source import DATASET, contacts, random_sources
from fakes.private_texts import DATASET as DATASET_OF_TEXTS
from fakes.private_texts import federation as private_federation
from fakes.private_texts import source as source_of_texts
from fakes.private_texts import visits
from fakes.spec_engines import ENGINES, DuckDB, Engine

SEEDS = range(5)
QUERIES = 40
"""For each seed, each asked of a source and of all its neighbours: 200 questions and 1,600 pairs in all."""


def questions(federation: OfflineFederation, seed: int) -> list[str]:
    """Texts that can be signed: what nobody understands never reaches a node."""
    return understood(federation, EveryStatistic(seed).sql, QUERIES)


def understood(federation: OfflineFederation, asking: Callable[[], str], count: int) -> list[str]:
    kept: list[str] = []
    while len(kept) < count:
        text = asking()
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


PRIVATE_QUERIES = 15


def private_questions(federation: OfflineFederation, seed: int) -> list[str]:
    return understood(federation, WithPrivateKeys(seed).sql, PRIVATE_QUERIES)


@pytest.mark.parametrize("seed", range(4))
def test_with_a_private_key_neighbours_differ_in_the_texts_besides_and_given_these_in_components_alone(
    seed: int, tmp_path: Path
) -> None:
    """What follows from the texts that are released is compared where both release the same: those that they come to,
    and then any that both have."""
    rng = random.Random(seed)  # noqa: S311  # test data
    rows, catalogue = random_records(seed), visits(MOST, constant=seed == 3, nullable=seed != 2)
    federation = private_federation(tmp_path, {"England": rows, "Wales": []}, catalogue)
    node = federation.nodes[node_name("England")]
    asked = [(text, federation.question(text).signed) for text in private_questions(federation, seed)]
    whole = [record(node, signed) for _, signed in asked]
    assert Counter(one.status for one in whole)["answered"] == PRIVATE_QUERIES
    exempt, forced = 0, 0
    for number, (what, changed) in enumerate(neighbours_by_text(rows, seed)):
        place = tmp_path / f"neighbour {number}"
        other = with_other_source(
            place, DuckDB(), federation, "England", DATASET_OF_TEXTS, source_of_texts("England", changed)
        )
        for (text, signed), left in zip(asked, whole, strict=True):
            right = record(other, signed)
            told = f"seed {seed}, {what}: {text}"
            assert not differing(left, right), f"{told}\n{differing(left, right)}"
            if left.choice is not None and right.choice is not None:
                assert left.choice.moved(right.choice).is_within, told
                both = sorted(left.choice.units.keys() & right.choice.units.keys())
                texts = frozenset(rng.sample(both, rng.randint(0, len(both))))
                exempt += left.choice.released != right.choice.released
                left, right = record(node, signed, texts), record(other, signed, texts)
                assert left == right, f"{told}\n{differing(left, right)}"
                forced += any(one.distance.l1 for one in left.moved(right) if one.kind != "choice")
            assert not excess(left.moved(right), left.price), f"{told}\n{excess(left.moved(right), left.price)}"
    assert exempt
    assert forced > PRIVATE_QUERIES


def test_nothing_is_exempt_but_what_follows_from_different_texts(tmp_path: Path) -> None:
    federation = private_federation(tmp_path, {"England": random_records(0), "Wales": []}, visits(MOST))
    node, options = federation.nodes[node_name("England")], "private_keys = TRUE, epsilon = 50, delta = 1e-6"
    by = "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS ({}) {} AS k, sex, COUNT(*) AS n FROM {} GROUP BY k, sex"
    public, private = (
        federation.question(by.format(*asked, DATASET_OF_TEXTS)).signed
        for asked in (("epsilon = 50", "DIV(age, 10)"), (options, "practice"))
    )
    plain = record(node, public)
    assert plain.choice is None
    assert plain.apart_from_texts() is plain
    some, same, fewer = (record(node, private, frozenset(PRACTICES[:count])) for count in (2, 2, 1))
    assert not differing(some, same)
    assert not differing(some, fewer)
    assert some != fewer
    for left, right in ((plain, plain), (some, same), (some, fewer)):
        for change in CHANGES:
            told = differing(left, replace(right, **change))
            assert (told == list(change)) == (right is not fewer or not change.keys() & {"rows", "sizes"}), change
        assert differing(left, replace(right, keys=(*right.keys[:-1], ("a",)))) == ["keys"]
    assert differing(some, replace(same, keys=(("a",), *same.keys[1:]))) == ["keys"]
    assert not differing(some, replace(fewer, keys=(("a",), *fewer.keys[1:])))


CHANGES: list[dict[str, Any]] = [
    {"status": "another"},
    {"plan": None},
    {"claims": ()},
    {"rows": (1,)},
    {"indexes": (7,)},
    {"drawn": ()},
    {"sizes": (1, 1)},
    {"price": 1},
    {"delta_e15": 1},
]
