"""GROUP BY answers every combination of its keys' values, an empty one too: which there are is public."""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Shown, Specification, nearly, refusals, sentences


@sentences(
    {
        "codes, in the catalogue's order": (
            "ward",
            {"Surgery": "a b g h k o p", "Medicine": "c d e i l m", "Children": "f j n"},
        ),
        "codes that may be missing, with what is missing last": (
            "sex",
            {"Female": "a b c k l", "Male": "d e g h i j o p", None: "f m n"},
        ),
        "numbers that are keys, in order, with values that no row has": (
            "priority",
            {1: "a c f h j l o", 2: "b e g k n p", 3: "d i m", 4: ""},
        ),
        "bands by DIV, of equal width": (
            "DIV(nights, 10) * 10",
            {0: "a b e f h i j k m n o p", 10: "d", 20: "", 30: "g", None: "c l"},
        ),
        "what MOD leaves": ("MOD(nights, 3)", {0: "a b g k p", 1: "d f h j o", 2: "e i m n", None: "c l"}),
        "a calculation with a key": ("priority * 10", {10: "a c f h j l o", 20: "b e g k n p", 30: "d i m", 40: ""}),
        "a calculation with two keys": (
            "priority + CASE WHEN ward = 'Surgery' THEN 1 ELSE 0 END",
            {1: "c f j l", 2: "a e h n o", 3: "b d g i k m p", 4: "", 5: ""},
        ),
    }
)
def test_a_group_key(spec: Specification, written: str, gives: dict[Shown, str]) -> None:
    found = spec.groups(written)
    assert found == gives
    assert list(found) == list(gives)


@sentences(
    {
        "without ORDER BY rows go by the keys, and keys by their names": (
            f"SELECT ward, sex, COUNT(*) AS n {FROM} WHERE ward <> 'Children' GROUP BY sex, ward",
            [
                ("Surgery", "Female", 3),
                ("Medicine", "Female", 2),
                ("Children", "Female", 0),
                ("Surgery", "Male", 4),
                ("Medicine", "Male", 3),
                ("Children", "Male", 0),
                ("Surgery", None, 0),
                ("Medicine", None, 1),
                ("Children", None, 0),
            ],
        ),
        "a key may be shown under another name": (
            f"SELECT ward AS Where_, COUNT(*) AS n {FROM} GROUP BY ward",
            [("Surgery", 7), ("Medicine", 6), ("Children", 3)],
        ),
        "a column is grouped by under its new name, too": (
            f"SELECT ward AS place, COUNT(*) AS n {FROM} GROUP BY place",
            [("Surgery", 7), ("Medicine", 6), ("Children", 3)],
        ),
        "a key may be shown twice": (
            f"SELECT ward, ward AS again, COUNT(*) AS n {FROM} GROUP BY ward",
            [("Surgery", "Surgery", 7), ("Medicine", "Medicine", 6), ("Children", "Children", 3)],
        ),
        "an expression is grouped by under its name": (
            f"SELECT DIV(nights, 16) AS half, COUNT(*) AS n {FROM} GROUP BY half",
            [(0, 13), (1, 1), (None, 2)],
        ),
        "or written out again": (
            f"SELECT DIV(nights, 16) AS half, COUNT(*) AS n {FROM} GROUP BY DIV(nights, 16)",
            [(0, 13), (1, 1), (None, 2)],
        ),
        "statistics of empty groups": (
            f"SELECT priority, COUNT(*) AS n, SUM(nights) AS s, AVG(nights) AS m, COUNT(DISTINCT unit) AS u {FROM} "
            "WHERE ward = 'Surgery' GROUP BY priority",
            [(1, 3, 8, 8 / 3, 3), (2, 4, 45, 11.25, 4), (3, 0, 0, "undefined", 0), (4, 0, 0, "undefined", 0)],
        ),
        "one patient counts in every group in which she has rows": (
            f"SELECT ward, COUNT(DISTINCT unit) AS patients {FROM} GROUP BY ward",
            [("Surgery", 4), ("Medicine", 5), ("Children", 3)],
        ),
    }
)
def test_groups(spec: Specification, written: str, gives: list[tuple[Shown, ...]]) -> None:
    assert spec.answer(written) == nearly(gives)


def grouped(key: str) -> str:
    return f"SELECT {key.replace('¦', '')} AS k, COUNT(*) AS n {FROM} GROUP BY {key}"


REFUSED: dict[str, Refused] = {
    "whole numbers of many values": (grouped("¦nights"), Reason.KEY_WITHOUT_DOMAIN, "DIV(nights, 10) * 10"),
    "decimals": (grouped("¦cost"), Reason.KEY_WITHOUT_DOMAIN, "WIDTH_BUCKET(cost, -5.00, 250.00, 10)"),
    "dates": (grouped("¦admitted"), Reason.KEY_WITHOUT_DOMAIN, "EXTRACT(MONTH FROM admitted)"),
    "the same for every row": (grouped("¦DIV(10, 5)"), Reason.KEY_WITHOUT_DOMAIN, "depends on a column"),
    "a calculation of too many values": (grouped("¦mark + 1"), Reason.KEY_WITHOUT_DOMAIN, "use WIDTH_BUCKET"),
    "a position": (f"SELECT ward, COUNT(*) {FROM} GROUP BY ¦1", Reason.SQL_NOT_SUPPORTED, "write the name"),
    "a key twice": (f"SELECT ward, COUNT(*) {FROM} GROUP BY ward, ¦ward", Reason.SQL_NOT_SUPPORTED, "keep one"),
    "a key that is not selected": (f"SELECT COUNT(*) {FROM} GROUP BY ¦ward", Reason.SQL_NOT_SUPPORTED, "select it"),
    "an aggregate": (f"SELECT COUNT(*) AS n {FROM} GROUP BY ¦n", Reason.SQL_NOT_SUPPORTED, "is an aggregate"),
    "a name that is also a column's": (
        f"SELECT DIV(nights, 9) AS ward, COUNT(*) {FROM} GROUP BY ¦ward",
        Reason.SQL_NOT_SUPPORTED,
        "give that another name with AS",
    ),
    "GROUPING SETS": (
        f"SELECT ward, COUNT(*) {FROM} GROUP BY ¦GROUPING SETS (ward)",
        Reason.SQL_NOT_SUPPORTED,
        "one ROLLUP",
    ),
    "SELECT DISTINCT": (
        f"SELECT DISTINCT ¦ward, COUNT(*) {FROM} GROUP BY ward",
        Reason.SQL_NOT_SUPPORTED,
        "cells do not repeat",
    ),
}


@refusals(REFUSED)
def test_no_group_key(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
