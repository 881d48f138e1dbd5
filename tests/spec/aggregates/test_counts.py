"""Counts of rows, of values, of rows for which a condition is true, and of units."""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Shown, Specification, refusals, sentences


@sentences(
    {
        "COUNT(*) counts rows": ("COUNT(*)", 16),
        "COUNT(x) counts rows in which x is not missing": ("COUNT(nights)", 14),
        "COUNT(x) of a column that is never missing counts all rows": ("COUNT(ward)", 16),
        "COUNT takes codes": ("COUNT(sex)", 13),
        "COUNT takes dates": ("COUNT(discharged)", 12),
        "COUNTIF counts rows for which its condition is true": ("COUNTIF(nights >= 5)", 7),
        "COUNTIF does not count what is missing": ("COUNTIF(NOT nights >= 5)", 7),
        "COUNTIF takes any condition": ("COUNTIF(nights >= 5 OR nights IS NULL)", 9),
        "a count of no row is 0": (f"COUNT(*) {FROM} WHERE nights = 29", 0),
        "WHERE comes first": (f"COUNT(nights) {FROM} WHERE ward = 'Medicine'", 4),
        "functions may be written in any case": ("count(*)", 16),
        "COUNT(DISTINCT unit) counts units": ("COUNT(DISTINCT unit)", 7),
        "the unit goes by its own name, too": ("COUNT(DISTINCT patient)", 7),
        "units with a row that WHERE takes": (f"COUNT(DISTINCT unit) {FROM} WHERE ward = 'Medicine'", 5),
        "no unit has such a row": (f"COUNT(DISTINCT unit) {FROM} WHERE nights = 29", 0),
    }
)
def test_a_count(spec: Specification, written: str, gives: Shown) -> None:
    assert spec.figure(written) == gives


@sentences(
    {
        "a count of rows": ("COUNT(*)", ["count"]),
        "a count of values": ("COUNT(nights)", ["count_nights"]),
        "a count under a condition": ("COUNTIF(nights > 3)", ["countif"]),
        "a count of units": ("COUNT(DISTINCT unit)", ["count_units"]),
        "a sum and a mean": ("SUM(cost), AVG(cost)", ["sum_cost", "avg_cost"]),
        "a quotient": ("COUNTIF(nights > 3) / COUNT(*)", ["countif_per_count"]),
        "a name of one's own": ("COUNT(*) AS Stays_2", ["Stays_2"]),
    }
)
def test_what_results_are_called(spec: Specification, written: str, gives: list[str]) -> None:
    assert spec.names(written) == gives


def select(items: str) -> str:
    return f"SELECT {items} {FROM}"


REFUSED: dict[str, Refused] = {
    "a count of a literal": (select("¦COUNT(1)"), Reason.SQL_NOT_SUPPORTED, "write COUNT(*), COUNT(column)"),
    "a count of distinct values": (select("¦COUNT(DISTINCT nights)"), Reason.SQL_NOT_SUPPORTED, "GROUP BY it"),
    "a count of two columns": (
        select("COUNT(nights, ¦score)"),
        Reason.SQL_NOT_SUPPORTED,
        "COUNT takes * or one column",
    ),
    "a count without anything": (select("¦COUNT()"), Reason.SQL_NOT_SUPPORTED, "write COUNT(*), COUNT(column)"),
    "COUNTIF of a column": (select("COUNTIF(¦nights)"), Reason.SQL_NOT_SUPPORTED, "a condition is needed here"),
    "COUNT_IF": (select("¦COUNT_IF(nights > 1)"), Reason.SQL_NOT_SUPPORTED, "write COUNTIF(condition)"),
    "rows themselves": (select("¦*"), Reason.SQL_NOT_SUPPORTED, "name the keys and aggregates"),
    "a column that is not grouped by": (
        select("¦ward, COUNT(*)"),
        Reason.SQL_NOT_SUPPORTED,
        "neither grouped by nor counted",
    ),
    "two results of one name": (
        select("COUNT(*) AS n, ¦COUNT(nights) AS N"),
        Reason.SQL_NOT_SUPPORTED,
        "rename one with AS",
    ),
    "a name without AS": (select("COUNT(*) ¦n"), Reason.SQL_NOT_SUPPORTED, "write AS before a new name"),
    "a name of two words": (select("COUNT(*) AS ¦`my n`"), Reason.SQL_NOT_SUPPORTED, "a name has letters"),
    "nothing counted": (f"¦SELECT ward {FROM} GROUP BY ward", Reason.SQL_NOT_SUPPORTED, "nothing is counted"),
    "another data set": ("SELECT COUNT(*) FROM ¦health.stay", Reason.UNKNOWN_DATASET, "did you mean 'health.stays'?"),
    "two data sets": (select("COUNT(*)") + " ¦JOIN health.stays", Reason.SQL_NOT_SUPPORTED, "one data set"),
}


@refusals(REFUSED)
def test_no_count(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
