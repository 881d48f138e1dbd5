"""Random sources in each nation's own coding, and a plain reading of what an import keeps of them.

The reading is written from the rules that the documents state (DESIGN: Editions), in Python, beside the product and
without any of its code: decode, drop, clamp, token, rank, row key, constancy, coverage, the limit of rows a unit.
"""

import hashlib
import hmac
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
from concordat_query.catalogue import Catalogue
from fakes.catalogue import code, day, number
from fakes.offline import Source, fixed_secret

DATASET = "care.contacts"
NATIONS = ("England", "Wales")
MAX_ROWS = 4
FIRST, LAST = date(2022, 11, 1), date(2024, 3, 31)
SITES, SEXES, AREAS = ("A", "B", "C"), ("Female", "Male"), ("North", "South")
_BOUNDS = {
    "band": (1, 5),
    "nights": (-3, 40),
    "cost": (Decimal(-5), Decimal(250)),
    "rate": (Decimal(0), Decimal(10)),
    "seen": (FIRST, LAST),
    "gone": (FIRST, LAST),
}
_UNITS, _ROWS = 90, 6
Row = dict[str, Any]


def contacts() -> Catalogue:
    """A data set with columns of every type, constant and varying, held in full and in part."""
    return Catalogue.model_validate(
        {
            "version": 1,
            "title": "Contacts",
            "nations": [{"name": name, "gss": f"X{index}"} for index, name in enumerate(NATIONS)],
            "populations": {"clients": {"description": "clients"}},
            "datasets": {
                DATASET: {
                    "title": "Contacts",
                    "description": "Contacts.",
                    "population": "clients",
                    "unit": "client",
                    "unit_description": "one client",
                    "max_rows_per_unit": MAX_ROWS,
                    "columns": [
                        code("site", *SITES, nullable=False),
                        code("sex", *SEXES, constant_within_unit=True),
                        code("area", *AREAS, nullable=False, constant_within_unit=True),
                        number("band", 1, 5, key=True),
                        number("nights", -3, 40),
                        number("cost", Decimal("-5.00"), Decimal("250.00"), decimals=2, nullable=False),
                        number("rate", 0, 10, decimals=1),
                        day("seen", FIRST, LAST, nullable=False),
                        day("gone", FIRST, LAST),
                    ],
                }
            },
        }
    )


COLUMNS = ("site", "sex", "area", "band", "nights", "cost", "rate", "seen", "gone")


@dataclass(frozen=True)
class Coding:
    """How one nation writes things, and what it holds. `holds` are conditions on rows in Python: all columns' first."""

    select: str
    decode: str
    holds_file: Mapping[str, object]
    holds_rows: Callable[[Row], bool]
    holds_columns: Mapping[str, Callable[[Row], bool]]


