"""What names and literals of a text mean, and where in the text they stand."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlglot import TokenType, exp

from concordat_query import rules
from concordat_query.canonical import canonical_literal
from concordat_query.catalogue import Column, Dataset
from concordat_query.condition_wire import MAX_DEPTH
from concordat_query.errors import Reason, Refusal, SqlRefusal
from concordat_query.model import Comparator, Literal, Scalar
from concordat_query.scalar_types import Kind, ScalarType, type_of
from concordat_query.sql.source import Source

_NUMBER = re.compile(r"\d{1,30}(\.\d{0,30})?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Scope:
    """The columns that names may mean, by their names in lower case, and the text they stand in."""

    source: Source
    dataset: Dataset
    depth: int = 0
    """How deep in a calculation names and literals stand."""

    def deeper(self, node: exp.Expr) -> "Scope":
        """The scope within a calculation. Refuses one that nests deeper than the wire allows, as a long sum does."""
        if self.depth > MAX_DEPTH // 2:
            message = f"the calculation nests deeper than {MAX_DEPTH // 2} operators; put parts of it into parentheses"
            raise self.source.refusal_at_node(node, message)
        return replace(self, depth=self.depth + 1)

    def column(self, node: exp.Expr) -> tuple[str, Column]:
        """The catalogue's name and definition of a column node. Refuses everything else."""
        if not isinstance(node, exp.Column):
            raise self.source.refusal_at_node(node, "a column's name is needed here")
        name = node.name.lower()
        with self.located(node):
            return name, rules.find_column(self.dataset.by_name, name)

    def type_of(self, scalar: Scalar, node: exp.Expr) -> ScalarType:
        """The scalar's type. Refuses one without a type at its node."""
        with self.located(node):
            return type_of(scalar, self.dataset)

    @contextmanager
    def located(self, node: exp.Expr) -> Iterator[None]:
        """Gives a refusal raised within the place of `node` in the text."""
        try:
            yield
        except SqlRefusal:
            raise
        except Refusal as refusal:
            raise self.source.refusal_at_node(node, refusal.message, refusal.reason) from None

    def literal(self, node: exp.Expr, kind: ScalarType, what: str, comparator: Comparator) -> Literal:
        """The literal of a node, held against what it is compared with."""
        value = literal_of(self.source, node, kind.kind)
        with self.located(node):
            rules.check_literal(kind, what, comparator, value)
        return value


def literal_of(source: Source, node: exp.Expr, kind: Kind) -> Literal:
    """The value of a literal, with a minus sign perhaps. Where dates are compared, a text is read as one."""
    bare = unwrapped(node)
    if isinstance(bare, exp.Null):
        message = "nothing is equal to NULL, nor unequal; write IS NULL or IS NOT NULL"
        raise source.refusal_at_node(node, message, Reason.WRONG_TYPE)
    if isinstance(bare, exp.Neg):
        return _number(source, unwrapped(bare.this)).copy_negate()  # the minus operator would round
    if isinstance(bare, exp.Cast):
        return _day(source, bare.this)
    if isinstance(bare, exp.Literal) and bare.is_string:
        return _day(source, bare) if kind == "date" else str(bare.this)
    return _number(source, bare)


def is_literal(node: exp.Expr) -> bool:
    bare = unwrapped(node)
    if isinstance(bare, exp.Neg):
        return isinstance(unwrapped(bare.this), exp.Literal)
    return isinstance(bare, exp.Literal | exp.Null | exp.Cast)


def _day(source: Source, node: exp.Expr) -> date:
    """A day of the calendar. What stands there is not repeated: it may be anything."""
    try:
        if _DAY.fullmatch(str(node.this)):
            return date.fromisoformat(str(node.this))
    except ValueError:
        pass
    message = "a date is a day of the calendar, written like DATE '2024-02-29'"
    raise source.refusal_at_node(node, message, Reason.WRONG_TYPE)


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


def is_date_literal(source: Source, node: exp.Cast) -> bool:
    """Whether the parser made this of DATE '...', and not of a CAST."""
    inner = node.this
    start = inner.meta.get("start") if isinstance(inner, exp.Literal) and inner.is_string else None
    index = None if start is None else source.index_of_start.get(int(start))
    return bool(index) and source.tokens[(index or 0) - 1].token_type is TokenType.DATE
