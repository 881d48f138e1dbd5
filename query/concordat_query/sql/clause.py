"""The differential privacy clause, cut out between tokens: the parser does not know it, and places stay the text's."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import Token, TokenType

from concordat_query.sql.source import Source, shown

MAX_CONTRIBUTED = 10_000
_OPTIONS = ("epsilon", "margin_of_error", "max_groups_contributed", "max_rows_contributed", "private_keys", "delta")
_KNOWN = "epsilon, margin_of_error, max_groups_contributed, max_rows_contributed, private_keys and delta"
_EXAMPLES = {"epsilon": "0.5", "margin_of_error": "40", "delta": "1e-8"}
_ADVICE = {
    "privacy_unit_column": "leave it out; the catalogue says what is protected",
    "min_privacy_units_per_group": "leave it out; every cell is answered, with noise",
}


@dataclass(frozen=True)
class Options:
    """What the clause asks for; None where it says nothing. Not both epsilon and a margin of error.

    `delta` is what finding out private keys may cost; it comes with `private_keys` only.
    """

    epsilon: float | None = None
    margin_of_error: float | None = None
    max_groups_contributed: int | None = None
    max_rows_contributed: int | None = None
    private_keys: bool = False
    delta: float | None = None


def cut_clause(source: Source) -> tuple[Options, Source]:
    """The options of SELECT WITH DIFFERENTIAL_PRIVACY [OPTIONS (...)], and the source without that clause."""
    tokens = source.tokens
    words = [token.text.upper() if token.token_type is not TokenType.STRING else "" for token in tokens[:5]]
    if words[:2] != ["SELECT", "WITH"]:
        return Options(), source
    if words[2:3] != ["DIFFERENTIAL_PRIVACY"]:
        raise source.refusal(tokens[1].start, "after SELECT WITH stands DIFFERENTIAL_PRIVACY OPTIONS (...)")
    if words[3:4] != ["OPTIONS"]:
        return Options(), source.with_tokens((tokens[0], *tokens[3:]))
    if words[4:5] != ["("]:
        raise source.refusal(tokens[3].start, "after OPTIONS stand parentheses: OPTIONS (epsilon = 0.5)")
    end = next((i for i, token in enumerate(tokens) if token.token_type is TokenType.R_PAREN), None)
    if end is None:
        raise source.refusal(tokens[4].start, "this parenthesis is never closed")
    return _read_options(source, tokens[5:end]), source.with_tokens((tokens[0], *tokens[end + 1 :]))


def _read_options(source: Source, tokens: tuple[Token, ...]) -> Options:
    found: dict[str, float | int | bool] = {}
    places: dict[str, int] = {}
    for name, value in _assignments(source, tokens):
        word = name.text.lower()
        if word in found:
            raise source.refusal(name.start, f"{word} is given twice; keep one")
        if {"epsilon", "margin_of_error"} <= {word, *found}:
            raise source.refusal(name.start, "epsilon and margin_of_error both set the price; keep one of them")
        places[word] = name.start
        found[word] = _value(source, value, word)
    if "delta" in found and "private_keys" not in found:
        message = "delta is what private keys cost, and the agreement sets that of everything else; leave it out"
        raise source.refusal(places["delta"], message)
    return Options(**found)  # type: ignore[arg-type]  # each of _OPTIONS with a value of its type


def _value(source: Source, token: Token, word: str) -> float | int | bool:
    if word == "private_keys":
        return True
    return _limit(source, token, word) if word.startswith("max_") else _positive(source, token, word)


def _assignments(source: Source, tokens: tuple[Token, ...]) -> Iterator[tuple[Token, Token]]:
    """The pairs of `name = number, name = number`, of known names."""
    for start in range(0, len(tokens), 4):
        name, *rest = tokens[start : start + 4]
        if name.token_type is not TokenType.VAR:
            raise source.refusal(name.start, f"the name of an option is needed here: {_KNOWN}")
        if name.text.lower() not in _OPTIONS:
            advice = _ADVICE.get(name.text.lower(), f"known are {_KNOWN}")
            raise source.refusal(name.start, f"{shown(name.text)} is not an option here; {advice}")
        if not rest or rest[0].token_type is not TokenType.EQ or rest[0].text != "=":
            wanted = "TRUE" if name.text.lower() == "private_keys" else "a number"
            raise source.refusal(name.start, f"write {shown(name.text)[1:-1]} = and {wanted}")
        if name.text.lower() == "private_keys":
            if len(rest) < 2 or rest[1].token_type is not TokenType.TRUE:
                at = rest[min(1, len(rest) - 1)].start
                raise source.refusal(at, "private_keys is TRUE; without it leave the option out")
        elif len(rest) < 2 or rest[1].token_type is not TokenType.NUMBER:
            raise source.refusal(rest[min(1, len(rest) - 1)].start, "a positive number in digits is needed here")
        yield name, rest[1]
        if len(rest) == 3 and (rest[2].token_type is not TokenType.COMMA or start + 4 == len(tokens)):
            raise source.refusal(rest[2].start, "between options stands one comma, after the last none")


def _positive(source: Source, token: Token, name: str) -> float:
    try:
        value = float(token.text)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise source.refusal(token.start, f"{name} is a positive number such as {_EXAMPLES[name]}")
    return value


def _limit(source: Source, token: Token, name: str) -> int:
    if not (token.text.isascii() and token.text.isdigit() and len(token.text) <= len(str(MAX_CONTRIBUTED))):
        raise source.refusal(token.start, f"{name} is a whole number from 1 to {MAX_CONTRIBUTED}")
    if not 1 <= int(token.text) <= MAX_CONTRIBUTED:
        raise source.refusal(token.start, f"{name} is a whole number from 1 to {MAX_CONTRIBUTED}")
    return int(token.text)
