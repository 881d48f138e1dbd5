"""The finite public domains of group keys."""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from concordat_query.catalogue import ByDefinition, CellKey, Dataset
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Case, DatePart, Scalar, Value, WidthBucket, columns_in
from concordat_query.row_values import value_of
from concordat_query.scalar_types import ScalarType, type_of
from concordat_query.sizes import size_of

MAX_DOMAIN = 10_000
"""Largest domain of a group key, and how many combinations of columns are tried to find one."""
MAX_TRIED = 50_000
"""Combinations times the size of the key: everyone who plans the query tries them, a tenth of a second at most."""


@dataclass(frozen=True)
class Domain:
    """Every value that a group key may have, None (missing) last where there may be none, and the same as stored."""

    values: tuple[CellKey, ...]
    stored: tuple[int | None, ...]

    @property
    def lowest(self) -> int:
        return self.stored[0] or 0

    @property
    def has_gaps(self) -> bool:
        """Whether stored values, NULL aside, are not consecutive integers."""
        numbers = [number for number in self.stored if number is not None]
        return numbers != list(range(self.lowest, self.lowest + len(numbers)))

    def __len__(self) -> int:
        return len(self.values)


def domain_size(key: Scalar, dataset: Dataset) -> int:
    """How many values a key has; for a column without listing them, however many there are."""
    if isinstance(key, str):
        column = dataset.column(key)
        return column.fixed_upper - column.fixed_lower + 1 + column.nullable
    return len(domain_of(key, dataset))


def text_key(keys: Iterable[Scalar], dataset: Dataset) -> str | None:
    """The key among these that is a column of private texts, if there is one. Refuses an unknown column."""
    return next((key for key in keys if isinstance(key, str) and dataset.column(key).type == "text"), None)


def domain_of(key: Scalar, dataset: Dataset) -> Domain:
    """The domain of a group key. Refuses KEY_WITHOUT_DOMAIN where it is neither listed nor small."""
    return _domain(key, ByDefinition(dataset))


@lru_cache(maxsize=256)
def _domain(key: Scalar, definition: ByDefinition) -> Domain:
    dataset = definition.dataset
    kind = type_of(key, dataset)
    if isinstance(key, str):
        column = dataset.column(key)
        return Domain(column.domain, column.stored_domain)
    if isinstance(key, WidthBucket | DatePart):
        return _listed(kind, range(kind.lower, kind.upper + 1))
    if isinstance(key, Case) and all(isinstance(result, Value) for result in results_of(key)):
        literals = (result.literal for result in results_of(key) if isinstance(result, Value))
        found = dict.fromkeys(kind.stored(literal) for literal in literals if literal is not None)
        return _listed(kind, found if kind.kind == "code" else sorted(found))
    return _tried(key, kind, dataset)


def results_of(case: Case) -> tuple[Scalar, ...]:
    return (*(result for _, result in case.branches), case.otherwise)


def _listed(kind: ScalarType, stored: Iterable[int]) -> Domain:
    numbers = list(stored)
    if len(numbers) > MAX_DOMAIN:
        raise _no_domain()
    missing: tuple[None, ...] = (None,) if kind.nullable else ()
    return Domain((*(kind.public(number) for number in numbers), *missing), (*numbers, *missing))


def _tried(key: Scalar, kind: ScalarType, dataset: Dataset) -> Domain:
    """The values over all combinations of the columns' values, where these are few."""
    columns = [dataset.column(name) for name in sorted(columns_in(key))]
    rows = math.prod(column.fixed_upper - column.fixed_lower + 1 + column.nullable for column in columns)
    if rows > MAX_DOMAIN or rows * size_of(key) > MAX_TRIED:
        raise _no_domain()
    names = [column.name for column in columns]
    tried = itertools.product(*(column.domain for column in columns))
    found = {value_of(key, dict(zip(names, row, strict=True))) for row in tried}
    stored = sorted(kind.stored(value) for value in found if value is not None)
    return _listed(replace(kind, nullable=None in found), stored)


def _no_domain() -> Refusal:
    return Refusal(
        Reason.KEY_WITHOUT_DOMAIN,
        "this has no short list of values to group by; use WIDTH_BUCKET, DIV on one column, EXTRACT, or a CASE with "
        "literal results",
    )
