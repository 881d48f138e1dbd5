"""What is known of scalars in the rows for which a condition is true."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from concordat_query.catalogue import EPOCH, CellKey
from concordat_query.model import (
    Calculation,
    Case,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    DatePart,
    Disjunction,
    Membership,
    Negation,
    NullTest,
    Part,
    RowOperator,
    Scalar,
    Value,
    WidthBucket,
)
from concordat_query.narrowing import ranges_of, where_both_hold
from concordat_query.ranges import Range
from concordat_query.row_values import truth, value_of
from concordat_query.scalar_types import type_of
from fakes.conditions import TINY, all_rows
from fakes.conditions import conditions as conditions_on_columns
from fakes.scalars import STAYS, conditions, has_type, numbers
from hypothesis import example, given, settings
from hypothesis import strategies as st


def compared(scalar: Scalar, sign: str, number: str | date) -> Comparison:
    return Comparison(scalar, Comparator(sign), Decimal(number) if isinstance(number, str) else number)


def within(lower: str | None, upper: str | None) -> Range:
    return Range(*(None if end is None else Fraction(end) for end in (lower, upper)))


AT_LEAST_2, AT_MOST_9 = compared("nights", ">=", "2"), compared("nights", "<=", "9")
COSTLY = compared("cost", ">", "100")
STAY = Calculation(RowOperator.MINUS, "discharged", "admitted")


@pytest.mark.parametrize(
    ("condition", "scalar", "expected"),
    [
        (compared("nights", "=", "3"), "nights", within("3", "3")),
        (compared("nights", "<", "3"), "nights", within(None, "2")),
        (compared("nights", "<", "2.5"), "nights", within(None, "2")),
        (compared("nights", ">", "3"), "nights", within("4", None)),
        (compared("nights", ">", "2.5"), "nights", within("3", None)),
        (compared("cost", "<", "3"), "cost", within(None, "2.99")),
        (compared("cost", ">", "3"), "cost", within("3.01", None)),
        (compared("nights", "<>", "3"), "nights", within(None, None)),
        (Membership("nights", (Decimal(9), Decimal(2), Decimal(5))), "nights", within("2", "9")),
        (Negation(Membership("nights", (Decimal(9), Decimal(2)))), "nights", within(None, None)),
        (Membership("ward", ("A", "C")), "ward", within(None, None)),
        (Negation(NullTest("nights")), "nights", within(None, None)),
        (Negation(compared("nights", "<", "3")), "nights", within("3", None)),
        (Conjunction((AT_LEAST_2, AT_MOST_9, compared("nights", ">", "4"))), "nights", within("5", "9")),
        (Disjunction((AT_LEAST_2, compared("nights", "=", "0"))), "nights", within("0", None)),
        (Disjunction((compared("nights", "=", "7"), Conjunction((AT_LEAST_2, AT_MOST_9)))), "nights", within("2", "9")),
        (Conjunction((AT_MOST_9, Disjunction((AT_LEAST_2, COSTLY)))), "nights", within(None, "9")),
        (compared("discharged", "<", date(1970, 3, 1)), "discharged", within(None, "58")),
        (compared(STAY, "<=", "30"), STAY, within(None, "30")),
        (compared(STAY, "<=", "30"), "discharged", within(None, None)),
        (compared(WidthBucket("nights", Decimal(0), Decimal(9), 3), "=", "2"), "nights", within(None, None)),
        (compared(DatePart(Part.YEAR, "discharged"), "=", "1970"), "discharged", within(None, None)),
    ],
)
def test_a_condition_tells_the_range_of_what_it_compares(condition: Condition, scalar: Scalar, expected: Range) -> None:
    assert ranges_of(condition, STAYS)[scalar] == expected


@pytest.mark.parametrize(
    "condition",
    [
        None,
        NullTest("nights"),
        Disjunction((AT_LEAST_2, COSTLY)),
        Disjunction((AT_LEAST_2, NullTest("nights"))),
        compared(Case(((NullTest("nights"), Value(Decimal(1))),), "nights"), ">", "0"),
    ],
)
def test_a_scalar_that_may_be_null_all_the_same_has_no_range(condition: Condition | None) -> None:
    assert "nights" not in ranges_of(condition, STAYS)


def test_bounds_narrow_and_those_of_what_is_calculated_follow() -> None:
    known = ranges_of(Conjunction((AT_LEAST_2, AT_MOST_9)), STAYS)
    doubled = Calculation(RowOperator.TIMES, "nights", Value(Decimal("1.5")))
    kind, made = type_of("nights", STAYS, known), type_of(doubled, STAYS, known)
    assert (kind.lower, kind.upper, kind.nullable) == (2, 9, False)
    assert (made.lower, made.upper, made.nullable, made.decimals) == (30, 135, False, 1)


def test_a_calculation_that_is_compared_is_narrower_than_its_parts_say() -> None:
    kind = type_of(STAY, STAYS, ranges_of(Conjunction((compared(STAY, ">=", "0"), compared(STAY, "<", "31"))), STAYS))
    assert (kind.lower, kind.upper, kind.nullable) == (0, 30, False)


def test_an_end_between_two_values_is_rounded_inwards() -> None:
    known = ranges_of(Conjunction((compared("nights", ">=", "1.5"), compared("nights", "<=", "3.5"))), STAYS)
    kind = type_of("nights", STAYS, known)
    assert (kind.lower, kind.upper) == (2, 3)


@pytest.mark.parametrize(
    "never",
    [
        compared("nights", ">", "200"),
        Conjunction((AT_MOST_9, compared("nights", ">", "9"))),
        compared("cost", "=", "0.001"),
    ],
)
def test_bounds_stay_where_no_row_is_left(never: Condition) -> None:
    for scalar in ("nights", "cost"):
        kind, plain = type_of(scalar, STAYS, ranges_of(never, STAYS)), type_of(scalar, STAYS)
        assert (kind.lower, kind.upper) == (plain.lower, plain.upper)


def test_the_same_number_written_with_more_decimals_is_the_same_scalar() -> None:
    written = Calculation(RowOperator.TIMES, "nights", Value(Decimal("1.00")))
    known = ranges_of(compared(written, "<=", "5"), STAYS)
    assert type_of(Calculation(RowOperator.TIMES, "nights", Value(Decimal(1))), STAYS, known).upper == 5


@settings(max_examples=300, deadline=None)
@given(conditions_on_columns())
@example(compared("year", "<", "2015"))
@example(compared("year", ">", "2014"))
@example(Disjunction((compared("year", "=", "2014"), compared("year", "=", "2015"))))
def test_every_row_that_satisfies_a_condition_is_within_what_it_tells(condition: Condition) -> None:
    known = ranges_of(condition, TINY)
    for row in all_rows():
        if truth(condition, row) is True:
            assert all(_holds(scalar, own, row) for scalar, own in known.items())


def _holds(scalar: Scalar, own: Range, row: dict[str, CellKey]) -> bool:
    value = value_of(scalar, row)
    if value is None or isinstance(value, str):
        return value is not None and own == Range()
    number = Fraction((value - EPOCH).days) if isinstance(value, date) else Fraction(value)
    return (own.lower is None or own.lower <= number) and (own.upper is None or number <= own.upper)


@settings(max_examples=300, deadline=None)
@given(conditions_on_columns(), conditions_on_columns())
def test_what_two_conditions_tell_together_is_what_their_conjunction_tells(one: Condition, other: Condition) -> None:
    together = where_both_hold(ranges_of(one, TINY), ranges_of(other, TINY))
    assert together == ranges_of(Conjunction((one, other)), TINY)


@given(conditions_on_columns(), st.sampled_from(["year", "dose"]))
def test_a_test_for_null_changes_no_bounds(condition: Condition, name: str) -> None:
    plain = type_of(name, TINY, ranges_of(condition, TINY))
    for other in TINY.by_name:
        held = type_of(name, TINY, ranges_of(Conjunction((condition, Negation(NullTest(other)))), TINY))
        assert (held.lower, held.upper) == (plain.lower, plain.upper)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, CellKey]:
    return {
        column.name: draw(st.sampled_from(column.domain) if column.may_be_key else _stored(column.name))
        for column in STAYS.columns
    }


def _stored(name: str) -> st.SearchStrategy[CellKey]:
    column = STAYS.column(name)
    values = st.integers(column.fixed_lower, column.fixed_upper).map(column.public)
    return st.none() | values if column.nullable else values


def _compared() -> st.SearchStrategy[Condition]:
    literals = st.sampled_from([Decimal(text) for text in ("-3", "0", "0.5", "2", "41", "300")])
    return st.builds(Comparison, numbers(), st.sampled_from(Comparator), literals)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(_compared() | conditions(), min_size=1, max_size=3), numbers(), st.lists(rows(), min_size=1, max_size=8)
)
def test_a_scalar_is_within_its_narrowed_type_in_every_row_that_counts(
    terms: list[Condition], scalar: Scalar, given_rows: list[dict[str, CellKey]]
) -> None:
    for condition in (Conjunction(tuple(terms)), Disjunction(tuple(terms))):
        known = ranges_of(condition, STAYS)
        asked = [scalar, *(each for each in known if not isinstance(each, Value) and has_type(each))]
        for row in given_rows:
            if truth(condition, row) is not True:
                continue
            for each in asked:
                kind, value = type_of(each, STAYS, known), value_of(each, row)
                assert value is not None or kind.nullable
                if isinstance(value, Decimal):
                    assert kind.lower <= kind.stored(value) <= kind.upper
