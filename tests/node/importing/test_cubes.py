"""Declared cubes, from a source's files to the table: the answer without them, and that of the rules row by row."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from concordat_node.engine import cubes
from concordat_privacy.estimates import Row, Status, Table
from concordat_query.catalogue import Catalogue
from fakes.offline import OfflineFederation, found
from fakes.plain_answers import Key, answer_plainly, normal
from fakes.plain_source import DATASET, NATIONS, contacts, load_plainly, random_sources
from fakes.plain_sql import Asked, Counted, Figure, Text
from fakes.spec_engines import DuckDB, HeldInDuckDB

CUBES: list[dict[str, Any]] = [
    {"keys": ["site", "area"], "max_groups": 1, "max_rows": 2},
    {"keys": ["band"], "for_each": ["site"], "max_groups": 1, "max_rows": 1},
    {"keys": ["site"], "for_each": ["sex", "area"], "max_groups": 2, "max_rows": 1},
    {"keys": [], "for_each": ["area"], "max_groups": 1, "max_rows": 1},
]
SELECTED = ("COUNT(*)", "COUNT(DISTINCT unit)", "SUM(cost)", "AVG(cost)")
PLAIN = (("count(*)", None), ("count(DISTINCT unit)", None), ("sum(cost)", None), ("sum(cost)", "count(cost)"))


def declaring(declared: Sequence[dict[str, Any]]) -> Catalogue:
    content = contacts().model_dump(mode="json")
    content["datasets"][DATASET]["cubes"] = list(declared)
    return Catalogue.model_validate(content)


def questions(cube: dict[str, Any]) -> list[Asked]:
    """Every question that the cube is for."""
    wheres = [None] if "for_each" not in cube else ["site = 'A'", "site = 'C'"]
    if "area" in cube.get("for_each", ()):
        wheres = ["area = 'North'", "area = 'South'"]
    if "sex" in cube.get("for_each", ()):
        wheres = [f"{where} AND sex = 'Female'" for where in wheres if where]
    return [question(cube["keys"], where, cube["max_groups"], cube["max_rows"]) for where in wheres]


def question(keys: Sequence[str], where: str | None, max_groups: int, max_rows: int) -> Asked:
    named = [f"{name} AS k{place}" for place, name in enumerate(keys)]
    items = ["nation", *named, *(f"{each} AS v{place}" for place, each in enumerate(SELECTED))]
    options = f"max_groups_contributed = {max_groups}, max_rows_contributed = {max_rows}"
    by = ["nation", *(f"k{place}" for place in range(len(keys)))]
    sql = (
        f"SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS ({options}) {', '.join(items)} FROM {DATASET}"  # noqa: S608
        f"{f' WHERE {where}' if where else ''} GROUP BY {', '.join(by)}"
    )
    parts = [Counted("", above, below, frozenset()) for above, below in PLAIN]
    texts = tuple(Text(name, name, frozenset({name})) for name in keys)
    condition = None if where is None else Text(where, where, frozenset())
    figures = tuple(Figure("", "", (part,)) for part in parts)
    return Asked(sql, texts, len(keys), condition, figures, True, NATIONS, max_groups, max_rows)


@pytest.mark.parametrize("seed", range(3))
def test_an_edition_with_cubes_answers_as_one_without_and_as_the_rules_say_row_by_row(
    seed: int, tmp_path: Path
) -> None:
    sources, bound = random_sources(seed), 0
    for name in ("marked", "bare"):
        (tmp_path / name).mkdir()
    marked, bare = (
        found(tmp_path / name, DuckDB(), declaring(declared), DATASET, sources)
        for name, declared in (("marked", CUBES), ("bare", []))
    )
    assert all(marks(node.held) for node in marked.nodes.values())
    assert not any(marks(node.held) for node in bare.nodes.values())
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        load_plainly(connection, sources)
        for place, cube in enumerate(CUBES):
            for asked in questions(cube):
                assert served_by(marked, asked) == place
                assert served_by(bare, asked) is None
                table = marked.table(asked.sql)
                assert figures(table) == figures(bare.table(asked.sql))
                check(connection, asked, table)
                bound += figures(table) != figures(bare.table(unlimited(asked)))
    assert bound > len(CUBES)


def served_by(federation: OfflineFederation, asked: Asked) -> int | None:
    query = federation.question(asked.sql).envelope.query
    return cubes.serving(query, federation.catalogue.dataset(DATASET))


def marks(held: object) -> set[int]:
    """The cubes that some row of the edition counts in, as bits."""
    assert isinstance(held, HeldInDuckDB)
    holding = held.holdings.by_edition[held.edition.id]
    found = holding.connection.execute(f"SELECT DISTINCT cubes FROM {holding.table} WHERE cubes <> 0").fetchall()  # noqa: S608
    return {bits for (bits,) in found}


def figures(table: Table) -> list[tuple[object, ...]]:
    """But for margins, of which those of means are found by chance."""
    return [
        (row.nation, row.keys, [value and (value.estimate, value.status) for value in row.values]) for row in table.rows
    ]


def unlimited(asked: Asked) -> str:
    return asked.sql.replace(f"contributed = {asked.max_groups}", "contributed = 9").replace(
        f"rows_contributed = {asked.max_rows}", "rows_contributed = 9"
    )


def check(connection: duckdb.DuckDBPyConnection, asked: Asked, table: Table) -> None:
    cells: list[tuple[Key, ...]] = list(dict.fromkeys(labels(row, asked) for row in table.rows))
    plain = answer_plainly(connection, asked, cells)
    for row in table.rows:
        expected = plain.at((None if row.is_total else row.nation, labels(row, asked)))
        for value, exact in zip(row.values, expected, strict=True):
            if value is None or value.status is Status.NOT_HELD:
                assert not exact or row.is_total
            elif value.estimate is None:
                assert exact is None
            else:
                assert exact is not None
                assert Fraction(value.estimate).limit_denominator(10**6) == exact.limit_denominator(10**6), asked.sql


def labels(row: Row, asked: Asked) -> tuple[Key, ...]:
    """In the order in which the question names them; a canonical query's are in that of their names."""
    ordered = sorted(key.asked for key in asked.keys)
    return tuple(normal(row.keys[ordered.index(key.asked)]) for key in asked.keys)
