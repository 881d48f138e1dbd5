"""Random local sources with every kind of dirt, the mapping that reads them, and what their edition must hold.

`expected` computes an edition in plain Python from the rules of importing, for comparison with what the SQL makes of
the same rows: one dictionary per unit's token, of its rows by row key.
"""

# ruff: noqa: S311 - reproducible samples, not secrets

import hashlib
import hmac
import math
import random
from collections import Counter
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from concordat_node.importing import edition
from concordat_query.catalogue import Catalogue
from fakes.catalogue import code, number

Record = dict[str, object]
Content = dict[tuple[int, int], dict[int, tuple[int | None, ...]]]
"""By token's halves, then by row key: what the unit lost (bits of `Loss`), then values in the catalogue's order."""

CLINICS = ("A", "B", "C's")
SEXES = ("Male", "Female")
MAX_ROWS = 3

MAPPING = """
dataset = "health.visits"
unit_id = "visit.pid"
select = '''
SELECT visit.clinic, visit.year, visit.sex,
       CAST(visit.born AS INTEGER) AS born,
       visit.cost,
       visit.units * CAST(visit.factor AS BIGINT) AS dose,
       10 // visit.divisor AS share,
       ward.beds
FROM visit LEFT JOIN ward ON ward.id = visit.ward + visit.moved
WHERE visit.status <> 'void'
'''
[sources.visit]
path = "visit.EXTENSION"
[sources.ward]
path = "ward.parquet"
parent_key = ["id"]
[holds]
rows = "clinic <> 'B' OR sex = 'Male'"
[holds.columns.cost]
rows = "year >= 2011"
[holds.columns.beds]
rows = "sex <> 'Female'"
[repair.cost]
out_of_range = "clamp"
[repair.dose]
out_of_range = "drop"
[repair.share]
out_of_range = "null"
[repair.sex]
unknown = "drop"
"""


def dirty_catalogue(max_rows: int = MAX_ROWS, encloses: str | None = None) -> Catalogue:
    columns = [
        code("clinic", *CLINICS, nullable=False),
        number("year", 2010, 2012, key=True, nullable=False),
        code("sex", *SEXES, constant_within_unit=True),
        number("born", 1900, 2020, constant_within_unit=True),
        number("cost", Decimal("-5.00"), Decimal("250.00"), decimals=2),
        number("dose", 0, 1000),
        number("share", 0, 5),
        number("beds", 0, 100),
        number("height", 0, 3),
    ]
    return Catalogue.model_validate(
        {
            "version": 1,
            "title": "Dirty visits",
            "nations": [{"name": "Wales", "gss": "W92000004"}],
            "populations": {"patients": {"description": "patients"}},
            "datasets": {
                "health.visits": {
                    "title": "Visits",
                    "description": "Visits.",
                    "population": "patients",
                    "unit": "patient",
                    "unit_description": "one patient",
                    "encloses": encloses,
                    "max_rows_per_unit": max_rows,
                    "columns": columns,
                }
            },
        }
    )


def mapping_text(extension: str = "parquet") -> str:
    return MAPPING.replace("EXTENSION", extension) + "[holds.columns.height]\nheld = false\n"


def random_records(chance: random.Random, units: int = 12) -> list[Record]:
    """Visits: NULL ids, unknown codes, casts that fail, NaN, infinities, overflow, conflicts, repeats, many rows."""
    records: list[Record] = []
    for unit in range(units):
        for _ in range(chance.choice([1, 1, 2, 3, 5, 9])):
            record = _record(chance, f"patient {unit} é")
            records += [record] * chance.choice([1, 1, 1, 2])
    records += [_record(chance, None) for _ in range(3)]
    chance.shuffle(records)
    return records


