"""What a column allows: the literals it is compared with, the statistics taken of it, grouping by it.

Shared by the reading of SQL, which adds the place in the text, and by the check of typed queries, which adds the
field. A message names columns and codes of the catalogue, never the literal at fault.
"""

import difflib
from collections.abc import Iterable, Mapping
from decimal import Decimal

from concordat_query.canonical import decimal_text
from concordat_query.catalogue import RESERVED_NAMES, Column
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Comparator, Literal, Statistic

MAX_NUMBER = 2**31
"""Columns hold nothing beyond this (in their own units), so no literal needs to be larger."""
_UNORDERED = (Comparator.EQUAL, Comparator.NOT_EQUAL)
_NAMED = 12


def find_column(columns: Mapping[str, Column], name: str) -> Column:
    """The column of that name. Refuses UNKNOWN_COLUMN with the nearest name."""
    if name in columns:
        return columns[name]
    if name in RESERVED_NAMES:
        raise Refusal(Reason.UNKNOWN_COLUMN, f"{name} is an attribute of nodes, not a column, and cannot stand here")
    raise Refusal(Reason.UNKNOWN_COLUMN, f"there is no such column; {nearest(name, columns, 'there are')}")


def check_literal(column: Column, name: str, comparator: Comparator, literal: Literal) -> None:
    """Refuses a comparison that the column's type does not have: WRONG_TYPE, or UNKNOWN_CODE with the nearest code."""
    if column.type == "number":
        _check_number(column, name, literal)
    elif isinstance(literal, Decimal):
        raise Refusal(Reason.WRONG_TYPE, f"{name} holds codes; compare it with a text such as {column.codes[0]!r}")
    elif comparator not in _UNORDERED:
        raise Refusal(Reason.WRONG_TYPE, f"{name} holds codes, which have no order; use =, <>, IN or NOT IN")
    elif literal not in column.codes:
        raise Refusal(
            Reason.UNKNOWN_CODE, f"{name} has no such code; {nearest(literal, column.codes, 'its codes are')}"
        )


def _check_number(column: Column, name: str, literal: Literal) -> None:
    if isinstance(literal, str):
        raise Refusal(Reason.WRONG_TYPE, f"{name} holds numbers; write the number without quotes")
    if not literal.is_finite() or abs(literal) > MAX_NUMBER:
        raise Refusal(Reason.WRONG_TYPE, f"{name} never goes beyond {MAX_NUMBER}; write a smaller number")
    if len(decimal_text(literal).partition(".")[2]) > column.decimals:
        allowed = f"at most {column.decimals} decimals" if column.decimals else "whole numbers only"
        raise Refusal(Reason.WRONG_TYPE, f"{name} has {allowed}; round the number")


def check_statistic(column: Column, name: str, statistic: Statistic) -> None:
    """Refuses sums and means of what is not a number."""
    if statistic in (Statistic.SUM, Statistic.AVG) and column.type != "number":
        raise Refusal(
            Reason.WRONG_TYPE,
            f"{statistic.value} needs numbers and {name} holds codes; use COUNT({name}), COUNTIF or GROUP BY {name}",
        )


def check_key(column: Column, name: str) -> None:
    """Refuses grouping by a column whose values are not listed."""
    if not column.may_be_key:
        raise Refusal(
            Reason.KEY_WITHOUT_DOMAIN,
            f"{name} has no list of values to group by; put bands of it into COUNTIF or WHERE",
        )


def nearest(word: str, known: Iterable[str], otherwise: str) -> str:
    """The end of a message: "did you mean ...?" where one is near, else the first of what there is."""
    by_folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold()[:200], by_folded, n=1, cutoff=0.6)
    if near:
        return f"did you mean {by_folded[near[0]]!r}?"
    first = ", ".join(repr(name) for name in list(by_folded.values())[:_NAMED])
    return f"{otherwise} {first}" + (" and more" if len(by_folded) > _NAMED else "")
