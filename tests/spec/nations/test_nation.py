"""`nation` belongs to the nodes: grouped by, it keeps them apart and adds a total; in WHERE it chooses whom to ask."""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Shown, Specification, nearly, refusals, sentences

UK = "England and Wales"


@sentences(
    {
        "left out, nations are added up": (f"SELECT COUNT(*) AS n {FROM}", [(16,)]),
        "grouped by, each has a row and their total comes last": (
            f"SELECT nation, COUNT(*) AS n {FROM} GROUP BY nation",
            [("England", 10), ("Wales", 6), (UK, 16)],
        ),
        "a total of a mean is the mean of all": (
            f"SELECT nation, AVG(nights) AS m {FROM} GROUP BY nation",
            [("England", 62 / 9), ("Wales", 26 / 5), (UK, 88 / 14)],
        ),
        "a total of units adds them up: nobody is looked for at two nations": (
            f"SELECT nation, COUNT(DISTINCT unit) AS u {FROM} GROUP BY nation",
            [("England", 4), ("Wales", 3), (UK, 7)],
        ),
        "a total for every group": (
            f"SELECT nation, ward, COUNT(*) AS n {FROM} GROUP BY nation, ward",
            [
                ("England", "Surgery", 4),
                ("England", "Medicine", 4),
                ("England", "Children", 2),
                ("Wales", "Surgery", 3),
                ("Wales", "Medicine", 2),
                ("Wales", "Children", 1),
                (UK, "Surgery", 7),
                (UK, "Medicine", 6),
                (UK, "Children", 3),
            ],
        ),
        "nation may be given another name": (
            f"SELECT nation AS country, COUNT(*) AS n {FROM} GROUP BY country",
            [("England", 10), ("Wales", 6), (UK, 16)],
        ),
        "one nation is asked": (f"SELECT COUNT(*) AS n {FROM} WHERE nation = 'Wales'", [(6,)]),
        "one nation has no total": (
            f"SELECT nation, COUNT(*) AS n {FROM} WHERE nation = 'Wales' GROUP BY nation",
            [("Wales", 6)],
        ),
        "all but one": (f"SELECT COUNT(*) AS n {FROM} WHERE nation <> 'Wales'", [(10,)]),
        "a list of nations, and a condition on rows": (
            f"SELECT COUNT(*) AS n {FROM} WHERE nation IN ('England', 'Wales') AND ward = 'Surgery'",
            [(7,)],
        ),
        "two conditions on nation must both hold": (
            f"SELECT COUNT(*) AS n {FROM} WHERE NOT nation = 'England' AND nation IN ('England', 'Wales')",
            [(6,)],
        ),
    }
)
def test_nation(spec: Specification, written: str, gives: list[tuple[Shown, ...]]) -> None:
    assert spec.answer(written) == nearly(gives)


COUNT = f"SELECT COUNT(*) {FROM} WHERE "
REFUSED: dict[str, Refused] = {
    "a nation that there is not": (COUNT + "nation = ¦'Wessex'", Reason.UNKNOWN_CODE, "'England', 'Wales'"),
    "no nation left": (
        COUNT + "¦nation = 'Wales' AND nation = 'England'",
        Reason.SQL_NOT_SUPPORTED,
        "leave no nation to ask; widen them",
    ),
    "a nation or a row": (
        COUNT + "¦nation = 'Wales' OR ward = 'Surgery'",
        Reason.SQL_NOT_SUPPORTED,
        "join it to the other conditions by AND only",
    ),
    "a count of nations": (f"SELECT COUNT(¦nation) {FROM}", Reason.UNKNOWN_COLUMN, "an attribute of nodes"),
    "a nation that is not grouped by": (
        f"SELECT ¦nation, COUNT(*) {FROM}",
        Reason.SQL_NOT_SUPPORTED,
        "put it into GROUP BY",
    ),
    "a nation in a CASE": (
        f"SELECT CASE WHEN ¦nation = 'Wales' THEN 'W' ELSE 'E' END AS k, COUNT(*) {FROM} GROUP BY k",
        Reason.UNKNOWN_COLUMN,
        "an attribute of nodes",
    ),
    "an order of nations": (COUNT + "nation > ¦'Wales'", Reason.WRONG_TYPE, "use =, <>, IN or NOT IN"),
}


@refusals(REFUSED)
def test_no_nation(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