def _record(chance: random.Random, pid: str | None) -> Record:
    pick = chance.choice
    return {
        "pid": pid,
        "clinic": pick(["A", "A", "B", "B", "C's", "C's", "a", "", None, "Z"]),
        "year": pick([2010, 2010, 2011, 2011, 2012, 2012, 1066, None]),
        "sex": pick(["Male", "Male", "Female", "Female", None, "unknown"]),
        "born": pick(["1950", "1950", "1980", "19x0", "", None, "9999", "-1"]),
        "cost": pick(["12.5", "0.004", "-4.996", "nan", "inf", "-inf", "1e300", "-1e300", "250.004", "x", None, "17"]),
        "units": pick([1, 2, 3, 2**62, -(2**62), None]),
        "factor": pick(["1", "10", "100", "4", "x", None, "1e3"]),
        "divisor": pick([0, 1, 2, 3, -1, None]),
        "ward": pick([1, 2, 3, 4, 5, None]),
        "moved": pick([0, 0, 0, 1, 2**63 - 1, None]),
        "status": pick(["final", "final", "final", "final", "void", None]),
    }


WARDS: list[Record] = [
    {"id": 1, "beds": 10.4},
    {"id": 2, "beds": 20.0},
    {"id": 2, "beds": 21.0},
    {"id": 3, "beds": math.nan},
    {"id": 4, "beds": 1e9},
    {"id": None, "beds": 5.0},
    {"id": None, "beds": 6.0},
]
"""Ward 2 stands there twice, ward 5 not at all."""

_TYPES = {"year": pa.int64(), "units": pa.int64(), "divisor": pa.int32(), "ward": pa.int64(), "moved": pa.int64()}


def write_sources(folder: Path, records: Sequence[Record], extension: str = "parquet") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.Table.from_pylist(WARDS, pa.schema([("id", pa.int64()), ("beds", pa.float64())])), folder / "ward.parquet"
    )
    names = list(_record(random.Random(0), None))
    schema = pa.schema([(name, _TYPES.get(name, pa.string())) for name in names])
    pq.write_table(pa.Table.from_pylist(list(records), schema), folder / "visit.parquet", row_group_size=7)


def content(path: Path) -> Content:
    """What an edition holds. Fails where ordinals, row counts or order are not what an edition promises."""
    with duckdb.connect(path, read_only=True) as connection:
        rows = connection.execute(f"FROM {edition.TABLE}").fetchall()
    found: Content = {}
    counts = Counter(row[0] for row in rows)
    assert [(row[0], row[5]) for row in rows] == sorted((row[0], row[5]) for row in rows)
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    assert set(counts) == set(range(len(counts)))
    for unit, unit_rows, losses, high, low, row_key, _, *values in rows:
        assert unit_rows == counts[unit]
        assert row_key not in found.get((high, low), {})
        found.setdefault((high, low), {})[row_key] = (losses, *values)
    assert all(len({values[0] for values in rows.values()}) == 1 for rows in found.values())
    assert len(found) == len(counts)
    return found


def token_of(key: bytes, pid: str) -> tuple[int, int]:
    digest = hmac.digest(key, pid.encode(), "sha256")
    return int.from_bytes(digest[:8]), int.from_bytes(digest[8:16])


def expected(records: Sequence[Record], key: bytes, max_rows: int = MAX_ROWS) -> Content:
    """The edition of these records, by the rules, in plain Python."""
    units: dict[str, list[tuple[tuple[int | None, ...], bool]]] = {}
    for record in records:
        values = _repaired(record)
        if values is not None:
            units.setdefault(str(record["pid"]), []).append((values, _is_clamped(record, values)))
    return {token_of(key, pid): rows for pid, found in units.items() if (rows := _unit(key, pid, found, max_rows))}


