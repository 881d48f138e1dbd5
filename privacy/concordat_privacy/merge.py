"""What nodes gave, and their sum. Merging is addition of integers: exact, and the order does not matter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from concordat_query.coverage import Coverage
from concordat_query.errors import VerificationError

from concordat_privacy.status import Status

MAX_MAGNITUDE = 3 * 2**61
"""Of what all nodes sent, added up without signs. More than the squares of 2**26 rows with their noise (2**62 and what
is left of 2**61 for the noise), and any sum below it fits 64 bits."""


@dataclass(frozen=True)
class NodeAnswer:
    """One node's noisy components: index in the plan -> one int64 for each cell. Components not held are absent.

    `differences` are the known differences of its data that touch the query, in words. `texts` are those of a private
    key that the node released, in the order of code points: cells are theirs, of all others, of missing ones.
    """

    node: str
    nation: str
    coverage: Coverage
    components: Mapping[int, npt.NDArray[np.int64]]
    differences: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Absent:
    """A node asked that gave no answer: it holds nothing of what was asked (NOT_HELD) or was lost (UNAVAILABLE).

    `coverage` is what it declared; None where it could not say.
    """

    node: str
    nation: str
    cause: Status
    coverage: Coverage | None
    differences: tuple[str, ...] = ()


def check_magnitude(sizes: npt.NDArray[np.float64]) -> None:
    """Raises VerificationError where sums, by the sizes of what they add up, would not fit 64 bits."""
    if sizes.max(initial=0) > MAX_MAGNITUDE:
        raise VerificationError("the answers hold figures that no honest sum can reach")


def add_up(vectors: Iterable[npt.NDArray[np.int64]], shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """The sum of arrays of integers, each of this shape. Raises VerificationError where it would not fit 64 bits."""
    listed = list(vectors)
    stacked = np.array(listed, dtype=np.int64).reshape(len(listed), *shape)  # there may be none
    check_magnitude(np.abs(stacked.astype(np.float64)).sum(axis=0))
    total: npt.NDArray[np.int64] = stacked.sum(axis=0)
    return total
