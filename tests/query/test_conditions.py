"""Conditions from SQL text mean what another database says they mean, for every row there may be."""

import sqlite3
from decimal import Decimal

import pytest
from concordat_query.canonical import canonical_condition
from concordat_query.errors import SqlRefusal
from concordat_query.model import Comparator, Comparison, Conjunction, Disjunction, Membership, Negation, NullTest
from concordat_query.row_values import truth
from concordat_query.text import parse_condition
from fakes.catalogue import small_catalogue
from fakes.conditions import TINY, all_rows, condition_texts
from hypothesis import given, settings

ROWS = list(all_rows())
CASUALTIES = small_catalogue().dataset("road.casualties")


@pytest.fixture(scope="module")
def table() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE tiny (year, mode, sex, dose)")
    values = [tuple(float(v) if isinstance(v, Decimal) else v for v in row.values()) for row in ROWS]
    connection.executemany("INSERT INTO tiny VALUES (?, ?, ?, ?)", values)
    return connection


@settings(max_examples=80, deadline=None)
@given(text=condition_texts())
def test_text_means_what_sqlite_says_on_every_row(table: sqlite3.Connection, text: str) -> None:
    theirs = [row[0] for row in table.execute(f"SELECT ({text}) FROM tiny ORDER BY rowid")]  # noqa: S608
    condition = parse_condition(text, TINY)
    assert [truth(condition, row) for row in ROWS] == [None if value is None else bool(value) for value in theirs]
    canonical = canonical_condition(condition)
    assert [truth(canonical, row) for row in ROWS] == [truth(condition, row) for row in ROWS]


def test_every_form_has_its_typed_condition() -> None:
    def typed(text: str) -> object:
        return parse_condition(text, CASUALTIES)

    fatal = Comparison("severity", Comparator.EQUAL, "Fatal")
    old = Comparison("age", Comparator.GREATER, Decimal(65))
    assert typed("severity = 'Fatal'") == fatal
    assert typed('SEVERITY = "Fatal" -- a comment') == fatal
    assert typed("`severity` = ('Fatal')") == fatal
    assert typed("65 < age") == old
    assert typed("age > 65.0") == old
    assert typed("age >= -1") == Comparison("age", Comparator.GREATER_OR_EQUAL, Decimal(-1))
    assert typed("sex IS NOT NULL") == Negation(NullTest("sex"))
    assert typed("mode NOT IN ('Car')") == Negation(Membership("mode", ("Car",)))
    assert typed("severity = 'Fatal' AND (age > 65 OR sex IS NULL)") == Conjunction(
        (fatal, Disjunction((old, NullTest("sex"))))
    )


def test_and_binds_closer_than_or_and_not_closest() -> None:
    assert parse_condition("NOT sex IS NULL AND year = 2014 OR year = 2015", CASUALTIES) == Disjunction(
        (
            Conjunction((Negation(NullTest("sex")), Comparison("year", Comparator.EQUAL, Decimal(2014)))),
            Comparison("year", Comparator.EQUAL, Decimal(2015)),
        )
    )


def test_long_chains_are_read_without_recursion() -> None:
    condition = parse_condition(" OR ".join(f"age = {i % 90}" for i in range(2400)), CASUALTIES)
    assert isinstance(condition, Disjunction)
    assert len(condition.terms) == 2400


@pytest.mark.parametrize("text", ["", "nation = 'Wales'", "SELECT 1", "year = 2014; year = 2015", "COUNT(*) > 1"])
def test_a_mapping_condition_is_a_condition_on_columns_and_nothing_else(text: str) -> None:
    with pytest.raises(SqlRefusal):
        parse_condition(text, CASUALTIES)
