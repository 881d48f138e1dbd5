"""WHERE compares a column or expression with a literal, or two expressions with each other."""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Specification, refusals, sentences

COUNT = f"SELECT COUNT(*) {FROM} WHERE "


@sentences(
    {
        "= takes rows with that code": ("ward = 'Children'", "f j n"),
        "<> takes rows with another code": ("ward <> 'Surgery'", "c d e f i j l m n"),
        "!= means the same": ("ward != 'Surgery'", "c d e f i j l m n"),
        "< leaves out its bound": ("nights < 3", "b e f n o"),
        "<= includes its bound": ("nights <= 3", "a b e f n o"),
        "> leaves out its bound": ("nights > 8", "d g p"),
        ">= includes its bound": ("nights >= 8", "d g m p"),
        "the literal may stand first": ("8 <= nights", "d g m p"),
        "a bound beyond the column's own takes everything that is known": (
            "nights < 1000",
            "a b d e f g h i j k m n o p",
        ),
        "a bound below the column's own takes nothing": ("nights < -3", ""),
        "decimals are compared exactly": ("cost = 33.33", "i"),
        "a number may be written with fewer decimals than the column has": ("cost >= 200", "d m"),
        "trailing zeros do not matter": ("cost = 75.000", "j"),
        "negative numbers are written with a minus": ("cost <= -5", "f"),
        "texts are quoted in either way": ('ward = "Children"', "f j n"),
        "names of columns may be written in any case": ("WARD = 'Children'", "f j n"),
        "two columns are compared with each other": ("score > nights", "a b e f h i o"),
        "a column is compared with an expression": ("cost < nights * 2", "e f"),
        "two dates are compared with each other": ("discharged = admitted", "b"),
    }
)
def test_a_comparison(spec: Specification, written: str, gives: str) -> None:
    assert spec.rows(written) == gives


REFUSED: dict[str, Refused] = {
    "a code that there is not": (COUNT + "ward = ¦'Surgry'", Reason.UNKNOWN_CODE, "did you mean 'Surgery'?"),
    "a code in other letters": (COUNT + "ward = ¦'surgery'", Reason.UNKNOWN_CODE, "did you mean 'Surgery'?"),
    "an order of codes": (COUNT + "ward > ¦'Surgery'", Reason.WRONG_TYPE, "use =, <>, IN or NOT IN"),
    "a number where codes are": (COUNT + "ward = ¦1", Reason.WRONG_TYPE, "compare it with a text such as 'Surgery'"),
    "a text where numbers are": (COUNT + "nights = ¦'3'", Reason.WRONG_TYPE, "write the number without quotes"),
    "more decimals than the column has": (COUNT + "cost = ¦1.005", Reason.WRONG_TYPE, "at most 2 decimals"),
    "decimals where numbers are whole": (COUNT + "nights < ¦2.5", Reason.WRONG_TYPE, "whole numbers only"),
    "a column that there is not": (COUNT + "¦night = 3", Reason.UNKNOWN_COLUMN, "did you mean 'nights'?"),
    "two literals": (COUNT + "¦1 = 1", Reason.SQL_NOT_SUPPORTED, "column or expression on at least one side"),
    "codes of two columns": (COUNT + "¦ward = sex", Reason.WRONG_TYPE, "compare each with a literal"),
    "a pattern": (COUNT + "ward ¦LIKE 'S%'", Reason.SQL_NOT_SUPPORTED, "write IN with the codes that are meant"),
    "an exponent": (COUNT + "nights = ¦1e1", Reason.SQL_NOT_SUPPORTED, "without an exponent"),
    "a condition that is only a column": (COUNT + "¦nights", Reason.SQL_NOT_SUPPORTED, "a condition is needed here"),
    "TRUE": (COUNT + "¦TRUE", Reason.SQL_NOT_SUPPORTED, "write the column, an operator and a literal"),
    "= written twice": (COUNT + "nights ¦== 3", Reason.SQL_NOT_SUPPORTED, "write = once"),
}


@refusals(REFUSED)
def test_no_comparison(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
