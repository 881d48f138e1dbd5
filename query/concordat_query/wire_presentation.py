"""Between presentations and protobuf messages. Reading is as strict as that of queries; writing is total."""

from collections.abc import Iterable

from concordat.v1 import coordinator_pb2

from concordat_query.canonical import decimal_text
from concordat_query.condition_wire import (
    COMPARATORS,
    COMPARATORS_BACK,
    MAX_DEPTH,
    literal_from_proto,
    literal_to_proto,
    malformed,
    number_from_text,
)
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
    NationColumn,
    Not,
    Operator,
    Ordering,
    OutputColumn,
    Presentation,
    RowCondition,
    ShownColumn,
    Subject,
    ValueColumn,
)

_OPERATORS = {
    Operator.ADD: coordinator_pb2.Arithmetic.OPERATOR_ADD,
    Operator.SUBTRACT: coordinator_pb2.Arithmetic.OPERATOR_SUBTRACT,
    Operator.MULTIPLY: coordinator_pb2.Arithmetic.OPERATOR_MULTIPLY,
    Operator.DIVIDE: coordinator_pb2.Arithmetic.OPERATOR_DIVIDE,
}
_OPERATORS_BACK = {number: operator for operator, number in _OPERATORS.items()}
_HAVING = "presentation.having"


def presentation_to_proto(presentation: Presentation) -> coordinator_pb2.Presentation:
    message = coordinator_pb2.Presentation(
        by_nation=presentation.by_nation,
        columns=[_output_to_proto(column) for column in presentation.columns],
        rollup=presentation.rollup,
        order=[_ordering_to_proto(ordering) for ordering in presentation.order],
        limit=presentation.limit,
        offset=presentation.offset,
    )
    if presentation.having is not None:
        message.having.CopyFrom(_condition_to_proto(presentation.having))
    return message


def presentation_from_proto(message: coordinator_pb2.Presentation) -> Presentation:
    return Presentation(
        by_nation=message.by_nation,
        columns=tuple(_output_from_proto(column) for column in message.columns),
        rollup=tuple(message.rollup),
        having=_condition_from_proto(message.having, 0) if message.HasField("having") else None,
        order=tuple(_ordering_from_proto(ordering) for ordering in message.order),
        limit=message.limit if message.HasField("limit") else None,
        offset=message.offset,
    )


def _output_to_proto(column: OutputColumn) -> coordinator_pb2.OutputColumn:
    match column:
        case NationColumn(name):
            return coordinator_pb2.OutputColumn(name=name, nation=True)
        case KeyColumn(name, key):
            return coordinator_pb2.OutputColumn(name=name, key=key)
        case ValueColumn(name, value):
            return coordinator_pb2.OutputColumn(name=name, value=_expression_to_proto(value))


def _output_from_proto(message: coordinator_pb2.OutputColumn) -> OutputColumn:
    match message.WhichOneof("source"):
        case "nation":
            return NationColumn(message.name)
        case "key":
            return KeyColumn(message.name, message.key)
        case "value":
            return ValueColumn(message.name, _expression_from_proto(message.value, "presentation.columns", 0))
        case _:
            raise malformed("presentation.columns", "a column has no source")


def _expression_to_proto(expression: Expression) -> coordinator_pb2.Expression:
    match expression:
        case AggregateRef(index):
            return coordinator_pb2.Expression(aggregate=index)
        case Constant(number):
            return coordinator_pb2.Expression(constant=decimal_text(number))
        case Arithmetic(operator, left, right):
            arithmetic = coordinator_pb2.Arithmetic(
                operator=_OPERATORS[operator], left=_expression_to_proto(left), right=_expression_to_proto(right)
            )
            return coordinator_pb2.Expression(arithmetic=arithmetic)


def _expression_from_proto(message: coordinator_pb2.Expression, field: str, depth: int) -> Expression:
    if depth > MAX_DEPTH:
        raise malformed(field, f"expressions nest deeper than {MAX_DEPTH}")
    match message.WhichOneof("kind"):
        case "aggregate":
            return AggregateRef(message.aggregate)
        case "constant":
            return Constant(number_from_text(message.constant, field))
        case "arithmetic":
            operator = _OPERATORS_BACK.get(message.arithmetic.operator)
            if operator is None:
                raise malformed(field, "an operator is not known")
            left = _expression_from_proto(message.arithmetic.left, field, depth + 1)
            return Arithmetic(operator, left, _expression_from_proto(message.arithmetic.right, field, depth + 1))
        case _:
            raise malformed(field, "an expression is empty")


