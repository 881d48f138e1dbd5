"""From the tree of an expression over aggregates to the typed expression: all that is computed after the noise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from sqlglot import exp

from concordat_query.canonical import canonical_aggregate
from concordat_query.condition_wire import MAX_DEPTH
from concordat_query.model import Aggregate, AggregateRef, Arithmetic, Constant, Expression, Operator
from concordat_query.sql.aggregates import is_aggregate, read_aggregate
from concordat_query.sql.scope import Scope, literal_of, unwrapped

_ITEMS = "select columns of GROUP BY, aggregates, and expressions of aggregates and numbers"
_OPERATORS: dict[type[exp.Expr], Operator] = {
    exp.Add: Operator.ADD,
    exp.Sub: Operator.SUBTRACT,
    exp.Mul: Operator.MULTIPLY,
    exp.Div: Operator.DIVIDE,
    exp.SafeDivide: Operator.DIVIDE,
}


@dataclass(frozen=True)
class Aggregates:
    """The aggregates met so far, each once, in canonical form. References count them in the order they were met."""

    met: dict[Aggregate, int] = field(default_factory=dict)

    def ref(self, aggregate: Aggregate) -> AggregateRef:
        return AggregateRef(self.met.setdefault(canonical_aggregate(aggregate), len(self.met)))


@dataclass(frozen=True)
class Reader:
    """Reads expressions. `names`, in lower case, are results that may be named within, as HAVING and ORDER BY do."""

    scope: Scope
    aggregates: Aggregates
    names: Mapping[str, Expression] = field(default_factory=dict)

    def read(self, node: exp.Expr) -> Expression:
        """The expression. Refuses one that holds no aggregate: it is the same in every row, and nothing is counted."""
        expression = self._read(node, 0)
        if not _counts(expression):
            raise self.scope.source.refusal_at_node(node, f"no aggregate stands in this; {_ITEMS}")
        return expression

    def _read(self, node: exp.Expr, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            message = f"the expression nests deeper than {MAX_DEPTH} operators; split it into several results"
            raise self.scope.source.refusal_at_node(node, message)
        match bare := unwrapped(node):
            case exp.Literal() if not bare.is_string:
                return Constant(_number(self.scope, bare))
            case exp.Neg():
                return self._negated(bare, depth)
            case exp.Column():
                return self._named(bare)
            case _ if type(bare) in _OPERATORS:
                return self._arithmetic(bare, depth)
            case _ if is_aggregate(bare):
                return self.aggregates.ref(read_aggregate(self.scope, bare))
            case _:
                raise self.scope.source.refusal_at_node(node, f"this cannot stand here; {_ITEMS}")

    def _negated(self, node: exp.Expr, depth: int) -> Expression:
        inner = self._read(node.this, depth + 1)
        if isinstance(inner, Constant):
            return Constant(inner.number.copy_negate())
        return Arithmetic(Operator.MULTIPLY, Constant(Decimal(-1)), inner)

    def _arithmetic(self, node: exp.Expr, depth: int) -> Expression:
        left, right = self._read(node.this, depth + 1), self._read(node.args["expression"], depth + 1)
        operator = _OPERATORS[type(node)]
        if operator is Operator.DIVIDE and isinstance(right, Constant) and right.number == 0:
            raise self.scope.source.refusal_at_node(node.args["expression"], "nothing can be divided by zero")
        return Arithmetic(operator, left, right)

    def _named(self, node: exp.Column) -> Expression:
        name = node.name.lower()
        if name in self.names:
            return self.names[name]
        if name not in self.scope.dataset.by_name:
            self.scope.column(node)
        message = f"{name} is not counted here; put it into COUNT, SUM or AVG, or compare it by itself"
        raise self.scope.source.refusal_at_node(node, message)


def _number(scope: Scope, node: exp.Expr) -> Decimal:
    value = literal_of(scope.source, node, "number")
    return value if isinstance(value, Decimal) else Decimal(0)


def _counts(expression: Expression) -> bool:
    """Whether an aggregate stands in it."""
    if isinstance(expression, Arithmetic):
        return _counts(expression.left) or _counts(expression.right)
    return isinstance(expression, AggregateRef)