ENGLAND = Coding(
    select="""SELECT CASE ward WHEN 's1' THEN 'A' WHEN 's2' THEN 'B' WHEN 's3' THEN 'C' END AS site,
        CASE gender WHEN '1' THEN 'Female' WHEN '2' THEN 'Male' END AS sex,
        CASE WHEN region IN ('n', 'ne') THEN 'North' WHEN region = 's' THEN 'South' END AS area,
        band, los AS nights, cost, rate, seen, gone FROM contact""",
    decode="""CASE ward WHEN 's1' THEN 'A' WHEN 's2' THEN 'B' WHEN 's3' THEN 'C' END,
        CASE gender WHEN '1' THEN 'Female' WHEN '2' THEN 'Male' END,
        CASE WHEN region IN ('n', 'ne') THEN 'North' WHEN region = 's' THEN 'South' END,
        TRY_CAST(band AS INTEGER),
        TRY_CAST(los AS INTEGER),
        TRY_CAST(cost AS DECIMAL(9, 2)),
        TRY_CAST(rate AS DECIMAL(9, 1)),
        TRY_CAST(seen AS DATE), TRY_CAST(gone AS DATE)""",
    holds_file={"columns": {"nights": {"rows": "site IN ('A', 'B')"}}},
    holds_rows=lambda row: True,
    holds_columns={"nights": lambda row: row["site"] in ("A", "B")},
)
WALES = Coding(
    select="""SELECT ward AS site, CASE gender WHEN 'F' THEN 'Female' WHEN 'M' THEN 'Male' END AS sex,
        region AS area, band, los AS nights, CAST(cost AS DOUBLE) / 100 AS cost, rate, seen FROM contact""",
    decode="""CASE WHEN ward IN ('A', 'B', 'C') THEN ward END,
        CASE gender WHEN 'F' THEN 'Female' WHEN 'M' THEN 'Male' END,
        CASE WHEN region IN ('North', 'South') THEN region END,
        TRY_CAST(band AS INTEGER),
        TRY_CAST(los AS INTEGER),
        CAST(TRY_CAST(cost AS INTEGER) AS DECIMAL(9, 2)) * 0.01,
        TRY_CAST(rate AS DECIMAL(9, 1)),
        TRY_CAST(seen AS DATE), NULL""",
    holds_file={
        "rows": "area = 'North' OR site <> 'C'",
        "columns": {"rate": {"rows": "band <= 3"}, "gone": {"held": False}},
    },
    holds_rows=lambda row: row["area"] == "North" or row["site"] != "C",
    holds_columns={"rate": lambda row: row["band"] is not None and row["band"] <= 3, "gone": lambda row: False},
)
CODINGS = {"England": ENGLAND, "Wales": WALES}
HELD = {
    "nights": "(nation <> 'England' OR site IN ('A', 'B'))",
    "rate": "(nation <> 'Wales' OR band <= 3)",
    "gone": "(nation <> 'Wales')",
}
"""For which rows a column is held, as plain SQL."""


def random_sources(seed: int) -> dict[str, Source]:
    """Each nation's source, with some values that no catalogue allows, rows without an id and units of many rows."""
    rng = random.Random(seed)  # noqa: S311  # test data
    return {nation: _source(nation, coding, rng) for nation, coding in CODINGS.items()}


def _source(nation: str, coding: Coding, rng: random.Random) -> Source:
    lines = ["pid,ward,gender,region,band,los,cost,rate,seen,gone"]
    for unit in range(_UNITS):
        own = [_line(nation, f"{nation[0]}{unit}", rng) for _ in range(rng.choice([1, 1, 1, 2, 2, 3, _ROWS]))]
        lines += own[:1] * rng.choice([1, 1, 1, 2]) + own[1:]
    lines += [_line(nation, "", rng) for _ in range(5)]
    rng.shuffle(lines_ := lines[1:])
    mapping = {
        "unit_id": "pid",
        "sources": {"contact": {"path": "contact.csv"}},
        "select": coding.select,
        "holds": coding.holds_file,
    }
    return Source(mapping, {"contact.csv": "\n".join([lines[0], *lines_]) + "\n"}, fixed_secret(nation))


def _line(nation: str, unit: str, rng: random.Random) -> str:
    pick = rng.choice
    seen = FIRST + timedelta(rng.randrange((LAST - FIRST).days + 1))
    gone = min(seen + timedelta(rng.randrange(60)), LAST)
    cents = pick([-500, 0, 25000, rng.randrange(-600, 25100), 100 * rng.randrange(-5, 250)])
    english = nation == "England"
    values = [
        unit,
        pick(["s1", "s2", "s3", "s2", "s4"] if english else ["A", "B", "C", "B", "a"]),
        pick(["1", "2", "2", "9", ""] if english else ["F", "M", "M", "X", ""]),
        pick(["n", "ne", "s", "s", "w"] if english else ["North", "North", "South", "South", "East"][:4]),
        pick(["", *map(str, range(0, 8))]),
        pick(["", "x", str(rng.randrange(-5, 43)), str(rng.randrange(0, 12)), str(rng.randrange(0, 12))]),
        f"{Decimal(cents).scaleb(-2)}" if english else str(cents),
        pick(["", f"{Decimal(rng.randrange(0, 102)).scaleb(-1)}"]),
        pick([str(seen)] * 9 + ["soon"]),
        pick(["", str(gone)]),
    ]
    return ",".join(values)


