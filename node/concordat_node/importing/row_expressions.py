"""Expressions that a mapping may compute from one row: an allow-list of nodes, arguments and functions.

All that is listed is deterministic and reads nothing but the row. What could fail on a row's values is rewritten so
that it gives NULL instead (CAST, division without remainder, remainder); what may still fail is wrapped by TRY where
the import runs it. So a mapping is a total function of one row.
"""

from collections.abc import Callable
from typing import cast

from concordat_query.sql.source import Source, shown
from sqlglot import exp

_PAIR = frozenset({"this", "expression"})
_THIS = frozenset({"this"})

NODES: dict[type[exp.Expr], frozenset[str]] = {
    exp.Column: frozenset({"this", "table"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Null: frozenset(),
    exp.Boolean: _THIS,
    exp.Paren: _THIS,
    exp.Neg: _THIS,
    exp.Not: _THIS,
    exp.And: _PAIR,
    exp.Or: _PAIR,
    exp.EQ: _PAIR,
    exp.NEQ: _PAIR,
    exp.LT: _PAIR,
    exp.LTE: _PAIR,
    exp.GT: _PAIR,
    exp.GTE: _PAIR,
    exp.NullSafeEQ: _PAIR,
    exp.NullSafeNEQ: _PAIR,
    exp.Is: _PAIR,
    exp.In: frozenset({"this", "expressions"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Like: _PAIR,
    exp.Add: _PAIR,
    exp.Sub: _PAIR,
    exp.Mul: _PAIR,
    exp.Div: _PAIR,
    exp.IntDiv: _PAIR,
    exp.Mod: _PAIR,
    exp.DPipe: _PAIR | {"safe"},
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true", "false"}),
    exp.Coalesce: frozenset({"this", "expressions"}),
    exp.Nullif: _PAIR,
    exp.Cast: frozenset({"this", "to"}),
    exp.TryCast: frozenset({"this", "to", "safe"}),
    exp.DataType: frozenset({"this", "expressions", "nested"}),
    exp.DataTypeParam: _THIS,
    exp.Abs: _THIS,
    exp.Round: frozenset({"this", "decimals"}),
    exp.Floor: _THIS,
    exp.Ceil: _THIS,
    exp.Lower: _THIS,
    exp.Upper: _THIS,
    exp.Trim: _THIS,
    exp.Length: _THIS,
    exp.Left: _PAIR,
    exp.Right: _PAIR,
    exp.Substring: frozenset({"this", "start", "length"}),
    exp.Replace: _PAIR | {"replacement"},
    exp.Pad: _PAIR | {"fill_pattern", "is_left"},
    exp.SplitPart: frozenset({"this", "delimiter", "part_index"}),
    exp.StartsWith: _PAIR,
    exp.Year: _THIS,
    exp.Month: _THIS,
    exp.Day: _THIS,
    exp.DateDiff: _PAIR | {"unit", "date_part_boundary"},
    exp.Var: _THIS,
}
FUNCTIONS = (
    "abs, ceil, coalesce, date_diff, day, floor, left, length, lower, lpad, month, nullif, replace, right, round, "
    "rpad, split_part, starts_with, substr, trim, upper, year"
)
_TYPES = frozenset(
    {
        exp.DType.BOOLEAN,
        exp.DType.TINYINT,
        exp.DType.SMALLINT,
        exp.DType.INT,
        exp.DType.BIGINT,
        exp.DType.FLOAT,
        exp.DType.DOUBLE,
        exp.DType.DECIMAL,
        exp.DType.TEXT,
        exp.DType.VARCHAR,
        exp.DType.DATE,
        exp.DType.TIMESTAMPNTZ,  # what DuckDB calls TIMESTAMP: it knows no time zone
    }
)
_LONGEST_PAD = 100
_DIFFERENCES = ("minute", "hour", "day")
_HIDDEN = frozenset({"rowid", "filename", "file_row_number", "file_index"})

_ADVICE: dict[type[exp.Expr], str] = {
    exp.Star: "name the columns; * would hold whatever the source holds next time",
    exp.Window: "a window reads other rows; a row may depend on itself alone",
    exp.Subquery: "a subquery reads other rows; a row may depend on itself alone",
    exp.Exists: "a subquery reads other rows; a row may depend on itself alone",
    exp.Select: "a subquery reads other rows; a row may depend on itself alone",
    exp.Lambda: "lists and lambdas are not part of the mapping language",
    exp.Interval: "compare years or dates instead",
    exp.Concat: "write a || b, which is NULL where a part is",
    exp.Escape: "LIKE without ESCAPE",
}


def check_expression(source: Source, root: exp.Expr) -> None:
    """Refuses, at its place, what is not on the list."""
    for node in root.walk(bfs=False):
        _check_node(source, node)


def guarded(root: exp.Expr) -> exp.Expr:
    """A copy whose casts give NULL instead of failing, as division and remainder by zero do."""
    whole = exp.Paren(this=root.copy())
    for node in reversed(list(whole.walk())):  # innermost first: casts stand within casts
        if (replacement := _guard(node)) is not node:
            node.replace(replacement)
    return cast(exp.Expr, whole.this)


def sql_of(root: exp.Expr) -> str:
    """The expression as DuckDB runs it: every name quoted, no comments."""
    return root.sql(dialect="duckdb", identify=True, comments=False)


def _check_node(source: Source, node: exp.Expr) -> None:
    if isinstance(node, exp.AggFunc):
        raise _refuse(source, node, "an aggregate reads other rows; a row may depend on itself alone")
    allowed = NODES.get(type(node))
    if allowed is None:
        raise _refuse(source, node, f"{_named(source, node)} is not part of the mapping language; {_advice(node)}")
    for name, value in node.args.items():
        if name not in allowed and value not in (None, False, []):
            at = value if isinstance(value, exp.Expr) else node
            raise _refuse(source, at, f"this addition to {_named(source, node)} is not part of the mapping language")
    if check := _CHECKS.get(type(node)):
        check(source, node)


def _check_column(source: Source, node: exp.Expr) -> None:
    if node.name.lower() in _HIDDEN:
        raise _refuse(source, node, f"{shown(node.name)} tells where a row lies, not what it says")


def _check_type(source: Source, node: exp.Expr) -> None:
    if node.this not in _TYPES or node.args.get("nested"):
        known = ", ".join(sorted(kind.value.removesuffix("NTZ") for kind in _TYPES))
        raise _refuse(source, node, f"this type is not part of the mapping language; there are {known}")


def _check_pad(source: Source, node: exp.Expr) -> None:
    length = node.args["expression"]
    if not (_is_literal(length, text=False) and str(length.this).isdigit() and int(length.this) <= _LONGEST_PAD):
        raise _refuse(source, node, f"the length to fill up to is a whole number up to {_LONGEST_PAD}")


def _check_replace(source: Source, node: exp.Expr) -> None:
    for part in ("expression", "replacement"):
        if not _is_literal(node.args.get(part), text=True):
            raise _refuse(source, node, "replace takes a column's text and two texts in quotes")


def _check_difference(source: Source, node: exp.Expr) -> None:
    unit = node.args.get("unit")
    if not isinstance(unit, exp.Var) or unit.name.lower() not in _DIFFERENCES:
        known = " or ".join(f"'{name}'" for name in _DIFFERENCES)
        raise _refuse(source, node, f"date_diff counts in {known}: date_diff('minute', a, b)")


def _check_word(source: Source, node: exp.Expr) -> None:
    if not isinstance(node.parent, exp.DateDiff):
        raise _refuse(source, node, f"{shown(node.name)} has no meaning here")


def _check_like(source: Source, node: exp.Expr) -> None:
    if not _is_literal(node.args["expression"], text=True):
        raise _refuse(source, node, "LIKE takes a pattern in quotes")


def _check_is(source: Source, node: exp.Expr) -> None:
    if not isinstance(node.args["expression"], exp.Null | exp.Boolean):
        raise _refuse(source, node, "IS takes NULL, TRUE or FALSE")


def _check_in(source: Source, node: exp.Expr) -> None:
    if not node.args.get("expressions"):
        raise _refuse(source, node, "IN takes a list of values in parentheses")


_CHECKS: dict[type[exp.Expr], Callable[[Source, exp.Expr], None]] = {
    exp.Column: _check_column,
    exp.DataType: _check_type,
    exp.Pad: _check_pad,
    exp.Replace: _check_replace,
    exp.DateDiff: _check_difference,
    exp.Var: _check_word,
    exp.Like: _check_like,
    exp.Is: _check_is,
    exp.In: _check_in,
}


def _guard(node: exp.Expr) -> exp.Expr:
    if type(node) is exp.Cast:
        return exp.TryCast(this=node.this, to=node.args["to"], safe=True)
    if isinstance(node, exp.IntDiv | exp.Mod):
        divisor = node.args["expression"]
        return type(node)(this=node.this, expression=exp.Nullif(this=divisor, expression=exp.Literal.number(0)))
    return node


def _is_literal(node: exp.Expr | None, *, text: bool) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string) is text


def _named(source: Source, node: exp.Expr) -> str:
    """What people call the node: a function by the name that stands in the text."""
    if isinstance(node, exp.Func):
        start, end = node.meta.get("start"), node.meta.get("end")
        written = node.sql_name().lower() if start is None or end is None else source.text[start : end + 1]
        return f"function {shown(written)}"
    return shown(type(node).__name__)


def _advice(node: exp.Expr) -> str:
    if type(node) in _ADVICE:
        return _ADVICE[type(node)]
    return f"the functions are {FUNCTIONS}" if isinstance(node, exp.Func) else "see the operator's guide"


def _refuse(source: Source, node: exp.Expr, message: str) -> Exception:
    return source.refusal_at_node(node, message)
