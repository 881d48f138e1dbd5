"""FILTER (WHERE condition) lets one aggregate see only some of the rows that WHERE takes."""

import pytest
from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Specification, refusals, sentences


@sentences(
    {
        "COUNT(*)": ("COUNT(*) FILTER (WHERE ward = 'Surgery')", 7),
        "COUNT(x)": ("COUNT(nights) FILTER (WHERE sex IS NULL)", 3),
        "SUM": ("SUM(nights) FILTER (WHERE ward = 'Surgery')", 53),
        "AVG": ("AVG(nights) FILTER (WHERE ward = 'Medicine')", 25 / 4),
        "COUNT(DISTINCT unit)": ("COUNT(DISTINCT unit) FILTER (WHERE ward = 'Surgery')", 4),
        "COUNTIF": ("COUNTIF(nights > 3) FILTER (WHERE ward = 'Surgery')", 4),
        "a condition that is not known is not true": ("COUNT(*) FILTER (WHERE NOT nights > 3)", 6),
        "WHERE and FILTER": (f"COUNT(*) FILTER (WHERE priority = 1) AS n {FROM} WHERE ward = 'Surgery'", 3),
        "an expression of aggregates with FILTER": (
            "100 * COUNT(*) FILTER (WHERE ward = 'Surgery') / COUNT(*) AS share",
            43.75,
        ),
        "nothing left": ("SUM(nights) FILTER (WHERE nights = 29)", 0),
    }
)
def test_filter(spec: Specification, written: str, gives: float) -> None:
    assert spec.figure(written) == pytest.approx(gives, rel=1e-12)


def test_other_aggregates_still_see_all_rows(spec: Specification) -> None:
    assert spec.answer(f"SELECT COUNT(*) FILTER (WHERE ward = 'Children') AS young, COUNT(*) {FROM}") == [(3, 16)]


def select(items: str) -> str:
    return f"SELECT {items} {FROM}"


REFUSED: dict[str, Refused] = {
    "FILTER without WHERE": (
        select("COUNT(*) ¦FILTER (nights > 1)"),
        Reason.SQL_NOT_SUPPORTED,
        "FILTER (WHERE condition)",
    ),
    "FILTER after a column": (
        select("nights FILTER ¦(WHERE nights > 1)"),
        Reason.SQL_NOT_SUPPORTED,
        "cannot be understood",
    ),
    "FILTER by an aggregate": (
        select("COUNT(*) FILTER (WHERE ¦COUNT(*) > 1)"),
        Reason.SQL_NOT_SUPPORTED,
        "column, number, calculation or CASE",
    ),
    "FILTER by the nation": (
        select("COUNT(*) FILTER (WHERE ¦nation = 'Wales')"),
        Reason.UNKNOWN_COLUMN,
        "an attribute of nodes",
    ),
}


@refusals(REFUSED)
def test_no_filter(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
