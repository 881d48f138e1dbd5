"""What a scalar allows: the literals it is compared with, the statistics taken of it, grouping by it.

Shared by the reading of SQL, which adds the place in the text, and by the check of typed queries, which adds the
field. A message names columns and codes of the catalogue, never the literal at fault.
"""

import difflib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from concordat_query.canonical import decimal_text
from concordat_query.catalogue import RESERVED_NAMES, Column, Dataset
from concordat_query.domains import domain_of
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    COUNTS_WITHOUT_SCALAR,
    OF_TWO_SCALARS,
    SPREADS,
    Calculus,
    Comparator,
    Literal,
    Query,
    Scalar,
    Statistic,
    columns_in,
)
from concordat_query.scalar_types import MAX_SPREAD, MAX_STORED, ScalarType

MAX_NUMBER = 2**31
"""Columns hold nothing beyond this (in their own units), so no literal needs to be larger."""
_UNORDERED = (Comparator.EQUAL, Comparator.NOT_EQUAL)
_NAMED = 12
_SHORT = 3
MAX_LABEL = 200
MAX_DELTA_E15 = 10**13
MAX_CELLS = 10_000
"""That the keys of one query may make."""


def find_column(columns: Mapping[str, Column], name: str) -> Column:
    """The column of that name. Refuses UNKNOWN_COLUMN with the nearest name."""
    if name in columns:
        return columns[name]
    if name in RESERVED_NAMES:
        raise Refusal(Reason.UNKNOWN_COLUMN, f"{name} is an attribute of nodes, not a column, and cannot stand here")
    raise Refusal(Reason.UNKNOWN_COLUMN, f"there is no such column; {nearest(name, columns, 'there are')}")


def check_literal(kind: ScalarType, what: str, comparator: Comparator, literal: Literal) -> None:
    """Refuses a comparison that the type does not have: WRONG_TYPE, or UNKNOWN_CODE with the nearest code.

    `what` is what is compared, as messages call it: a column's name, or "the expression".
    """
    match kind.kind:
        case "number":
            _check_number(kind, what, literal)
        case "date":
            if not isinstance(literal, date):
                raise Refusal(Reason.WRONG_TYPE, f"{what} holds dates; write DATE '2024-02-29'")
        case "code":
            _check_code(kind, what, comparator, literal)
        case "text":
            raise Refusal(
                Reason.WRONG_TYPE,
                f"{what} holds private texts: a condition may only ask IS NULL or IS NOT NULL of it; group by it with "
                "private_keys = TRUE, and choose among the rows of the result by HAVING",
            )


def _check_code(kind: ScalarType, what: str, comparator: Comparator, literal: Literal) -> None:
    if not isinstance(literal, str):
        raise Refusal(Reason.WRONG_TYPE, f"{what} holds codes; compare it with a text such as {kind.codes[0]!r}")
    if comparator not in _UNORDERED:
        raise Refusal(Reason.WRONG_TYPE, f"{what} holds codes, which have no order; use =, <>, IN or NOT IN")
    if literal not in kind.codes:
        raise Refusal(Reason.UNKNOWN_CODE, f"{what} has no such code; {nearest(literal, kind.codes, 'its codes are')}")


def _check_number(kind: ScalarType, what: str, literal: Literal) -> None:
    if not isinstance(literal, Decimal):
        raise Refusal(Reason.WRONG_TYPE, f"{what} holds numbers; write the number without quotes")
    if not literal.is_finite() or abs(literal) > MAX_NUMBER:
        raise Refusal(Reason.WRONG_TYPE, f"{what} never goes beyond {MAX_NUMBER}; write a smaller number")
    if len(decimal_text(literal).partition(".")[2]) > kind.decimals:
        allowed = f"at most {kind.decimals} decimals" if kind.decimals else "whole numbers only"
        raise Refusal(Reason.WRONG_TYPE, f"{what} has {allowed}; round the number")


def check_result(literal: Literal) -> None:
    """Refuses a text that a CASE cannot give: it is shown in every row of the result."""
    if isinstance(literal, str) and not (1 <= len(literal) <= MAX_LABEL and literal.isprintable()):
        raise Refusal(
            Reason.WRONG_TYPE, f"a text of CASE has 1 to {MAX_LABEL} printable characters; write a short label"
        )


