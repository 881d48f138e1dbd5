"""IN takes members of a list, BETWEEN what lies within two bounds."""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Specification, refusals, sentences

COUNT = f"SELECT COUNT(*) {FROM} WHERE "


@sentences(
    {
        "IN takes rows with one of the codes": ("ward IN ('Children', 'Medicine')", "c d e f i j l m n"),
        "NOT IN takes rows with another one": ("ward NOT IN ('Children', 'Medicine')", "a b g h k o p"),
        "IN takes numbers": ("nights IN (0, 30, 29)", "b g"),
        "NOT IN leaves out what is missing": ("nights NOT IN (0, 1, 2, 3, 4, 5)", "d g j k m p"),
        "a member may stand twice": ("nights IN (0, 0)", "b"),
        "IN takes numbers beyond the column's bounds, which nothing equals": ("nights IN (30, 400)", "g"),
        "IN takes dates": ("admitted IN (DATE '2024-02-29', DATE '2023-04-01')", "c e"),
        "IN takes an expression": ("MOD(nights, 10) IN (0, 9)", "b d g p"),
        "BETWEEN includes both ends": ("nights BETWEEN 4 AND 7", "h i j k"),
        "NOT BETWEEN leaves both ends out": ("nights NOT BETWEEN 1 AND 9", "b d g"),
        "BETWEEN with its ends the wrong way round takes nothing": ("nights BETWEEN 7 AND 4", ""),
        "NOT BETWEEN with its ends the wrong way round takes all that is known": (
            "nights NOT BETWEEN 7 AND 4",
            "a b d e f g h i j k m n o p",
        ),
        "BETWEEN takes decimals": ("cost BETWEEN 15.25 AND 33.33", "b i n"),
        "BETWEEN takes dates": ("admitted BETWEEN DATE '2023-12-31' AND DATE '2024-02-29'", "d e n"),
        "BETWEEN binds closer than AND": ("nights BETWEEN 1 AND 2 AND cost > 0", "n o"),
    }
)
def test_a_list_or_range(spec: Specification, written: str, gives: str) -> None:
    assert spec.rows(written) == gives


REFUSED: dict[str, Refused] = {
    "an empty list": (COUNT + "¦nights IN ()", Reason.SQL_NOT_SUPPORTED, "IN needs at least one literal"),
    "a list with another type": (COUNT + "nights IN (1, ¦'2')", Reason.WRONG_TYPE, "write the number without quotes"),
    "NULL in a list": (COUNT + "nights IN (1, ¦NULL)", Reason.WRONG_TYPE, "write IS NULL"),
    "a column in a list": (COUNT + "nights IN (1, ¦score)", Reason.SQL_NOT_SUPPORTED, "a literal is needed here"),
    "a subquery": (COUNT + "nights IN (¦SELECT 1)", Reason.SQL_NOT_SUPPORTED, "ask one at a time"),
    "codes between codes": (COUNT + "ward BETWEEN ¦'A' AND 'B'", Reason.WRONG_TYPE, "use =, <>, IN or NOT IN"),
    "a column as an end": (COUNT + "nights BETWEEN 1 AND ¦score", Reason.SQL_NOT_SUPPORTED, "a literal is needed here"),
}


@refusals(REFUSED)
def test_no_list_or_range(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
