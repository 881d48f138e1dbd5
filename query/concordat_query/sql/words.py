"""The words and symbols of the language. Everything else is refused at its place, with what to write instead.

The parser understands far more than is answered here, and passes over some of it; so its input is limited to these
tokens before it sees them, and what it makes of them is limited again in `tree`.
"""

from sqlglot import Token, TokenType

from concordat_query.sql.source import Source, shown

_CONDITION = {
    TokenType.VAR,
    TokenType.IDENTIFIER,
    TokenType.STRING,
    TokenType.NUMBER,
    TokenType.COMMA,
    TokenType.L_PAREN,
    TokenType.R_PAREN,
    TokenType.EQ,
    TokenType.NEQ,
    TokenType.LT,
    TokenType.LTE,
    TokenType.GT,
    TokenType.GTE,
    TokenType.AND,
    TokenType.OR,
    TokenType.NOT,
    TokenType.IN,
    TokenType.BETWEEN,
    TokenType.IS,
    TokenType.NULL,
    TokenType.DASH,
    TokenType.PLUS,
    TokenType.STAR,
    TokenType.DOT,
    TokenType.CASE,
    TokenType.WHEN,
    TokenType.THEN,
    TokenType.ELSE,
    TokenType.END,
    TokenType.DATE,
}
_STATEMENT = _CONDITION | {
    TokenType.SELECT,
    TokenType.FROM,
    TokenType.WHERE,
    TokenType.GROUP_BY,
    TokenType.ALIAS,
    TokenType.SLASH,
    TokenType.FILTER,
    TokenType.DISTINCT,
    TokenType.ROLLUP,
    TokenType.HAVING,
    TokenType.ORDER_BY,
    TokenType.LIMIT,
}
_RESERVED = {"SELECT", "FROM", "WHERE", "AS"}
_NAMES = {TokenType.VAR, TokenType.IDENTIFIER}
_ENDS = {*_NAMES, TokenType.STRING, TokenType.NUMBER, TokenType.NULL, TokenType.R_PAREN, TokenType.STAR}
_ENDS |= {TokenType.END}
_BEGINS = {*_NAMES, TokenType.STRING, TokenType.NUMBER, TokenType.NULL, TokenType.L_PAREN, TokenType.DASH}
_BEGINS |= {TokenType.NOT, TokenType.STAR, TokenType.CASE, TokenType.DATE, TokenType.ROLLUP}
_NOT_AFTER_DIGITS = {*_NAMES, TokenType.NUMBER, TokenType.DOT}
_MAX_POINTS = 16
_PARTS = {"YEAR", "QUARTER", "MONTH"}
_SORTING = "write ORDER BY, then LIMIT, at the end"
_ONE = "one data set is asked at a time; put it alone after FROM"
_BOOLEAN = "conditions are comparisons; write the column, an operator and a literal"
_READ_ONLY = "tables cannot be made nor changed"