def check_statistic(kind: ScalarType, what: str, statistic: Statistic) -> None:
    """Refuses sums, means and variances of what is not a number or could be too large to add up."""
    if statistic in COUNTS_WITHOUT_SCALAR or statistic is Statistic.COUNT_VALUES:
        return
    if kind.kind == "code":
        raise Refusal(
            Reason.WRONG_TYPE,
            f"{statistic.value} needs numbers and {what} holds codes; use COUNT, COUNTIF or GROUP BY",
        )
    if kind.kind == "text":
        raise Refusal(
            Reason.WRONG_TYPE, f"{statistic.value} needs numbers and {what} holds private texts; use COUNT or GROUP BY"
        )
    if kind.kind == "date":
        raise Refusal(
            Reason.WRONG_TYPE,
            f"{statistic.value} needs numbers and {what} holds dates; use EXTRACT, or the days between two dates",
        )
    if kind.largest > MAX_STORED:
        raise Refusal(Reason.WRONG_TYPE, f"{what} could reach numbers too large to add up; use smaller factors")
    if statistic in SPREADS | OF_TWO_SCALARS and kind.upper - kind.lower > MAX_SPREAD:
        raise Refusal(
            Reason.WRONG_TYPE,
            f"{what} has bounds too far apart for squares or products: over {MAX_SPREAD} steps of its last decimal; "
            "use DIV or WIDTH_BUCKET, or fewer decimals",
        )


def check_key(key: Scalar, dataset: Dataset) -> None:
    """Refuses grouping by what has no finite public domain."""
    if not columns_in(key):
        raise Refusal(Reason.KEY_WITHOUT_DOMAIN, "a group key depends on a column; this one is the same for every row")
    if isinstance(key, str):
        check_key_column(find_column(dataset.by_name, key), key)
    else:
        domain_of(key, dataset)


def check_key_column(column: Column, name: str) -> None:
    """Refuses grouping by a column whose values are not listed. What private texts demand: `check_private_keys`."""
    if column.may_be_key or column.type == "text":
        return
    if column.type == "date":
        advice = f"group by EXTRACT(YEAR FROM {name}), EXTRACT(QUARTER FROM {name}) or EXTRACT(MONTH FROM {name})"
    elif column.decimals:
        advice = f"group by WIDTH_BUCKET({name}, {column.lower}, {column.upper}, 10) or a CASE with literal results"
    else:
        advice = f"group by DIV({name}, 10) * 10, a WIDTH_BUCKET, or a CASE with literal results"
    raise Refusal(Reason.KEY_WITHOUT_DOMAIN, f"{name} has no list of values to group by; {advice}")


def check_private_keys(query: Query, dataset: Dataset) -> str | None:
    """The key that is a column of private texts, if there is one. Refuses a second, one in pure epsilon or of units
    that are not the account's own, and one without a delta or a delta without one."""
    delta_e15 = query.delta_e15
    texts = [key for key in query.keys if isinstance(key, str) and find_column(dataset.by_name, key).type == "text"]
    if len(texts) > 1:
        raise Refusal(
            Reason.PRIVATE_KEY,
            f"{texts[0]} and {texts[1]} hold private texts, and a query has one such key; leave one out",
        )
    if texts and query.calculus is Calculus.PURE:
        raise Refusal(
            Reason.PRIVATE_KEY,
            f"{texts[0]} holds private texts, and an account in pure epsilon has no delta with which to find out any; "
            "group by columns with codes",
        )
    if texts and dataset.encloses is not None:
        raise Refusal(
            Reason.PRIVATE_KEY,
            f"{texts[0]} holds private texts, and a threshold on units of which each encloses more than one "
            f"{dataset.encloses} says too little of one of them; group by columns with codes",
        )
    if texts and not delta_e15:
        raise private_key_refused(texts[0])
    if (delta_e15 or query.max_cells) and not texts:
        raise Refusal(
            Reason.PRIVATE_KEY, "private_keys and delta are for grouping by a column of private texts; leave them out"
        )
    if not 0 <= delta_e15 < MAX_DELTA_E15:
        raise Refusal(Reason.INVALID_PRICE, "delta is a positive number below 0.01, such as 1e-8")
    return texts[0] if texts else None


def private_key_refused(name: str) -> Refusal:
    """Why a column of texts cannot be grouped by like one of codes, and what to write."""
    return Refusal(
        Reason.PRIVATE_KEY,
        f"{name} holds private texts, so the data would decide which groups exist; where the agreement allows it, "
        "write SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (private_keys = TRUE): texts that enough units have are shown, "
        "all others together",
    )


def nearest(word: str, known: Iterable[str], otherwise: str) -> str:
    """The end of a message: "did you mean ...?" where one is near, else the first of what there is."""
    by_folded = {name.casefold(): name for name in known}
    folded = word.casefold()
    holding = [name for name in by_folded if len(folded) > _SHORT and folded in name]
    if len(holding) == 1:
        return f"did you mean {by_folded[holding[0]]!r}?"
    near = difflib.get_close_matches(word.casefold()[:200], by_folded, n=1, cutoff=0.6)
    if near:
        return f"did you mean {by_folded[near[0]]!r}?"
    first = ", ".join(repr(name) for name in list(by_folded.values())[:_NAMED])
    return f"{otherwise} {first}" + (" and more" if len(by_folded) > _NAMED else "")
