"""One row for each statistic of each query, and one for each query of several: errors of all sides, ratio, bar."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from accuracy.asked import PROGRAMME, Line, Setting
from accuracy.errors import Error, Ratio, ratio, root_of, squared_errors, squared_rank_errors
from accuracy.records import Ages

BAR, BAR_OF_SEVERAL, BAR_OF_RANKS = 1.03, 0.67, 4.0
MEDIAN = "median"
Figures = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """Who answered, with which kind of variance ("population" or "sample"), statistic by statistic: the estimates,
    [repetition, cell]; or why not."""

    name: str
    variance: str
    figures: Mapping[str, Figures]
    why_not: str = ""
    is_shown_only: bool = False
    is_lost: bool = False
    """Whether it should have answered and did not: nothing is then known of who is best."""


@dataclass(frozen=True)
class Row:
    """`errors` are by side. Without a `ratio` there is nobody to compare with; without a `bar` it only explains."""

    line: str
    setting: str
    statistic: str
    measure: str
    errors: Mapping[str, Error] = field(default_factory=dict)
    best: str = ""
    ratio: Ratio | None = None
    bar: float | None = None
    remark: str = ""

    @property
    def holds(self) -> bool | None:
        return None if self.bar is None or self.ratio is None else self.ratio.upper <= self.bar


def rows(line: Line, setting: Setting, ours: Side, peers: Sequence[Side], ages: Sequence[Ages]) -> Iterator[Row]:
    """`ages` are each cell's, sorted."""
    sides = [side for side in (ours, *peers) if side.figures]
    errors = {side.name: _errors(side, line, ages) for side in sides}
    held = [peer.name for peer in peers if peer.figures and not peer.is_shown_only]
    is_several = len(line.statistics) > 1
    remark = "; ".join(f"{side.name}: {side.why_not}" for side in (ours, *peers) if side.why_not)
    for statistic in line.statistics:
        is_ranked = statistic == MEDIAN
        bar = BAR_OF_RANKS if is_ranked else None if is_several else BAR
        best, found = _against(errors, ours.name, held, (statistic,))
        yield Row(
            line=line.name,
            setting=setting.name,
            statistic=statistic,
            measure="rank" if is_ranked else "value",
            errors={name: each[statistic] for name, each in errors.items()},
            best=best,
            ratio=found,
            bar=bar if found else None,
            remark=remark,
        )
    if is_several:
        valued = tuple(statistic for statistic in line.statistics if statistic != MEDIAN)
        best, found = _against(errors, ours.name, held, valued)
        bar = BAR_OF_SEVERAL if setting is PROGRAMME else BAR
        yield Row(line.name, setting.name, "together", "value", {}, best, found, bar if found else None, remark)


def _errors(side: Side, line: Line, ages: Sequence[Ages]) -> dict[str, Error]:
    known = [each[~np.isnan(each)] for each in ages]
    found = {}
    for statistic in line.statistics:
        estimates = side.figures[statistic]
        if statistic == MEDIAN:
            squared = squared_rank_errors(estimates, known, 0.5)
        else:
            squared = squared_errors(estimates, truth(statistic, side.variance, ages if line.counts_all else known))
        found[statistic] = root_of(squared)
    return found


def truth(statistic: str, variance: str, ages: Sequence[Ages]) -> Figures:
    """The exact statistic of every cell; of an empty one 0."""
    takes: dict[str, Callable[[Ages], float]] = {
        "count": lambda each: float(len(each)),
        "sum": lambda each: float(each.sum()),
        "mean": lambda each: float(each.mean()) if len(each) else 0.0,
        "variance": lambda each: float(each.var(ddof=int(variance == "sample"))) if len(each) > 1 else 0.0,
    }
    return np.array([takes[statistic](each) for each in ages], dtype=np.float64)


def _against(
    errors: Mapping[str, Mapping[str, Error]], ours: str, peers: Sequence[str], statistics: Sequence[str]
) -> tuple[str, Ratio | None]:
    """The peer that we do worst against over these statistics, and the ratio."""
    if ours not in errors or not peers:
        return "", None

    def to(peer: str) -> Ratio:
        return ratio([errors[ours][each] for each in statistics], [errors[peer][each] for each in statistics])

    best = max(peers, key=lambda peer: to(peer).upper)
    return best, to(best)