def load_plainly(connection: duckdb.DuckDBPyConnection, sources: Mapping[str, Source]) -> None:
    """Makes the table `kept`: what each nation's import must keep of its source, in the catalogue's terms."""
    columns = """rid INTEGER, nation VARCHAR, unit VARCHAR, hi UBIGINT, lo UBIGINT, row_key UBIGINT, site VARCHAR,
        sex VARCHAR, area VARCHAR, band INTEGER, nights INTEGER, cost DECIMAL(9, 2), rate DECIMAL(9, 1), seen DATE,
        gone DATE"""
    connection.execute(f"CREATE OR REPLACE TABLE kept ({columns})")
    records = []
    for nation, source in sources.items():
        lines = [line.split(",") for line in source.files["contact.csv"].splitlines()]
        connection.execute(f"CREATE OR REPLACE TABLE raw ({', '.join(f'{name} VARCHAR' for name in lines[0])})")
        connection.executemany(
            f"INSERT INTO raw VALUES ({', '.join('?' for _ in lines[0])})",  # noqa: S608
            [[value or None for value in line] for line in lines[1:]],
        )
        found = connection.execute(f"SELECT pid, {CODINGS[nation].decode} FROM raw").fetchall()  # noqa: S608
        records += _kept(found, CODINGS[nation], source.secret, nation)
    marks = ", ".join("?" for _ in range(15))
    connection.executemany(
        f"INSERT INTO kept VALUES ({marks})",  # noqa: S608
        [[number, *record] for number, record in enumerate(records)],
    )


def _kept(found: list[tuple[Any, ...]], coding: Coding, secret: bytes, nation: str) -> list[list[Any]]:
    units: dict[str, list[Row]] = {}
    for unit, *values in found:
        row = dict(zip(COLUMNS, values, strict=True))
        row |= {name: _clamped(row[name], *bounds) for name, bounds in _BOUNDS.items()}
        usable = all(row[name] is not None for name in ("site", "area", "cost", "seen"))
        if unit is not None and usable and coding.holds_rows(row):
            units.setdefault(unit, []).append(_covered(row, coding))
    records = []
    for unit, rows in units.items():
        token = hmac.digest(secret, unit.encode(), "sha256")
        for key, row in _limited(rows, coding, token[:16], hmac.digest(secret, b"concordat row key", "sha256")):
            halves = int.from_bytes(token[:8]), int.from_bytes(token[8:16])
            records.append([nation, nation + unit, *halves, key, *(row[name] for name in COLUMNS)])
    return records


def _clamped(value: Any, lower: Any, upper: Any) -> Any:
    return None if value is None else min(max(value, lower), upper)


def _covered(row: Row, coding: Coding) -> Row:
    """A value that is not held for its row is missing."""
    lacking = {name for name, holds in coding.holds_columns.items() if not holds(row)}
    return {name: None if name in lacking else row[name] for name in COLUMNS}


def _limited(rows: list[Row], coding: Coding, token: bytes, secret: bytes) -> list[tuple[int, Row]]:
    """A unit's rows by their keys: constant columns as in the lowest, what is then held, at most MAX_ROWS."""
    ranked = sorted(rows, key=_order)
    keyed = [
        (int.from_bytes(hashlib.sha256(secret + token + rank.to_bytes(8)).digest()[:8]), row)
        for rank, row in enumerate(ranked, 1)
    ]
    keyed.sort(key=lambda pair: pair[0])
    lowest = keyed[0][1]
    constant = [(key, {**row, "sex": lowest["sex"], "area": lowest["area"]}) for key, row in keyed]
    return [(key, _covered(row, coding)) for key, row in constant if coding.holds_rows(row)][:MAX_ROWS]


def _order(row: Row) -> list[tuple[bool, Any]]:
    """By all mapped values, codes in the catalogue's order, what is missing last."""
    codes = {"site": SITES, "sex": SEXES, "area": AREAS}
    values = [(name, row[name]) for name in COLUMNS]
    return [
        (value is None, 0 if value is None else codes[name].index(value) if name in codes else value)
        for name, value in values
    ]
