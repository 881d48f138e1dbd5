"""Conditions as people read them: the SQL text that would say the same."""

from concordat_query.canonical import decimal_text
from concordat_query.model import (
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Literal,
    Membership,
    Negation,
    NullTest,
)


def condition_text(condition: Condition) -> str:
    """The condition as SQL, with no more brackets than needed: "year >= 2014 AND mode IN ('Car', 'Bus')"."""
    match condition:
        case Comparison(column, comparator, literal):
            return f"{column} {comparator.value} {literal_text(literal)}"
        case Membership(column, literals):
            return f"{column} IN ({_list_text(literals)})"
        case NullTest(column):
            return f"{column} IS NULL"
        case Negation(Membership(column, literals)):
            return f"{column} NOT IN ({_list_text(literals)})"
        case Negation(NullTest(column)):
            return f"{column} IS NOT NULL"
        case Negation(term):
            return f"NOT {_bracketed(term)}"
        case Conjunction(terms):
            return " AND ".join(_bracketed(term) for term in terms)
        case Disjunction(terms):
            return " OR ".join(_bracketed(term) for term in terms)


def literal_text(literal: Literal) -> str:
    """A literal as SQL: text in single quotes, a number in its canonical notation."""
    if isinstance(literal, str):
        return "'" + literal.replace("'", "''") + "'"
    return decimal_text(literal)


def _list_text(literals: tuple[Literal, ...]) -> str:
    return ", ".join(literal_text(literal) for literal in literals)


def _bracketed(term: Condition) -> str:
    text = condition_text(term)
    return f"({text})" if isinstance(term, Conjunction | Disjunction) else text
