"""What a profile of an edition is in numbers: its vectors, their sensitivities, prices and noise scales.

It follows from the request and the data set's public definition alone. The sensitivities are argued in
docs/proofs/profile.md; neighbours differ by all rows of one unit of the population.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from concordat_query.catalogue import Dataset
from concordat_query.coverage import Coverage
from concordat_query.domains import domain_size
from concordat_query.errors import Reason, Refusal
from concordat_query.profile_request import ProfileRequest
from concordat_query.rules import MAX_CELLS

from concordat_privacy.components import cells_within_reach
from concordat_privacy.enclosing import moves
from concordat_privacy.laws import Law, Sensitivity
from concordat_privacy.sensitivity import law_for
from concordat_privacy.shares import split

MAX_PROFILE = 10_000
"""Figures in a profile. Every Describe carries it: 80 kB."""


class Subject(StrEnum):
    """What a vector counts. The value is what people are told."""

    UNITS = "units"
    ROWS = "rows"
    LOSSES = "units by what they lost or would lose"
    SIZES = "units by value"
    """One entry for every value of a key's domain: a unit counts once for each value that its rows have."""


class Losing(StrEnum):
    """Why a unit counts in an entry of LOSSES: once, however much it lost."""

    ROW_AT_IMPORT = "lost a row at import: more than the catalogue's max_rows_per_unit"
    CLAMPED = "had a value set to the nearest bound at import"
    ROW_IN_CELL = "would lose a row: more than max_rows in a cell of the keys"
    GROUP = "would lose a group: more than max_groups cells of the keys"


@dataclass(frozen=True)
class Vector:
    """`length` integers, each with noise of its own of `law`. `key` is set for SIZES only."""

    subject: Subject
    key: str | None
    length: int
    sensitivity: Sensitivity
    """To one unit of the population."""
    price_nano: int
    law: Law


@dataclass(frozen=True)
class ProfilePlan:
    """`losses` are the entries of the vector LOSSES, in order. Shares of the price add up to the request's."""

    request: ProfileRequest
    losses: tuple[Losing, ...]
    vectors: tuple[Vector, ...]


def plan_profile(request: ProfileRequest, dataset: Dataset) -> ProfilePlan:
    """Derives the plan.

    Refuses another definition, unknown columns, keys without a finite domain, limits below one, too many values, and a
    price out of range.
    """
    if request.definition_sha256 != dataset.definition_sha256:
        raise Refusal(
            Reason.WRONG_CATALOGUE, "the profile is of another definition of the data set", field="profile.dataset"
        )
    for key in request.keys:
        _check_key(dataset, key)
    for name, limit in (("max_groups", request.max_groups), ("max_rows", request.max_rows)):
        if not 1 <= limit <= MAX_CELLS:
            raise Refusal(Reason.MALFORMED_REQUEST, f"{name} must be 1 to {MAX_CELLS}", field=f"profile.{name}")
    losses = tuple(_losses(request, dataset))
    outlines = list(_outlines(losses, request, dataset))
    if sum(length for _, _, length, _ in outlines) > MAX_PROFILE:
        raise Refusal(Reason.TOO_MANY_CELLS, "the keys have too many values together; name fewer", field="profile.keys")
    shares = split(request.price_nano, (1,) * len(outlines))
    factor = moves(dataset)
    vectors = tuple(
        Vector(subject, key, length, own.times(factor), share, law_for(request.calculus, own.times(factor), share))
        for (subject, key, length, own), share in zip(outlines, shares, strict=True)
    )
    return ProfilePlan(request, losses, vectors)


def check_held(request: ProfileRequest, coverage: Coverage) -> None:
    """Refuses keys that a node declares not to hold: their sizes would tell nothing."""
    for key in request.keys:
        if coverage.lacks([key]):
            raise Refusal(
                Reason.NOT_IN_AGREEMENT, f"this node's mapping does not hold column {key!r}", field="profile.keys"
            )


def _check_key(dataset: Dataset, name: str) -> None:
    column = dataset.column(name)
    if not column.may_be_key:
        raise Refusal(
            Reason.KEY_WITHOUT_DOMAIN,
            f"column {name!r} has no finite public domain, so it cannot be a key",
            field="profile.keys",
        )
    if domain_size(name, dataset) > MAX_CELLS:
        raise Refusal(Reason.TOO_MANY_CELLS, f"column {name!r} has too many values", field="profile.keys")


def _losses(request: ProfileRequest, dataset: Dataset) -> Iterator[Losing]:
    """What may be lost at all. What declared limits rule out is left out, so that nothing is spent on a known zero."""
    yield Losing.ROW_AT_IMPORT
    if any(column.type in ("number", "date") for column in dataset.columns):
        yield Losing.CLAMPED
    if request.max_rows < dataset.max_rows_per_unit:
        yield Losing.ROW_IN_CELL
    if request.max_groups < min(cells_within_reach(request.keys, dataset), dataset.max_rows_per_unit):
        yield Losing.GROUP


def _losses_at_once(losses: tuple[Losing, ...], request: ProfileRequest, dataset: Dataset) -> int:
    """In how many entries one unit may count: a row over in one cell and a group over need rows enough for both."""
    both = Losing.ROW_IN_CELL in losses and Losing.GROUP in losses
    rows_for_both = request.max_rows + 1 + request.max_groups
    return len(losses) - (both and rows_for_both > dataset.max_rows_per_unit)


def _outlines(
    losses: tuple[Losing, ...], request: ProfileRequest, dataset: Dataset
) -> Iterator[tuple[Subject, str | None, int, Sensitivity]]:
    """Subject, key, length and sensitivity to one unit of the data set of each vector."""
    limit = dataset.max_rows_per_unit
    yield Subject.UNITS, None, 1, Sensitivity(1, 1)
    if limit > 1:  # otherwise units are rows, and paid for already
        yield Subject.ROWS, None, 1, Sensitivity(limit, limit**2)
    lost = _losses_at_once(losses, request, dataset)
    yield Subject.LOSSES, None, len(losses), Sensitivity(lost, lost)
    for key in request.keys:
        size = domain_size(key, dataset)
        values = 1 if dataset.constant_within_unit(key) else min(size, limit)
        yield Subject.SIZES, key, size, Sensitivity(values, values)
