"""From the tree of a condition to the typed condition, every literal held against its column."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from concordat_query import rules
from concordat_query.canonical import canonical_literal
from concordat_query.catalogue import Column
from concordat_query.errors import Reason, Refusal, SqlRefusal
from concordat_query.model import (
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Literal,
    Membership,
    Negation,
    NullTest,
)
from concordat_query.sql.source import Source

COMPARATORS: dict[type[exp.Expr], Comparator] = {
    exp.EQ: Comparator.EQUAL,
    exp.NEQ: Comparator.NOT_EQUAL,
    exp.LT: Comparator.LESS,
    exp.LTE: Comparator.LESS_OR_EQUAL,
    exp.GT: Comparator.GREATER,
    exp.GTE: Comparator.GREATER_OR_EQUAL,
}
MIRRORED = {
    Comparator.LESS: Comparator.GREATER,
    Comparator.LESS_OR_EQUAL: Comparator.GREATER_OR_EQUAL,
    Comparator.GREATER: Comparator.LESS,
    Comparator.GREATER_OR_EQUAL: Comparator.LESS_OR_EQUAL,
}
_NUMBER = re.compile(r"\d{1,30}(\.\d{0,30})?")
_SIDES = "a comparison has a column on one side and a literal on the other"


@dataclass(frozen=True)
class Scope:
    """The columns that names may mean, by their names in lower case, and the text they stand in."""

    source: Source
    columns: Mapping[str, Column]

    def column(self, node: exp.Expr) -> tuple[str, Column]:
        """The catalogue's name and definition of a column node. Refuses everything else."""
        if not isinstance(node, exp.Column):
            raise self.source.refusal_at_node(node, "a column's name is needed here")
        name = node.name.lower()
        with self.located(node):
            return name, rules.find_column(self.columns, name)

    @contextmanager
    def located(self, node: exp.Expr) -> Iterator[None]:
        """Gives a refusal raised within the place of `node` in the text."""
        try:
            yield
        except SqlRefusal:
            raise
        except Refusal as refusal:
            raise self.source.refusal_at_node(node, refusal.message, refusal.reason) from None


def read_condition(scope: Scope, node: exp.Expr) -> Condition:
    """The typed condition of a tree that `tree` has passed."""
    match node:
        case exp.Paren():
            return read_condition(scope, node.this)
        case exp.Not():
            return Negation(read_condition(scope, node.this))
        case exp.And():
            return Conjunction(tuple(read_condition(scope, term) for term in terms_of(node, exp.And)))
        case exp.Or():
            return Disjunction(tuple(read_condition(scope, term) for term in terms_of(node, exp.Or)))
        case exp.In():
            return _membership(scope, node)
        case exp.Between():
            return _between(scope, node)
        case exp.Is():
            return _null_test(scope, node)
        case _ if type(node) in COMPARATORS:
            return _comparison(scope, node)
        case _:
            raise scope.source.refusal_at_node(node, "a condition is needed here: a column, an operator and a literal")


def terms_of(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """The terms of a chain of ANDs or ORs, in order; without recursion, since chains may be long."""
    terms: list[exp.Expr] = []
    waiting = [node]
    while waiting:
        term = waiting.pop()
        if isinstance(term, kind):
            waiting.extend((term.args["expression"], term.this))
        else:
            terms.append(term)
    return terms


def _comparison(scope: Scope, node: exp.Expr) -> Comparison:
    comparator = COMPARATORS[type(node)]
    left, right = unwrapped(node.this), unwrapped(node.args["expression"])
    if isinstance(right, exp.Column) and not isinstance(left, exp.Column):
        left, right, comparator = right, left, MIRRORED.get(comparator, comparator)
    if not isinstance(left, exp.Column) or isinstance(right, exp.Column):
        raise scope.source.refusal_at_node(node, _SIDES)
    name, column = scope.column(left)
    return Comparison(name, comparator, _literal(scope, right, name, column, comparator))


def _membership(scope: Scope, node: exp.In) -> Condition:
    name, column = scope.column(unwrapped(node.this))
    members = node.args.get("expressions") or []
    if not members:
        raise scope.source.refusal_at_node(node, "IN needs at least one literal")
    return Membership(name, tuple(_literal(scope, member, name, column, Comparator.EQUAL) for member in members))


def _between(scope: Scope, node: exp.Between) -> Condition:
    name, column = scope.column(unwrapped(node.this))
    low = _literal(scope, node.args["low"], name, column, Comparator.GREATER_OR_EQUAL)
    high = _literal(scope, node.args["high"], name, column, Comparator.LESS_OR_EQUAL)
    above = Comparison(name, Comparator.GREATER_OR_EQUAL, low)
    return Conjunction((above, Comparison(name, Comparator.LESS_OR_EQUAL, high)))


def _null_test(scope: Scope, node: exp.Is) -> Condition:
    name, _ = scope.column(unwrapped(node.this))
    if not isinstance(node.args["expression"], exp.Null):
        raise scope.source.refusal_at_node(node, "IS takes NULL or NOT NULL; use = for values")
    return NullTest(name)


def _literal(scope: Scope, node: exp.Expr, name: str, column: Column, comparator: Comparator) -> Literal:
    value = literal_of(scope.source, node)
    with scope.located(node):
        rules.check_literal(column, name, comparator, value)
    return value


def literal_of(source: Source, node: exp.Expr) -> Literal:
    """The value of a text or number literal, with a minus sign perhaps."""
    bare = unwrapped(node)
    if isinstance(bare, exp.Null):
        message = "nothing is equal to NULL, nor unequal; write IS NULL or IS NOT NULL"
        raise source.refusal_at_node(node, message, Reason.WRONG_TYPE)
    if isinstance(bare, exp.Neg):
        return _number(source, unwrapped(bare.this)).copy_negate()  # the minus operator would round
    if isinstance(bare, exp.Literal) and bare.is_string:
        return str(bare.this)
    return _number(source, bare)


def _number(source: Source, node: exp.Expr) -> Decimal:
    if not isinstance(node, exp.Literal) or node.is_string:
        raise source.refusal_at_node(node, "a literal is needed here: a number, or a code in quotes")
    if not _NUMBER.fullmatch(str(node.this)):
        raise source.refusal_at_node(node, "write the number in digits, without an exponent, at most 30 of them")
    return Decimal(str(canonical_literal(Decimal(str(node.this)))))


def unwrapped(node: exp.Expr) -> exp.Expr:
    """A node without the parentheses around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node
