"""Scalars: their types and domains, one form for all ways of writing them, on the wire and as text."""

from datetime import date
from decimal import Decimal

import pytest
from concordat.v1 import query_pb2
from concordat_query import condition_wire, domains
from concordat_query.canonical import canonical_condition, canonical_query, canonical_scalar
from concordat_query.check import check_query
from concordat_query.coverage import Coverage, Held, held_by_cell
from concordat_query.domains import domain_of
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Aggregate,
    Calculation,
    Case,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    DatePart,
    Disjunction,
    Part,
    Query,
    RowOperator,
    Scalar,
    Statistic,
    Value,
    WidthBucket,
)
from concordat_query.rendering import scalar_text
from concordat_query.scalar_types import type_of
from concordat_query.text import parse_condition
from fakes.permissions import permits_everything
from fakes.scalars import STAYS, labels, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

TEN = Value(Decimal(10))


@settings(max_examples=200, deadline=None)
@given(numbers() | labels())
def test_a_scalar_comes_back_from_the_wire_as_it_was(scalar: Scalar) -> None:
    canonical = canonical_scalar(scalar)
    message = query_pb2.Scalar.FromString(condition_wire.scalar_to_proto(canonical).SerializeToString())
    assert condition_wire.scalar_from_proto(message, "query") == canonical


@settings(max_examples=200, deadline=None)
@given(numbers(), st.sampled_from([Decimal(1), Decimal(5)]))
def test_the_text_of_a_scalar_reads_as_the_same_scalar(scalar: Scalar, literal: Decimal) -> None:
    if isinstance(scalar, Value):
        return
    try:
        read = parse_condition(f"({scalar_text(canonical_scalar(scalar))}) <> {literal}", STAYS)
    except Refusal as refusal:
        assert "deeper" in refusal.message  # noqa: PT017
        return
    expected = canonical_condition(Comparison(scalar, Comparator.NOT_EQUAL, literal))
    assert canonical_condition(read) == expected


@settings(max_examples=100, deadline=None)
@given(numbers() | labels())
def test_a_canonical_scalar_is_its_own_canonical_form_of_the_same_type(scalar: Scalar) -> None:
    canonical = canonical_scalar(scalar)
    assert canonical_scalar(canonical) == canonical
    assert type_of(canonical, STAYS) == type_of(scalar, STAYS)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("sex", ("Male", "Female", None)),
        (Calculation(RowOperator.TIMES, Calculation(RowOperator.DIV, "nights", TEN), TEN), (0, 10, 20, 30, 40, None)),
        (Calculation(RowOperator.MOD, "nights", Value(Decimal(2))), (-1, 0, 1, None)),
        (WidthBucket("nights", Decimal(0), Decimal(40), 2), (0, 1, 2, 3, None)),
        (WidthBucket("nights", Decimal(-2), Decimal(100), 1), (1, None)),
        (DatePart(Part.YEAR, "admitted"), (1968, 1969, 1970, 1971)),
        (DatePart(Part.QUARTER, "discharged"), (1, 2, 3, 4, None)),
        (DatePart(Part.MONTH, "admitted"), tuple(range(1, 13))),
        (Case(((Comparison("ward", Comparator.EQUAL, "A"), Value("first")),), Value("rest")), ("first", "rest")),
        (Case(((Comparison("nights", Comparator.LESS, Decimal(1)), Value(Decimal(0))),), Value(None)), (0, None)),
    ],
)
def test_the_domain_of_a_key(key: Scalar, values: tuple[object, ...]) -> None:
    assert domain_of(key, STAYS).values == values


@pytest.mark.parametrize(
    "key",
    [
        Calculation(RowOperator.TIMES, "nights", "cost"),
        Calculation(RowOperator.MINUS, "admitted", Value(date(1970, 1, 1))),
        Calculation(RowOperator.PLUS, "cost", Value(Decimal("0.000001"))),
    ],
)
def test_a_key_of_too_many_values_is_refused(key: Scalar) -> None:
    if isinstance(key.left, str) and key.left == "admitted":  # type: ignore[union-attr]
        assert len(domain_of(key, STAYS)) == 848
        return
    with pytest.raises(Refusal) as refused:
        domain_of(key, STAYS)
    assert refused.value.reason is Reason.KEY_WITHOUT_DOMAIN


