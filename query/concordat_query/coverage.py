"""What a node declares to hold, and what follows for each cell of a query: all of it, a part, or nothing.

Coverage is public and versioned (it stands in the mapping), so every party derives the same statuses. Nothing here
looks at data.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache

from concordat_query.catalogue import CellKey, Dataset
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Membership,
    Negation,
    NullTest,
    columns_of,
)

MAX_ASSIGNMENTS = 100_000


@dataclass(frozen=True)
class ColumnCoverage:
    """What is held of one column: nothing, or the rows that satisfy `rows` (None: all that the node holds)."""

    column: str
    held: bool = True
    rows: Condition | None = None
    difference: str = ""


@lru_cache(maxsize=512)  # most columns are held without conditions, and every note asks for each
def _unconditional(column: str) -> ColumnCoverage:
    return ColumnCoverage(column)


@dataclass(frozen=True)
class Coverage:
    """What is held of one data set. Conditions here read key columns only (finite domains)."""

    rows: Condition | None = None
    columns: tuple[ColumnCoverage, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, ColumnCoverage]:
        return {entry.column: entry for entry in reversed(self.columns)}  # the first of a name counts

    def of(self, column: str) -> ColumnCoverage:
        return self._by_name.get(column) or _unconditional(column)

    @cached_property
    def _limited(self) -> dict[str, Condition]:
        return {name: entry.rows for name, entry in self._by_name.items() if entry.rows is not None}

    @cached_property
    def _lacking(self) -> frozenset[str]:
        return frozenset(name for name, entry in self._by_name.items() if not entry.held)

    def condition(self, columns: Iterable[str]) -> Condition | None:
        """For which rows all of these columns are held; None when for all that the node holds."""
        limited = self._limited
        unique = tuple(dict.fromkeys(limited[name] for name in sorted(limited.keys() & columns)))
        return None if not unique else unique[0] if len(unique) == 1 else Conjunction(unique)

    def lacks(self, columns: Iterable[str]) -> bool:
        """Whether one of these columns is not held at all."""
        return not self._lacking.isdisjoint(columns)


class Held(IntEnum):
    """How much of what a value asks for a node holds."""

    NOTHING = 0
    PART = 1
    ALL = 2


def truth(condition: Condition | None, row: Mapping[str, CellKey]) -> bool | None:
    """SQL's three-valued truth of a condition on a partial row.

    None means "unknown": a NULL was compared, or a column is not in `row` at all.
    """
    match condition:
        case None:
            return True
        case NullTest(column):
            return row[column] is None if column in row else None
        case Comparison(column, comparator, literal):
            value = row.get(column)
            return None if value is None else _compare(value, comparator, literal)
        case Membership(column, literals):
            value = row.get(column)
            return None if value is None else value in literals
        case Conjunction(terms):
            values = [truth(term, row) for term in terms]
            return False if False in values else None if None in values else True
        case Disjunction(terms):
            values = [truth(term, row) for term in terms]
            return True if True in values else None if None in values else False
        case Negation(term):
            inner = truth(term, row)
            return None if inner is None else not inner


def _compare(value: CellKey, comparator: Comparator, literal: CellKey) -> bool:
    match comparator:
        case Comparator.EQUAL:
            return value == literal
        case Comparator.NOT_EQUAL:
            return value != literal
        case Comparator.LESS:
            return value < literal  # type: ignore[operator]  # checked: only numbers are ordered
        case Comparator.LESS_OR_EQUAL:
            return value <= literal  # type: ignore[operator]
        case Comparator.GREATER:
            return value > literal  # type: ignore[operator]
        case Comparator.GREATER_OR_EQUAL:
            return value >= literal  # type: ignore[operator]


def possible(condition: Condition | None, row: Mapping[str, CellKey], unknown: frozenset[str]) -> bool:
    """Whether some completion of `row` by values of the `unknown` columns may satisfy the condition.

    Never wrongly False; may be wrongly True where unknown columns constrain each other.
    """
    return _reach(condition, row, unknown)[0]


def _reach(condition: Condition | None, row: Mapping[str, CellKey], unknown: frozenset[str]) -> tuple[bool, bool]:
    """(may be true, may be false). Where a NULL is compared neither can be, so the two are tracked apart."""
    match condition:
        case None:
            return True, False
        case Conjunction(terms):
            reached = [_reach(term, row, unknown) for term in terms]
            return all(r[0] for r in reached), any(r[1] for r in reached)
        case Disjunction(terms):
            reached = [_reach(term, row, unknown) for term in terms]
            return any(r[0] for r in reached), all(r[1] for r in reached)
        case Negation(term):
            may_be_true, may_be_false = _reach(term, row, unknown)
            return may_be_false, may_be_true
        case _:
            if condition.column in unknown:
                return True, True
            value = truth(condition, row)
            return value is True, value is False


def held_by_cell(
    dataset: Dataset,
    coverage: Coverage,
    where: Condition | None,
    keys: Sequence[str],
    columns: Iterable[str],
) -> list[Held]:
    """How much of a value is held in every cell, in cell order (the last key running fastest).

    `columns` are those that the value itself reads; the columns of `where` and `keys` count for every value.
    """
    read = frozenset(columns) | frozenset(keys) | columns_of(where)
    if coverage.lacks(read):
        return [Held.NOTHING] * _count_cells(dataset, keys)
    limits = tuple(limit for limit in (coverage.rows, coverage.condition(read)) if limit is not None)
    if not limits:
        return [Held.ALL] * _count_cells(dataset, keys)
    bounding = frozenset().union(*(columns_of(limit) for limit in limits))
    return list(_held_by_cell(ByDefinition(dataset), limits, _terms_reading(where, bounding), tuple(keys)))


def _count_cells(dataset: Dataset, keys: Sequence[str]) -> int:
    return math.prod(len(dataset.column(key).domain) for key in keys)


def _terms_reading(where: Condition | None, columns: frozenset[str]) -> Condition | None:
    """The terms of a conjunction that read one of these columns.

    The others may always be true where only these columns are known, so they decide nothing: queries that differ in
    them alone share an entry of the cache.
    """
    terms = where.terms if isinstance(where, Conjunction) else () if where is None else (where,)
    deciding = tuple(term for term in terms if not columns.isdisjoint(columns_of(term)))
    return Conjunction(deciding) if deciding else None


@dataclass(frozen=True, eq=False)
class ByDefinition:
    """A data set that caches tell apart by its definition's hash; comparing whole definitions would cost more."""

    dataset: Dataset

    def __hash__(self) -> int:
        return hash(self.dataset.definition_sha256)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByDefinition) and other.dataset.definition_sha256 == self.dataset.definition_sha256


