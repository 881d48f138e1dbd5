"""Results are calculated with after the noise: +, -, *, / over aggregates and numbers. It costs nothing."""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Shown, Specification, nearly, refusals, sentences


@sentences(
    {
        "a result and a number": ("COUNT(*) + 1 AS x", 17),
        "two results": ("SUM(cost) - SUM(nights) AS x", 946.36),
        "a product with decimals is exact": ("COUNT(*) * 0.1 AS x", 1.6),
        "a quotient": ("COUNTIF(ward = 'Surgery') / COUNT(*) AS x", 7 / 16),
        "a percentage": ("100 * COUNTIF(ward = 'Surgery') / COUNT(*) AS x", 43.75),
        "a quotient by a number": ("SUM(nights) / 8 AS x", 11),
        "SAFE_DIVIDE is a quotient": ("SAFE_DIVIDE(SUM(nights), COUNT(nights)) AS x", 88 / 14),
        "a product binds closer": ("COUNT(*) + 2 * COUNT(nights) AS x", 44),
        "parentheses bind closest": ("(COUNT(*) + 2) * COUNT(nights) AS x", 252),
        "differences are taken from the left": ("COUNT(*) - 10 - 1 AS x", 5),
        "a sign": ("-COUNT(*) AS x", -16),
        "means are calculated with, too": ("AVG(cost) * 16 AS x", 1034.36),
        "a difference of means": (
            "AVG(nights) FILTER (WHERE ward = 'Surgery') - AVG(nights) FILTER (WHERE ward = 'Medicine') AS x",
            53 / 7 - 25 / 4,
        ),
        "a quotient by a count of none has no figure": ("COUNT(*) / COUNTIF(nights = 29) AS x", "undefined"),
        "nor does what is made of it": ("1 + COUNT(*) / COUNTIF(nights = 29) AS x", "undefined"),
        "zero divided is zero": ("COUNTIF(nights = 29) / COUNT(*) AS x", 0),
    }
)
def test_an_expression(spec: Specification, written: str, gives: Shown) -> None:
    assert [(spec.figure(written),)] == nearly([(gives,)])


@sentences(
    {
        "one quotient for each group": (
            f"SELECT ward, SUM(nights) / COUNT(DISTINCT unit) AS each_ {FROM} GROUP BY ward",
            [("Surgery", 53 / 4), ("Medicine", 5), ("Children", 10 / 3)],
        ),
        "a quotient of totals is no sum of quotients": (
            f"SELECT nation, COUNT(nights) / COUNT(*) AS known {FROM} GROUP BY nation",
            [("England", 9 / 10), ("Wales", 5 / 6), ("England and Wales", 14 / 16)],
        ),
    }
)
def test_an_expression_in_groups(spec: Specification, written: str, gives: list[tuple[Shown, ...]]) -> None:
    assert spec.answer(written) == nearly(gives)


def test_the_same_aggregate_twice_is_paid_for_once(spec: Specification) -> None:
    once = spec.federation.question(f"SELECT COUNT(*) AS n {FROM}").envelope.query
    twice = spec.federation.question(f"SELECT COUNT(*) AS n, 2 * COUNT(*) / COUNT(*) AS m {FROM}").envelope.query
    assert once == twice


def select(items: str) -> str:
    return f"SELECT {items} {FROM}"


REFUSED: dict[str, Refused] = {
    "no name": (select("¦COUNT(*) + 1"), Reason.SQL_NOT_SUPPORTED, "write AS"),
    "a number alone": (select("COUNT(*), ¦1 AS one"), Reason.SQL_NOT_SUPPORTED, ""),
    "division by zero": (select("COUNT(*) / ¦0 AS x"), Reason.SQL_NOT_SUPPORTED, "nothing can be divided by zero"),
    "a column among aggregates": (
        select("COUNT(*) + ¦nights AS x"),
        Reason.SQL_NOT_SUPPORTED,
        "put it into COUNT, SUM",
    ),
    "a group key among aggregates": (
        f"SELECT ward, COUNT(*) + ¦priority AS x {FROM} GROUP BY ward, priority",
        Reason.SQL_NOT_SUPPORTED,
        "put it into COUNT, SUM or AVG",
    ),
    "a text among aggregates": (select("COUNT(*) + ¦'1' AS x"), Reason.SQL_NOT_SUPPORTED, "this cannot stand here"),
    "ROUND": (select("¦ROUND(AVG(nights)) AS x"), Reason.SQL_NOT_SUPPORTED, ""),
    "IEEE_DIVIDE": (select("¦IEEE_DIVIDE(COUNT(*), 2) AS x"), Reason.SQL_NOT_SUPPORTED, "write a / b"),
}


@refusals(REFUSED)
def test_no_expression(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
