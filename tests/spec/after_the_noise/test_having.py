"""HAVING takes rows of the table by their figures and keys."""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Shown, Specification, nearly, refusals, sentences

WARDS = f"SELECT ward, COUNT(*) AS n {FROM} GROUP BY ward HAVING "
PRIORITIES = f"SELECT priority, AVG(nights) AS m {FROM} GROUP BY priority HAVING "
SEXES = f"SELECT sex, COUNT(*) AS n {FROM} GROUP BY sex HAVING "
NATIONS = f"SELECT nation, COUNT(*) AS n {FROM} GROUP BY nation HAVING "
SURGERY, MEDICINE, CHILDREN = ("Surgery", 7), ("Medicine", 6), ("Children", 3)


@sentences(
    {
        "a result by its name": (WARDS + "n > 3", [SURGERY, MEDICINE]),
        "a result written out": (WARDS + "COUNT(*) >= 7", [SURGERY]),
        "an aggregate that is not shown": (WARDS + "COUNT(DISTINCT unit) = 5", [MEDICINE]),
        "an expression": (WARDS + "COUNT(*) - COUNT(nights) > 0", [MEDICINE]),
        "a calculation with a result's name": (WARDS + "n * 2 <= 12", [MEDICINE, CHILDREN]),
        "the number may stand first": (WARDS + "6 >= n", [MEDICINE, CHILDREN]),
        "a key": (WARDS + "ward <> 'Medicine'", [SURGERY, CHILDREN]),
        "a list of keys": (WARDS + "ward IN ('Children', 'Surgery')", [SURGERY, CHILDREN]),
        "a range": (WARDS + "n BETWEEN 6 AND 7", [SURGERY, MEDICINE]),
        "a list of figures": (WARDS + "n NOT IN (3, 6)", [SURGERY]),
        "AND, OR and NOT": (WARDS + "NOT (n = 7 OR ward = 'Children') AND n > 0", [MEDICINE]),
        "no row": (WARDS + "n > 100", []),
        "a missing key": (SEXES + "sex IS NULL", [(None, 3)]),
        "what is missing is neither equal nor unequal": (SEXES + "sex <> 'Male'", [("Female", 5)]),
        "a figure that there is not": (PRIORITIES + "m IS NULL", [(4, "undefined")]),
        "a figure that there is": (PRIORITIES + "m IS NOT NULL AND priority >= 3", [(3, 23 / 3)]),
        "a figure that there is not is not small": (PRIORITIES + "m < 1", []),
        "a numeric key": (PRIORITIES + "priority < 2", [(1, 3.2)]),
        "a nation, not its total": (NATIONS + "nation = 'Wales'", [("Wales", 6)]),
        "a total is a row like any other": (NATIONS + "n > 6", [("England", 10), ("England and Wales", 16)]),
    }
)
def test_having(spec: Specification, written: str, gives: list[tuple[Shown, ...]]) -> None:
    assert spec.answer(written) == nearly(gives)


def test_without_group_by_the_one_row_stands_or_not(spec: Specification) -> None:
    assert spec.answer(f"SELECT COUNT(*) AS n {FROM} HAVING n > 10") == [(16,)]
    assert spec.answer(f"SELECT COUNT(*) AS n {FROM} HAVING n > 100") == []


def test_selection_by_noisy_figures_is_told(spec: Specification) -> None:
    assert "95%" in spec.notes(WARDS + "n > 3")


REFUSED: dict[str, Refused] = {
    "a column": (WARDS + "¦nights > 3", Reason.SQL_NOT_SUPPORTED, "neither grouped by nor counted"),
    "a result that there is not": (WARDS + "¦m > 3", Reason.UNKNOWN_COLUMN, "there is no such result"),
    "two figures": (WARDS + "¦COUNT(*) > COUNT(nights)", Reason.SQL_NOT_SUPPORTED, "x - y > 0"),
    "a text for a figure": (WARDS + "n = ¦'7'", Reason.WRONG_TYPE, "figures are numbers"),
    "a code that there is not": (WARDS + "ward = ¦'Surgry'", Reason.UNKNOWN_CODE, "did you mean 'Surgery'?"),
    "an order of codes": (WARDS + "ward > ¦'Medicine'", Reason.WRONG_TYPE, "which have no order"),
    "= NULL": (WARDS + "n = ¦NULL", Reason.WRONG_TYPE, "write IS NULL"),
    "QUALIFY": (
        f"SELECT ward, COUNT(*) AS n {FROM} GROUP BY ward ¦QUALIFY n > 3",
        Reason.SQL_NOT_SUPPORTED,
        "choose rows of the result with HAVING",
    ),
}


@refusals(REFUSED)
def test_no_having(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
