"""What is asked of everybody: the statistics, the two settings, and why they are these.

One row a unit, neighbours by adding or removing one; public keys; ages within 0 and 100. Where ages are asked for,
everybody looks at the records whose age is known: peers are given these alone, we say COUNT(age).
"""

import itertools
import math
from dataclasses import dataclass

from accuracy.records import DECILES, MODES, SEVERITIES

ERRORS = 45_000
"""A side, at least."""
ALIKE = 4
"""So many times as many where sides have the same law, Laplace noise on a count or a sum alone: of 45,000 such errors
the root is off by 0.5%, and who is best of several equals would miss a limit of 3% once in ten runs."""
BOUNDS = (0, 100)
KEYS = {"severity": SEVERITIES, "mode": MODES, "decile": DECILES}


@dataclass(frozen=True)
class Setting:
    """One query alone under pure epsilon, or one of `total` statistics that share an epsilon and a delta evenly."""

    name: str
    epsilon: float
    delta: float
    total: int


ALONE = Setting("alone", epsilon=1.0, delta=0.0, total=1)
PROGRAMME = Setting("programme", epsilon=8.0, delta=1e-6, total=100)
SETTINGS = (ALONE, PROGRAMME)


@dataclass(frozen=True)
class Line:
    """One query: its name in the table, its keys and its statistics."""

    name: str
    keys: tuple[str, ...]
    statistics: tuple[str, ...]

    @property
    def every_cell(self) -> list[tuple[str, ...]]:
        """The product of the keys' values, the last key running fastest."""
        return list(itertools.product(*(KEYS[key] for key in self.keys)))

    def repetitions(self, setting: Setting) -> int:
        """So many that each statistic has the errors it needs."""
        is_alike = setting is ALONE and self.statistics in (("count",), ("sum",))
        return math.ceil(ERRORS * (ALIKE if is_alike else 1) / len(self.every_cell))

    @property
    def counts_all(self) -> bool:
        """Whether it looks at records without an age, too."""
        return self.statistics == ("count",)


BY_DECILE = ("decile",)
LINES = (
    Line("count", BY_DECILE, ("count",)),
    Line("sum", BY_DECILE, ("sum",)),
    Line("mean", BY_DECILE, ("mean",)),
    Line("variance", BY_DECILE, ("variance",)),
    Line("median", BY_DECILE, ("median",)),
    Line("3-way table", ("severity", "mode", "decile"), ("count",)),
    Line("4 statistics", BY_DECILE, ("count", "sum", "mean", "variance")),
    Line("5 statistics", BY_DECILE, ("count", "sum", "mean", "variance", "median")),
)
