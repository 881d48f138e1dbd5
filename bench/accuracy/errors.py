"""How far figures lie from the truth, and how two sides compare: ratios of root mean squared errors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(CONFIDENCE)


@dataclass(frozen=True)
class Error:
    """A root mean squared error of `errors` figures, and the standard error of its logarithm."""

    root: float
    spread: float
    errors: int


def root_of(squared: Floats) -> Error:
    """From squared errors, [repetition, cell].

    Repetitions are independent; cells of one need not be, and some are harder than others. So the mean square of each
    repetition is one observation, and the logarithm's standard error follows by the delta method.
    """
    each = squared.mean(axis=1)
    mean = float(each.mean())
    if len(each) < 2 or mean == 0:
        return Error(math.sqrt(mean), 0.0 if mean == 0 and len(each) > 1 else math.inf, squared.size)
    spread = float(each.std(ddof=1)) / math.sqrt(len(each)) / mean / 2
    return Error(math.sqrt(mean), spread, squared.size)


@dataclass(frozen=True)
class Ratio:
    """Ours to theirs; `upper` is the limit below which the true ratio lies with 95% confidence."""

    value: float
    upper: float


def ratio(ours: Sequence[Error], theirs: Sequence[Error]) -> Ratio:
    """The geometric mean of the ratios of a query's statistics, in one order on both sides.

    Their errors may go together, so their spreads are averaged as if they always did. A side without any error is
    infinitely better; two such sides are as good as each other.
    """
    if any(one.root > 0 and other.root == 0 for one, other in zip(ours, theirs, strict=True)):
        return Ratio(math.inf, math.inf)
    pairs = [(one, other) for one, other in zip(ours, theirs, strict=True) if other.root > 0]
    if any(one.root == 0 for one, _ in pairs):
        return Ratio(0.0, 0.0)
    if not pairs:
        return Ratio(1.0, 1.0)
    middle = sum(math.log(one.root / other.root) for one, other in pairs) / len(ours)
    spread = sum(math.hypot(one.spread, other.spread) for one, other in pairs) / len(ours)
    return Ratio(math.exp(middle), math.exp(middle + _Z * spread))


def squared_errors(estimates: Floats, truth: Floats) -> Floats:
    """[repetition, cell]. Where there is no estimate, as if it were zero."""
    found: Floats = (np.nan_to_num(estimates, nan=0.0) - truth) ** 2
    return found


def squared_rank_errors(estimates: Floats, sorted_values: Sequence[Floats], share: float) -> Floats:
    """How many rows lie wrongly on either side of an estimated percentile, squared, [repetition, cell].

    With a rows below the estimate and b above it, (1 - share) a - share b: what the exponential mechanism scores
    candidates by, and what is half the difference for medians. Rows equal to it are on neither side; the true
    percentile of values with ties has an error, too.
    """
    found = np.empty_like(estimates)
    for cell, values in enumerate(sorted_values):
        below = np.searchsorted(values, estimates[:, cell], side="left")
        above = len(values) - np.searchsorted(values, estimates[:, cell], side="right")
        found[:, cell] = ((1 - share) * below - share * above) ** 2
    return found
