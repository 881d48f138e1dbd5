"""SUM adds values up, AVG divides their sum by how many there are; what is missing is left out of both."""

import pytest
from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Shown, Specification, refusals, sentences


@sentences(
    {
        "a sum of whole numbers": ("SUM(nights)", 88),
        "a sum of decimals": ("SUM(cost)", 1034.36),
        "a sum of no row is 0": (f"SUM(nights) {FROM} WHERE nights = 29", 0),
        "a sum of rows in which all is missing is 0": (f"SUM(nights) {FROM} WHERE nights IS NULL", 0),
        "a sum after WHERE": (f"SUM(cost) {FROM} WHERE ward = 'Children'", 90),
        "negative values are subtracted": (f"SUM(cost) {FROM} WHERE cost <= 0", -5),
    }
)
def test_a_sum(spec: Specification, written: str, gives: Shown) -> None:
    assert spec.figure(written) == gives


@sentences(
    {
        "a mean leaves out what is missing": ("AVG(nights)", 88 / 14),
        "a mean of decimals": ("AVG(cost)", 1034.36 / 16),
        "a mean of one row": (f"AVG(cost) {FROM} WHERE cost = 33.33", 33.33),
        "a mean at the upper bound": (f"AVG(nights) {FROM} WHERE nights = 30", 30),
        "a mean at the lower bound": (f"AVG(cost) {FROM} WHERE cost = -5", -5),
    }
)
def test_a_mean(spec: Specification, written: str, gives: float) -> None:
    assert spec.figure(written) == pytest.approx(gives, rel=1e-12)


@sentences(
    {
        "a mean of no row has no figure": (f"AVG(nights) {FROM} WHERE nights = 29", "undefined"),
        "a mean of rows in which all is missing has none": (f"AVG(nights) {FROM} WHERE nights IS NULL", "undefined"),
    }
)
def test_no_mean_of_nothing(spec: Specification, written: str, gives: str) -> None:
    assert spec.figure(written) == gives


def test_many_statistics_of_one_query(spec: Specification) -> None:
    assert spec.answer(f"SELECT COUNT(*), COUNT(nights), SUM(nights), COUNT(DISTINCT unit), SUM(cost) {FROM}") == [
        (16, 14, 88, 7, 1034.36)
    ]


def select(items: str) -> str:
    return f"SELECT {items} {FROM}"


REFUSED: dict[str, Refused] = {
    "a sum of codes": (select("SUM(¦ward)"), Reason.WRONG_TYPE, "use COUNT, COUNTIF or GROUP BY"),
    "a mean of dates": (select("AVG(¦admitted)"), Reason.WRONG_TYPE, "use EXTRACT, or the days between two dates"),
    "a sum of a literal": (select("¦SUM(1)"), Reason.SQL_NOT_SUPPORTED, "a column or a calculation"),
    "a sum of a sum": (select("SUM(¦SUM(nights))"), Reason.SQL_NOT_SUPPORTED, "column, number, calculation or CASE"),
    "a sum of distinct values": (select("¦SUM(DISTINCT nights)"), Reason.SQL_NOT_SUPPORTED, "leave DISTINCT out"),
    "MIN": (select("¦MIN(nights)"), Reason.SQL_NOT_SUPPORTED, "it would expose one person"),
    "MAX": (select("¦MAX(nights)"), Reason.SQL_NOT_SUPPORTED, "it would expose one person"),
    "a window": (select("SUM(nights) ¦OVER ()"), Reason.SQL_NOT_SUPPORTED, "use GROUP BY"),
    "MEAN": (select("¦MEAN(nights)"), Reason.SQL_NOT_SUPPORTED, "write AVG(column)"),
}


@refusals(REFUSED)
def test_no_sum_or_mean(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