@lru_cache(maxsize=512)  # nodes of one nation, and both ends of a query, ask the same
def _held_by_cell(
    definition: ByDefinition,
    limits: tuple[Condition, ...],
    where: Condition | None,
    keys: tuple[str, ...],
) -> tuple[Held, ...]:
    """`held_by_cell` under `limits`, of which there is at least one."""
    dataset = definition.dataset
    cells = itertools.product(*(dataset.column(key).domain for key in keys))
    bounding = sorted(frozenset().union(*(columns_of(condition) for condition in limits)))
    reach = _reach_by_projection(dataset, limits, where, bounding, [key for key in keys if key in bounding])
    shared = [index for index, key in enumerate(keys) if key in bounding]
    return tuple(reach[tuple(cell[index] for index in shared)] for cell in cells)


def _reach_by_projection(
    dataset: Dataset,
    limits: Sequence[Condition],
    where: Condition | None,
    bounding: Sequence[str],
    shared: Sequence[str],
) -> dict[tuple[CellKey, ...], Held]:
    """For every combination of the keys that coverage depends on: is what WHERE may reach there held?

    A combination that WHERE cannot reach at all asks for nothing: it is held exactly where its own rows would be.
    """
    domains = [dataset.column(name).domain for name in bounding]
    size = 1
    for domain in domains:
        size *= len(domain)
    if size > MAX_ASSIGNMENTS:
        raise Refusal(Reason.TOO_MANY_CELLS, "the mapping's coverage depends on too many combinations of values")
    unknown = frozenset(dataset.by_name) - frozenset(bounding)
    asked: dict[tuple[CellKey, ...], set[bool]] = {}
    anyway: dict[tuple[CellKey, ...], set[bool]] = {}
    for values in itertools.product(*domains):
        row = dict(zip(bounding, values, strict=True))
        projection = tuple(row[name] for name in shared)
        inside = all(truth(limit, row) is True for limit in limits)
        anyway.setdefault(projection, set()).add(inside)
        if possible(where, row, unknown):
            asked.setdefault(projection, set()).add(inside)
    return {
        projection: _held(asked[projection])
        if projection in asked
        else (Held.NOTHING if True not in found else Held.ALL)
        for projection, found in anyway.items()
    }


def _held(found: set[bool]) -> Held:
    return Held.PART if len(found) == 2 else Held.ALL if True in found else Held.NOTHING
