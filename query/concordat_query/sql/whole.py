"""The net below the lists of words and nodes: every token of the text must stand in the tree.

The parser passes over some things without a word (a comma too many, a clause with nothing in it), and a later version
may pass over others. What it left out would be asked for and not answered, so it is refused here.
"""

from collections import Counter

from sqlglot import TokenType, exp

from concordat_query.sql.source import Source, shown

_PLACED = {TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER, TokenType.STAR}
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
    exp.Mul: (TokenType.STAR,),
    exp.Add: (TokenType.PLUS,),
    exp.Sub: (TokenType.DASH,),
    exp.SafeDivide: (TokenType.L_PAREN, TokenType.COMMA, TokenType.R_PAREN),
    exp.Rollup: (TokenType.ROLLUP, TokenType.L_PAREN, TokenType.R_PAREN),
    exp.Having: (TokenType.HAVING,),
    exp.Between: (TokenType.BETWEEN, TokenType.AND),
    exp.In: (TokenType.IN, TokenType.L_PAREN, TokenType.R_PAREN),
    exp.Paren: (TokenType.L_PAREN, TokenType.R_PAREN),
    exp.Count: (TokenType.L_PAREN, TokenType.R_PAREN),
    exp.CountIf: (TokenType.L_PAREN, TokenType.R_PAREN),
    exp.Sum: (TokenType.L_PAREN, TokenType.R_PAREN),
    exp.Avg: (TokenType.L_PAREN, TokenType.R_PAREN),
}
_LISTS = (exp.Select, exp.Group, exp.Rollup, exp.In)


def check_whole(source: Source, root: exp.Expr) -> None:
    """Refuses a tree that does not hold all tokens of its text, at the first one of the kind that is missing."""
    nodes = list(root.walk())
    placed = {node.meta["start"] for node in nodes if "start" in node.meta}
    rest = [token for token in source.tokens if token.start not in placed]
    for token in rest:
        if token.token_type in _PLACED and token.token_type is not TokenType.STAR:  # that star would multiply
            raise source.refusal(token.start, f"{shown(token.text)} has no place here")
    needed = Counter(kind for node in nodes for kind in _ONE_EACH.get(type(node), ()))
    needed[TokenType.COMMA] += sum(max(0, len(node.expressions) - 1) for node in nodes if isinstance(node, _LISTS))
    found = Counter(token.token_type for token in rest)
    for token in rest:
        kind = token.token_type
        if kind is not TokenType.DOT and found[kind] != needed[kind]:
            raise source.refusal(token.start, f"{shown(token.text)}: one of these in the text has no place where it is")
    if any(found[kind] != number for kind, number in needed.items()):
        raise source.refusal(source.tokens[0].start, "a word is missing; docs/language.md tells what may be written")
