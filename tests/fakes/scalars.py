"""A data set with a column of every type, many rows a unit, and random scalars over it, each with a type."""

from datetime import date
from decimal import Decimal

from concordat_query.catalogue import Dataset
from concordat_query.errors import Refusal
from concordat_query.model import (
    Calculation,
    Case,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    DatePart,
    Disjunction,
    Literal,
    Membership,
    Negation,
    NullTest,
    Part,
    RowOperator,
    Scalar,
    Value,
    WidthBucket,
)
from concordat_query.scalar_types import Kind, type_of
from fakes.catalogue import code, day, number
from hypothesis import strategies as st

STAYS = Dataset.model_validate(
    {
        "title": "Stays",
        "description": "A column of every type.",
        "population": "patients",
        "unit": "patient",
        "unit_description": "one patient",
        "max_rows_per_unit": 8,
        "columns": [
            code("ward", "A", "B", "C", nullable=False),
            code("sex", "Male", "Female", constant_within_unit=True),
            number("nights", -2, 40),
            number("cost", Decimal("-5.00"), Decimal("250.00"), decimals=2, nullable=False),
            day("admitted", date(1968, 11, 3), date(1971, 2, 28), nullable=False),
            day("discharged", date(1970, 1, 1), date(1970, 12, 31)),
        ],
    }
)
NUMBERS = ("nights", "cost")
DATES = ("admitted", "discharged")
_FACTORS = [Value(Decimal(text)) for text in ("-3", "0", "1", "2", "10", "0.5")]
_DIVISORS = [Value(Decimal(text)) for text in ("-7", "-1", "1", "2", "10", "100")]


def has_type(scalar: Scalar) -> bool:
    try:
        type_of(scalar, STAYS)
    except Refusal:
        return False
    return True


def numbers() -> st.SearchStrategy[Scalar]:
    """Scalars that give numbers, of every form, nested."""
    base: st.SearchStrategy[Scalar] = st.sampled_from(
        [*NUMBERS, *_FACTORS, Calculation(RowOperator.MINUS, "discharged", "admitted")]
    )
    parts: st.SearchStrategy[Scalar] = st.builds(DatePart, st.sampled_from(Part), st.sampled_from(DATES))
    grown: st.SearchStrategy[Scalar] = st.recursive(base | parts, _grown, max_leaves=4)
    return grown.filter(has_type)


def _grown(inner: st.SearchStrategy[Scalar]) -> st.SearchStrategy[Scalar]:
    sides = st.sampled_from([RowOperator.PLUS, RowOperator.MINUS, RowOperator.TIMES])
    whole = st.sampled_from([RowOperator.DIV, RowOperator.MOD])
    bounds = st.sampled_from([("-1", "3"), ("0", "0.1"), ("-2.5", "40"), ("1", "100")])
    return st.one_of(
        st.builds(Calculation, sides, inner, inner),
        st.builds(Calculation, whole, inner, st.sampled_from(_DIVISORS)),
        st.builds(
            lambda scalar, ends, count: WidthBucket(scalar, Decimal(ends[0]), Decimal(ends[1]), count),
            inner,
            bounds,
            st.sampled_from([1, 3, 7]),
        ),
        st.builds(
            lambda when, then, other: Case(((when, then),), other), conditions(), inner, inner | st.just(Value(None))
        ),
    )


def labels() -> st.SearchStrategy[Scalar]:
    """CASEs with literal texts."""
    texts = st.sampled_from(["x", "y", "z"]).map(Value)
    branches = st.lists(st.tuples(conditions(), texts), min_size=1, max_size=3).map(tuple)
    return st.builds(Case, branches, texts | st.just(Value(None)))


def conditions() -> st.SearchStrategy[Condition]:
    leaves = st.one_of(
        st.builds(Comparison, st.sampled_from(NUMBERS), st.sampled_from(Comparator), st.just(Decimal(2))),
        st.builds(Comparison, st.sampled_from(DATES), st.sampled_from(Comparator), st.just(date(1970, 3, 1))),
        st.builds(Comparison, st.just("ward"), st.sampled_from([Comparator.EQUAL, Comparator.NOT_EQUAL]), st.just("B")),
        st.just(Membership("sex", ("Male",))),
        st.sampled_from(["sex", "nights", "discharged"]).map(NullTest),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(Negation, inner),
            st.lists(inner, min_size=1, max_size=2).map(lambda terms: Conjunction(tuple(terms))),
            st.lists(inner, min_size=1, max_size=2).map(lambda terms: Disjunction(tuple(terms))),
        ),
        max_leaves=3,
    )


def literals(kind: Kind) -> st.SearchStrategy[Literal]:
    match kind:
        case "code" | "text":
            return st.sampled_from(["x", "y", "z"])
        case "date":
            return st.sampled_from([date(1970, 1, 1), date(1970, 3, 1)])
        case "number":
            return st.sampled_from([Decimal(text) for text in ("-3", "0", "0.1", "1", "2", "41")])
