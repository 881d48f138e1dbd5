"""Dates are compared, their parts are taken, and the difference of two is a number of days."""

import pytest
from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Shown, Specification, refusals, sentences

COUNT = f"SELECT COUNT(*) {FROM} WHERE "


@sentences(
    {
        "a date is written after DATE": ("admitted = DATE '2024-02-29'", "e"),
        "DATE may be left out": ("admitted = '2024-02-29'", "e"),
        "dates have an order": ("admitted > DATE '2024-10-01'", "j p"),
        "a bound is included by <=": ("admitted <= DATE '2023-02-28'", "a k"),
        "a date beyond the column's bounds": ("admitted < DATE '2030-01-01' AND priority = 3", "d i m"),
        "the days between two dates": ("discharged - admitted = 10", "d"),
        "over a leap day": ("discharged - admitted = 2", "e n"),
        "a difference with a missing date is missing": ("discharged - admitted IS NULL", "c i j l"),
        "days since a date": ("admitted - DATE '2024-01-01' BETWEEN 0 AND 60", "e n"),
        "days before a date are negative": ("admitted - DATE '2023-03-31' < 0", "a k"),
        "days are calculated with like any number": ("(discharged - admitted) * 2 = 20", "d"),
        "a part in a condition": ("EXTRACT(MONTH FROM admitted) = 12", "d j"),
        "parts of two dates are compared": ("EXTRACT(YEAR FROM admitted) < EXTRACT(YEAR FROM discharged)", "d"),
        "YEAR() is short for EXTRACT": ("YEAR(admitted) = 2023 AND QUARTER(admitted) = 1", "a b k"),
    }
)
def test_a_date_in_a_condition(spec: Specification, written: str, gives: str) -> None:
    assert spec.rows(written) == gives


@sentences(
    {
        "years": ("EXTRACT(YEAR FROM admitted)", {2023: "a b c d k l m", 2024: "e f g h i j n o p"}),
        "years of a date that may be missing": (
            "EXTRACT(YEAR FROM discharged)",
            {2023: "a b k m", 2024: "d e f g h n o p", None: "c i j l"},
        ),
        "quarters begin in January, April, July and October": (
            "EXTRACT(QUARTER FROM admitted)",
            {1: "a b e k n o", 2: "c f l", 3: "g h m", 4: "d i j p"},
        ),
        "months": (
            "EXTRACT(MONTH FROM admitted)",
            dict(enumerate(["a n", "e k", "b o", "c", "l", "f", "g", "m", "h", "i", "p", "d j"], 1)),
        ),
        "a part is calculated with": (
            "DIV(EXTRACT(MONTH FROM admitted) - 1, 6) + 1",
            {1: "a b c e f k l n o", 2: "d g h i j m p"},
        ),
    }
)
def test_a_part_of_a_date_as_a_group_key(spec: Specification, written: str, gives: dict[Shown, str]) -> None:
    assert spec.groups(written) == gives


@sentences(
    {
        "a sum of days": ("SUM(discharged - admitted)", 76),
        "a mean of days": ("AVG(discharged - admitted)", 76 / 12),
        "a count of dates": ("COUNT(discharged)", 12),
        "a sum of parts": ("SUM(EXTRACT(QUARTER FROM admitted))", 6 * 1 + 3 * 2 + 3 * 3 + 4 * 4),
    }
)
def test_a_date_in_an_aggregate(spec: Specification, written: str, gives: float) -> None:
    assert spec.figure(f"{written} AS figure") == pytest.approx(gives, rel=1e-12)


REFUSED: dict[str, Refused] = {
    "a day that there is not": (COUNT + "admitted = DATE ¦'2023-02-29'", Reason.WRONG_TYPE, "a day of the calendar"),
    "a date in another notation": (COUNT + "admitted = ¦'29/02/2024'", Reason.WRONG_TYPE, "DATE '2024-02-29'"),
    "a number where dates are": (COUNT + "admitted = ¦20240229", Reason.WRONG_TYPE, "DATE '2024-02-29'"),
    "a date and a number of days": (COUNT + "¦admitted + 1 > 0", Reason.WRONG_TYPE, "here is a date"),
    "a date compared with a number": (COUNT + "¦admitted > nights", Reason.WRONG_TYPE, "here is a date"),
    "another part": (COUNT + "EXTRACT(¦DAY FROM admitted) = 1", Reason.SQL_NOT_SUPPORTED, "or QUARTER or MONTH"),
    "a part of a number": (COUNT + "¦YEAR(nights) = 1", Reason.WRONG_TYPE, "takes a date, and here is a number"),
    "DATE_TRUNC": (
        COUNT + "¦DATE_TRUNC(admitted, YEAR) = 1",
        Reason.SQL_NOT_SUPPORTED,
        "write EXTRACT(YEAR FROM day), or QUARTER or MONTH",
    ),
    "a sum of dates": (f"SELECT SUM(¦admitted) {FROM}", Reason.WRONG_TYPE, "use EXTRACT, or the days between two"),
    "a date as a group key": (
        f"SELECT admitted, COUNT(*) {FROM} GROUP BY ¦admitted",
        Reason.KEY_WITHOUT_DOMAIN,
        "EXTRACT(YEAR FROM admitted)",
    ),
    "INTERVAL": (COUNT + "admitted > ¦INTERVAL 3 DAY", Reason.SQL_NOT_SUPPORTED, "column"),
}


@refusals(REFUSED)
def test_no_date(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
