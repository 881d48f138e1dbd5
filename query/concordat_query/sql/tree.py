"""The parser's tree, limited to the nodes and arguments that the language has. What is not listed is refused."""

import difflib

from sqlglot import Token, TokenType, exp
from sqlglot.errors import ErrorLevel, ParseError

from concordat_query.errors import SqlRefusal
from concordat_query.sql.scope import is_date_literal
from concordat_query.sql.source import Source, dialect, shown
from concordat_query.sql.whole import check_whole

_PAIR = frozenset({"this", "expression"})
_THIS = frozenset({"this"})

_ARGUMENTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Select: frozenset({"expressions", "from_", "where", "group", "having"}),
    exp.From: _THIS,
    exp.Table: frozenset({"this", "db", "catalog"}),
    exp.Dot: _PAIR,
    exp.Where: _THIS,
    exp.Group: frozenset({"expressions"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Column: _THIS,
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Null: frozenset(),
    exp.Star: frozenset(),
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
    exp.Is: _PAIR,
    exp.In: frozenset({"this", "expressions"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Div: _PAIR,
    exp.Add: _PAIR,
    exp.Sub: _PAIR,
    exp.Mul: _PAIR,
    exp.SafeDivide: _PAIR,
    exp.Rollup: frozenset({"expressions"}),
    exp.Having: _THIS,
    exp.IntDiv: _PAIR,
    exp.Mod: _PAIR,
    exp.WidthBucket: frozenset({"this", "min_value", "max_value", "num_buckets"}),
    exp.Year: _THIS,
    exp.Quarter: _THIS,
    exp.Month: _THIS,
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.DataType: frozenset({"this", "nested"}),
    exp.Filter: _PAIR,
    exp.Distinct: frozenset({"expressions"}),
    exp.Count: frozenset({"this", "big_int"}),
    exp.CountIf: _THIS,
    exp.Sum: _THIS,
    exp.Avg: _THIS,
    exp.Variance: _THIS,
    exp.VariancePop: _THIS,
    exp.Stddev: _THIS,
    exp.StddevSamp: _THIS,
    exp.StddevPop: _THIS,
    exp.CovarSamp: _PAIR,
    exp.CovarPop: _PAIR,
    exp.Corr: _PAIR,
    exp.RegrSlope: _PAIR,
    exp.RegrIntercept: _PAIR,
    exp.Median: _THIS,
    exp.PercentileCont: _PAIR,
}
FUNCTIONS = {
    "COUNT": exp.Count,
    "COUNTIF": exp.CountIf,
    "SUM": exp.Sum,
    "AVG": exp.Avg,
    "VAR_SAMP": exp.Variance,
    "VARIANCE": exp.Variance,
    "VAR_POP": exp.VariancePop,
    "STDDEV": exp.Stddev,
    "STDDEV_SAMP": exp.StddevSamp,
    "STDDEV_POP": exp.StddevPop,
    "COVAR_SAMP": exp.CovarSamp,
    "COVAR_POP": exp.CovarPop,
    "CORR": exp.Corr,
    "REGR_SLOPE": exp.RegrSlope,
    "REGR_INTERCEPT": exp.RegrIntercept,
    "MEDIAN": exp.Median,
    "PERCENTILE_CONT": exp.PercentileCont,
    "SAFE_DIVIDE": exp.SafeDivide,
    "DIV": exp.IntDiv,
    "MOD": exp.Mod,
    "WIDTH_BUCKET": exp.WidthBucket,
    "YEAR": exp.Year,
    "QUARTER": exp.Quarter,
    "MONTH": exp.Month,
}

_PERCENTILE = "write PERCENTILE_CONT({x}, 0.5) or MEDIAN({x})"
_FUNCTION_ADVICE = {
    **dict.fromkeys(
        ["MIN", "MAX", "ANY_VALUE", "FIRST_VALUE", "LAST_VALUE", "ARRAY_AGG", "STRING_AGG"],
        "it would expose one person; ask for a percentile instead: PERCENTILE_CONT({x}, 0.05), or AVG",
    ),
    **dict.fromkeys(["PERCENTILE_DISC", "APPROX_QUANTILES", "QUANTILE_CONT", "QUANTILE"], _PERCENTILE),
    **dict.fromkeys(["IEEE_DIVIDE"], "write a / b"),
    **dict.fromkeys(["IF", "IIF", "COALESCE", "IFNULL", "NULLIF"], "write CASE WHEN condition THEN a ELSE b END"),
    **dict.fromkeys(["DATE_TRUNC", "DATE_PART"], "write EXTRACT(YEAR FROM day), or QUARTER or MONTH"),
    **dict.fromkeys(["RANGE_BUCKET", "NTILE"], "write WIDTH_BUCKET(x, lower, upper, n), or CASE"),
    **dict.fromkeys(["ROUND", "FLOOR", "CEIL", "TRUNC"], "write DIV(x, n) * n for whole numbers, or WIDTH_BUCKET"),
    **dict.fromkeys(["COUNT_IF", "SUM_IF"], "write COUNTIF(condition)"),
    **dict.fromkeys(["MEAN"], "write AVG(column)"),
    **dict.fromkeys(["CAST", "SAFE_CAST"], "columns have the catalogue's types; compare with a literal of that type"),
}
_ARGUMENT_ADVICE = {
    ("Column", "table"): "write the column's name alone; one data set is asked",
    ("Table", "alias"): "write the data set's name alone; it needs no alias",
    ("Count", "expressions"): "COUNT takes * or one column",
    ("In", "field"): "IN takes a list of literals in parentheses",
    ("Select", "distinct"): "leave DISTINCT out: cells do not repeat",
    ("Select", "joins"): "one data set is asked at a time; put it alone after FROM",
}
_NODE_ADVICE: dict[type[exp.Expr], str] = {
    exp.Concat: "two texts in a row; put a comma between them, or write one",
    exp.Tuple: "a list in parentheses stands only after IN",
}


def parse_select(source: Source) -> exp.Select:
    """The tree of one SELECT, holding listed nodes and arguments only."""
    root = _parse(source, exp.Select)
    if not isinstance(root, exp.Select):
        raise source.refusal_at_node(root, "a query is one SELECT, without parentheses around it")
    return root


def parse_expression(source: Source) -> exp.Expr:
    """The tree of one condition, holding listed nodes and arguments only."""
    return _parse(source, exp.Condition)


def _parse(source: Source, kind: type[exp.Expr]) -> exp.Expr:
    try:
        parser = dialect().parser(error_level=ErrorLevel.IMMEDIATE)
        roots: list[exp.Expr | None] = parser.parse_into(kind, list(source.tokens), source.text)
        root = roots[0] if len(roots) == 1 else None
        if root is None:
            raise source.refusal(source.end, "this cannot be understood as one query or condition")
        for node in root.walk(bfs=False):
            _check_node(source, node)
        check_whole(source, root)
    except ParseError as error:
        raise _not_understood(source, error) from None
    except RecursionError:
        raise source.refusal(0, "the text nests too deep; simplify it") from None
    return root


def _not_understood(source: Source, error: ParseError) -> SqlRefusal:
    """A parse error at its token. The parser's own description quotes what surrounds the token, so it is left out."""
    token = _token_at(source, error)
    before = source.tokens.index(token) - 1
    if before >= 0 and source.tokens[before].end + 1 == token.start and token.token_type is TokenType.STRING:
        return source.refusal(token.start, "two texts without space between; a quote inside a text is written \\'")
    if token is source.tokens[-1]:
        return source.refusal(token.start, f"at or after {shown(token.text)}: something is missing or out of place")
    return source.refusal(token.start, f"{shown(token.text)} cannot be understood here")


def _token_at(source: Source, error: ParseError) -> Token:
    place = (error.errors[0].get("line"), error.errors[0].get("col")) if error.errors else None
    found = (token for token in source.tokens if (token.line, token.col) == place)
    return next(found, source.tokens[-1])


def _check_node(source: Source, node: exp.Expr) -> None:
    two_texts = isinstance(node, exp.Concat) and "start" not in node.meta
    if (
        isinstance(node, exp.Func)
        and not isinstance(node, exp.Connector)
        and not two_texts
        and not _is_form(source, node)
    ):
        _check_function(source, node)
    allowed = _ARGUMENTS.get(type(node))
    if allowed is None:
        advice = _NODE_ADVICE.get(type(node), "docs/language.md tells what may be written")
        raise source.refusal_at_node(node, f"this form is not part of the language; {advice}")
    if isinstance(node, exp.Alias):
        _check_alias(source, node)
    for name, value in node.args.items():
        if name not in allowed and value not in (None, False, []):
            advice = _ARGUMENT_ADVICE.get((type(node).__name__, name), "docs/language.md tells what may be written")
            value = value[0] if isinstance(value, list) else value
            at = value if isinstance(value, exp.Expr) and not isinstance(node, exp.Column) else node
            raise source.refusal_at_node(at, f"this addition is not part of the language; {advice}")


def _is_form(source: Source, node: exp.Func) -> bool:
    """What the parser takes for a function and is none: AND, two texts in a row, CASE with branches, DATE '...'."""
    if isinstance(node, exp.Cast):
        return is_date_literal(source, node)
    if isinstance(node, exp.Connector) or (isinstance(node, exp.Concat) and "start" not in node.meta):
        return True
    return isinstance(node, exp.Case) or (isinstance(node, exp.If) and isinstance(node.parent, exp.Case))


def _check_alias(source: Source, node: exp.Alias) -> None:
    """Refuses a new name without AS before it: it is as likely a comma forgotten."""
    start = source.offset(node.args["alias"])
    if source.tokens[source.index_of_start[start] - 1].token_type is not TokenType.ALIAS:
        raise source.refusal(start, "write AS before a new name, or the comma that is missing")


def _check_function(source: Source, node: exp.Func) -> None:
    """Refuses a function that is not written by one of the known names: the parser knows others for the same node."""
    start = node.meta.get("start")
    index = None if start is None else source.index_of_start.get(int(start))
    name = "" if index is None else source.tokens[index].text.upper()
    if FUNCTIONS.get(name) is type(node):
        return
    if isinstance(node, exp.SafeFunc):
        raise source.refusal_at_node(node, "SAFE. is not part of the language; leave it out")
    if not name:  # the parser keeps no place for functions with a grammar of their own, such as IF and CAST
        name = node.sql_name()
        inside = source.offset(node)
        start = max((t.start for t in source.tokens if t.start < inside and t.text.upper() == name), default=inside)
    advice = _FUNCTION_ADVICE.get(name) or _nearest(name)
    column = node.find(exp.Column)
    advice = advice.replace("{x}", column.name.lower() if column is not None else "x")
    raise source.refusal(int(start or 0), f"{shown(name)} is not answered: {advice}")


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name[:40], FUNCTIONS, n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else "COUNT, COUNTIF, SUM, AVG, MEDIAN, VARIANCE and STDDEV are answered"