def typed(scalar: Scalar | None, statistic: Statistic = Statistic.SUM, over: tuple[Scalar, ...] = ()) -> Query:
    return Query("stays", ("ward",), None, (Aggregate(statistic, scalar, None, over),), 1_000_000, 1, 1)


NOT_FIRST = Comparison("ward", Comparator.NOT_EQUAL, "Z")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (typed("admitted"), Reason.WRONG_TYPE),
        (typed("ward"), Reason.WRONG_TYPE),
        (typed(Calculation(RowOperator.TIMES, "cost", Value(Decimal(2**31)))), Reason.WRONG_TYPE),
        (typed(Calculation(RowOperator.DIV, "nights", Value(Decimal(0)))), Reason.WRONG_TYPE),
        (typed(Calculation(RowOperator.DIV, "nights", "nights")), Reason.WRONG_TYPE),
        (typed(Calculation(RowOperator.MOD, "cost", TEN)), Reason.WRONG_TYPE),
        (typed(Calculation(RowOperator.PLUS, "nowhere", TEN)), Reason.UNKNOWN_COLUMN),
        (typed(Case(((NOT_FIRST, "nights"),), Value(None))), Reason.UNKNOWN_CODE),
        (typed(Case((), Value(None))), Reason.MALFORMED_REQUEST),
        (typed(Case(((Comparison("ward", Comparator.EQUAL, "A"), Value("\x1b[2J")),), Value(None))), Reason.WRONG_TYPE),
        (typed(WidthBucket("nights", Decimal(5), Decimal(5), 3)), Reason.WRONG_TYPE),
        (typed(WidthBucket("nights", Decimal(0), Decimal(5), 0)), Reason.WRONG_TYPE),
        (typed(WidthBucket("nights", Decimal(0), Decimal(5), 2**31)), Reason.WRONG_TYPE),
        (typed(DatePart(Part.YEAR, "nights")), Reason.WRONG_TYPE),
        (typed(None), Reason.MALFORMED_REQUEST),
        (typed("nights", Statistic.COUNT_UNITS), Reason.MALFORMED_REQUEST),
        (typed("nights", over=("ward",)), Reason.MALFORMED_REQUEST),
        (typed(None, Statistic.COUNT_UNITS, over=("sex",)), Reason.MALFORMED_REQUEST),
        (typed(None, Statistic.COUNT_UNITS, over=("ward", "sex")), Reason.MALFORMED_REQUEST),
    ],
)
def test_a_typed_query_that_makes_no_sense_is_refused_before_it_is_planned(query: Query, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        check_query(query, STAYS, permits_everything(STAYS))
    assert refused.value.reason is reason
    assert "Z" not in refused.value.message
    assert refused.value.field.startswith("query")


def test_a_deep_scalar_is_refused_on_the_wire_and_not_followed_to_its_end() -> None:
    scalar: Scalar = "nights"
    for _ in range(condition_wire.MAX_DEPTH + 1):
        scalar = Calculation(RowOperator.PLUS, scalar, TEN)
    with pytest.raises(Refusal) as refused:
        condition_wire.scalar_from_proto(condition_wire.scalar_to_proto(scalar), "query")
    assert refused.value.reason is Reason.MALFORMED_REQUEST


@pytest.mark.parametrize(
    "text", ["2016-02-30", "2016-2-3", "20160203", "2016-W05-3", "", "2016-02-03T00:00", "0000-01-01", "９９９９-01-01"]
)
def test_a_date_has_one_notation_on_the_wire(text: str) -> None:
    with pytest.raises(Refusal):
        condition_wire.literal_from_proto(query_pb2.Literal(date=text), "query")


@pytest.mark.parametrize(
    ("scalar", "lower", "upper"),
    [
        (Calculation(RowOperator.MOD, "nights", Value(Decimal(7))), -2, 6),
        (Calculation(RowOperator.MOD, "nights", Value(Decimal(-2))), -1, 1),
        (Calculation(RowOperator.DIV, "nights", Value(Decimal(-7))), -5, 0),
        (Calculation(RowOperator.MINUS, "nights", "nights"), -42, 42),
        (Calculation(RowOperator.TIMES, "nights", Value(Decimal("-0.5"))), -200, 10),
        (Calculation(RowOperator.TIMES, "nights", "nights"), -80, 1600),
        (Calculation(RowOperator.PLUS, "nights", "cost"), -700, 29000),
        (WidthBucket("nights", Decimal(0), Decimal(10), 5), 0, 6),
        (Case(((Comparison("ward", Comparator.EQUAL, "A"), "nights"),), Value(Decimal("99.5"))), -20, 995),
    ],
)
def test_bounds_of_a_type_are_as_wide_as_what_columns_may_give(scalar: Scalar, lower: int, upper: int) -> None:
    kind = type_of(scalar, STAYS)
    assert (kind.lower, kind.upper) == (lower, upper)


def long_condition(terms: int) -> Condition:
    """True for hardly any row, and long."""
    return Disjunction(tuple(Comparison("nights", Comparator.EQUAL, Decimal(n % 40)) for n in range(terms)))


def test_a_key_that_would_take_long_to_try_is_refused_before_it_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def tried(*_: object) -> object:
        raise AssertionError("the key was tried on a row")

    monkeypatch.setattr(domains, "value_of", tried)
    slow = Calculation(RowOperator.DIV, Case(((long_condition(1500), "nights"),), Value(Decimal(3))), TEN)
    with pytest.raises(Refusal) as refused:
        domain_of(slow, STAYS)
    assert refused.value.reason is Reason.KEY_WITHOUT_DOMAIN


def test_a_query_of_many_keys_is_refused_by_their_number() -> None:
    keys = tuple(Case(((long_condition(1), Value(Decimal(n))),), Value(Decimal(n))) for n in range(11))
    query = canonical_query(Query("stays", keys, None, (Aggregate(Statistic.COUNT_ROWS),), 1_000_000, 1, 1))
    with pytest.raises(Refusal, match="at most 10 group keys"):
        check_query(query, STAYS, permits_everything(STAYS))


def test_a_key_made_of_a_column_that_the_agreement_does_not_let_group_is_refused() -> None:
    permission = permits_everything(STAYS).model_copy(update={"keys": ("sex",)})
    codes = Case(tuple((Comparison("ward", Comparator.EQUAL, c), Value(c)) for c in "AB"), Value("C"))
    bands = Calculation(RowOperator.DIV, "nights", TEN)
    for key, allowed in ((codes, False), ("ward", False), ("sex", True), (bands, True)):
        query = Query("stays", (key,), None, (Aggregate(Statistic.COUNT_ROWS),), 1_000_000, 1, 1)
        if allowed:
            check_query(query, STAYS, permission)
            continue
        with pytest.raises(Refusal) as refused:
            check_query(query, STAYS, permission)
        assert refused.value.reason is Reason.NOT_IN_AGREEMENT


def test_a_condition_too_long_for_the_coverage_it_is_judged_under_is_refused() -> None:
    by_ward_and_nights = Coverage(Conjunction((Comparison("ward", Comparator.EQUAL, "A"), long_condition(2))))
    date_too = Coverage(Conjunction((long_condition(2), Comparison("admitted", Comparator.LESS, date(1970, 1, 1)))))
    assert held_by_cell(STAYS, by_ward_and_nights, long_condition(100), (), ()) == [Held.PART]
    with pytest.raises(Refusal) as refused:
        held_by_cell(STAYS, date_too, long_condition(100), (), ())
    assert refused.value.reason is Reason.TOO_MANY_CELLS
