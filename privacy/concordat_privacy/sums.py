"""What each row of a table is computed from: components, added up over the nodes and cells that the row stands for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from concordat_privacy.lines import Made
from concordat_privacy.merge import NodeAnswer, add_up, check_magnitude
from concordat_privacy.places import Level, Places
from concordat_privacy.standing import Flags, Standing

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Noisy:
    """What a value is computed from: for each component the sums, one for each row, and how many independent noises
    each sum holds."""

    sums: dict[int, Integers]
    noises: dict[int, Integers]

    @property
    def rows(self) -> int:
        return len(next(iter(self.sums.values()))) if self.sums else 0


def noisy(components: Sequence[int], stand: Standing, places: Places, made: Made) -> Noisy:
    """The components of one value over the rows that have a figure."""
    found = {index: _of_rows(index, stand, places, made) for index in components}
    return Noisy({index: sums for index, (sums, _) in found.items()}, {index: n for index, (_, n) in found.items()})


def _of_rows(component: int, stand: Standing, places: Places, made: Made) -> tuple[Integers, Integers]:
    vectors = []
    noises = np.zeros(len(made.place), dtype=np.int64)
    for answer, nation, adds in zip(stand.answers, stand.nation_of.tolist(), made.adds, strict=True):
        if adds.any():
            levels = [_of_level(answer, component, adds, places, level) for level in places.levels]
            figures, counts = (np.concatenate(parts)[made.place] for parts in zip(*levels, strict=True))
            vectors.append(np.where(made.asked[:, nation], figures, 0))
            noises += np.where(made.asked[:, nation], counts, 0)
    return add_up(vectors, len(made.place)), noises


def _of_level(
    answer: NodeAnswer, component: int, adds: Flags, places: Places, level: Level
) -> tuple[Integers, Integers]:
    """One node's figures of a component in every place of a level, and how many noises each holds.

    The one place where the figures of a level are looked up. Counts and sums add up over cells; a statistic that does
    not has components of its own for each level, which would be found here.
    """
    vector = np.where(adds, answer.components[component], 0)
    check_magnitude(places.of_level(np.abs(vector.astype(np.float64)), level, np.add))
    return places.of_level(vector, level, np.add), places.of_level(adds.astype(np.int64), level, np.add)
