"""From trees to typed conditions and scalars, every literal held against what it is compared with."""

from decimal import Decimal

from sqlglot import exp

from concordat_query import rules
from concordat_query.errors import Reason
from concordat_query.model import (
    Calculation,
    Case,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    DatePart,
    Disjunction,
    Membership,
    Negation,
    NullTest,
    Part,
    RowOperator,
    Scalar,
    Value,
    WidthBucket,
)
from concordat_query.scalar_types import ScalarType
from concordat_query.sql.scope import Scope, is_literal, literal_of, unwrapped

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
_OPERATORS: dict[type[exp.Expr], RowOperator] = {
    exp.Add: RowOperator.PLUS,
    exp.Sub: RowOperator.MINUS,
    exp.Mul: RowOperator.TIMES,
    exp.IntDiv: RowOperator.DIV,
    exp.Mod: RowOperator.MOD,
}
_PARTS: dict[type[exp.Expr], Part] = {exp.Year: Part.YEAR, exp.Quarter: Part.QUARTER, exp.Month: Part.MONTH}
_SIDES = "a comparison has a column or expression on at least one side"
_CODES = "codes of two columns cannot be compared; compare each with a literal"
_SCALAR = "a column, number, calculation or CASE is needed here"
_DIVISION = "rows are divided by DIV(a, b), in whole numbers; / divides results: SUM(a) / SUM(b)"


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
    if is_literal(left):
        left, right, comparator = right, left, MIRRORED.get(comparator, comparator)
    if is_literal(left):
        raise scope.source.refusal_at_node(node, _SIDES)
    if not is_literal(right):
        return _between_scalars(scope, node, left, comparator, right)
    scalar, kind = _typed(scope, left)
    return Comparison(scalar, comparator, scope.literal(right, kind, named(scalar), comparator))


def _between_scalars(
    scope: Scope, node: exp.Expr, left: exp.Expr, comparator: Comparator, right: exp.Expr
) -> Comparison:
    """Two scalars, as their difference with 0."""
    (first, kind), (second, other) = _typed(scope, left), _typed(scope, right)
    if "code" in (kind.kind, other.kind):
        raise scope.source.refusal_at_node(node, _CODES, Reason.WRONG_TYPE)
    difference = Calculation(RowOperator.MINUS, first, second)
    scope.type_of(difference, node)
    return Comparison(difference, comparator, Decimal(0))


def _typed(scope: Scope, node: exp.Expr) -> tuple[Scalar, ScalarType]:
    scalar = read_scalar(scope, node)
    return scalar, scope.type_of(scalar, node)


def named(scalar: Scalar) -> str:
    """What messages call a scalar."""
    return scalar if isinstance(scalar, str) else "the expression"


def _membership(scope: Scope, node: exp.In) -> Condition:
    scalar, kind = _typed(scope, node.this)
    members = node.args.get("expressions") or []
    if not members:
        raise scope.source.refusal_at_node(node, "IN needs at least one literal")
    literals = (scope.literal(member, kind, named(scalar), Comparator.EQUAL) for member in members)
    return Membership(scalar, tuple(literals))


def _between(scope: Scope, node: exp.Between) -> Condition:
    scalar, kind = _typed(scope, node.this)
    low = scope.literal(node.args["low"], kind, named(scalar), Comparator.GREATER_OR_EQUAL)
    high = scope.literal(node.args["high"], kind, named(scalar), Comparator.LESS_OR_EQUAL)
    above = Comparison(scalar, Comparator.GREATER_OR_EQUAL, low)
    return Conjunction((above, Comparison(scalar, Comparator.LESS_OR_EQUAL, high)))


def _null_test(scope: Scope, node: exp.Is) -> Condition:
    scalar, _ = _typed(scope, node.this)
    if not isinstance(node.args["expression"], exp.Null):
        raise scope.source.refusal_at_node(node, "IS takes NULL or NOT NULL; use = for values")
    return NullTest(scalar)


# Scalars


def read_scalar(scope: Scope, node: exp.Expr) -> Scalar:
    """The typed scalar of a tree that `tree` has passed: what one row gives. Refuses one without a type."""
    scope = scope.deeper(node)
    bare = unwrapped(node)
    if isinstance(bare, exp.Column):
        return scope.column(bare)[0]
    if isinstance(bare, exp.Literal) and not bare.is_string:
        return Value(literal_of(scope.source, bare, "number"))
    if isinstance(bare, exp.Cast):
        return Value(literal_of(scope.source, bare, "date"))
    scalar = _composed(scope, bare)
    scope.type_of(scalar, bare)
    return scalar


def _composed(scope: Scope, node: exp.Expr) -> Scalar:
    match node:
        case exp.Neg():
            return _negative(scope, node)
        case exp.WidthBucket():
            return _bucket(scope, node)
        case exp.Case():
            return _case(scope, node)
        case _ if type(node) in _PARTS:
            return DatePart(_PARTS[type(node)], read_scalar(scope, node.this))
        case _ if type(node) in _OPERATORS:
            left, right = read_scalar(scope, node.this), read_scalar(scope, node.args["expression"])
            return Calculation(_OPERATORS[type(node)], left, right)
        case exp.Div():
            raise scope.source.refusal_at_node(node, _DIVISION)
        case exp.Div():
            raise scope.source.refusal_at_node(node, "what one row gives has no /; write DIV(a, b) for whole division")
        case exp.Null():
            raise scope.source.refusal_at_node(node, "NULL stands only as a result of CASE, and after IS")
        case _:
            raise scope.source.refusal_at_node(node, _SCALAR)


def _negative(scope: Scope, node: exp.Neg) -> Scalar:
    if is_literal(node):
        return Value(literal_of(scope.source, node, "number"))
    return Calculation(RowOperator.MINUS, Value(Decimal(0)), read_scalar(scope, node.this))


def _bucket(scope: Scope, node: exp.WidthBucket) -> WidthBucket:
    bounds = [literal_of(scope.source, node.args[name], "number") for name in ("min_value", "max_value")]
    count = literal_of(scope.source, node.args["num_buckets"], "number")
    numbers = [bound for bound in (*bounds, count) if isinstance(bound, Decimal)]
    if len(numbers) < 3 or numbers[2] != numbers[2].to_integral_value():
        message = "WIDTH_BUCKET(x, lower, upper, n) takes literals after x, and a whole number n"
        raise scope.source.refusal_at_node(node, message)
    return WidthBucket(read_scalar(scope, node.this), numbers[0], numbers[1], int(numbers[2]))


def _case(scope: Scope, node: exp.Case) -> Case:
    compared = None if node.this is None else _typed(scope, node.this)
    branches = []
    for branch in node.args["ifs"]:
        if compared is None:
            condition = read_condition(scope, branch.this)
        else:
            scalar, kind = compared
            condition = Comparison(
                scalar, Comparator.EQUAL, scope.literal(branch.this, kind, named(scalar), Comparator.EQUAL)
            )
        branches.append((condition, _result(scope, branch.args["true"])))
    otherwise = node.args.get("default")
    return Case(tuple(branches), Value(None) if otherwise is None else _result(scope, otherwise))


def _result(scope: Scope, node: exp.Expr) -> Scalar:
    """A result of a CASE: any literal, NULL included, or a scalar."""
    bare = unwrapped(node)
    if isinstance(bare, exp.Null):
        return Value(None)
    if isinstance(bare, exp.Cast) or (isinstance(bare, exp.Literal) and bare.is_string):
        value = literal_of(scope.source, bare, "code")
        with scope.located(bare):
            rules.check_result(value)
        return Value(value)
    return read_scalar(scope, bare)