def _repaired(record: Record) -> tuple[int | None, ...] | None:
    clinic = CLINICS.index(str(record["clinic"])) if record["clinic"] in CLINICS else None
    year = record["year"] if record["year"] in (2010, 2011, 2012) else _clamped_year(record["year"])
    sex = SEXES.index(str(record["sex"])) if record["sex"] in SEXES else None
    dose = _product(record["units"], record["factor"])
    if record["status"] != "final":
        return None
    if record["pid"] is None or clinic is None or year is None or record["sex"] == "unknown":
        return None
    if dose is not None and not 0 <= dose <= 1000:
        return None
    share = _share(record["divisor"])
    values = (clinic, year, sex, _born(record["born"]), _cost(record["cost"]), dose, share, _beds(record), None)
    return _covered(values)


def _is_clamped(record: Record, values: tuple[int | None, ...]) -> bool:
    """Whether a value that is held was set to the nearest bound: `values` are those of the row after repair."""
    cost, beds = values[4], values[7]
    born = str(record["born"])
    return (
        record["year"] == 1066
        or (born.lstrip("-").isdigit() and not 1900 <= int(born) <= 2020)
        or (cost is not None and str(record["cost"]) in ("1e300", "-1e300"))
        or beds == 100
    )


def _covered(values: tuple[int | None, ...]) -> tuple[int | None, ...] | None:
    clinic, year, sex, born, cost, dose, share, beds, height = values
    assert year is not None
    if clinic == CLINICS.index("B") and sex != SEXES.index("Male"):
        return None
    cost = cost if year >= 2011 else None
    beds = beds if sex == SEXES.index("Male") else None
    return clinic, year, sex, born, cost, dose, share, beds, height


def _clamped_year(year: object) -> int | None:
    return 2010 if year == 1066 else None


def _born(text: object) -> int | None:
    try:
        return min(2020, max(1900, int(str(text))))
    except ValueError:
        return None


def _cost(text: object) -> int | None:
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        return None
    if not value.is_finite():
        return None
    near = min(Decimal(251), max(Decimal(-6), value))
    return int(min(Decimal(25000), max(Decimal(-500), (near * 100).quantize(Decimal(1), ROUND_HALF_UP))))


def _product(units: object, factor: object) -> int | None:
    scale = {"1": 1, "10": 10, "100": 100, "4": 4, "1e3": 1000}.get(str(factor))
    if not isinstance(units, int) or scale is None:
        return None
    product = units * scale
    return product if -(2**63) <= product < 2**63 else None


def _share(divisor: object) -> int | None:
    if not isinstance(divisor, int) or divisor == 0:
        return None
    share = int(10 / divisor)
    return share if 0 <= share <= 5 else None


def _beds(record: Record) -> int | None:
    ward, moved = record["ward"], record["moved"]
    return {1: 10, 4: 100}.get(ward + moved) if isinstance(ward, int) and isinstance(moved, int) else None


def _unit(
    key: bytes, pid: str, rows: list[tuple[tuple[int | None, ...], bool]], max_rows: int
) -> dict[int, tuple[int | None, ...]]:
    high, low = token_of(key, pid)
    secret = hmac.digest(key, b"concordat row key", "sha256")
    keyed = {}
    for rank, row in enumerate(sorted(rows, key=_nulls_last), start=1):
        message = high.to_bytes(8) + low.to_bytes(8) + rank.to_bytes(8)
        keyed[int.from_bytes(hashlib.sha256(secret + message).digest()[:8])] = row
    first, _ = keyed[min(keyed)]
    made: dict[int, tuple[int | None, ...]] = {}
    losses = 0
    for row_key, (values, clamped) in sorted(keyed.items()):
        constant = (*values[:2], *first[2:4], *values[4:]) if max_rows > 1 else values
        if (covered := _covered(constant)) is None:
            continue
        if len(made) == max_rows:
            losses |= edition.Loss.ROW
            break
        losses |= edition.Loss.CLAMPED if clamped else 0
        made[row_key] = covered
    return {row_key: (losses, *values) for row_key, values in made.items()}


def _nulls_last(row: tuple[tuple[int | None, ...], bool]) -> tuple[tuple[bool, int], ...]:
    values, clamped = row
    return (*((value is None, value or 0) for value in values), (clamped, 0))
