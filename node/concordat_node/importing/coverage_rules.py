"""From a mapping's words on what it holds to a `Coverage`, refusing what could not be public and the same for all.

Every condition reads columns with a finite public domain that are themselves held without conditions, so that which
cells a node holds follows from the catalogue and the mapping alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from concordat_query.catalogue import Dataset
from concordat_query.coverage import MAX_ASSIGNMENTS, ColumnCoverage, Coverage
from concordat_query.errors import ConcordatError, Reason, Refusal
from concordat_query.model import Condition, columns_of
from concordat_query.text import parse_condition


@dataclass(frozen=True)
class Holding:
    """What a mapping says of one column: `rows` is the text of a condition, or None for all rows that are held."""

    column: str
    held: bool
    rows: str | None
    difference: str


def coverage_of(rows: str | None, holdings: Sequence[Holding], dataset: Dataset) -> Coverage:
    """The coverage of these holdings. Refuses with the key at fault ("holds.columns.age.rows")."""
    coverage = Coverage(
        _condition("holds.rows", rows, dataset),
        tuple(
            ColumnCoverage(
                holding.column,
                holding.held,
                _condition(f"holds.columns.{holding.column}.rows", holding.rows, dataset),
                holding.difference,
            )
            for holding in sorted(holdings, key=lambda holding: holding.column)
        ),
    )
    _check_required_columns(coverage, dataset)
    _check_conditions(coverage, dataset)
    return coverage


def _condition(key: str, text: str | None, dataset: Dataset) -> Condition | None:
    if text is None:
        return None
    try:
        return parse_condition(text, dataset)
    except ConcordatError as error:
        place = f"{key}: {error.field}" if error.field else key
        raise Refusal(error.reason, error.message, field=place) from None


def _check_conditions(coverage: Coverage, dataset: Dataset) -> None:
    conditions = [("holds.rows", coverage.rows)]
    for entry in coverage.columns:
        if entry.rows is not None and not entry.held:
            raise _fault(f"holds.columns.{entry.column}.rows", "the column is not held at all; remove one of the two")
        conditions.append((f"holds.columns.{entry.column}.rows", entry.rows))
        _check_constancy(entry, dataset)
    read: set[str] = set()
    for key, condition in conditions:
        for name in sorted(columns_of(condition)):
            _check_readable(key, name, coverage, dataset)
            read.add(name)
    if prod(len(dataset.column(name).domain) for name in read) > MAX_ASSIGNMENTS:
        raise _fault("holds", "the conditions depend on too many combinations of values; use fewer or smaller columns")


def _check_readable(key: str, name: str, coverage: Coverage, dataset: Dataset) -> None:
    if not dataset.column(name).may_be_key:
        raise _fault(key, f"column {name!r} has no finite public domain; use a column that may be a group key")
    entry = coverage.of(name)
    if not entry.held or entry.rows is not None:
        raise _fault(key, f"column {name!r} is itself not held everywhere; use columns that are")


def _check_constancy(entry: ColumnCoverage, dataset: Dataset) -> None:
    """A column that is constant within a unit must be held for all of a unit's rows or for none of them."""
    if entry.rows is None or not dataset.constant_within_unit(entry.column):
        return
    for name in sorted(columns_of(entry.rows)):
        if not dataset.constant_within_unit(name):
            raise _fault(
                f"holds.columns.{entry.column}.rows",
                f"{entry.column!r} is constant within a unit and {name!r} is not: use columns that are",
            )


def _check_required_columns(coverage: Coverage, dataset: Dataset) -> None:
    for column in dataset.columns:
        entry = coverage.of(column.name)
        if not column.nullable and not (entry.held and entry.rows is None):
            raise _fault(
                f"holds.columns.{column.name}",
                "the catalogue does not let this column be missing, so it must be held for all rows",
            )


def _fault(key: str, what: str) -> Refusal:
    return Refusal(Reason.WRONG_FILE, what, field=key)
