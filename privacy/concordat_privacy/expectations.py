"""How many units to expect in each cell of a query, from a node's profile or from what the catalogue declares.

A guide for margins told before anything is spent, never a figure to publish: what is not known of how columns go
together is taken as independence.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from concordat_query.catalogue import CellKey, Column, Dataset
from concordat_query.coverage import Coverage
from concordat_query.domains import domain_of, domain_size
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Condition, Conjunction, Scalar, columns_in, columns_of
from concordat_query.row_values import truth, value_of
from concordat_query.rules import MAX_CELLS

from concordat_privacy.profile import ProfilePlan, Subject

MAX_COMBINATIONS = 100_000
_SAMPLE = 1_000
"""So many evenly spaced values stand for a number column that has more."""


class Source(StrEnum):
    """Where an expectation comes from. The value is what people are told."""

    PROFILE = "the node's noisy profile of its edition"
    DECLARED = "the sizes that the catalogue expects"


@dataclass(frozen=True)
class Profile:
    """A node's profile, verified. `figures` are those of `plan.vectors`, noisy: they may be negative."""

    node: str
    nation: str
    edition: str
    coverage: Coverage
    plan: ProfilePlan
    figures: tuple[tuple[int, ...], ...]

    def of(self, subject: Subject, key: str | None = None) -> tuple[int, ...] | None:
        """The figures of one vector, if the profile has it."""
        for vector, figures in zip(self.plan.vectors, self.figures, strict=True):
            if (vector.subject, vector.key) == (subject, key):
                return figures
        return None


@dataclass(frozen=True)
class ExpectedSizes:
    """`units` has one entry for each cell, the last key running fastest.

    `assumed_even` names the columns of which nothing was known, so that every value was taken to be as frequent as any
    other. Several columns are taken to be independent of each other wherever `source` is.
    """

    units: tuple[float, ...]
    source: Source
    assumed_even: tuple[str, ...]


def expected_sizes(
    dataset: Dataset, where: Condition | None, keys: Sequence[Scalar], nation: str, profile: Profile | None
) -> ExpectedSizes | None:
    """The units to expect in each cell of `keys` (which have finite domains) among the rows that satisfy `where`.

    From the profile where there is one, else from `dataset.expected_units` of the nation; None where neither tells
    anything. A unit counts in a cell if it has a row there, so cells may add up to more than all units. Pure, and exact
    enough for a margin: negative noisy sizes count as 0, a part of `where` that reads too many values counts as always
    true. Refuses more than MAX_CELLS cells, keys without a domain and unknown columns.
    """
    if math.prod(domain_size(key, dataset) for key in keys) > MAX_CELLS:
        raise Refusal(Reason.TOO_MANY_CELLS, "the keys have too many cells", field="query.keys")
    units = _all_units(dataset, nation, profile)
    if units is None:
        return None
    read = columns_of(where).union(*(columns_in(key) for key in keys))
    known = _known(dataset, read, units, profile)
    shares = {name: known.get(name) or _even(dataset.column(name), whole=name in keys) for name in read}
    domains = [domain_of(key, dataset).values for key in keys]
    tables = [(group.positions, _chances(group, keys, domains, shares)) for group in _groups(where, keys)]
    found = tuple(
        units * math.prod(table.get(tuple(cell[i] for i in positions), 0.0) for positions, table in tables)
        for cell in itertools.product(*domains)
    )
    source = Source.DECLARED if profile is None else Source.PROFILE
    return ExpectedSizes(found, source, tuple(sorted(read - known.keys())))


def _all_units(dataset: Dataset, nation: str, profile: Profile | None) -> float | None:
    if profile is None:
        return dataset.expected_units.get(nation)
    (units,) = profile.of(Subject.UNITS) or (0,)
    return max(0, units)


Shares = Mapping[CellKey, float]
"""By value of one column: the share of units that have it."""


def _known(dataset: Dataset, names: Iterable[str], units: float, profile: Profile | None) -> dict[str, Shares]:
    """The shares that a profile tells. They are not divided by their sum: a unit counts under each of its values."""
    known: dict[str, Shares] = {}
    for name in names:
        sizes = None if profile is None else profile.of(Subject.SIZES, name)
        if sizes is not None:
            shares = (min(1.0, max(0, size) / units) if units else 0.0 for size in sizes)
            known[name] = dict(zip(dataset.column(name).domain, shares, strict=True))
    return known


def _even(column: Column, *, whole: bool) -> Shares:
    """Every value as frequent as any other: of the whole domain, or of evenly spaced values of one that is large."""
    width = column.fixed_upper - column.fixed_lower
    if whole or width < _SAMPLE:
        values = column.domain
    else:
        values = tuple(column.public(column.fixed_lower + width * i // (_SAMPLE - 1)) for i in range(_SAMPLE))
    return {value: 1 / len(values) for value in values}


@dataclass(frozen=True)
class _Group:
    """Terms of WHERE, and keys by position, that share no column with any other group."""

    columns: frozenset[str]
    terms: tuple[Condition, ...] = ()
    positions: tuple[int, ...] = ()


def _groups(where: Condition | None, keys: Sequence[Scalar]) -> list[_Group]:
    terms = where.terms if isinstance(where, Conjunction) else () if where is None else (where,)
    groups: list[_Group] = []
    for one in [
        *(_Group(columns_of(term), (term,)) for term in terms),
        *(_Group(columns_in(key), (), (position,)) for position, key in enumerate(keys)),
    ]:
        touched = [group for group in groups if not one.columns.isdisjoint(group.columns)]
        groups = [group for group in groups if group not in touched]
        parts = [*touched, one]
        groups.append(
            _Group(
                frozenset().union(*(part.columns for part in parts)),
                tuple(term for part in parts for term in part.terms),
                tuple(position for part in parts for position in part.positions),
            )
        )
    return groups


def _chances(
    group: _Group, keys: Sequence[Scalar], domains: Sequence[Sequence[CellKey]], shares: Mapping[str, Shares]
) -> dict[tuple[CellKey, ...], float]:
    """By values of the group's keys, the share of units with them for which its terms are true."""
    names = sorted(group.columns)
    if math.prod(len(shares[name]) for name in names) > MAX_COMBINATIONS:
        cells = list(itertools.product(*(domains[position] for position in group.positions)))
        return dict.fromkeys(cells, 1 / len(cells))
    found: dict[tuple[CellKey, ...], float] = {}
    for values in itertools.product(*(shares[name] for name in names)):
        row = dict(zip(names, values, strict=True))
        if truth(Conjunction(group.terms), row) is True:
            cell = tuple(value_of(keys[position], row) for position in group.positions)
            share = math.prod(shares[name][row[name]] for name in names)
            found[cell] = min(1.0, found.get(cell, 0.0) + share)
    return found
