"""A tiny data set whose every possible row can be listed, and random conditions over it, as text and typed."""

import itertools
from collections.abc import Iterator
from decimal import Decimal

from concordat_query.catalogue import CellKey, Dataset
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
from fakes.catalogue import code, number
from hypothesis import strategies as st

TINY = Dataset.model_validate(
    {
        "title": "Tiny",
        "description": "Every row that there may be is soon listed.",
        "population": "people",
        "unit": "person",
        "unit_description": "one person",
        "max_rows_per_unit": 1,
        "columns": [
            number("year", 2014, 2016, key=True, nullable=False),
            code("mode", "Foot", "Bike", nullable=False),
            code("sex", "Male", "Female"),
            number("dose", Decimal("-0.2"), Decimal("0.2"), decimals=1, key=True),
        ],
    }
)
NUMBERS = {"year": ["2013", "2014", "2015", "2016"], "dose": ["-0.3", "-0.2", "0", "0.1", "0.2"]}
CODES = {"mode": ["Foot", "Bike"], "sex": ["Male", "Female"]}


def all_rows() -> Iterator[dict[str, CellKey]]:
    """Every row that the tiny data set may hold: 3 * 2 * 3 * 6 of them."""
    names = list(TINY.by_name)
    for values in itertools.product(*(TINY.column(name).domain for name in names)):
        yield dict(zip(names, values, strict=True))


def leaves(name: str) -> st.SearchStrategy[Condition]:
    """Conditions that read one column and nothing else."""
    literals = st.sampled_from([Decimal(text) for text in NUMBERS[name]] if name in NUMBERS else CODES[name])
    comparators = st.sampled_from(list(Comparator)[: None if name in NUMBERS else 2])
    return st.one_of(
        st.builds(Comparison, st.just(name), comparators, literals),
        st.builds(Membership, st.just(name), st.lists(literals, min_size=1, max_size=3).map(tuple)),
        st.just(NullTest(name)),
    )


def conditions() -> st.SearchStrategy[Condition]:
    """Typed conditions of every form, nested, not canonical."""
    return st.recursive(
        st.one_of([leaves(name) for name in TINY.by_name]),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda terms: Conjunction(tuple(terms))),
            st.lists(inner, min_size=1, max_size=3).map(lambda terms: Disjunction(tuple(terms))),
            inner.map(Negation),
        ),
        max_leaves=8,
    )


@st.composite
def leaf_texts(draw: st.DrawFn) -> str:
    """One comparison as SQL text, in one of the ways to write it."""
    name = draw(st.sampled_from(list(TINY.by_name)))
    literals = st.sampled_from(NUMBERS[name] if name in NUMBERS else [f"'{label}'" for label in CODES[name]])
    operator = draw(st.sampled_from(["=", "<>", "!=", *(["<", "<=", ">", ">="] if name in NUMBERS else [])]))
    forms = [
        f"{name} {operator} {draw(literals)}",
        f"{draw(literals)} {operator} {name.upper()}",
        f"{name} {draw(st.sampled_from(['IN', 'NOT IN']))} ({', '.join(draw(st.lists(literals, min_size=1)))})",
        f"{name} {draw(st.sampled_from(['IS NULL', 'IS NOT NULL']))}",
    ]
    if name in NUMBERS:
        forms.append(
            f"{name} {draw(st.sampled_from(['BETWEEN', 'NOT BETWEEN']))} {draw(literals)} AND {draw(literals)}"
        )
    return draw(st.sampled_from(forms))


def condition_texts() -> st.SearchStrategy[str]:
    """Conditions as SQL text, with and without parentheses, so that precedence matters."""
    return st.recursive(
        leaf_texts(),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(" AND ".join),
            st.tuples(inner, inner).map(" OR ".join),
            inner.map(lambda text: f"NOT ({text})"),
            inner.map(lambda text: f"({text})"),
        ),
        max_leaves=6,
    )
