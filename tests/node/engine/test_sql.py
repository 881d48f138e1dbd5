"""Conditions mean in SQL over stored integers what they mean in the catalogue's terms."""

from decimal import Decimal

import pytest
from concordat_node.engine.sql import condition_sql
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Literal,
    Membership,
    Negation,
    NullTest,
)
from concordat_query.row_values import truth
from fakes.catalogue import small_catalogue
from fakes.editions import Row
from fakes.scans import FakeTable, open_table, public
from hypothesis import given, settings
from hypothesis import strategies as st

DATASET = small_catalogue().dataset("health.visits")
TABLE = open_table(DATASET)
NUMBERS = ("cost", "weight")
CODES = ("clinic", "sex")


def _rows() -> st.SearchStrategy[list[Row]]:
    columns = {
        column.name: st.none() | st.integers(column.fixed_lower, column.fixed_upper) for column in DATASET.columns
    }
    edges = {column.name: st.sampled_from([None, column.fixed_lower, column.fixed_upper]) for column in DATASET.columns}
    near = {column.name: st.sampled_from([None, 0, 1]) for column in DATASET.columns}
    return st.lists(
        st.fixed_dictionaries(columns) | st.fixed_dictionaries(edges) | st.fixed_dictionaries(near), max_size=6
    )


def _literals(column: str) -> st.SearchStrategy[Literal]:
    if column in CODES:
        return st.sampled_from(DATASET.column(column).codes)
    near = [Decimal(text) for text in ("-5", "-5.01", "0", "0.005", "0.01", "0.5", "1", "250", "250.001", "300", "301")]
    far = [Decimal("9" * 31), -Decimal("9" * 31), Decimal("1E-30"), Decimal("-1E-30")]
    return st.sampled_from([*near, *far])


def _leaves() -> st.SearchStrategy[Condition]:
    names = st.sampled_from(NUMBERS + CODES)
    equal = st.sampled_from([Comparator.EQUAL, Comparator.NOT_EQUAL])
    return st.one_of(
        names.map(NullTest),
        names.flatmap(lambda name: st.builds(Comparison, st.just(name), equal, _literals(name))),
        st.sampled_from(NUMBERS).flatmap(
            lambda name: st.builds(Comparison, st.just(name), st.sampled_from(Comparator), _literals(name))
        ),
        names.flatmap(
            lambda name: st.builds(
                Membership, st.just(name), st.lists(_literals(name), min_size=1, max_size=4).map(tuple)
            )
        ),
    )


def _conditions() -> st.SearchStrategy[Condition]:
    def grown(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        terms = st.lists(inner, min_size=1, max_size=3).map(tuple)
        return st.one_of(st.builds(Conjunction, terms), st.builds(Disjunction, terms), st.builds(Negation, inner))

    return st.recursive(_leaves(), grown, max_leaves=6)


def _in_sql(table: FakeTable, condition: Condition) -> list[bool | None]:
    sql = f"SELECT {condition_sql(DATASET, condition)} FROM rows ORDER BY unit"  # noqa: S608
    return [value for (value,) in table.connection.execute(sql).fetchall()]


@settings(max_examples=200, deadline=None)
@given(_rows(), _conditions())
def test_every_condition_has_the_same_three_valued_truth_in_sql(rows: list[Row], condition: Condition) -> None:
    TABLE.fill([[row] for row in rows])
    assert _in_sql(TABLE, condition) == [truth(condition, public(DATASET, row)) for row in rows]


@pytest.mark.parametrize("comparator", list(Comparator))
@pytest.mark.parametrize("literal", ["-1000000000000", "-5.001", "-5", "0.005", "250", "250.001", "1000000000000"])
def test_literals_between_and_beyond_what_can_be_stored_compare_as_numbers(
    comparator: Comparator, literal: str
) -> None:
    rows = [{"clinic": 0, "cost": cost} for cost in (-500, -499, 0, 1, 24999, 25000)]
    condition = Comparison("cost", comparator, Decimal(literal))
    TABLE.fill([[row] for row in rows])
    assert _in_sql(TABLE, condition) == [truth(condition, public(DATASET, row)) for row in rows]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (NullTest("nowhere"), Reason.UNKNOWN_COLUMN),
        (Comparison("clinic", Comparator.EQUAL, "Z"), Reason.UNKNOWN_CODE),
        (Membership("clinic", ("A", "Z")), Reason.UNKNOWN_CODE),
        (Comparison("clinic", Comparator.LESS, "B"), Reason.WRONG_TYPE),
        (Comparison("clinic", Comparator.EQUAL, Decimal(1)), Reason.WRONG_TYPE),
        (Comparison("cost", Comparator.EQUAL, "A"), Reason.WRONG_TYPE),
        (Membership("cost", ("A",)), Reason.WRONG_TYPE),
    ],
)
def test_what_the_catalogue_does_not_know_is_refused(condition: Condition, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        condition_sql(DATASET, condition)
    assert refused.value.reason is reason


def test_no_text_of_the_analyst_enters_the_statement() -> None:
    catalogue = small_catalogue()
    hostile = "A'; DROP TABLE rows; --"
    column = {**catalogue.dataset("health.visits").column("clinic").model_dump(), "codes": ("A", hostile)}
    columns = [column, {**DATASET.column("sex").model_dump()}]
    dataset = DATASET.model_validate({**DATASET.model_dump(), "columns": columns})
    sql = condition_sql(dataset, Membership("clinic", ("A", hostile)))
    assert sql == '("clinic" IN (0, 1))'
