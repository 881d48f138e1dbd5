"""Scalars give in SQL over stored integers what they give in the catalogue's terms, within their type's bounds."""

from concordat_node.engine.sql import condition_sql, scalar_sql
from concordat_query.catalogue import CellKey
from concordat_query.domains import domain_of
from concordat_query.errors import Refusal
from concordat_query.model import Comparator, Comparison, Literal, Membership, NullTest, Scalar
from concordat_query.row_values import truth, value_of
from concordat_query.scalar_types import type_of
from fakes.editions import Row
from fakes.scalars import STAYS, conditions, labels, literals, numbers
from fakes.scans import open_table, public
from hypothesis import given, settings
from hypothesis import strategies as st

TABLE = open_table(STAYS)


def rows() -> st.SearchStrategy[list[Row]]:
    def values(nullable: bool, low: int, high: int) -> st.SearchStrategy[int | None]:
        edges = st.sampled_from([low, high, max(low, min(0, high)), max(low, min(59, high))])
        inside = edges | st.integers(low, high)
        return st.none() | inside if nullable else inside

    columns = {c.name: values(c.nullable, c.fixed_lower, c.fixed_upper) for c in STAYS.columns}
    return st.lists(st.fixed_dictionaries(columns), min_size=1, max_size=5)


def in_sql(text: str) -> list[int | None]:
    found = TABLE.connection.execute(f"SELECT {text} FROM rows ORDER BY unit").fetchall()  # noqa: S608  # made here
    return [value for (value,) in found]


def in_words(scalar: Scalar, given_rows: list[Row]) -> list[CellKey]:
    return [value_of(scalar, public(STAYS, row)) for row in given_rows]


@settings(max_examples=300, deadline=None)
@given(rows(), numbers() | labels())
def test_a_scalar_gives_the_same_in_sql_as_in_words_and_stays_within_its_type(
    given_rows: list[Row], scalar: Scalar
) -> None:
    TABLE.fill([[row] for row in given_rows])
    kind = type_of(scalar, STAYS)
    stored = in_sql(scalar_sql(STAYS, scalar))
    assert [None if each is None else kind.public(each) for each in stored] == in_words(scalar, given_rows)
    assert all(kind.lower <= each <= kind.upper for each in stored if each is not None)
    assert kind.nullable or None not in stored


@settings(max_examples=200, deadline=None)
@given(st.data(), rows(), numbers() | labels())
def test_a_condition_on_a_scalar_has_the_same_truth_in_sql(
    data: st.DataObject, given_rows: list[Row], scalar: Scalar
) -> None:
    TABLE.fill([[row] for row in given_rows])
    kind = type_of(scalar, STAYS)
    known: st.SearchStrategy[Literal] = literals(kind.kind) if kind.kind != "code" else st.sampled_from(kind.codes)
    comparators = st.sampled_from(list(Comparator)[: 2 if kind.kind == "code" else None])
    condition = data.draw(
        st.one_of(
            st.builds(Comparison, st.just(scalar), comparators, known),
            st.builds(Membership, st.just(scalar), st.lists(known, min_size=1, max_size=2).map(tuple)),
            st.just(NullTest(scalar)),
            conditions(),
        )
    )
    expected = [truth(condition, public(STAYS, row)) for row in given_rows]
    assert in_sql(condition_sql(STAYS, condition)) == expected


@settings(max_examples=200, deadline=None)
@given(rows(), numbers() | labels())
def test_every_value_of_a_key_is_in_its_domain_once(given_rows: list[Row], scalar: Scalar) -> None:
    try:
        domain = domain_of(scalar, STAYS)
    except Refusal:
        return
    assert len(set(domain.values)) == len(domain.values) == len(domain.stored)
    assert set(in_words(scalar, given_rows)) <= set(domain.values)
    TABLE.fill([[row] for row in given_rows])
    assert set(in_sql(scalar_sql(STAYS, scalar))) <= set(domain.stored)
