"""MEDIAN and PERCENTILE_CONT: the value below which a part of the rows lie, interpolated between rows."""

import pytest
from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Specification, refusals, sentences

NIGHTS = "0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 30"


@sentences(
    {
        f"the median of {NIGHTS}": ("MEDIAN(nights)", 4.5),
        "the same in other words": ("PERCENTILE_CONT(nights, 0.5)", 4.5),
        "the lower quartile": ("PERCENTILE_CONT(nights, 0.25)", 2),
        "between two rows": ("PERCENTILE_CONT(nights, 0.9)", 9.7),
        "of all rows below": ("PERCENTILE_CONT(nights, 0)", 0),
        "of all rows above": ("PERCENTILE_CONT(nights, 1)", 30),
        "of one row": (f"MEDIAN(nights) {FROM} WHERE nights = 30", 30),
        "after WHERE": (f"MEDIAN(nights) {FROM} WHERE ward = 'Surgery'", 4),
        "with FILTER": ("MEDIAN(nights) FILTER (WHERE nights > 4)", 8),
        "of a calculation": ("MEDIAN(2 * nights - 1)", 8),
        "of a date's part": ("MEDIAN(EXTRACT(MONTH FROM admitted))", 5.5),
        "of a CASE": ("PERCENTILE_CONT(CASE WHEN nights > 4 THEN 1 ELSE 0 END, 0.5)", 0),
        "in a calculation after the noise": ("MEDIAN(nights) - MEDIAN(priority) AS gap", 2.5),
    }
)
def test_a_percentile(spec: Specification, written: str, gives: float) -> None:
    selected = written.replace(f" {FROM}", f" AS p {FROM}") if FROM in written else f"{written} AS p"
    assert spec.figure(selected if " AS gap" not in written else written) == pytest.approx(gives, rel=1e-9)


def test_a_percentile_of_many_values_is_right_to_a_bin(spec: Specification) -> None:
    """25,501 values make 1,021 bins of 25 hundredths."""
    assert spec.figure("MEDIAN(cost)") == pytest.approx((33.33 + 45) / 2, abs=0.25)
    assert spec.figure("PERCENTILE_CONT(cost, 1)") == pytest.approx(250, abs=0.25)


def test_percentiles_of_groups_and_their_totals(spec: Specification) -> None:
    sql = f"SELECT sex, MEDIAN(nights) AS m {FROM} GROUP BY ROLLUP(sex)"
    assert [row[1] for row in spec.answer(sql)] == pytest.approx([3, 6, 2, 4.5])


def test_what_columns_of_percentiles_are_called(spec: Specification) -> None:
    selected = "MEDIAN(nights), PERCENTILE_CONT(nights, 0.9), PERCENTILE_CONT(nights, 0.975), MEDIAN(nights + 1) AS n"
    assert spec.names(selected) == ["median_nights", "p90_nights", "p97_5_nights", "n"]


@sentences({"no row": (f"MEDIAN(nights) {FROM} WHERE nights = 29", "undefined")})
def test_no_percentile_of_nothing(spec: Specification, written: str, gives: str) -> None:
    assert spec.figure(written) == gives


def select(items: str) -> str:
    return f"SELECT {items} {FROM}"


REFUSED: dict[str, Refused] = {
    "a median of codes": (select("MEDIAN(¦ward)"), Reason.WRONG_TYPE, "use COUNT, COUNTIF or GROUP BY"),
    "a fraction above 1": (select("PERCENTILE_CONT(nights, ¦50)"), Reason.SQL_NOT_SUPPORTED, "from 0 to 1"),
    "a fraction below 0": (select("PERCENTILE_CONT(nights, -¦0.5)"), Reason.SQL_NOT_SUPPORTED, "from 0 to 1"),
    "too fine a fraction": (select("PERCENTILE_CONT(nights, ¦0.1234567)"), Reason.SQL_NOT_SUPPORTED, "6 decimals"),
    "a fraction that varies": (select("PERCENTILE_CONT(nights, ¦score)"), Reason.SQL_NOT_SUPPORTED, "from 0 to 1"),
    "no fraction": (select("¦PERCENTILE_CONT(nights)"), Reason.SQL_NOT_SUPPORTED, "PERCENTILE_CONT(x, 0.5)"),
    "another function": (select("¦PERCENTILE_DISC(nights, 0.5)"), Reason.SQL_NOT_SUPPORTED, "PERCENTILE_CONT(nights"),
    "the least value": (select("¦MIN(nights)"), Reason.SQL_NOT_SUPPORTED, "PERCENTILE_CONT(nights, 0.05)"),
}


@refusals(REFUSED)
def test_percentiles_that_are_refused(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
