"""How many units to expect in each cell of a query, from a node's profile or from what the catalogue declares.

A guide for margins told before anything is spent, never a figure to publish: what is not known of how columns go
together is taken as independence.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from concordat_query.catalogue import CellKey, Column, Dataset
from concordat_query.coverage import Coverage, truth
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Condition, Conjunction, columns_of

from concordat_privacy.plan import MAX_CELLS
from concordat_privacy.profile import ProfilePlan, Subject, domain_size

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
    dataset: Dataset, where: Condition | None, keys: Sequence[str], nation: str, profile: Profile | None
) -> ExpectedSizes | None:
    """The units to expect in each cell of `keys` (columns with a finite domain) among the rows that satisfy `where`.

    From the profile where there is one, else from `dataset.expected_units` of the nation; None where neither tells
    anything. A unit counts in a cell if it has a row there, so cells may add up to more than all units. Pure and exact
    enough for a margin: negative noisy sizes count as 0. Refuses more than MAX_CELLS cells and unknown columns.
    """
    columns = [dataset.column(key) for key in keys]
    if math.prod(domain_size(column) for column in columns) > MAX_CELLS:
        raise Refusal(Reason.TOO_MANY_CELLS, "the keys have too many cells", field="query.keys")
    units = _all_units(dataset, nation, profile)
    if units is None:
        return None
    shares: dict[str, Shares] = {name: _even(_sample(dataset.column(name))) for name in columns_of(where)}
    shares |= {column.name: _even(column.domain) for column in columns}
    shares |= _known(dataset, shares, units, profile)
    weights = _Weights(shares, _factors(where, shares, frozenset(keys)))
    found = tuple(
        units * weights.of(dict(zip(keys, cell, strict=True)))
        for cell in itertools.product(*(column.domain for column in columns))
    )
    even = tuple(sorted(name for name in shares if profile is None or profile.of(Subject.SIZES, name) is None))
    return ExpectedSizes(found, Source.DECLARED if profile is None else Source.PROFILE, even)


def _all_units(dataset: Dataset, nation: str, profile: Profile | None) -> float | None:
    if profile is None:
        return dataset.expected_units.get(nation)
    (units,) = profile.of(Subject.UNITS) or (0,)
    return max(0, units)


Shares = Mapping[CellKey, float]
"""By value of one column: the share of units that have it."""


def _even(values: Sequence[CellKey]) -> Shares:
    return {value: 1 / len(values) for value in values}


def _known(dataset: Dataset, names: Iterable[str], units: float, profile: Profile | None) -> dict[str, Shares]:
    """The shares that a profile tells. They are not divided by their sum: a unit counts under each of its values."""
    known: dict[str, Shares] = {}
    for name in names:
        sizes = None if profile is None else profile.of(Subject.SIZES, name)
        if sizes is not None:
            shares = (min(1.0, max(0, size) / units) if units else 0.0 for size in sizes)
            known[name] = dict(zip(dataset.column(name).domain, shares, strict=True))
    return known


def _sample(column: Column) -> tuple[CellKey, ...]:
    """The domain, or evenly spaced values of one that is large."""
    width = column.fixed_upper - column.fixed_lower
    if column.type == "code" or width < _SAMPLE:
        return column.domain
    step = Decimal(1).scaleb(-column.decimals)
    return tuple((column.fixed_lower + width * i // (_SAMPLE - 1)) * step for i in range(_SAMPLE))


@dataclass(frozen=True)
class _Factor:
    """A part of WHERE that shares no column with the others: by values of the keys in it, how likely it is true."""

    keys: tuple[str, ...]
    chance: Mapping[tuple[CellKey, ...], float]


@dataclass(frozen=True)
class _Weights:
    shares: Mapping[str, Shares]
    factors: Sequence[_Factor]

    def of(self, cell: Mapping[str, CellKey]) -> float:
        share = math.prod(self.shares[key][value] for key, value in cell.items())
        return share * math.prod(factor.chance[tuple(cell[key] for key in factor.keys)] for factor in self.factors)


def _factors(where: Condition | None, shares: Mapping[str, Shares], keys: frozenset[str]) -> list[_Factor]:
    groups = _apart(where.terms if isinstance(where, Conjunction) else [] if where is None else [where])
    return [factor for group in groups if (factor := _factor(group, shares, keys)) is not None]


def _apart(terms: Sequence[Condition]) -> list[Conjunction]:
    """Terms put together until no two groups read one column."""
    groups: list[tuple[frozenset[str], tuple[Condition, ...]]] = []
    for term in terms:
        read: frozenset[str] = columns_of(term)
        together: tuple[Condition, ...] = (term,)
        for other in [group for group in groups if not read.isdisjoint(group[0])]:
            groups.remove(other)
            read, together = read | other[0], other[1] + together
        groups.append((read, together))
    return [Conjunction(together) for _, together in groups]


def _factor(group: Conjunction, shares: Mapping[str, Shares], keys: frozenset[str]) -> _Factor | None:
    """None, as if it were always true, where the columns have too many combinations."""
    fixed = tuple(sorted(columns_of(group) & keys))
    free = tuple(sorted(columns_of(group) - keys))
    if math.prod(len(shares[name]) for name in fixed + free) > MAX_COMBINATIONS:
        return None
    chance = {
        cell: min(1.0, _chance(group, dict(zip(fixed, cell, strict=True)), free, shares))
        for cell in itertools.product(*(shares[name] for name in fixed))
    }
    return _Factor(fixed, chance)


def _chance(
    group: Conjunction, fixed: Mapping[str, CellKey], free: Sequence[str], shares: Mapping[str, Shares]
) -> float:
    total = 0.0
    for values in itertools.product(*(shares[name] for name in free)):
        row = {**fixed, **dict(zip(free, values, strict=True))}
        if truth(group, row) is True:
            total += math.prod(shares[name][row[name]] for name in free)
    return total
