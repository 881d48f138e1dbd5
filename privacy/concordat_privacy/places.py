"""What a row of a table stands for: one cell, or all cells that agree on the keys that ROLLUP does not sum over."""

import itertools
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from concordat_query.catalogue import CellKey
from concordat_query.errors import Reason, Refusal
from concordat_query.model import KeyColumn, Presentation

from concordat_privacy.components import Kind
from concordat_privacy.parts import Part, Total
from concordat_privacy.plan import Plan

Level = tuple[bool, ...]
"""For each key of the query whether it is summed over."""


@dataclass(frozen=True)
class Places:
    """`shape` are the sizes of the keys' domains. Places are the cells of the first level, at which no key is summed
    over, then the totals of each further level, each in the order of cells."""

    shape: tuple[int, ...]
    levels: tuple[Level, ...]

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many places each level has."""
        return tuple(self.size(level) for level in self.levels)

    def size(self, level: Level) -> int:
        return math.prod(size for size, summed in zip(self.shape, level, strict=True) if not summed)

    def without(self, axes: tuple[int, ...]) -> "Places":
        """The places of the other keys alone."""
        shape = tuple(size for axis, size in enumerate(self.shape) if axis not in axes)
        return Places(shape, (tuple(False for _ in shape),))

    def level_of(self, places: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Which level each place belongs to, by index."""
        return np.searchsorted(np.cumsum(self.sizes), places, side="right")

    @property
    def cells(self) -> int:
        return self.sizes[0]

    @property
    def count(self) -> int:
        return sum(self.sizes)

    def of_level(self, cells: npt.NDArray[Any], level: Level, how: np.ufunc) -> npt.NDArray[Any]:
        """One level's places out of cells, which are the last axis: `how` (np.add, say) reduces what is summed over."""
        if not any(level):
            return cells
        leading = cells.shape[:-1]
        axes = tuple(len(leading) + axis for axis, summed in enumerate(level) if summed)
        reduced = how.reduce(cells.reshape(*leading, *self.shape), axis=axes)
        return np.asarray(reduced).reshape(*leading, -1)

    def over(self, cells: npt.NDArray[Any], how: np.ufunc) -> npt.NDArray[Any]:
        """All places out of cells, which are the last axis."""
        if len(self.levels) == 1:
            return cells
        return np.concatenate([self.of_level(cells, level, how) for level in self.levels], axis=-1)

    def labels(self, domains: tuple[tuple[CellKey, ...], ...]) -> list[tuple[tuple[CellKey, ...], Level]]:
        """For each place its keys, None where summed over, and which those are."""
        return [
            (keys, level)
            for level in self.levels
            for keys in itertools.product(
                *((None,) if summed else domain for domain, summed in zip(domains, level, strict=True))
            )
        ]


def places(plan: Plan, presentation: Presentation) -> Places:
    """The places that a presentation shows: ROLLUP(a, b) adds totals over b, and then over a and b."""
    shape = tuple(len(domain) for domain in plan.domains)
    levels = [tuple(False for _ in shape)]
    for position in reversed(presentation.rollup):
        axis = key_axis(plan, presentation, position)
        levels.append(tuple(summed or other == axis for other, summed in enumerate(levels[-1])))
    return Places(shape, tuple(levels))


def key_axis(plan: Plan, presentation: Presentation, position: int) -> int:
    """Which of the query's keys the column at `position` shows. Expects a column that shows one."""
    column = presentation.columns[position]
    assert isinstance(column, KeyColumn)  # noqa: S101  # check_presentation has refused all else
    return column.key


def plan_of_level(plan: Plan, level: Level) -> Plan:
    """The plan by which figures of a level are made: counts of units have components of their own where they do not
    add up. Refuses a query that lacks them."""
    over = tuple(axis for axis, summed in enumerate(level) if summed and axis in plan.spreading)
    if not over:
        return plan
    totals = {
        component.filter: Total(index)
        for index, component in enumerate(plan.components)
        if component.kind is Kind.UNITS and component.over == over
    }

    def part(own: Part) -> Part:
        component = plan.components[own.component] if isinstance(own, Total) else None
        if component is None or component.kind is not Kind.UNITS or component.over:
            return own
        if component.filter not in totals:
            raise Refusal(
                Reason.MALFORMED_REQUEST,
                "the query has no count of units for a total that is to be shown; units do not add up over cells",
                field="presentation.rollup",
            )
        return totals[component.filter]

    return replace(plan, parts=tuple(part(own) for own in plan.parts))


def check_totals(plan: Plan, presentation: Presentation) -> None:
    """Refuses a presentation of totals that the query did not ask for, before anyone is charged."""
    for level in places(plan, presentation).levels:
        plan_of_level(plan, level)
