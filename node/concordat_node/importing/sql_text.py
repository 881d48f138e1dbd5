"""A mapping's SQL text as tokens and trees, in DuckDB's dialect. Nothing of the text is passed over silently."""

import re
from functools import cache

from concordat_query.errors import SqlRefusal
from concordat_query.sql.source import Source, refusal_at, shown
from sqlglot import exp
from sqlglot.dialects import DuckDB
from sqlglot.errors import ErrorLevel, ParseError, TokenError

MAX_LENGTH = 256 * 1024
_GAP = re.compile(r"(?:\s+|--[^\r\n]*|/\*(?!\+)(?:(?!/\*).)*?\*/)*", re.DOTALL)


@cache
def _dialect() -> DuckDB:
    return DuckDB()


def read_text(text: str) -> Source:
    """Tokens of a text. Refuses what the tokeniser would pass over."""
    if len(text) > MAX_LENGTH:
        raise refusal_at(text, 0, f"the text is longer than {MAX_LENGTH // 1024} kB")
    try:
        source = Source(text, tuple(_dialect().tokenize(text)))
    except TokenError:
        raise refusal_at(text, 0, "quotes or a comment do not end") from None
    if not source.tokens:
        raise source.refusal(0, "the text is empty")
    begins = [0, *(token.end + 1 for token in source.tokens)]
    ends = [*(token.start for token in source.tokens), len(text)]
    for begin, end in zip(begins, ends, strict=True):
        if not _GAP.fullmatch(text, begin, end):
            raise source.refusal(begin, "neither SQL nor a whole comment")
    return source


def parse_select(source: Source) -> exp.Select:
    """The tree of one SELECT; what it holds is not yet checked."""
    root = _parse(source)
    if not isinstance(root, exp.Select):
        raise source.refusal_at_node(root, "a mapping is one SELECT, without set operations or parentheses around it")
    return root


def parse_expression(source: Source) -> exp.Expr:
    """The tree of what is no query; what it holds is not yet checked."""
    root = _parse(source)
    if isinstance(root, exp.Query):
        raise source.refusal_at_node(root, "the unit's id is an expression over one row, not a query")
    return root


def _parse(source: Source) -> exp.Expr:
    parser = _dialect().parser(error_level=ErrorLevel.IMMEDIATE)
    try:
        roots: list[exp.Expr | None] = parser.parse(list(source.tokens), source.text)
    except ParseError as error:
        raise _not_understood(source, error) from None
    if len(roots) != 1 or roots[0] is None:
        raise source.refusal(source.end, "one statement is needed, without semicolons")
    return roots[0]


def _not_understood(source: Source, error: ParseError) -> SqlRefusal:
    place = (error.errors[0].get("line"), error.errors[0].get("col")) if error.errors else None
    tokens = (token for token in source.tokens if (token.line, token.col) == place)
    token = next(tokens, source.tokens[-1])
    return source.refusal(token.start, f"{shown(token.text)} cannot be understood here")
