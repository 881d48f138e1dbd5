"""ORDER BY and LIMIT, cut off the end of the text between tokens: the parser forgets whether NULLS FIRST was written.

Each term of ORDER BY is then parsed by itself, so nothing of the text is lost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import Token, TokenType, exp

from concordat_query.model import Ordering, Subject
from concordat_query.sql.results import Results
from concordat_query.sql.source import Source, shown
from concordat_query.sql.tree import parse_expression

MAX_ROWS = 2**31
_MAX_DIGITS = 10
_LAST = (TokenType.ORDER_BY, TokenType.LIMIT)
_BEFORE = (TokenType.SELECT, TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING)


@dataclass(frozen=True)
class Term:
    """One term of ORDER BY: the tokens of what is sorted by, and how."""

    source: Source
    descending: bool
    nulls_first: bool


@dataclass(frozen=True)
class Tail:
    terms: tuple[Term, ...] = ()
    limit: int | None = None
    offset: int = 0


def cut_tail(source: Source) -> tuple[Tail, Source]:
    """ORDER BY and LIMIT of a statement, and the source without them."""
    places = _top_level(source)
    if not places:
        return Tail(), source
    start = places[0]
    for token in source.tokens[start:]:
        if token.token_type in _BEFORE:
            raise source.refusal(token.start, f"{_word(token)} stands before ORDER BY and LIMIT")
    if len(places) > 2 or (len(places) == 2 and (_is_limit(source, start) or not _is_limit(source, places[1]))):
        raise source.refusal(source.tokens[places[1]].start, "at the end stands ORDER BY once, then LIMIT once")
    end = places[1] if len(places) > 1 else len(source.tokens)
    terms: tuple[Term, ...] = ()
    limit, offset = None, 0
    if not _is_limit(source, start):
        terms = tuple(_terms(source, source.tokens[start], source.tokens[start + 1 : end]))
    if _is_limit(source, places[-1]):
        limit, offset = _limit(source, source.tokens[places[-1]], source.tokens[places[-1] + 1 :])
    return Tail(terms, limit, offset), source.with_tokens(source.tokens[:start])


def read_order(results: Results, tail: Tail) -> tuple[Ordering, ...]:
    """What the rows are sorted by, the first term first."""
    return tuple(Ordering(_subject(results, term), term.descending, term.nulls_first) for term in tail.terms)


def _subject(results: Results, term: Term) -> Subject:
    node = parse_expression(term.source)
    if not isinstance(node, exp.Literal):
        return results.subject(node)
    text = str(node.this)
    if node.is_string or not text.isdigit() or len(text) > _MAX_DIGITS or not 1 <= int(text) <= len(results.items):
        message = f"ORDER BY takes a result's name, an expression, or its number from 1 to {len(results.items)}"
        raise term.source.refusal_at_node(node, message)
    return results.at(int(text) - 1)


def _is_limit(source: Source, index: int) -> bool:
    return source.tokens[index].token_type is TokenType.LIMIT


def _word(token: Token) -> str:
    return " ".join(token.text.upper().split())


def _top_level(source: Source) -> list[int]:
    """Where ORDER BY and LIMIT stand, outside parentheses. Refuses them within."""
    depth = 0
    found = []
    for index, token in enumerate(source.tokens):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth > 0 and token.token_type in (*_LAST, TokenType.HAVING):
            raise source.refusal(token.start, f"{_word(token)} has no place in parentheses; it follows GROUP BY")
        if token.token_type in _LAST:
            found.append(index)
    return found


def _terms(source: Source, order_by: Token, tokens: Sequence[Token]) -> Iterator[Term]:
    if not tokens:
        raise source.refusal(order_by.start, "ORDER BY names nothing; name a result, or leave it out")
    for part in _split(tokens):
        if not part:  # words has seen to it that no comma stands alone
            raise source.refusal(order_by.start, "a term of ORDER BY is missing")
        yield _term(source, part)


def _split(tokens: Sequence[Token]) -> list[list[Token]]:
    """The tokens between commas that stand outside parentheses."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if token.token_type is TokenType.COMMA and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _term(source: Source, tokens: list[Token]) -> Term:
    """As in BigQuery, what has no value comes first going up and last going down, unless NULLS says otherwise."""
    words = [token.text.upper() if token.token_type is TokenType.VAR else "" for token in tokens]
    nulls = words[-1] if len(words) > 2 and words[-2] == "NULLS" and words[-1] in ("FIRST", "LAST") else ""
    if nulls:
        tokens, words = tokens[:-2], words[:-2]
    direction = words[-1] if len(words) > 1 and words[-1] in ("ASC", "DESC") else ""
    if direction:
        tokens = tokens[:-1]
    descending = direction == "DESC"
    return Term(source.with_tokens(tuple(tokens)), descending, nulls == "FIRST" if nulls else not descending)


def _limit(source: Source, word: Token, tokens: Sequence[Token]) -> tuple[int, int]:
    """(limit, offset) of LIMIT n [OFFSET m]."""
    if len(tokens) not in (1, 3) or (len(tokens) == 3 and tokens[1].text.upper() != "OFFSET"):
        at = word if not tokens else tokens[min(1, len(tokens) - 1)]
        raise source.refusal(at.start, "write LIMIT and a whole number, or LIMIT n OFFSET m; nothing follows")
    limit, offset = (_whole(source, token) for token in (tokens[0], tokens[-1]))
    return limit, offset if len(tokens) == 3 else 0


def _whole(source: Source, token: Token) -> int:
    text = token.text
    if token.token_type is TokenType.NUMBER and text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS:
        number = int(text)
        if number < MAX_ROWS:
            return number
    raise source.refusal(token.start, f"{shown(text)}: a whole number below {MAX_ROWS} is needed here")