_ADVICE = {
    "SORT BY": _SORTING,
    "FETCH": _SORTING,
    "QUALIFY": "windows are not answered; choose rows of the result with HAVING",
    "JOIN": _ONE,
    "INNER": _ONE,
    "LEFT": _ONE,
    "RIGHT": _ONE,
    "FULL": _ONE,
    "OUTER": _ONE,
    "CROSS": _ONE,
    "NATURAL": _ONE,
    "USING": _ONE,
    "ON": _ONE,
    "LATERAL": _ONE,
    "UNNEST": _ONE,
    "PIVOT": _ONE,
    "UNPIVOT": _ONE,
    "UNION": "ask one query at a time, or widen WHERE with OR or IN",
    "INTERSECT": "ask one query at a time, or narrow WHERE with AND",
    "EXCEPT": "ask one query at a time, or narrow WHERE with AND NOT",
    "WITH": "WITH stands only in SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (...)",
    "OVER": "windows are not answered; use GROUP BY",
    "WINDOW": "windows are not answered; use GROUP BY",
    "PARTITION BY": "windows are not answered; use GROUP BY",
    "TABLESAMPLE": "leave it out: every row counts, and the noise is what protects",
    "FOR": "leave it out: the edition in force is what is asked",
    "CUBE": "write GROUP BY with plain columns and one ROLLUP(...); totals over nations come with GROUP BY nation",
    "GROUPING SETS": "write GROUP BY with plain columns and one ROLLUP(...)",
    "ALL": "write the columns out",
    "LIKE": "write IN with the codes that are meant",
    "ILIKE": "write IN with the codes that are meant",
    "EXISTS": "subqueries are not answered; write a condition on columns",
    "ANY": "write IN with the values that are meant",
    "SOME": "write IN with the values that are meant",
    "TRUE": _BOOLEAN,
    "FALSE": _BOOLEAN,
    "INTERVAL": _BOOLEAN,
    "ARRAY": "write IN with the values that are meant",
    "STRUCT": "select keys and aggregates one by one",
    "%": "write MOD(a, b)",
    "//": "write DIV(a, b)",
    "||": "text cannot be joined",
    "!": "write NOT",
    "==": "write = once",
    ";": "one query is answered at a time; end the text here",
    "@": "parameters are not known here; write the value",
    "?": "parameters are not known here; write the value",
    "|>": "pipes are not known here; write SELECT ... FROM ... WHERE ... GROUP BY ...",
    **dict.fromkeys(["INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "DROP", "ALTER", "TRUNCATE", "SET"], _READ_ONLY),
}


def limit_statement(source: Source) -> Source:
    """The source with the tokens of one SELECT only; words that mean nothing here have become names."""
    source = _with_parts_as_functions(source)
    tokens = source.tokens
    if tokens[0].token_type is not TokenType.SELECT:
        raise source.refusal(tokens[0].start, "a query begins with SELECT; tables cannot be made nor changed")
    if tokens[-1].token_type is TokenType.SEMICOLON:
        tokens = tokens[:-1]
    return source.with_tokens(_limited(source.with_tokens(tokens), _STATEMENT))


def limit_condition(source: Source) -> Source:
    """The source with the tokens of a condition only."""
    source = _with_parts_as_functions(source)
    return source.with_tokens(_limited(source, _CONDITION))


def _with_parts_as_functions(source: Source) -> Source:
    """EXTRACT(YEAR FROM x) as YEAR(x): the parser keeps the place of functions, not of EXTRACT and its parts."""
    kept: list[Token] = []
    rest = list(source.tokens)
    while rest:
        token = rest.pop(0)
        if token.text.upper() == "EXTRACT" and rest and rest[0].token_type is TokenType.L_PAREN:
            part = rest[1] if len(rest) > 2 and rest[2].token_type is TokenType.FROM else None
            if part is None or part.text.upper() not in _PARTS:
                at = rest[1].start if len(rest) > 1 else token.start
                raise source.refusal(at, "EXTRACT takes a part and a date: EXTRACT(YEAR FROM day), or QUARTER or MONTH")
            del rest[1:3]
            token = Token(TokenType.VAR, part.text, token.line, token.col, token.start, token.end)
        kept.append(token)
    return source.with_tokens(tuple(kept))


def _limited(source: Source, allowed: set[TokenType]) -> tuple[Token, ...]:
    points = [token for token in source.tokens if token.token_type is TokenType.DOT]
    if len(points) > _MAX_POINTS:  # the parser takes time in the square of a name's parts
        raise source.refusal(points[_MAX_POINTS].start, "too many points; a column's name has none")
    kept = tuple(_known(source, index, token, allowed) for index, token in enumerate(source.tokens))
    for index in range(len(kept)):
        _check_neighbours(source, kept, index)
    return kept


def _known(source: Source, index: int, token: Token, allowed: set[TokenType]) -> Token:
    word = " ".join(token.text.upper().split())
    quoted = token.token_type in (TokenType.IDENTIFIER, TokenType.STRING)
    if not quoted and word in _ADVICE:
        raise source.refusal(token.start, f"{word} is not part of the language; {_ADVICE[word]}")
    if token.token_type is TokenType.SELECT and index > 0:
        raise source.refusal(token.start, "a second SELECT: subqueries are not answered; ask one at a time")
    if token.token_type in allowed and not (token.token_type is TokenType.DATE and not _before_text(source, index)):
        return token
    if word.isidentifier() and source.text[token.start : token.end + 1].upper() == word and word not in _RESERVED:
        return Token(TokenType.VAR, token.text, token.line, token.col, token.start, token.end)
    raise source.refusal(token.start, f"{shown(token.text)} has no place here")


def _before_text(source: Source, index: int) -> bool:
    return index + 1 < len(source.tokens) and source.tokens[index + 1].token_type is TokenType.STRING


def _check_neighbours(source: Source, tokens: tuple[Token, ...], index: int) -> None:
    token = tokens[index]
    previous = tokens[index - 1] if index > 0 else None
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    after_is = index > 1 and tokens[index - 2].token_type is TokenType.IS
    touching = following.token_type if following and following.start == token.end + 1 else None
    if token.token_type is TokenType.NUMBER and touching in _NOT_AFTER_DIGITS:
        raise source.refusal(token.start, "not a number; write digits with at most one decimal point, without _")
    if token.token_type is TokenType.DOT and not (
        previous and following and previous.token_type in _NAMES and following.token_type in _NAMES
    ):
        raise source.refusal(token.start, "a point joins two names, or follows a digit; write 0.5 instead of .5")
    if token.token_type is TokenType.COMMA and not (
        previous and following and previous.token_type in _ENDS and following.token_type in _BEGINS
    ):
        raise source.refusal(token.start, "a comma stands between two things of a list; one of them is missing")
    if token.token_type is TokenType.NULL and previous and previous.token_type is TokenType.NOT and not after_is:
        raise source.refusal(previous.start, "write IS NOT NULL")
    if token.token_type is TokenType.FILTER:
        after = [each.token_type for each in tokens[index + 1 : index + 3]]
        if after != [TokenType.L_PAREN, TokenType.WHERE]:
            raise source.refusal(token.start, "after an aggregate stands FILTER (WHERE condition)")
    if token.token_type is TokenType.PLUS and (previous is None or previous.token_type not in _ENDS):
        raise source.refusal(token.start, "a plus stands between two things; a number needs no sign")
    if token.token_type is TokenType.SLASH and touching is TokenType.SLASH:
        raise source.refusal(token.start, f"// is not part of the language; {_ADVICE['//']}")
    if token.token_type is TokenType.STAR:
        _check_star(source, previous, token, following)


def _check_star(source: Source, previous: Token | None, token: Token, following: Token | None) -> None:
    """A star counts rows, COUNT(*), or multiplies what stands on both sides of it."""
    if previous and following:
        if previous.token_type is TokenType.L_PAREN and following.token_type is TokenType.R_PAREN:
            return
        if previous.token_type in _ENDS - {TokenType.STAR} and following.token_type in _BEGINS - {TokenType.STAR}:
            return
    raise source.refusal(token.start, "a star stands only in COUNT(*); name the keys and aggregates to be selected")
