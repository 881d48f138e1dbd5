"""ORDER BY sorts the table, LIMIT and OFFSET take a part of its plain rows. Totals stay, after them."""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Shown, Specification, nearly, refusals, sentences

WARDS = f"SELECT ward, COUNT(*) AS n {FROM} GROUP BY ward "
PRIORITIES = f"SELECT priority, AVG(nights) AS m {FROM} GROUP BY priority "
SEXES = f"SELECT sex, COUNT(*) AS n {FROM} GROUP BY sex "
NATIONS = f"SELECT nation, COUNT(*) AS n {FROM} GROUP BY nation "
SURGERY, MEDICINE, CHILDREN = ("Surgery", 7), ("Medicine", 6), ("Children", 3)
ONE, TWO, THREE, FOUR = (1, 3.2), (2, 49 / 6), (3, 23 / 3), (4, "undefined")
UK = ("England and Wales", 16)


@sentences(
    {
        "the smallest first": (WARDS + "ORDER BY n", [CHILDREN, MEDICINE, SURGERY]),
        "ASC means the same": (WARDS + "ORDER BY n ASC", [CHILDREN, MEDICINE, SURGERY]),
        "DESC, the largest first": (WARDS + "ORDER BY n DESC", [SURGERY, MEDICINE, CHILDREN]),
        "by a position": (WARDS + "ORDER BY 2", [CHILDREN, MEDICINE, SURGERY]),
        "by an expression": (WARDS + "ORDER BY -COUNT(*)", [SURGERY, MEDICINE, CHILDREN]),
        "by an aggregate that is not shown": (
            WARDS + "ORDER BY COUNT(DISTINCT unit) DESC",
            [MEDICINE, SURGERY, CHILDREN],
        ),
        "codes in the catalogue's order, not the alphabet's": (WARDS + "ORDER BY ward", [SURGERY, MEDICINE, CHILDREN]),
        "and the other way round": (WARDS + "ORDER BY ward DESC", [CHILDREN, MEDICINE, SURGERY]),
        "by two terms": (
            f"SELECT ward, sex, COUNT(*) AS n {FROM} GROUP BY ward, sex HAVING n > 0 ORDER BY sex DESC, n DESC",
            [
                ("Surgery", "Male", 4),
                ("Medicine", "Male", 3),
                ("Children", "Male", 1),
                ("Surgery", "Female", 3),
                ("Medicine", "Female", 2),
                ("Children", None, 2),
                ("Medicine", None, 1),
            ],
        ),
        "what has no figure comes first": (PRIORITIES + "ORDER BY m", [FOUR, ONE, THREE, TWO]),
        "and last going down": (PRIORITIES + "ORDER BY m DESC", [TWO, THREE, ONE, FOUR]),
        "unless NULLS LAST is written": (PRIORITIES + "ORDER BY m NULLS LAST", [ONE, THREE, TWO, FOUR]),
        "or NULLS FIRST": (PRIORITIES + "ORDER BY m DESC NULLS FIRST", [FOUR, TWO, THREE, ONE]),
        "a missing key comes first": (SEXES + "ORDER BY sex", [(None, 3), ("Female", 5), ("Male", 8)]),
        "nations in the catalogue's order": (NATIONS + "ORDER BY nation DESC", [("Wales", 6), ("England", 10), UK]),
        "totals come last whatever they are": (NATIONS + "ORDER BY n", [("Wales", 6), ("England", 10), UK]),
        "even going down": (NATIONS + "ORDER BY n DESC", [("England", 10), ("Wales", 6), UK]),
        "LIMIT takes the first rows": (WARDS + "LIMIT 2", [SURGERY, MEDICINE]),
        "LIMIT after ORDER BY": (WARDS + "ORDER BY n LIMIT 1", [CHILDREN]),
        "OFFSET leaves the first out": (WARDS + "ORDER BY n LIMIT 5 OFFSET 1", [MEDICINE, SURGERY]),
        "LIMIT 0 leaves no row": (WARDS + "LIMIT 0", []),
        "LIMIT does not count totals": (NATIONS + "ORDER BY n DESC LIMIT 1", [("England", 10), UK]),
        "HAVING comes before LIMIT": (WARDS + "HAVING n < 7 ORDER BY n DESC LIMIT 1", [MEDICINE]),
    }
)
def test_order_and_limit(spec: Specification, written: str, gives: list[tuple[Shown, ...]]) -> None:
    assert spec.answer(written) == nearly(gives)


def test_neither_changes_what_is_paid_for(spec: Specification) -> None:
    plain, sorted_ = (
        spec.federation.question(sql).envelope.query for sql in (WARDS, WARDS + "HAVING n > 1 ORDER BY n DESC LIMIT 1")
    )
    assert plain == sorted_


REFUSED: dict[str, Refused] = {
    "a column": (WARDS + "ORDER BY ¦nights", Reason.SQL_NOT_SUPPORTED, "neither grouped by nor counted"),
    "a result that there is not": (WARDS + "ORDER BY ¦m", Reason.UNKNOWN_COLUMN, "there is no such result"),
    "a position that there is not": (WARDS + "ORDER BY ¦3", Reason.SQL_NOT_SUPPORTED, "its number from 1 to 2"),
    "nothing to sort by": (WARDS + "¦ORDER BY", Reason.SQL_NOT_SUPPORTED, "name a result, or leave it out"),
    "LIMIT without a number": (WARDS + "¦LIMIT", Reason.SQL_NOT_SUPPORTED, "write LIMIT and a whole number"),
    "a part of a row": (WARDS + "LIMIT ¦1.5", Reason.SQL_NOT_SUPPORTED, "a whole number below"),
    "LIMIT before ORDER BY": (WARDS + "LIMIT 1 ¦ORDER BY n", Reason.SQL_NOT_SUPPORTED, ""),
    "OFFSET alone": (WARDS + "¦OFFSET 1", Reason.SQL_NOT_SUPPORTED, ""),
    "ORDER BY before GROUP BY": (
        f"SELECT ward, COUNT(*) AS n {FROM} ORDER BY n ¦GROUP BY ward",
        Reason.SQL_NOT_SUPPORTED,
        "stands before ORDER BY and LIMIT",
    ),
    "ORDER BY within an aggregate": (
        f"SELECT COUNT(nights ¦ORDER BY nights) {FROM}",
        Reason.SQL_NOT_SUPPORTED,
        "no place in parentheses",
    ),
    "FETCH": (WARDS + "¦FETCH FIRST 1 ROWS ONLY", Reason.SQL_NOT_SUPPORTED, "write ORDER BY, then LIMIT"),
}


@refusals(REFUSED)
def test_no_order_or_limit(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
