"""What each row of a table is computed from: components, added up over the nodes and cells that the row stands for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from concordat_privacy.lines import Made
from concordat_privacy.merge import add_up, check_magnitude
from concordat_privacy.places import Level, Places
from concordat_privacy.plan import Plan
from concordat_privacy.standing import Flags, Standing

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Noisy:
    """What a value is computed from: for each component the sums, one for each row, and how many independent noises
    each sum holds. Components of several integers a cell have sums for each of these, [width, row]."""

    sums: dict[int, Integers]
    noises: dict[int, Integers]

    @property
    def rows(self) -> int:
        return len(next(iter(self.noises.values()))) if self.noises else 0


def noisy(plan: Plan, components: Sequence[int], stand: Standing, places: Places, made: Made) -> Noisy:
    """The components of one value over the rows that have a figure."""
    found = {index: _of_rows(plan, index, stand, places, made) for index in components}
    return Noisy({index: sums for index, (sums, _) in found.items()}, {index: n for index, (_, n) in found.items()})


def _of_rows(plan: Plan, index: int, stand: Standing, places: Places, made: Made) -> tuple[Integers, Integers]:
    vectors = []
    component = plan.components[index]
    shape = (component.width, len(made.place)) if component.bins else (len(made.place),)
    noises = np.zeros(len(made.place), dtype=np.int64)
    for answer, nation, adds in zip(stand.answers, stand.nation_of.tolist(), made.adds, strict=True):
        if adds.any():
            figures = answer.components[index]
            if component.bins:
                figures = figures.reshape(component.cells, component.width).T
            levels = [_of_level(figures, component.over, adds, places, level) for level in places.levels]
            figures, counts = (np.concatenate(parts, axis=-1)[..., made.place] for parts in zip(*levels, strict=True))
            vectors.append(np.where(made.asked[:, nation], figures, 0))
            noises += np.where(made.asked[:, nation], counts, 0)
    return add_up(vectors, shape), noises


def _of_level(
    figures: Integers, over: tuple[int, ...], adds: Flags, places: Places, level: Level
) -> tuple[Integers, Integers]:
    """One node's figures of a component, whose cells are the last axis, in every place of a level, and how many noises
    each holds.

    The one place where the figures of a level are looked up. Counts and sums add up over cells; a count of units that
    is summed over keys already adds up over the others, and no row asks for it at levels that keep one of these keys.
    """
    if not all(level[axis] for axis in over):
        nothing = np.zeros(places.size(level), dtype=np.int64)
        return nothing, nothing
    done = tuple(axis in over for axis in range(len(level)))
    held = places.of_level(adds, done, np.logical_or)
    vector = np.where(held, figures, 0)
    rest = places.without(over)
    left = tuple(summed for axis, summed in enumerate(level) if axis not in over)
    check_magnitude(rest.of_level(np.abs(vector.astype(np.float64)), left, np.add))
    return rest.of_level(vector, left, np.add), rest.of_level(held.astype(np.int64), left, np.add)
