"""References to aggregates, counted anew: from the order in which they were met to the query's canonical order."""

from collections.abc import Sequence
from dataclasses import replace

from concordat_query.model import (
    AggregateRef,
    AllOf,
    AnyOf,
    Arithmetic,
    Compared,
    Constant,
    Expression,
    Lacking,
    Listed,
    Not,
    Presentation,
    RowCondition,
    ShownColumn,
    Subject,
    ValueColumn,
)


def renumbered(presentation: Presentation, index: Sequence[int]) -> Presentation:
    """The presentation with `AggregateRef(i)` become `AggregateRef(index[i])`."""
    having = presentation.having
    return replace(
        presentation,
        columns=tuple(
            replace(column, value=_expression(column.value, index)) if isinstance(column, ValueColumn) else column
            for column in presentation.columns
        ),
        having=None if having is None else _condition(having, index),
        order=tuple(replace(ordering, by=_subject(ordering.by, index)) for ordering in presentation.order),
    )


def _expression(expression: Expression, index: Sequence[int]) -> Expression:
    match expression:
        case AggregateRef(place):
            return AggregateRef(index[place])
        case Constant():
            return expression
        case Arithmetic(operator, left, right):
            return Arithmetic(operator, _expression(left, index), _expression(right, index))


def _subject(subject: Subject, index: Sequence[int]) -> Subject:
    return subject if isinstance(subject, ShownColumn) else _expression(subject, index)


def _condition(condition: RowCondition, index: Sequence[int]) -> RowCondition:
    match condition:
        case Compared(subject) | Listed(subject) | Lacking(subject):
            return replace(condition, subject=_subject(subject, index))
        case AllOf(terms) | AnyOf(terms):
            return replace(condition, terms=tuple(_condition(term, index) for term in terms))
        case Not(term):
            return Not(_condition(term, index))
