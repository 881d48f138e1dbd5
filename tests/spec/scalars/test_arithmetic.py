"""Row by row +, -, *, DIV and MOD compute with whole and decimal numbers, exactly."""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Shown, Specification, refusals, sentences

COUNT = f"SELECT COUNT(*) {FROM} WHERE "


@sentences(
    {
        "a sum": ("nights + 1 = 4", "a"),
        "a difference": ("nights - score = 3", "k"),
        "a product": ("nights * 2 = 10", "i"),
        "a product binds closer than a sum": ("nights + 2 * 3 = 9", "a"),
        "parentheses bind closest": ("(nights + 2) * 3 = 15", "a"),
        "differences are taken from the left": ("2 - nights - 1 = 0", "f o"),
        "a sign": ("-nights = -3", "a"),
        "a sign before parentheses": ("-(nights + 1) < -10", "d g"),
        "decimals add to whole numbers": ("cost + nights > 250", "d"),
        "decimals multiply exactly": ("cost * 0.5 = 10", "n"),
        "decimals of both factors stay": ("cost * 0.01 = 0.3333", "i"),
        "0.1 three times is 0.3": ("nights * 0.1 = 0.3", "a"),
        "DIV is whole division": ("DIV(nights, 4) = 1", "h i j k"),
        "DIV rounds towards zero": ("DIV(nights - 5, 3) = 0", "a h i j k"),
        "DIV by a negative number": ("DIV(nights, -3) = -1", "a h i"),
        "MOD is what DIV leaves": ("MOD(nights, 4) = 2", "d e g k n"),
        "MOD has the sign of what is divided": ("MOD(nights - 5, 3) = -1", "f h o"),
        "MOD by a negative number": ("MOD(nights, -3) = 1", "d f h j o"),
        "calculations nest": ("MOD(DIV(nights * 3, 2), 5) = 4", "a k"),
    }
)
def test_a_calculation_in_a_condition(spec: Specification, written: str, gives: str) -> None:
    assert spec.rows(written) == gives


@sentences(
    {
        "a sum of products": ("SUM(nights * 2)", 176),
        "a sum of decimals": ("SUM(cost * 2)", 2068.72),
        "a sum of differences": ("SUM(nights - 1)", 74),
        "a sum leaves out rows in which a part is missing": ("SUM(nights + score)", 141),
        "a mean of a calculation": ("AVG(nights * 14)", 88),
        "a count of what can be calculated": ("COUNT(nights * score)", 12),
        "a sum of DIV": ("SUM(DIV(nights, 10))", 4),
        "a sum of a calculation with literals first": ("SUM(100 - nights)", 1312),
    }
)
def test_a_calculation_in_an_aggregate(spec: Specification, written: str, gives: Shown) -> None:
    assert spec.figure(f"{written} AS figure") == gives


REFUSED: dict[str, Refused] = {
    "/ of rows": (COUNT + "¦nights / 2 = 1", Reason.SQL_NOT_SUPPORTED, "DIV"),
    "DIV by zero": (COUNT + "¦DIV(nights, 0) = 1", Reason.WRONG_TYPE, "whole number other than 0"),
    "DIV by a column": (COUNT + "¦DIV(nights, score) = 1", Reason.WRONG_TYPE, "written out: DIV(x, 10)"),
    "DIV by a decimal number": (COUNT + "¦DIV(nights, 0.5) = 1", Reason.WRONG_TYPE, "divides by a whole number"),
    "DIV of decimals": (COUNT + "¦DIV(cost, 10) = 1", Reason.WRONG_TYPE, "takes whole numbers"),
    "MOD of decimals": (COUNT + "¦MOD(cost, 10) = 1", Reason.WRONG_TYPE, "takes whole numbers"),
    "%": (COUNT + "nights ¦% 2 = 1", Reason.SQL_NOT_SUPPORTED, "write MOD(a, b)"),
    "//": (COUNT + "nights ¦// 2 = 1", Reason.SQL_NOT_SUPPORTED, "write DIV(a, b)"),
    "codes in a calculation": (COUNT + "¦ward + 1 = 2", Reason.WRONG_TYPE, "'+' takes numbers, and here is a code"),
    "what could grow too large to add up": (
        f"SELECT SUM(¦mark * mark) AS s {FROM}",
        Reason.WRONG_TYPE,
        "use smaller factors",
    ),
    "ROUND": (COUNT + "¦ROUND(cost) = 1", Reason.SQL_NOT_SUPPORTED, "WIDTH_BUCKET"),
    "a calculation without a name": (f"SELECT ¦SUM(nights * 2) {FROM}", Reason.SQL_NOT_SUPPORTED, "write AS"),
    "IF": (COUNT + "¦IF(nights > 1, 1, 0) = 1", Reason.SQL_NOT_SUPPORTED, "write CASE WHEN"),
}


@refusals(REFUSED)
def test_no_calculation(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
