"""A missing value is neither equal nor unequal to anything: only IS NULL finds it."""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Specification, refusals, sentences

COUNT = f"SELECT COUNT(*) {FROM} WHERE "
KNOWN_NIGHTS = "a b d e f g h i j k m n o p"


@sentences(
    {
        "IS NULL takes rows without a value": ("nights IS NULL", "c l"),
        "IS NOT NULL takes rows with one": ("nights IS NOT NULL", KNOWN_NIGHTS),
        "IS NULL finds nothing in a column that never lacks a value": ("ward IS NULL", ""),
        "a missing value is not equal to a literal": ("nights = 3", "a"),
        "a missing value is not unequal to one either": ("nights <> 3", "b d e f g h i j k m n o p"),
        "NOT does not turn it into a yes": ("NOT nights = 3", "b d e f g h i j k m n o p"),
        "so a condition or its NOT takes all rows but those": ("nights < 5 OR NOT nights < 5", KNOWN_NIGHTS),
        "a calculation with a missing value is missing": ("nights + score IS NULL", "c l p"),
        "missing and false is false": ("NOT (nights > 3 AND ward = 'Surgery')", "a b c d e f i j l m n o"),
        "missing or true is true": ("nights > 3 OR ward = 'Medicine'", "c d e g h i j k l m p"),
        "missing and true is neither": ("nights > 3 AND ward = 'Medicine'", "d i m"),
        "missing or false is neither": ("NOT (nights > 3 OR ward = 'Surgery')", "e f n"),
        "a missing date is missing": ("discharged IS NULL AND NOT admitted > DATE '2024-01-01'", "c l"),
        "missing sex is found like any other": ("sex IS NULL", "f m n"),
        "IS NULL takes an expression": ("DIV(nights, 2) IS NULL", "c l"),
    }
)
def test_what_is_missing(spec: Specification, written: str, gives: str) -> None:
    assert spec.rows(written) == gives


REFUSED: dict[str, Refused] = {
    "= NULL": (COUNT + "nights = ¦NULL", Reason.WRONG_TYPE, "write IS NULL or IS NOT NULL"),
    "<> NULL": (COUNT + "nights <> ¦NULL", Reason.WRONG_TYPE, "write IS NULL or IS NOT NULL"),
    "IS with a value": (COUNT + "¦nights IS 3", Reason.SQL_NOT_SUPPORTED, ""),
    "NOT NULL without IS": (COUNT + "nights = ¦NOT NULL", Reason.SQL_NOT_SUPPORTED, "write IS NOT NULL"),
    "COALESCE": (COUNT + "¦COALESCE(nights, 0) = 0", Reason.SQL_NOT_SUPPORTED, "write CASE WHEN"),
}


@refusals(REFUSED)
def test_no_test_for_what_is_missing(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
