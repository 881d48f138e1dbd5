"""HAVING: from the tree of a condition on the table's rows to the typed condition."""

from decimal import Decimal

from sqlglot import exp

from concordat_query.catalogue import Catalogue
from concordat_query.condition_wire import MAX_DEPTH
from concordat_query.errors import Reason
from concordat_query.model import (
    AllOf,
    AnyOf,
    Comparator,
    Compared,
    Lacking,
    Listed,
    Literal,
    Not,
    RowCondition,
    ShownColumn,
    Subject,
)
from concordat_query.scalar_types import ScalarType, type_of
from concordat_query.sql.conditions import COMPARATORS, MIRRORED, named, terms_of
from concordat_query.sql.nations import NATION, nations_of
from concordat_query.sql.results import Results
from concordat_query.sql.scope import Scope, is_literal, literal_of, unwrapped

_MAX_DEPTH = MAX_DEPTH // 2
_SIDES = "a comparison has a number or code on one side; compare two figures by their difference: x - y > 0"


def read_having(results: Results, catalogue: Catalogue, select: exp.Select) -> RowCondition | None:
    """HAVING's condition, if there is one."""
    having = select.args.get("having")
    return None if having is None else _read(results, type_of(NATION, nations_of(catalogue)), having.this, 0)


def _read(results: Results, nations: ScalarType, node: exp.Expr, depth: int) -> RowCondition:
    if depth > _MAX_DEPTH:
        raise results.scope.source.refusal_at_node(node, f"conditions nest deeper than {_MAX_DEPTH}; simplify HAVING")
    match bare := unwrapped(node):
        case exp.Not():
            return Not(_read(results, nations, bare.this, depth + 1))
        case exp.And():
            return AllOf(tuple(_read(results, nations, term, depth + 1) for term in terms_of(bare, exp.And)))
        case exp.Or():
            return AnyOf(tuple(_read(results, nations, term, depth + 1) for term in terms_of(bare, exp.Or)))
        case exp.In():
            return _listed(results, nations, bare)
        case exp.Between():
            subject = results.subject(bare.this)
            low = _literal(results, nations, subject, Comparator.GREATER_OR_EQUAL, bare.args["low"])
            high = _literal(results, nations, subject, Comparator.LESS_OR_EQUAL, bare.args["high"])
            above = Compared(subject, Comparator.GREATER_OR_EQUAL, low)
            return AllOf((above, Compared(subject, Comparator.LESS_OR_EQUAL, high)))
        case exp.Is():
            return _lacking(results, bare)
        case _ if type(bare) in COMPARATORS:
            return _compared(results, nations, bare)
        case _:
            message = "a condition is needed here: a result, an operator and a literal"
            raise results.scope.source.refusal_at_node(node, message)


def _compared(results: Results, nations: ScalarType, node: exp.Expr) -> Compared:
    comparator = COMPARATORS[type(node)]
    left, right = unwrapped(node.this), unwrapped(node.args["expression"])
    if is_literal(left):
        left, right, comparator = right, left, MIRRORED.get(comparator, comparator)
    if is_literal(left) or not is_literal(right):
        raise results.scope.source.refusal_at_node(node, _SIDES)
    subject = results.subject(left)
    return Compared(subject, comparator, _literal(results, nations, subject, comparator, right))


def _listed(results: Results, nations: ScalarType, node: exp.In) -> Listed:
    subject = results.subject(node.this)
    members = node.args.get("expressions") or []
    if not members:
        raise results.scope.source.refusal_at_node(node, "IN needs at least one literal")
    literals = [_literal(results, nations, subject, Comparator.EQUAL, member) for member in members]
    return Listed(subject, tuple(literals))


def _lacking(results: Results, node: exp.Is) -> Lacking:
    if not isinstance(node.args["expression"], exp.Null):
        raise results.scope.source.refusal_at_node(node, "IS takes NULL or NOT NULL; use = for values")
    return Lacking(results.subject(node.this))


def _literal(
    results: Results, nations: ScalarType, subject: Subject, comparator: Comparator, node: exp.Expr
) -> Literal:
    scope = results.scope
    if isinstance(subject, ShownColumn):
        key = results.key_at(subject.position) or NATION
        kind = nations if key == NATION else type_of(key, scope.dataset)
        if kind.kind == "text":
            return _text(scope, node, named(key), comparator)
        return scope.literal(node, kind, named(key), comparator)
    value = literal_of(scope.source, node, "number")
    if not isinstance(value, Decimal):
        raise scope.source.refusal_at_node(node, "figures are numbers; write the number", Reason.WRONG_TYPE)
    return value


def _text(scope: Scope, node: exp.Expr, what: str, comparator: Comparator) -> str:
    """What a released text is compared with: any text, since nobody knows beforehand which will be released."""
    value = literal_of(scope.source, node, "text")
    if not isinstance(value, str) or comparator not in (Comparator.EQUAL, Comparator.NOT_EQUAL):
        message = f"{what} holds texts, which have no order; compare it with a text in quotes by =, <>, IN or NOT IN"
        raise scope.source.refusal_at_node(node, message, Reason.WRONG_TYPE)
    return value
