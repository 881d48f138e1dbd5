"""How much a patient counts: in at most max_groups_contributed groups, with at most max_rows_contributed rows in each.

Rows are chosen after WHERE and before FILTER, by a secret hash: the same ones every time, and nobody can tell which.
"""

from itertools import pairwise

import pytest
from concordat_query.errors import Reason, Refusal
from spec.specification import FROM, Refused, Shown, Specification, nearly, refusals, sentences


def limited(options: str, rest: str) -> str:
    return f"SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS ({options}) {rest}"


def total(spec: Specification, sql: str) -> int:
    """The first figure, over all rows of the table."""
    return sum(row[1] for row in spec.answer(sql) if isinstance(row[1], int))


@sentences(
    {
        "without a limit a patient counts with all rows": ("max_rows_contributed = 4", 16),
        "one row of each patient": ("max_rows_contributed = 1", 7),
        "two rows of each patient, or the one there is": ("max_rows_contributed = 2", 13),
        "three rows": ("max_rows_contributed = 3", 15),
        "a limit beyond the data set's own changes nothing": ("max_rows_contributed = 1000", 16),
        "without groups there is one group for all": ("max_groups_contributed = 1, max_rows_contributed = 4", 16),
    }
)
def test_rows_of_a_patient(spec: Specification, written: str, gives: int) -> None:
    assert spec.answer(limited(written, f"COUNT(*) AS n {FROM}")) == [(gives,)]


@sentences(
    {
        "a patient counts in one ward": ("max_groups_contributed = 1", 7),
        "in two wards, or the one there is": ("max_groups_contributed = 2", 11),
        "in three wards": ("max_groups_contributed = 3", 12),
        "more wards than there are": ("max_groups_contributed = 100", 12),
    }
)
def test_groups_of_a_patient(spec: Specification, written: str, gives: int) -> None:
    by_ward = f"ward, COUNT(DISTINCT unit) AS patients {FROM} GROUP BY ward"
    assert total(spec, limited(written, by_ward)) == gives


@sentences(
    {
        "with one row in each ward": (
            limited("max_rows_contributed = 1", f"ward, COUNT(*) AS n {FROM} GROUP BY ward"),
            [("Surgery", 4), ("Medicine", 5), ("Children", 3)],
        ),
        "rows are chosen of those that WHERE takes": (
            limited("max_rows_contributed = 1", f"ward, COUNT(*) AS n {FROM} WHERE priority = 2 GROUP BY ward"),
            [("Surgery", 4), ("Medicine", 1), ("Children", 1)],
        ),
        "sex is the same in all rows of a patient, so one group of it loses nothing": (
            limited("max_groups_contributed = 1", f"sex, COUNT(*) AS n {FROM} GROUP BY sex"),
            [("Female", 5), ("Male", 8), (None, 3)],
        ),
        "units are counted of the rows that are kept": (
            limited("max_groups_contributed = 4, max_rows_contributed = 1", f"COUNT(DISTINCT unit) AS u {FROM}"),
            [(7,)],
        ),
    }
)
def test_what_is_counted(spec: Specification, written: str, gives: list[tuple[Shown, ...]]) -> None:
    assert spec.answer(written) == nearly(gives)


def test_the_same_rows_are_kept_for_every_statistic(spec: Specification) -> None:
    sql = limited(
        "max_rows_contributed = 1", f"SUM(mark) AS marks, SUM(mark) FILTER (WHERE nights > 3) AS longer {FROM}"
    )
    ((marks, longer),) = spec.answer(sql)
    assert isinstance(marks, int)
    assert isinstance(longer, int)
    assert longer & marks == longer
    assert [bin(marks & rows).count("1") for rows in (0b111, 0b11000, 0b100000, 0b1111000000)] == [1, 1, 1, 1]


def test_fewer_rows_are_some_of_more_rows(spec: Specification) -> None:
    kept = [
        spec.answer(limited(f"max_rows_contributed = {rows}", f"SUM(mark) AS marks {FROM}"))[0][0]
        for rows in range(1, 5)
    ]
    for fewer, more in pairwise(kept):
        assert isinstance(fewer, int)
        assert isinstance(more, int)
        assert fewer & more == fewer != more


def test_filter_does_not_make_room_for_other_rows(spec: Specification) -> None:
    sql = limited("max_rows_contributed = 1", f"SUM(mark) AS marks, COUNTIF(priority = 1) AS first_ {FROM}")
    ((marks, first),) = spec.answer(sql)
    assert isinstance(marks, int)
    priority_one = sum(1 << "abcdefghijklmnop".index(row) for row in "acfhjlo")
    assert first == bin(marks & priority_one).count("1")


def test_a_patient_keeps_whole_wards(spec: Specification) -> None:
    """One ward each, and all rows in it."""
    sql = limited("max_groups_contributed = 1", f"ward, SUM(mark) AS marks {FROM} GROUP BY ward")
    marks = total(spec, sql)
    of_e1, of_e4 = marks & 0b111, marks >> 6 & 0b1111
    assert of_e1 in (0b011, 0b100)
    assert of_e4 in (0b0011, 0b0100, 0b1000)


REFUSED: dict[str, Refused] = {
    "no group": (
        limited("max_groups_contributed = ¦0", f"COUNT(*) {FROM}"),
        Reason.SQL_NOT_SUPPORTED,
        "a whole number from 1 to 10000",
    ),
    "half a row": (
        limited("max_rows_contributed = ¦0.5", f"COUNT(*) {FROM}"),
        Reason.SQL_NOT_SUPPORTED,
        "a whole number from 1 to 10000",
    ),
    "more rows than any data set has": (
        limited("max_rows_contributed = ¦20000", f"COUNT(*) {FROM}"),
        Reason.SQL_NOT_SUPPORTED,
        "a whole number from 1 to 10000",
    ),
}


@refusals(REFUSED)
def test_no_limit(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)


def test_a_limit_beyond_the_agreement_is_refused(spec: Specification) -> None:
    with pytest.raises(Refusal, match="the agreement permits at most 1000") as raised:
        spec.answer(limited("max_rows_contributed = 5000", f"COUNT(*) {FROM}"))
    assert raised.value.reason is Reason.NOT_IN_AGREEMENT
