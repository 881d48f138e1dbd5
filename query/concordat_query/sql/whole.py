"""The net below the lists of words and nodes: every token of the text must stand in the tree.

The parser passes over some things without a word (a comma too many, a clause with nothing in it), and a later version
may pass over others. What it left out would be asked for and not answered, so it is refused here.
"""

from collections import Counter
from collections.abc import Iterable

from sqlglot import TokenType, exp

from concordat_query.sql.source import Source, shown

_PLACED = {TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER}
_CALL = (TokenType.L_PAREN, TokenType.R_PAREN)
_ONE_EACH: dict[type[exp.Expr], tuple[TokenType, ...]] = {
    exp.Select: (TokenType.SELECT,),
    exp.From: (TokenType.FROM,),
    exp.Where: (TokenType.WHERE,),
    exp.Group: (TokenType.GROUP_BY,),
    exp.Alias: (TokenType.ALIAS,),
    exp.And: (TokenType.AND,),
    exp.Or: (TokenType.OR,),
    exp.Not: (TokenType.NOT,),
    exp.EQ: (TokenType.EQ,),
    exp.NEQ: (TokenType.NEQ,),
    exp.LT: (TokenType.LT,),
    exp.LTE: (TokenType.LTE,),
    exp.GT: (TokenType.GT,),
    exp.GTE: (TokenType.GTE,),
    exp.Is: (TokenType.IS,),
    exp.Null: (TokenType.NULL,),
    exp.Neg: (TokenType.DASH,),
    exp.Div: (TokenType.SLASH,),
    exp.Star: (TokenType.STAR,),
    exp.Mul: (TokenType.STAR,),
    exp.Add: (TokenType.PLUS,),
    exp.Sub: (TokenType.DASH,),
    exp.SafeDivide: _CALL,
    exp.Rollup: (TokenType.ROLLUP, *_CALL),
    exp.Having: (TokenType.HAVING,),
    exp.IntDiv: _CALL,
    exp.Mod: _CALL,
    exp.WidthBucket: _CALL,
    exp.Year: _CALL,
    exp.Quarter: _CALL,
    exp.Month: _CALL,
    exp.Case: (TokenType.CASE, TokenType.END),
    exp.If: (TokenType.WHEN, TokenType.THEN),
    exp.Cast: (TokenType.DATE,),
    exp.Filter: (TokenType.FILTER, *_CALL),
    exp.Distinct: (TokenType.DISTINCT,),
    exp.Between: (TokenType.BETWEEN, TokenType.AND),
    exp.In: (TokenType.IN, *_CALL),
    exp.Paren: _CALL,
    exp.Count: _CALL,
    exp.CountIf: _CALL,
    exp.Sum: _CALL,
    exp.Avg: _CALL,
    exp.Variance: _CALL,
    exp.VariancePop: _CALL,
    exp.Stddev: _CALL,
    exp.StddevSamp: _CALL,
    exp.StddevPop: _CALL,
    exp.CovarSamp: _CALL,
    exp.CovarPop: _CALL,
    exp.Corr: _CALL,
    exp.RegrSlope: _CALL,
    exp.RegrIntercept: _CALL,
    exp.Median: _CALL,
    exp.PercentileCont: _CALL,
}
_LISTS = (exp.Select, exp.Group, exp.Rollup, exp.In, exp.Distinct)
_COMMAS: dict[type[exp.Expr], int] = {
    exp.SafeDivide: 1,
    exp.IntDiv: 1,
    exp.Mod: 1,
    exp.WidthBucket: 3,
    exp.CovarSamp: 1,
    exp.CovarPop: 1,
    exp.Corr: 1,
    exp.RegrSlope: 1,
    exp.RegrIntercept: 1,
}


def check_whole(source: Source, root: exp.Expr) -> None:
    """Refuses a tree that does not hold all tokens of its text, at the first one of the kind that is missing."""
    nodes = list(root.walk())
    placed = {node.meta["start"] for node in nodes if "start" in node.meta}
    for token in source.tokens:
        if token.token_type in _PLACED and token.start not in placed:
            raise source.refusal(token.start, f"{shown(token.text)} has no place here")
    needed = Counter(kind for node in nodes for kind in _ONE_EACH.get(type(node), ()))
    needed[TokenType.COMMA] += sum(max(0, len(node.expressions) - 1) for node in nodes if isinstance(node, _LISTS))
    needed[TokenType.COMMA] += sum(isinstance(node, exp.PercentileCont) and "expression" in node.args for node in nodes)
    needed[TokenType.COMMA] += sum(_COMMAS.get(type(node), 0) for node in nodes)
    needed[TokenType.ELSE] += sum(isinstance(node, exp.Case) and node.args.get("default") is not None for node in nodes)
    found = Counter(token.token_type for token in source.tokens)
    unwritten = min(_added_parentheses(nodes), max(0, needed[TokenType.L_PAREN] - found[TokenType.L_PAREN]))
    needed.subtract({TokenType.L_PAREN: unwritten, TokenType.R_PAREN: unwritten})
    for token in source.tokens:
        kind = token.token_type
        if kind not in _PLACED and kind is not TokenType.DOT and found[kind] != needed[kind]:
            raise source.refusal(token.start, f"{shown(token.text)}: one of these in the text has no place where it is")
    if any(found[kind] != number for kind, number in needed.items()):
        raise source.refusal(source.tokens[0].start, "a word is missing; docs/language.md tells what may be written")


def _added_parentheses(nodes: Iterable[exp.Expr]) -> int:
    """How many parentheses the parser may have added: around calculations within DIV and MOD."""
    return sum(isinstance(node, exp.Paren) and isinstance(node.parent, exp.IntDiv | exp.Mod) for node in nodes)
