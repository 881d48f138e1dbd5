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

from concordat_query.catalogue import ByDefinition, CellKey, Dataset
from concordat_query.domains import domain_of, domain_size
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Condition, Conjunction, Disjunction, Negation, Scalar, columns_in, columns_of
from concordat_query.row_values import truth, value_of
from concordat_query.sizes import condition_size, size_of

MAX_ASSIGNMENTS = 100_000
MAX_JUDGED = 1_000_000
"""Assignments times the size of what is asked of each, of one condition and of all of a query's together: a second or
so, for everyone who judges a coverage."""


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

    @cached_property
    def bounding(self) -> frozenset[str]:
        """The columns that any condition here reads."""
        return _bounding([*self._limited.values(), *([] if self.rows is None else [self.rows])])

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
            if not columns_in(condition.scalar).isdisjoint(unknown):
                return True, True
            value = truth(condition, row)
            return value is True, value is False


def held_by_cell(
    dataset: Dataset,
    coverage: Coverage,
    where: Condition | None,
    keys: Sequence[Scalar],
    columns: Iterable[str],
) -> list[Held]:
    """How much of a value is held in every cell, in cell order (the last key running fastest).

    `columns` are those that the value itself reads; the columns of `where` and `keys` count for every value.
    """
    read = _read(where, keys, columns)
    if coverage.lacks(read):
        return [Held.NOTHING] * _count_cells(dataset, keys)
    limits = _limits(coverage, read)
    if not limits:
        return [Held.ALL] * _count_cells(dataset, keys)
    return list(_held_by_cell(ByDefinition(dataset), limits, _terms_reading(where, _bounding(limits)), tuple(keys)))


def deciding(coverage: Coverage, where: Condition | None) -> Condition | None:
    """What of WHERE may decide how much of some value is held. Its columns must be among those that are read all the
    same."""
    return _terms_reading(where, coverage.bounding)


def judged(
    dataset: Dataset,
    coverage: Coverage,
    where: Condition | None,
    keys: Sequence[Scalar],
    columns: Iterable[str],
) -> int:
    """What `held_by_cell` has to judge for the same: assignments times the size of what is asked of each."""
    read = _read(where, keys, columns)
    limits = _limits(coverage, read)
    if not limits or coverage.lacks(read):
        return 0
    bounding = _bounding(limits)
    return _judged(dataset, bounding, _terms_reading(where, bounding), _shared(keys, bounding))


def check_judged(judging: int) -> None:
    """Refuses what would take too long to judge."""
    if judging > MAX_JUDGED:
        raise Refusal(
            Reason.TOO_MANY_CELLS,
            "WHERE, FILTER or the group keys are too long, all together, for the conditions under which a node holds "
            "its data; shorten them, or ask in several queries",
            field="query.where",
        )


def _read(where: Condition | None, keys: Sequence[Scalar], columns: Iterable[str]) -> frozenset[str]:
    return frozenset(columns).union(columns_of(where), *(columns_in(key) for key in keys))


def _limits(coverage: Coverage, read: frozenset[str]) -> tuple[Condition, ...]:
    return tuple(limit for limit in (coverage.rows, coverage.condition(read)) if limit is not None)


def _bounding(limits: Sequence[Condition]) -> frozenset[str]:
    return frozenset().union(*(columns_of(limit) for limit in limits))


def _shared(keys: Sequence[Scalar], bounding: frozenset[str]) -> list[Scalar]:
    """The keys that the columns of coverage alone decide."""
    return [key for key in keys if columns_in(key) and columns_in(key) <= bounding]


def _judged(dataset: Dataset, bounding: frozenset[str], where: Condition | None, shared: Sequence[Scalar]) -> int:
    assignments = math.prod(len(dataset.column(name).domain) for name in bounding)
    return assignments * (sum(size_of(key) for key in shared) + (0 if where is None else condition_size(where)))


def _count_cells(dataset: Dataset, keys: Sequence[Scalar]) -> int:
    return math.prod(domain_size(key, dataset) for key in keys)


def _terms_reading(where: Condition | None, columns: frozenset[str]) -> Condition | None:
    """The terms of a conjunction that read one of these columns.

    The others may always be true where only these columns are known, so they decide nothing: queries that differ in
    them alone share an entry of the cache.
    """
    terms = where.terms if isinstance(where, Conjunction) else () if where is None else (where,)
    deciding = tuple(term for term in terms if not columns.isdisjoint(columns_of(term)))
    return Conjunction(deciding) if deciding else None


@lru_cache(maxsize=512)  # nodes of one nation, and both ends of a query, ask the same
def _held_by_cell(
    definition: ByDefinition,
    limits: tuple[Condition, ...],
    where: Condition | None,
    keys: tuple[Scalar, ...],
) -> tuple[Held, ...]:
    """`held_by_cell` under `limits`, of which there is at least one."""
    dataset = definition.dataset
    bounding = _bounding(limits)
    shared = _shared(keys, bounding)
    reach = _reach_by_projection(dataset, limits, where, sorted(bounding), shared)
    places = [index for index, key in enumerate(keys) if key in shared]
    cells = itertools.product(*(domain_of(key, dataset).values for key in keys))
    return tuple(reach.get(tuple(cell[index] for index in places), Held.ALL) for cell in cells)


def _reach_by_projection(
    dataset: Dataset,
    limits: Sequence[Condition],
    where: Condition | None,
    bounding: Sequence[str],
    shared: Sequence[Scalar],
) -> dict[tuple[CellKey, ...], Held]:
    """For every combination of the keys that coverage alone decides: is what WHERE may reach there held?

    A combination that WHERE cannot reach at all asks for nothing: it is held exactly where its own rows would be.
    Combinations that no row can have are missing: nothing lacks there.
    """
    domains = [dataset.column(name).domain for name in bounding]
    assignments = math.prod(len(domain) for domain in domains)
    if assignments > MAX_ASSIGNMENTS:
        raise Refusal(Reason.TOO_MANY_CELLS, "the mapping's coverage depends on too many combinations of values")
    check_judged(_judged(dataset, frozenset(bounding), where, shared))
    unknown = frozenset(dataset.by_name) - frozenset(bounding)
    asked: dict[tuple[CellKey, ...], set[bool]] = {}
    anyway: dict[tuple[CellKey, ...], set[bool]] = {}
    for values in itertools.product(*domains):
        row = dict(zip(bounding, values, strict=True))
        projection = tuple(value_of(key, row) for key in shared)
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
