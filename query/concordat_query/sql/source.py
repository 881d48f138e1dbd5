"""SQL text as tokens, with the place of everything that may be at fault.

Nothing of the text is lost: what stands between two tokens is white space or a comment, or it is refused.
"""

import re
from dataclasses import dataclass, replace
from functools import cache, cached_property

from sqlglot import Token, TokenType, exp
from sqlglot.dialects import BigQuery
from sqlglot.errors import TokenError

from concordat_query.errors import Reason, SqlRefusal

MAX_LENGTH = 64 * 1024
MAX_TOKENS = 10_000
MAX_PARENTHESES = 12
"""Deepest nesting of parentheses and CASEs. The parser recurses; what is this deep stays within the wire's depth."""

_OPENS = (TokenType.L_PAREN, TokenType.CASE)
_CLOSES = (TokenType.R_PAREN, TokenType.END)

_GAP = re.compile(r"(?>\s+|--[^\r\n]*|#[^\r\n]*|/\*(?!\+)(?:(?!/\*).)*?\*/)*+", re.DOTALL)
_FAULT = re.compile(r"from \d+:(\d+)$")
_SHOWN = 40


@dataclass(frozen=True)
class Source:
    """SQL text and its tokens. Offsets count characters of the text from 0."""

    text: str
    tokens: tuple[Token, ...]

    @cached_property
    def index_of_start(self) -> dict[int, int]:
        """The index of the token that begins at an offset."""
        return {token.start: index for index, token in enumerate(self.tokens)}

    def with_tokens(self, tokens: tuple[Token, ...]) -> "Source":
        return replace(self, tokens=tokens)

    def refusal(self, offset: int, message: str, reason: Reason = Reason.SQL_NOT_SUPPORTED) -> SqlRefusal:
        """A refusal at a character of the text."""
        return refusal_at(self.text, offset, message, reason)

    def refusal_at_node(self, node: exp.Expr, message: str, reason: Reason = Reason.SQL_NOT_SUPPORTED) -> SqlRefusal:
        return self.refusal(self.offset(node), message, reason)

    def offset(self, node: exp.Expr) -> int:
        """Where a node begins. Only names, literals and functions know their place: others begin with their first."""
        around: exp.Expr | None = node
        while around is not None:
            starts = [part.meta["start"] for part in around.walk() if "start" in part.meta]
            if starts:
                start = int(min(starts))
                return self.next_of(TokenType.NULL, start) if isinstance(node, exp.Null) else start
            around = around.parent
        return self.tokens[0].start if self.tokens else 0

    def next_of(self, kind: TokenType, offset: int) -> int:
        """Where the first token of that kind stands at or after `offset`; `offset` itself where there is none."""
        return next(
            (token.start for token in self.tokens if token.token_type is kind and token.start >= offset), offset
        )

    @property
    def end(self) -> int:
        """The offset of the last token: where a text that stops too early is at fault."""
        return self.tokens[-1].start if self.tokens else 0


def refusal_at(text: str, offset: int, message: str, reason: Reason = Reason.SQL_NOT_SUPPORTED) -> SqlRefusal:
    offset = max(0, min(offset, len(text)))
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    told = f"line {line}, column {column}: {message}"
    return SqlRefusal(reason, told, line=line, column=column, offset=offset, text=text)


def shown(text: str) -> str:
    """A word of the text as messages repeat it: quoted, one line, not long."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def read_source(text: str) -> Source:
    """Tokens of an SQL text. Refuses one that is empty, too long, nested too deep, or not wholly made of tokens."""
    if len(text.encode(errors="replace")) > MAX_LENGTH:
        raise refusal_at(text, 0, f"the text is longer than {MAX_LENGTH // 1024} kB; shorten it")
    source = Source(text, _tokens(text))
    if not source.tokens:
        raise source.refusal(0, "the text is empty; write a query or condition")
    if len(source.tokens) > MAX_TOKENS:
        raise source.refusal(source.tokens[MAX_TOKENS].start, f"more than {MAX_TOKENS} words and signs; ask in parts")
    _check_gaps(source)
    _check_depth(source)
    return source


@cache
def dialect() -> BigQuery:
    return BigQuery()


def _tokens(text: str) -> tuple[Token, ...]:
    try:
        return tuple(dialect().tokenize(text))
    except TokenError as error:
        # The error's own text quotes what surrounds the fault; only its place is of use.
        found = _FAULT.search(str(error.__cause__))
        at = int(found[1]) if found else text.rfind("/*")  # it names no place for a comment without an end
        raise refusal_at(text, at, "what begins here does not end; close the quotes or the comment") from None


def _check_gaps(source: Source) -> None:
    """Refuses text that the tokeniser passed over: template markers, hints, comments that never end."""
    begins = [token.end + 1 for token in source.tokens]
    for begin, end in zip([0, *begins], [*(token.start for token in source.tokens), len(source.text)], strict=True):
        if not _GAP.fullmatch(source.text, begin, end):
            begin += len(_matched(source.text, begin, end))
            raise source.refusal(begin, "neither SQL nor a whole comment; comments are -- to the line's end or /* */")


def _matched(text: str, begin: int, end: int) -> str:
    match = _GAP.match(text, begin, end)
    return match[0] if match else ""


def _check_depth(source: Source) -> None:
    depth = 0
    run = 0
    for token in source.tokens:
        depth += (token.token_type in _OPENS) - (token.token_type in _CLOSES)
        run = run + 1 if token.token_type in (TokenType.NOT, TokenType.DASH) else 0
        if depth > MAX_PARENTHESES:
            message = f"parentheses and CASEs nest deeper than {MAX_PARENTHESES}; simplify the condition"
            raise source.refusal(token.start, message)
        if run > 2:
            raise source.refusal(token.start, "more than two signs or NOTs in a row; remove pairs of them")
