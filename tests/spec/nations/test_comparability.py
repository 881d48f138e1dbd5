"""What nations measure differently is not added up, or added up with the catalogue's caveat.

`decile` does not compare across nations; `score` does with a caveat.
"""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Shown, Specification, nearly, refusals, sentences

UK = "England and Wales"


@sentences(
    {
        "nation by nation it is answered, without a total": (
            f"SELECT nation, COUNT(decile) AS n {FROM} GROUP BY nation",
            [("England", 9), ("Wales", 4)],
        ),
        "as a group key it keeps all figures apart": (
            f"SELECT nation, decile, COUNT(*) AS n {FROM} GROUP BY nation, decile",
            [
                ("England", "1", 3),
                ("England", "2", 2),
                ("England", "3", 4),
                ("England", None, 1),
                ("Wales", "1", 2),
                ("Wales", "2", 2),
                ("Wales", "3", 0),
                ("Wales", None, 2),
            ],
        ),
        "another figure of the same query has its total": (
            f"SELECT nation, COUNT(*) AS n, COUNTIF(decile = '1') AS worst {FROM} GROUP BY nation",
            [("England", 10, 3), ("Wales", 6, 2), (UK, 16, "not comparable")],
        ),
        "one nation alone adds nobody up": (
            f"SELECT decile, COUNT(*) AS n {FROM} WHERE nation = 'Wales' GROUP BY decile",
            [("1", 2), ("2", 2), ("3", 0), (None, 2)],
        ),
        "what compares with a caveat is added up": (f"SELECT COUNT(score) AS n {FROM}", [(13,)]),
    }
)
def test_what_nations_measure_differently(spec: Specification, written: str, gives: list[tuple[Shown, ...]]) -> None:
    assert spec.answer(written) == nearly(gives)


@sentences(
    {
        "where nations are added up": (f"SELECT COUNT(score) AS n {FROM}", True),
        "where there is a total": (f"SELECT nation, COUNT(score) AS n {FROM} GROUP BY nation", True),
        "not where one nation is asked": (f"SELECT COUNT(score) AS n {FROM} WHERE nation = 'England'", False),
        "not where no figure touches it": (f"SELECT COUNT(nights) AS n {FROM}", False),
    }
)
def test_a_caveat_is_told(spec: Specification, written: str, gives: bool) -> None:
    assert ("Wales asks on leaving" in spec.notes(written)) is gives


ADVICE = "Select nation and add it to GROUP BY, or ask one nation"
REFUSED: dict[str, Refused] = {
    "merged groups": (f"SELECT ¦decile, COUNT(*) {FROM} GROUP BY decile", Reason.NOT_COMPARABLE, ADVICE),
    "merged rows": (f"SELECT COUNT(*) {FROM} WHERE ¦decile = '1'", Reason.NOT_COMPARABLE, ADVICE),
    "a merged count": (f"SELECT COUNT(¦decile) {FROM}", Reason.NOT_COMPARABLE, ADVICE),
    "a merged filter": (f"SELECT COUNTIF(¦decile = '1') {FROM}", Reason.NOT_COMPARABLE, ADVICE),
    "a merged CASE": (
        f"SELECT SUM(CASE WHEN ¦decile = '1' THEN nights END) AS s {FROM}",
        Reason.NOT_COMPARABLE,
        ADVICE,
    ),
}


@refusals(REFUSED)
def test_what_does_not_compare_is_not_merged(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
