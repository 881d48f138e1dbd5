"""A presentation is held against its query before any table is made of it."""

from dataclasses import replace
from decimal import Decimal

import pytest
from concordat_query.check_presentation import MAX_PARTS, check_presentation
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Aggregate,
    AggregateRef,
    AllOf,
    Arithmetic,
    Comparator,
    Compared,
    Constant,
    Expression,
    KeyColumn,
    Lacking,
    Listed,
    NationColumn,
    Not,
    Operator,
    Ordering,
    OutputColumn,
    Presentation,
    Query,
    ShownColumn,
    Statistic,
    ValueColumn,
)

GOOD = Query("road.casualties", ("mode", "year"), None, (Aggregate(Statistic.COUNT_ROWS),), 1000, 1, 1)
COUNT = AggregateRef(0)


def divided(dividend: Expression, divisor: Expression) -> Arithmetic:
    return Arithmetic(Operator.DIVIDE, dividend, divisor)


KEYS: list[OutputColumn] = [KeyColumn("mode", 0), KeyColumn("year", 1)]


def test_a_presentation_that_fits_its_query_passes() -> None:
    ratio = ValueColumn("r", divided(AggregateRef(0), AggregateRef(0)))
    check_presentation(Presentation(False, (*KEYS, ValueColumn("n", AggregateRef(0)), ratio)), GOOD)
    check_presentation(Presentation(True, (NationColumn("nation"), *KEYS, KeyColumn("again", 1))), GOOD)


@pytest.mark.parametrize(
    ("by_nation", "columns"),
    [
        (False, ()),
        (False, KEYS[:1]),
        (False, [*KEYS, KeyColumn("sex", 2)]),
        (False, [*KEYS, ValueColumn("n", AggregateRef(1))]),
        (False, [*KEYS, ValueColumn("n", divided(AggregateRef(0), AggregateRef(1)))]),
        (False, [*KEYS, ValueColumn("Year", AggregateRef(0))]),
        (False, [*KEYS, ValueColumn("", AggregateRef(0))]),
        (False, [*KEYS, NationColumn("nation")]),
        (True, KEYS),
        (False, [*KEYS, *(ValueColumn(f"n{i}", AggregateRef(0)) for i in range(500))]),
    ],
    ids=range(10),
)
def test_a_presentation_that_does_not_fit_is_refused(by_nation: bool, columns: list[OutputColumn]) -> None:
    with pytest.raises(Refusal) as refused:
        check_presentation(Presentation(by_nation, tuple(columns)), GOOD)
    assert refused.value.reason is Reason.MALFORMED_REQUEST
    assert refused.value.field.startswith("presentation")


FULL = Presentation(
    by_nation=True,
    columns=(NationColumn("nation"), *KEYS, ValueColumn("n", COUNT)),
    rollup=(2, 1),
    having=AllOf((Compared(COUNT, Comparator.GREATER, Decimal(3)), Not(Lacking(ShownColumn(1))))),
    order=(Ordering(ShownColumn(0), False, True), Ordering(COUNT, True, False)),
    limit=3,
    offset=1,
)
DEEP: Expression = COUNT
WIDE: Expression = COUNT
for _ in range(40):
    DEEP = Arithmetic(Operator.ADD, DEEP, COUNT)
for _ in range(11):
    WIDE = Arithmetic(Operator.ADD, WIDE, WIDE)


def test_all_that_follows_the_noise_passes() -> None:
    check_presentation(FULL, GOOD)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("presentation.rollup", {"rollup": (0,)}),
        ("presentation.rollup", {"rollup": (3,)}),
        ("presentation.rollup", {"rollup": (4,)}),
        ("presentation.rollup", {"rollup": (1, 1)}),
        ("presentation.having", {"having": Lacking(ShownColumn(3))}),
        ("presentation.having", {"having": Lacking(AggregateRef(1))}),
        ("presentation.having", {"having": Compared(COUNT, Comparator.EQUAL, "three")}),
        ("presentation.having", {"having": Listed(ShownColumn(0), ("Wales", Decimal(3)))}),
        ("presentation.having", {"having": Listed(COUNT, (Decimal(3), "Wales"))}),
        ("presentation.having", {"having": Compared(Constant(Decimal(1)), Comparator.EQUAL, Decimal(1))}),
        ("presentation.order[0]", {"order": (Ordering(ShownColumn(9), False, True),)}),
        ("presentation.order[0]", {"order": (Ordering(DEEP, False, True),)}),
        ("presentation.order", {"order": (Ordering(COUNT, False, True),) * 101}),
        ("presentation.limit", {"limit": -1}),
        ("presentation.limit", {"limit": 2**40}),
        ("presentation.offset", {"offset": 2**40}),
    ],
    ids=range(16),
)
def test_what_does_not_fit_is_refused_at_its_field(field: str, changes: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refused:
        check_presentation(replace(FULL, **changes), GOOD)  # type: ignore[arg-type]  # whatever changes
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (DEEP, "deeper"),
        (Constant(Decimal(3)), "no aggregate"),
        (divided(COUNT, Constant(Decimal(0))), "by zero"),
        (Arithmetic(Operator.MULTIPLY, COUNT, Constant(Decimal(10) ** 31)), "too large"),
        (Arithmetic(Operator.MULTIPLY, COUNT, Constant(Decimal("NaN"))), "too large"),
    ],
    ids=range(5),
)
def test_an_expression_that_cannot_be_computed_is_refused(value: Expression, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        check_presentation(Presentation(False, (*KEYS, ValueColumn("x", value))), GOOD)


def test_a_total_of_units_is_no_figure_of_a_cell() -> None:
    units = Aggregate(Statistic.COUNT_UNITS)
    query = replace(GOOD, aggregates=(units, replace(units, over=("mode",))))
    check_presentation(Presentation(False, (*KEYS, ValueColumn("n", AggregateRef(0))), rollup=(0,)), query)
    with pytest.raises(Refusal, match="only in rows of ROLLUP"):
        check_presentation(Presentation(False, (*KEYS, ValueColumn("n", AggregateRef(1)))), query)


def test_expressions_of_too_many_parts_are_refused_together_and_not_walked_for_long() -> None:
    assert MAX_PARTS < 2**11
    with pytest.raises(Refusal, match="parts"):
        check_presentation(Presentation(False, (*KEYS, ValueColumn("x", WIDE))), GOOD)
