"""Where in the SQL text a refusal of the typed query points: at the first name in it that the refusal speaks of."""

import re
from collections.abc import Iterable

from sqlglot import TokenType

from concordat_query.errors import Refusal, SqlRefusal
from concordat_query.sql.source import Source, read_source

_WORD = re.compile(r"[A-Za-z_]\w*")


def placed(refusal: Refusal, sql: str, names: Iterable[str]) -> Refusal:
    """The refusal with its place in `sql`, where it speaks of one of `names` that stands there; else as it is.

    `sql` was read before, so that it is made of tokens.
    """
    if isinstance(refusal, SqlRefusal):
        return refusal
    spoken_of = {word.lower() for word in _WORD.findall(refusal.message)} & {name.lower() for name in names}
    source = read_source(sql)
    offset = _first(source, spoken_of)
    return refusal if offset is None else source.refusal(offset, refusal.message, refusal.reason)


def _first(source: Source, words: set[str]) -> int | None:
    tokens = (token for token in source.tokens if token.token_type is not TokenType.STRING)
    return next((token.start for token in tokens if token.text.lower() in words), None)
