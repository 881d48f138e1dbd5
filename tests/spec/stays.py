"""The data that the specification asks about: stays in hospital, several to a patient, at two nations.

Each row has a letter, and in the data a `mark` of its own: 1, 2, 4 ... So SUM(mark) tells exactly which rows were
counted, and cases name rows by their letters. A dash is a missing value; Wales has no column `pain`, and scores only
in two of three wards.
"""

from datetime import date
from decimal import Decimal

from concordat_query.catalogue import Catalogue
from fakes.catalogue import code, day, number
from fakes.offline import Source, fixed_secret

DATASET = "health.stays"

ENGLAND = """
row patient ward     sex    nights priority cost   admitted   discharged decile score pain
a   E1      Surgery  Female 3      1        120.50 2023-01-15 2023-01-18 1      7     2
b   E1      Surgery  Female 0      2        15.25  2023-03-31 2023-03-31 1      5     -
c   E1      Medicine Female -      1        99.99  2023-04-01 -          1      -     4
d   E2      Medicine Male   10     3        250.00 2023-12-31 2024-01-10 2      2     6
e   E2      Medicine Male   2      2        0.00   2024-02-29 2024-03-02 2      9     -
f   E3      Children -      1      1        -5.00  2024-06-30 2024-07-01 -      4     1
g   E4      Surgery  Male   30     2        64.10  2024-07-01 2024-07-31 3      10    10
h   E4      Surgery  Male   4      1        10.00  2024-09-15 2024-09-19 3      6     3
i   E4      Medicine Male   5      3        33.33  2024-10-01 -          3      8     5
j   E4      Children Male   7      1        75.00  2024-12-31 -          3      0     0
"""

WALES = """
row patient ward     sex    nights priority cost   admitted   discharged decile score
k   W1      Surgery  Female 6      2        45.00  2023-02-28 2023-03-06 1      3
l   W1      Medicine Female -      1        12.34  2023-05-05 -          1      1
m   W2      Medicine -      8      3        200.00 2023-08-31 2023-09-08 2      6
n   W2      Children -      2      2        20.00  2024-01-01 2024-01-03 2      -
o   W3      Surgery  Male   1      1        5.05   2024-03-31 2024-04-01 -      4
p   W3      Surgery  Male   9      2        88.80  2024-11-11 2024-11-20 -      -
"""

ROWS = "abcdefghijklmnop"
FIRST, LAST = date(2023, 1, 1), date(2024, 12, 31)
_COUNTRIES = ["England", "Wales"]


def stays() -> Catalogue:
    """The catalogue. No patient has more than four stays, and sex and decile are the same in all of them."""
    return Catalogue.model_validate(
        {
            "version": 1,
            "title": "Stays in hospital",
            "nations": [{"name": name, "gss": f"X{index}"} for index, name in enumerate(_COUNTRIES)],
            "totals": [{"name": "England and Wales", "gss": "K04000001", "nations": _COUNTRIES}],
            "populations": {"patients": {"description": "patients"}},
            "datasets": {
                DATASET: {
                    "title": "Stays",
                    "description": "Stays in hospital.",
                    "population": "patients",
                    "unit": "patient",
                    "unit_description": "one patient",
                    "max_rows_per_unit": 4,
                    "columns": [
                        code("ward", "Surgery", "Medicine", "Children", nullable=False),
                        code("sex", "Female", "Male", constant_within_unit=True),
                        number("nights", 0, 30),
                        number("priority", 1, 4, key=True, nullable=False),
                        number("cost", Decimal("-5.00"), Decimal("250.00"), decimals=2, nullable=False),
                        day("admitted", FIRST, LAST, nullable=False),
                        day("discharged", FIRST, LAST),
                        code(
                            "decile",
                            "1",
                            "2",
                            "3",
                            constant_within_unit=True,
                            across_nations="not comparable",
                            across_nations_note="Each nation ranks its own areas.",
                        ),
                        number(
                            "score", 0, 10, across_nations="with caveat", across_nations_note="Wales asks on leaving."
                        ),
                        number("pain", 0, 10),
                        number("mark", 0, 2 ** len(ROWS) - 1, nullable=False),
                    ],
                }
            },
        }
    )


def sources() -> dict[str, Source]:
    """Both nations' sources, as CSV with the table's own words, each with its mapping."""
    columns = "ward, sex, nights, priority, cost, admitted, discharged, decile, score, mark"
    holds: dict[str, object] = {
        "columns": {"pain": {"held": False}, "score": {"rows": "ward IN ('Surgery', 'Medicine')"}}
    }
    return {
        "England": _source("England", ENGLAND, f"SELECT {columns}, pain FROM stay", {}),  # noqa: S608
        "Wales": _source("Wales", WALES, f"SELECT {columns} FROM stay", holds),  # noqa: S608
    }


def _source(nation: str, rows: str, select: str, holds: dict[str, object]) -> Source:
    mapping = {"unit_id": "patient", "sources": {"stay": {"path": "stay.csv"}}, "select": select, "holds": holds}
    return Source(mapping, {"stay.csv": _csv(rows)}, fixed_secret(nation))


def _csv(rows: str) -> str:
    header, *lines = rows.strip().splitlines()
    written = [",".join(header.split()) + ",mark"]
    for line in lines:
        values = ["" if value == "-" else value for value in line.split()]
        written.append(",".join([*values, str(2 ** ROWS.index(values[0]))]))
    return "\n".join(written) + "\n"


def letters(marks: int) -> str:
    """Which rows a sum of marks is made of: "a c d"."""
    return " ".join(row for index, row in enumerate(ROWS) if marks >> index & 1)
