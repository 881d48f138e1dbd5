"""ROLLUP(a, b) adds totals over b for each a, and one over both. Each says which keys it sums over."""

from concordat_query.errors import Reason
from spec.specification import ALL, FROM, Refused, Shown, Specification, nearly, refusals, sentences

UK = "England and Wales"
WHERE = "WHERE ward <> 'Medicine' AND sex IS NOT NULL"


@sentences(
    {
        "a total over one key": (
            f"SELECT ward, COUNT(*) AS n {FROM} GROUP BY ROLLUP(ward)",
            [("Surgery", 7), ("Medicine", 6), ("Children", 3), (ALL, 16)],
        ),
        "a total of sums": (
            f"SELECT ward, SUM(nights) AS s {FROM} GROUP BY ROLLUP(ward)",
            [("Surgery", 53), ("Medicine", 25), ("Children", 10), (ALL, 88)],
        ),
        "a total of a mean is the mean of all": (
            f"SELECT ward, AVG(nights) AS m {FROM} GROUP BY ROLLUP(ward)",
            [("Surgery", 53 / 7), ("Medicine", 25 / 4), ("Children", 10 / 3), (ALL, 88 / 14)],
        ),
        "a total of units counts each once": (
            f"SELECT ward, COUNT(DISTINCT unit) AS u {FROM} GROUP BY ROLLUP(ward)",
            [("Surgery", 4), ("Medicine", 5), ("Children", 3), (ALL, 7)],
        ),
        "a total of units with FILTER": (
            f"SELECT ward, COUNT(DISTINCT unit) FILTER (WHERE priority = 1) AS u {FROM} GROUP BY ROLLUP(ward)",
            [("Surgery", 3), ("Medicine", 2), ("Children", 2), (ALL, 5)],
        ),
        "units over what is the same in all their rows add up": (
            f"SELECT sex, COUNT(DISTINCT unit) AS u {FROM} GROUP BY ROLLUP(sex)",
            [("Female", 2), ("Male", 3), (None, 2), (ALL, 7)],
        ),
        "a total of a quotient is the quotient of totals": (
            f"SELECT ward, COUNT(nights) / COUNT(*) AS q {FROM} GROUP BY ROLLUP(ward)",
            [("Surgery", 1), ("Medicine", 4 / 6), ("Children", 1), (ALL, 14 / 16)],
        ),
        "totals over two keys, the last summed over first": (
            f"SELECT ward, sex, COUNT(*) AS n {FROM} {WHERE} GROUP BY ROLLUP(ward, sex) HAVING n > 0",
            [
                ("Surgery", "Female", 3),
                ("Surgery", "Male", 4),
                ("Children", "Male", 1),
                ("Surgery", ALL, 7),
                ("Children", ALL, 1),
                (ALL, ALL, 8),
            ],
        ),
        "units over two keys": (
            f"SELECT ward, priority, COUNT(DISTINCT unit) AS u {FROM} GROUP BY ROLLUP(ward, priority) HAVING u > 1",
            [
                ("Surgery", 1, 3),
                ("Medicine", 1, 2),
                ("Children", 1, 2),
                ("Surgery", 2, 4),
                ("Medicine", 3, 3),
                ("Surgery", ALL, 4),
                ("Medicine", ALL, 5),
                ("Children", ALL, 3),
                (ALL, ALL, 7),
            ],
        ),
        "a key beside ROLLUP is not summed over": (
            f"SELECT ward, sex, COUNT(*) AS n {FROM} {WHERE} GROUP BY ward, ROLLUP(sex) HAVING n > 0",
            [
                ("Surgery", "Female", 3),
                ("Surgery", "Male", 4),
                ("Children", "Male", 1),
                ("Surgery", ALL, 7),
                ("Children", ALL, 1),
            ],
        ),
        "each nation has its totals, and nations together": (
            f"SELECT nation, ward, COUNT(*) AS n {FROM} GROUP BY nation, ROLLUP(ward)",
            [
                ("England", "Surgery", 4),
                ("England", "Medicine", 4),
                ("England", "Children", 2),
                ("Wales", "Surgery", 3),
                ("Wales", "Medicine", 2),
                ("Wales", "Children", 1),
                ("England", ALL, 10),
                ("Wales", ALL, 6),
                (UK, "Surgery", 7),
                (UK, "Medicine", 6),
                (UK, "Children", 3),
                (UK, ALL, 16),
            ],
        ),
        "nation within ROLLUP says no more": (
            f"SELECT nation, COUNT(*) AS n {FROM} GROUP BY ROLLUP(nation)",
            [("England", 10), ("Wales", 6), (UK, 16)],
        ),
        "an expression is summed over under its name": (
            f"SELECT DIV(nights, 16) AS half, COUNT(*) AS n {FROM} GROUP BY ROLLUP(half)",
            [(0, 13), (1, 1), (None, 2), (ALL, 16)],
        ),
        "a missing key is no total": (
            f"SELECT sex, COUNT(*) AS n {FROM} GROUP BY ROLLUP(sex)",
            [("Female", 5), ("Male", 8), (None, 3), (ALL, 16)],
        ),
        "LIMIT leaves totals": (
            f"SELECT ward, COUNT(*) AS n {FROM} GROUP BY ROLLUP(ward) ORDER BY n LIMIT 1",
            [("Children", 3), (ALL, 16)],
        ),
        "totals are of the rows that limits leave": (
            "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (max_rows_contributed = 1) "
            f"ward, COUNT(*) AS n {FROM} GROUP BY ROLLUP(ward)",
            [("Surgery", 4), ("Medicine", 5), ("Children", 3), (ALL, 12)],
        ),
    }
)
def test_rollup(spec: Specification, written: str, gives: list[tuple[Shown, ...]]) -> None:
    assert spec.answer(written) == nearly(gives)


def test_totals_of_counts_cost_nothing_and_those_of_units_are_asked_for(spec: Specification) -> None:
    def query(counted: str, keys: str) -> object:
        return spec.federation.question(f"SELECT ward, {counted} AS n {FROM} GROUP BY {keys}").envelope.query

    assert query("COUNT(*)", "ward") == query("COUNT(*)", "ROLLUP(ward)")
    assert query("COUNT(DISTINCT unit)", "ward") != query("COUNT(DISTINCT unit)", "ROLLUP(ward)")


def grouped(by: str) -> str:
    return f"SELECT ward, sex, COUNT(*) AS n {FROM} GROUP BY {by}"


REFUSED: dict[str, Refused] = {
    "ROLLUP of nothing": (f"SELECT COUNT(*) AS n {FROM} GROUP BY ¦ROLLUP()", Reason.SQL_NOT_SUPPORTED, "ROLLUP(a, b)"),
    "two ROLLUPs": (
        grouped("ROLLUP(ward), ROLLUP(¦sex)"),
        Reason.SQL_NOT_SUPPORTED,
        "one ROLLUP is answered at a time",
    ),
    "CUBE": (grouped("¦CUBE(ward, sex)"), Reason.SQL_NOT_SUPPORTED, "one ROLLUP(...)"),
    "a key twice": (grouped("ward, sex, ROLLUP(¦ward)"), Reason.SQL_NOT_SUPPORTED, "keep one"),
    "what has no list of values": (
        f"SELECT cost, COUNT(*) AS n {FROM} GROUP BY ROLLUP(¦cost)",
        Reason.KEY_WITHOUT_DOMAIN,
        "WIDTH_BUCKET",
    ),
}


@refusals(REFUSED)
def test_no_rollup(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
