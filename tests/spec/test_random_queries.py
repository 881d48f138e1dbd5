"""Random accepted queries give, cell by cell and exactly, what plain DuckDB gives over the source.

The source is in local coding and dirty. The answer goes the whole way: SQL text, typed and signed query, admission,
engine, verified answers, table, with noise set aside. What it is held against shares no code with it: DuckDB's own
reading of the SQL over the rows that a plain reading of the rules keeps.
"""

import math
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from concordat_privacy.estimates import Row, Status, Table, Value
from concordat_query.errors import Refusal
from concordat_query.model import KeyColumn
from fakes.offline import OfflineFederation, found
from fakes.plain_answers import ALL, Key, Place, PlainTable, answer_plainly, normal
from fakes.plain_source import DATASET, HELD, NATIONS, contacts, load_plainly, random_sources
from fakes.plain_sql import Asked, Questions
from fakes.spec_engines import ENGINES, Engine

SEEDS = range(8)
QUERIES = 250
"""For each seed: 2,000 in all."""


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_random_queries_give_what_plain_duckdb_gives_over_the_source(engine: Engine, seed: int, tmp_path: Path) -> None:
    sources = random_sources(seed)
    federation = found(tmp_path, engine, contacts(), DATASET, sources)
    questions, compared = Questions(seed), Counter[str]()
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        load_plainly(connection, sources)
        for asked, table in accepted(federation, questions, QUERIES):
            check(connection, asked, table, seed, compared)
    assert compared["figure"] > 5 * QUERIES
    assert min(compared["limited"], compared["undefined"], compared["not held"], compared["total"]) > QUERIES / 10


def accepted(federation: OfflineFederation, questions: Questions, count: int) -> Iterator[tuple[Asked, Table]]:
    """So many questions that are accepted, with their tables."""
    refused = 0
    while count:
        asked = questions.ask()
        try:
            table = federation.table(asked.sql)
        except Refusal:  # a key without a short list of values, or numbers that could grow too large
            refused += 1
            assert refused < 1000, "nearly everything is refused"
            continue
        count -= 1
        yield asked, table


def check(connection: duckdb.DuckDBPyConnection, asked: Asked, table: Table, seed: int, compared: Counter[str]) -> None:
    """Every figure of the table against the plain answer, and no row of the plain answer without a place in it."""
    positions = [column.key for column in table.columns if isinstance(column, KeyColumn)]
    cells = _cells(table, positions)
    plain = answer_plainly(connection, asked, cells)
    answered = {_place(row, positions) for row in table.rows}
    for place in plain.figures.keys() - answered:
        missed = place[0] is not None if asked.by_nation else place[0] is None
        assert not missed, _told(asked, seed, place, "all", "no row", plain.figures[place])
    compared["limited"] += asked.max_groups is not None or asked.max_rows is not None
    lacking = {(_place(row, positions), index) for row in table.rows for index in _not_held(row)}
    for row in table.rows:
        place = _place(row, positions)
        compared["total"] += ALL in place[1] or row.is_total
        for index, value in enumerate(row.values):
            expected = plain.at(place)[index]
            if (place, index) in lacking:
                same, kind = _may_lack(asked, place, index, expected, lacking), "not held"
            else:
                same, kind = _same(asked, place, index, value, expected)
                if not same and not asked.by_nation and len(asked.figures[index].parts) > 1:
                    same = any(_same(asked, place, index, value, one)[0] for one in _of_one_nation(plain, place, index))
            assert same, _told(asked, seed, place, index, value, expected)
            compared[kind] += 1


def _cells(table: Table, positions: list[int]) -> list[tuple[Key, ...]]:
    """All combinations of the keys' values, in the order in which nodes number them: that of the rows."""
    return list(dict.fromkeys(_keys(row, positions) for row in table.rows if row.is_plain))


def _not_held(row: Row) -> list[int]:
    return [i for i, value in enumerate(row.values) if value is None or value.status is Status.NOT_HELD]


def _may_lack(
    asked: Asked, place: Place, index: int, expected: Fraction | None, lacking: set[tuple[Place, int]]
) -> bool:
    """Whether there is rightly no figure: a total lacks a nation; else something is held in part and nothing counts.

    A figure made of two aggregates also has none where one of them is held for other rows than the other.
    """
    if asked.by_nation and place[0] is None:
        return any(((nation, place[1]), index) in lacking for nation in asked.nations)
    whole = "England" in (place[0], *(asked.nations if place[0] is None else ()))
    if whole and not _reads(asked, index) & HELD.keys():
        return False
    return len(asked.figures[index].parts) > 1 or not expected


def _of_one_nation(plain: PlainTable, place: Place, index: int) -> list[Fraction | None]:
    """A figure of two aggregates is made of those nations alone that hold both for the same rows."""
    return [plain.at((nation, place[1]))[index] for nation in NATIONS]


def _same(asked: Asked, place: Place, index: int, value: Value | None, expected: Fraction | None) -> tuple[bool, str]:
    """Whether a figure is the expected one, and what was compared."""
    if value is None or ((place[0] or asked.nations[0]) == "Wales" and "gone" in _reads(asked, index)):
        return False, "figure"
    if value.estimate is None or expected is None:
        return value.status is Status.UNDEFINED and value.estimate is None and expected is None, "undefined"
    figure = asked.figures[index]
    if figure.operator != "/" and all(part.denominator is None for part in figure.parts):
        return value.estimate == (int(expected) if expected.denominator == 1 else float(expected)), "figure"
    return math.isclose(value.estimate, expected, rel_tol=1e-9, abs_tol=1e-9), "figure"


def _reads(asked: Asked, index: int) -> frozenset[str]:
    """All columns on which a figure depends."""
    where = asked.where.reads if asked.where else frozenset[str]()
    parts = (part.reads for part in asked.figures[index].parts)
    return where.union(*(key.reads for key in asked.keys), *parts)


def _place(row: Row, positions: list[int]) -> Place:
    return (None if row.is_total else row.nation), _keys(row, positions)


def _keys(row: Row, positions: list[int]) -> tuple[Key, ...]:
    """In the order in which the question names them."""
    return tuple(ALL if row.rolled[position] else normal(row.keys[position]) for position in positions)


def _told(asked: Asked, seed: int, place: object, index: object, found: object, expected: object) -> str:
    return f"seed {seed}: {asked.sql}\n  at {place}, v{index}\n  answered {found}\n  plainly  {expected}"