def _subject_to_proto(subject: Subject) -> coordinator_pb2.Subject:
    if isinstance(subject, ShownColumn):
        return coordinator_pb2.Subject(column=subject.position)
    return coordinator_pb2.Subject(value=_expression_to_proto(subject))


def _subject_from_proto(message: coordinator_pb2.Subject, field: str) -> Subject:
    match message.WhichOneof("kind"):
        case "column":
            return ShownColumn(message.column)
        case "value":
            return _expression_from_proto(message.value, field, 0)
        case _:
            raise malformed(field, "it does not say what is looked at")


def _condition_to_proto(condition: RowCondition) -> coordinator_pb2.RowCondition:
    match condition:
        case Compared(subject, comparator, literal):
            comparison = coordinator_pb2.RowComparison(
                subject=_subject_to_proto(subject),
                comparator=COMPARATORS[comparator],
                literal=literal_to_proto(literal),
            )
            return coordinator_pb2.RowCondition(comparison=comparison)
        case Listed(subject, literals):
            members = [literal_to_proto(literal) for literal in literals]
            membership = coordinator_pb2.RowMembership(subject=_subject_to_proto(subject), literals=members)
            return coordinator_pb2.RowCondition(membership=membership)
        case Lacking(subject):
            return coordinator_pb2.RowCondition(lacking=_subject_to_proto(subject))
        case AllOf(terms):
            return coordinator_pb2.RowCondition(all_of=_junction_to_proto(terms))
        case AnyOf(terms):
            return coordinator_pb2.RowCondition(any_of=_junction_to_proto(terms))
        case Not(term):
            return coordinator_pb2.RowCondition(negation=_condition_to_proto(term))


def _junction_to_proto(terms: Iterable[RowCondition]) -> coordinator_pb2.RowJunction:
    return coordinator_pb2.RowJunction(terms=[_condition_to_proto(term) for term in terms])


def _condition_from_proto(message: coordinator_pb2.RowCondition, depth: int) -> RowCondition:
    if depth > MAX_DEPTH // 2:  # each level is two messages, and an expression may follow
        raise malformed(_HAVING, f"conditions nest deeper than {MAX_DEPTH // 2}")
    match message.WhichOneof("kind"):
        case "comparison":
            comparator = COMPARATORS_BACK.get(message.comparison.comparator)
            if comparator is None:
                raise malformed(_HAVING, "a comparator is not known")
            subject = _subject_from_proto(message.comparison.subject, _HAVING)
            return Compared(subject, comparator, literal_from_proto(message.comparison.literal, _HAVING))
        case "membership":
            literals = tuple(literal_from_proto(literal, _HAVING) for literal in message.membership.literals)
            if not literals:
                raise malformed(_HAVING, "a list is empty")
            return Listed(_subject_from_proto(message.membership.subject, _HAVING), literals)
        case "lacking":
            return Lacking(_subject_from_proto(message.lacking, _HAVING))
        case "all_of":
            return AllOf(_terms_from_proto(message.all_of, depth))
        case "any_of":
            return AnyOf(_terms_from_proto(message.any_of, depth))
        case "negation":
            return Not(_condition_from_proto(message.negation, depth + 1))
        case _:
            raise malformed(_HAVING, "a condition is empty")


def _terms_from_proto(message: coordinator_pb2.RowJunction, depth: int) -> tuple[RowCondition, ...]:
    if not message.terms:
        raise malformed(_HAVING, "a condition has no terms")
    return tuple(_condition_from_proto(term, depth + 1) for term in message.terms)


def _ordering_to_proto(ordering: Ordering) -> coordinator_pb2.Ordering:
    return coordinator_pb2.Ordering(
        by=_subject_to_proto(ordering.by), descending=ordering.descending, nulls_first=ordering.nulls_first
    )


def _ordering_from_proto(message: coordinator_pb2.Ordering) -> Ordering:
    subject = _subject_from_proto(message.by, "presentation.order")
    return Ordering(subject, message.descending, message.nulls_first)
