"""A presentation held against its query: the coordinator makes tables of what analysts send it."""

from collections.abc import Iterator
from decimal import Decimal

from concordat_query.condition_wire import MAX_DEPTH, malformed
from concordat_query.model import (
    AggregateRef,
    AllOf,
    AnyOf,
    Arithmetic,
    Compared,
    Constant,
    Expression,
    KeyColumn,
    Lacking,
    Listed,
    Literal,
    NationColumn,
    Not,
    Operator,
    OutputColumn,
    Presentation,
    Query,
    RowCondition,
    ShownColumn,
    Subject,
    ValueColumn,
)

MAX_OUTPUT_COLUMNS = 500
MAX_ORDERINGS = 100
MAX_PARTS = 2_000
"""Aggregates, numbers, operators, comparisons and list members in all expressions and HAVING."""
MAX_NUMBER = Decimal(10) ** 30
MAX_ROWS = 2**31
"""LIMIT and OFFSET; no table has as many rows."""


def check_presentation(presentation: Presentation, query: Query) -> None:
    """Refuses a presentation that does not fit the query, or would be too much work, with the field at fault."""
    columns = presentation.columns
    if not 1 <= len(columns) <= MAX_OUTPUT_COLUMNS:
        raise malformed("presentation.columns", f"a table has 1 to {MAX_OUTPUT_COLUMNS} columns")
    names = [column.name.lower() for column in columns]
    if len(set(names)) != len(names) or not all(1 <= len(name) <= 200 for name in names):
        raise malformed("presentation.columns", "every column needs a name of its own, of 1 to 200 characters")
    parts = 0
    for index, column in enumerate(columns):
        parts += _check_output(f"presentation.columns[{index}]", column, presentation, query)
    if {column.key for column in columns if isinstance(column, KeyColumn)} != set(range(len(query.keys))):
        raise malformed("presentation.columns", "every key of the query must be shown")
    if presentation.by_nation != any(isinstance(column, NationColumn) for column in columns):
        raise malformed("presentation.by_nation", "the nation is shown where nations are kept apart, and only there")
    _check_rollup(presentation)
    parts += _check_rows(presentation, query)
    if parts > MAX_PARTS:
        raise malformed("presentation", f"its expressions and conditions have more than {MAX_PARTS} parts")


def check_expression(expression: Expression, field: str, query: Query) -> int:
    """How many parts an expression has. Refuses one without an aggregate, beyond those there are, nested too deep, or
    that divides by zero."""
    parts = list(_parts(expression, field, 0))
    refs = [part for part in parts if isinstance(part, AggregateRef)]
    if not refs:
        raise malformed(field, "it holds no aggregate")
    for part in parts:
        match part:
            case AggregateRef(index) if not 0 <= index < len(query.aggregates):
                raise malformed(field, "it refers to an aggregate that the query does not have")
            case AggregateRef(index) if query.aggregates[index].over:
                raise malformed(field, "it refers to a total of units, which stands only in rows of ROLLUP")
            case Constant(number) if not number.is_finite() or abs(number) > MAX_NUMBER:
                raise malformed(field, "a number is too large")
            case Arithmetic(Operator.DIVIDE, _, Constant(number)) if number == 0:
                raise malformed(field, "it divides by zero")
    return len(parts)


def _parts(expression: Expression, field: str, depth: int) -> Iterator[Expression]:
    if depth > MAX_DEPTH:
        raise malformed(field, f"expressions nest deeper than {MAX_DEPTH}")
    yield expression
    if isinstance(expression, Arithmetic):
        yield from _parts(expression.left, field, depth + 1)
        yield from _parts(expression.right, field, depth + 1)


def _check_output(field: str, column: OutputColumn, presentation: Presentation, query: Query) -> int:
    match column:
        case KeyColumn(_, key) if not 0 <= key < len(query.keys):
            raise malformed(field, "it shows a key that the query does not have")
        case NationColumn() if not presentation.by_nation:
            raise malformed(field, "it shows the nation where nations are merged")
        case ValueColumn(_, value):
            return check_expression(value, field, query)
        case _:
            return 0


def _check_rollup(presentation: Presentation) -> None:
    keys = []
    for position in presentation.rollup:
        column = _column(presentation, position, "presentation.rollup")
        if not isinstance(column, KeyColumn):
            raise malformed("presentation.rollup", "it refers to a column that shows no key")
        keys.append(column.key)
    if len(set(keys)) != len(keys):
        raise malformed("presentation.rollup", "a key stands in it twice")


def _check_rows(presentation: Presentation, query: Query) -> int:
    """HAVING, ORDER BY and LIMIT; how many parts they have."""
    parts = 0
    if presentation.having is not None:
        parts += _check_condition(presentation.having, presentation, query, 0)
    if len(presentation.order) > MAX_ORDERINGS:
        raise malformed("presentation.order", f"more than {MAX_ORDERINGS} terms")
    for index, ordering in enumerate(presentation.order):
        parts += _check_subject(ordering.by, f"presentation.order[{index}]", presentation, query)
    for field, number in (("limit", presentation.limit), ("offset", presentation.offset)):
        if number is not None and not 0 <= number <= MAX_ROWS:
            raise malformed(f"presentation.{field}", f"it is a whole number up to {MAX_ROWS}")
    return parts


def _check_condition(condition: RowCondition, presentation: Presentation, query: Query, depth: int) -> int:
    field = "presentation.having"
    if depth > MAX_DEPTH:
        raise malformed(field, f"conditions nest deeper than {MAX_DEPTH}")
    match condition:
        case AllOf(terms) | AnyOf(terms):
            return 1 + sum(_check_condition(term, presentation, query, depth + 1) for term in terms)
        case Not(term):
            return 1 + _check_condition(term, presentation, query, depth + 1)
        case Lacking(subject):
            return _check_subject(subject, field, presentation, query)
        case Compared(subject, _, literal):
            literals: tuple[Literal, ...] = (literal,)
        case Listed(subject, literals):
            pass
    parts = _check_subject(subject, field, presentation, query)
    is_text = isinstance(subject, ShownColumn) and isinstance(presentation.columns[subject.position], NationColumn)
    if not isinstance(subject, ShownColumn) or is_text:
        kind = str if is_text else Decimal
        if not all(isinstance(literal, kind) for literal in literals):
            raise malformed(field, "figures are compared with numbers, and nations with their names")
    return parts + len(literals)


def _check_subject(subject: Subject, field: str, presentation: Presentation, query: Query) -> int:
    if not isinstance(subject, ShownColumn):
        return check_expression(subject, field, query)
    if isinstance(_column(presentation, subject.position, field), ValueColumn):
        raise malformed(field, "it refers to a column that shows neither a key nor the nation")
    return 1


def _column(presentation: Presentation, position: int, field: str) -> OutputColumn:
    if not 0 <= position < len(presentation.columns):
        raise malformed(field, "it refers to a column that there is not")
    return presentation.columns[position]
