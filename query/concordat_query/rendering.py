"""Conditions and scalars as people read them: the SQL text that would say the same."""

from datetime import date

from concordat_query.canonical import decimal_text
from concordat_query.model import (
    Calculation,
    Case,
    Comparison,
    Condition,
    Conjunction,
    DatePart,
    Disjunction,
    Literal,
    Membership,
    Negation,
    NullTest,
    RowOperator,
    Scalar,
    Value,
    WidthBucket,
)


def condition_text(condition: Condition) -> str:
    """The condition as SQL, with no more brackets than needed: "year >= 2014 AND mode IN ('Car', 'Bus')"."""
    match condition:
        case Comparison(Calculation(RowOperator.MINUS, left, right), comparator, literal) if not literal:
            return f"{scalar_text(left)} {comparator.value} {scalar_text(right)}"
        case Comparison(scalar, comparator, literal):
            return f"{scalar_text(scalar)} {comparator.value} {literal_text(literal)}"
        case Membership(scalar, literals):
            return f"{scalar_text(scalar)} IN ({_list_text(literals)})"
        case NullTest(scalar):
            return f"{scalar_text(scalar)} IS NULL"
        case Negation(Membership(scalar, literals)):
            return f"{scalar_text(scalar)} NOT IN ({_list_text(literals)})"
        case Negation(NullTest(scalar)):
            return f"{scalar_text(scalar)} IS NOT NULL"
        case Negation(term):
            return f"NOT {_bracketed(term)}"
        case Conjunction(terms):
            return " AND ".join(_bracketed(term) for term in terms)
        case Disjunction(terms):
            return " OR ".join(_bracketed(term) for term in terms)


def scalar_text(scalar: Scalar) -> str:
    """A scalar as SQL, with brackets around calculations within calculations."""
    match scalar:
        case str():
            return scalar
        case Value(literal):
            return "NULL" if literal is None else literal_text(literal)
        case Calculation(RowOperator.DIV | RowOperator.MOD as operator, left, right):
            return f"{operator.value}({scalar_text(left)}, {scalar_text(right)})"
        case Calculation(operator, left, right):
            return f"{_operand(left)} {operator.value} {_operand(right)}"
        case WidthBucket(number, lower, upper, count):
            return f"WIDTH_BUCKET({scalar_text(number)}, {decimal_text(lower)}, {decimal_text(upper)}, {count})"
        case DatePart(part, day):
            return f"EXTRACT({part.value} FROM {scalar_text(day)})"
        case Case(branches, otherwise):
            cases = " ".join(f"WHEN {condition_text(when)} THEN {scalar_text(then)}" for when, then in branches)
            rest = "" if otherwise == Value(None) else f" ELSE {scalar_text(otherwise)}"
            return f"CASE {cases}{rest} END"


def _operand(scalar: Scalar) -> str:
    text = scalar_text(scalar)
    infix = isinstance(scalar, Calculation) and scalar.operator not in (RowOperator.DIV, RowOperator.MOD)
    return f"({text})" if infix else text


def literal_text(literal: Literal) -> str:
    """A literal as SQL: text in single quotes, a number in its canonical notation, a date after DATE."""
    match literal:
        case str():
            return "'" + literal.replace("'", "''") + "'"
        case date():
            return f"DATE '{literal.isoformat()}'"
    return decimal_text(literal)


def _list_text(literals: tuple[Literal, ...]) -> str:
    return ", ".join(literal_text(literal) for literal in literals)


def _bracketed(term: Condition) -> str:
    text = condition_text(term)
    return f"({text})" if isinstance(term, Conjunction | Disjunction) else text
