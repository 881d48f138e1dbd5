"""Conditions read as the SQL that would say the same."""

from decimal import Decimal

import pytest
from concordat_query.model import (
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Membership,
    Negation,
    NullTest,
)
from concordat_query.rendering import condition_text

YEAR = Comparison("year", Comparator.GREATER_OR_EQUAL, Decimal("2014"))
CAR = Comparison("mode", Comparator.EQUAL, "Driver's car")


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (YEAR, "year >= 2014"),
        (CAR, "mode = 'Driver''s car'"),
        (Membership("year", (Decimal("1.50"), Decimal("-2"))), "year IN (1.5, -2)"),
        (Negation(Membership("mode", ("A", "B"))), "mode NOT IN ('A', 'B')"),
        (NullTest("sex"), "sex IS NULL"),
        (Negation(NullTest("sex")), "sex IS NOT NULL"),
        (Negation(Conjunction((YEAR, CAR))), "NOT (year >= 2014 AND mode = 'Driver''s car')"),
        (Negation(YEAR), "NOT year >= 2014"),
        (
            Conjunction((YEAR, Disjunction((CAR, NullTest("mode"))))),
            "year >= 2014 AND (mode = 'Driver''s car' OR mode IS NULL)",
        ),
        (
            Disjunction((Conjunction((YEAR, CAR)), NullTest("mode"))),
            "(year >= 2014 AND mode = 'Driver''s car') OR mode IS NULL",
        ),
    ],
)
def test_a_condition_reads_as_sql(condition: Condition, text: str) -> None:
    assert condition_text(condition) == text
