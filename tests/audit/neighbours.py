"""Sources that differ from another by one unit: as it comes out of the random source, or one that is over every limit.

Written as each nation records, before any mapping or import.
"""

import random
from collections.abc import Iterator
from dataclasses import replace

from fakes.offline import Source
from fakes.plain_source import MAX_ROWS

FILE = "contact.csv"
NEW = "the unit in question"
AT_THE_BOUND = "as many rows in one cell as a unit may have, at the upper bounds"
IN_EACH_CELL = "one row in every cell"

# ward, gender, region, band, los, cost, rate, seen, gone: as England writes them and as Wales does
_WARDS = {"England": ("s1", "s2", "s3"), "Wales": ("A", "B", "C")}
_GENDERS = {"England": ("1", "2"), "Wales": ("F", "M")}
_REGIONS = {"England": ("n", "s"), "Wales": ("North", "South")}
_COSTS = {"England": ("-5.00", "250.00", "-99999", "99999"), "Wales": ("-500", "25000", "-9999900", "9999900")}
_LOW, _HIGH = ("1", "-3", "0", "2022-11-01", "2022-11-01"), ("5", "40", "10", "2024-03-31", "2024-03-31")
_ANY = (
    ("", "1", "3", "5", "0", "99"),
    ("", "-3", "40", "-9999999999", "9999999999", "nan"),
    ("", "0", "10", "inf", "-1", "1e300"),
    ("2022-11-01", "2024-03-31", "2023-02-28"),
    ("", "2022-11-01", "2024-03-31", "9999-12-31"),
)


def neighbours(source: Source, nation: str, seed: int) -> Iterator[tuple[str, Source]]:
    """What was changed, and the source that it gives."""
    rng = random.Random(seed)  # noqa: S311  # test data
    head, *lines = source.files[FILE].splitlines()
    units = sorted({line.split(",")[0] for line in lines} - {""})
    for _ in range(2):
        gone = rng.choice(units)
        yield f"without {gone}", _of(source, head, [line for line in lines if line.split(",")[0] != gone])
    for kind, rows in extreme_units(nation, rng).items():
        mixed = [*lines, *rows]
        rng.shuffle(mixed)
        yield f"with {kind}", _of(source, head, mixed)


def extreme_units(nation: str, rng: random.Random) -> dict[str, list[str]]:
    """The rows of units at every limit and over it, by what they are."""

    def low(ward: int = 0) -> str:
        return _line(nation, ward, _LOW, 0)

    def high(ward: int = 0) -> str:
        return _line(nation, ward, _HIGH, 1)

    return {
        AT_THE_BOUND: [high()] * MAX_ROWS,
        "as many rows in one cell as a unit may have, at the lower bounds": [low()] * MAX_ROWS,
        IN_EACH_CELL: [high(ward) for ward in range(3)],
        "many rows in many cells, beyond all bounds": [_wild(nation, rng) for _ in range(30)],
        "nothing but what is missing": [_line(nation, 0, ("", "", "", "2023-01-01", ""), 0)] * 3,
        "no row that is kept": [f"{NEW},nowhere" + high()[len(NEW) + 3 :]] * 3,
    }


def with_unit(source: Source, rows: list[str]) -> Source:
    """The source with these rows as well."""
    head, *lines = source.files[FILE].splitlines()
    return _of(source, head, [*lines, *rows])


def _of(source: Source, head: str, lines: list[str]) -> Source:
    return replace(source, files={FILE: "\n".join([head, *lines]) + "\n"})


def _line(nation: str, ward: int, values: tuple[str, ...], bound: int) -> str:
    band, los, rate, seen, gone = values
    fixed = [NEW, _WARDS[nation][ward], _GENDERS[nation][0], _REGIONS[nation][0]]
    return ",".join([*fixed, band, los, _COSTS[nation][bound], rate, seen, gone])


def _wild(nation: str, rng: random.Random) -> str:
    band, los, rate, seen, gone = (rng.choice(values) for values in _ANY)
    coded = [rng.choice(codes[nation]) for codes in (_WARDS, _GENDERS, _REGIONS)]
    return ",".join([NEW, *coded, band, los, rng.choice(_COSTS[nation]), rate, seen, gone])
