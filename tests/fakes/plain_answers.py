"""What plain DuckDB answers over the rows that imports must keep, after each unit is cut to the declared limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
from fakes.plain_sql import Asked, Counted, Figure, held

Key = str | Fraction | date | None
ALL = "(all)"
Place = tuple[str | None, tuple[Key, ...]]
"""A nation, None for all together, and the keys' values, ALL where summed over."""


@dataclass(frozen=True)
class PlainTable:
    """`figures` by place, None where something is divided by nothing. Places without a row are missing."""

    figures: Mapping[Place, tuple[Fraction | None, ...]]
    nothing: tuple[Fraction | None, ...]
    """What is answered where no row is."""

    def at(self, place: Place) -> tuple[Fraction | None, ...]:
        return self.figures.get(place, self.nothing)


def normal(value: object) -> Key:
    """A key's value in one form: 2, 2.0 and 2.00 are one number."""
    if isinstance(value, int | float | Decimal):
        return Fraction(value)
    assert value is None or isinstance(value, str | date)
    return value


def answer_plainly(connection: duckdb.DuckDBPyConnection, asked: Asked, cells: Sequence[tuple[Key, ...]]) -> PlainTable:
    """The exact answer. `cells` are all combinations of the keys' values, numbered as nodes do."""
    base = _base(asked)
    if asked.max_groups is not None or asked.max_rows is not None:
        kept = _kept(connection, base, asked, {cell: index for index, cell in enumerate(cells)})
        base = f"SELECT * FROM ({base}) WHERE rid IN ({', '.join(map(str, kept)) or 'NULL'})"  # noqa: S608
    parts = [part for figure in asked.figures for part in figure.parts]
    counted = [sql for part in parts for sql in (part.numerator, part.denominator) if sql is not None]
    names = ["nation" if _apart(asked) else "NULL", *(f"k{index}" for index in range(len(asked.keys)))]
    flags = ["true" if name == "NULL" else f"grouping({name})" for name in names]
    sql = (
        f"SELECT {', '.join([*names, *flags, *counted])} FROM ({base}) "  # noqa: S608
        f"GROUP BY GROUPING SETS ({', '.join(_sets(asked))})"
    )
    figures = {}
    for row in connection.execute(sql).fetchall():
        labels, summed, values = row[: len(names)], row[len(names) : 2 * len(names)], row[2 * len(names) :]
        keys = tuple(ALL if out else normal(label) for label, out in zip(labels[1:], summed[1:], strict=True))
        figures[None if summed[0] else labels[0], keys] = _figures(asked.figures, values)
    return PlainTable(figures, _figures(asked.figures, [0] * len(counted)))


def _base(asked: Asked) -> str:
    """The rows that WHERE takes and for which its columns and the keys' are held, with the keys."""
    keys = "".join(f", {key.plain} AS k{index}" for index, key in enumerate(asked.keys))
    reads = frozenset[str]().union(*(key.reads for key in asked.keys), asked.where.reads if asked.where else ())
    nations = ", ".join(f"'{nation}'" for nation in asked.nations)
    where = f" AND ({asked.where.plain})" if asked.where else ""
    return f"SELECT *{keys} FROM kept WHERE nation IN ({nations}) AND {held(reads)}{where}"  # noqa: S608


def _apart(asked: Asked) -> bool:
    """Whether each nation's own figures are looked at."""
    return asked.by_nation or any(len(figure.parts) > 1 for figure in asked.figures)


def _sets(asked: Asked) -> list[str]:
    """Every level of ROLLUP, with each nation and with all together."""
    sets = []
    for depth in range(len(asked.keys), asked.rolled - 1, -1):
        keys = [f"k{index}" for index in range(depth)]
        sets += [f"({', '.join(keys)})"]
        sets += [f"({', '.join(['nation', *keys])})"] if _apart(asked) else []
    return sets


def _kept(
    connection: duckdb.DuckDBPyConnection, base: str, asked: Asked, number_of: Mapping[tuple[Key, ...], int]
) -> list[int]:
    """The rows that stay: of each unit's rows in a cell the max_rows of the lowest row key, of its cells the max_groups
    of the lowest hash of token and cell."""
    keys = "".join(f", k{index}" for index in range(len(asked.keys)))
    rows: dict[tuple[str, int, int], dict[int, list[tuple[int, int]]]] = {}
    for rid, unit, hi, lo, row_key, *values in connection.execute(
        f"SELECT rid, unit, hi, lo, row_key{keys} FROM ({base})"  # noqa: S608
    ).fetchall():
        cell = number_of[tuple(normal(value) for value in values)]
        rows.setdefault((unit, hi, lo), {}).setdefault(cell, []).append((row_key, rid))
    hashes = _hashes(connection, [(hi, lo, cell) for (_, hi, lo), cells in rows.items() for cell in cells])
    kept = []
    for (_, hi, lo), cells in rows.items():
        chosen = sorted(cells, key=lambda cell: (hashes[hi, lo, cell], cell))[: asked.max_groups]
        kept += [rid for cell in chosen for _, rid in sorted(cells[cell])[: asked.max_rows]]
    return kept


def _hashes(
    connection: duckdb.DuckDBPyConnection, of: Sequence[tuple[int, int, int]]
) -> dict[tuple[int, int, int], int]:
    columns = [[each[part] for each in of] for part in range(3)]
    found = connection.execute(
        "SELECT hash(hash(unnest($1::UBIGINT[]), unnest($2::UBIGINT[]), unnest($3::BIGINT[]))) >> 48", columns
    ).fetchall()
    return {each: number for each, (number,) in zip(of, found, strict=True)}


def _figures(figures: Sequence[Figure], values: Sequence[Any]) -> tuple[Fraction | None, ...]:
    given = iter(values)
    return tuple(_joined(figure.operator, [_part(part, given) for part in figure.parts]) for figure in figures)


def _part(part: Counted, given: Any) -> Fraction | None:
    above = Fraction(next(given) or 0)
    if part.denominator is None:
        return above
    below = next(given)
    return above / below if below else None


def _joined(operator: str, parts: Sequence[Fraction | None]) -> Fraction | None:
    if not operator:
        return parts[0]
    left, right = parts
    if left is None or right is None:
        return None
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case _:
            return left / right if right else None
