"""What samples of two neighbours prove about the noise: an event is chosen on one half and judged on the other."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from audit.losses import Floats, Tradeoff

CONFIDENCE = 0.999
"""Of each of the two Clopper-Pearson bounds."""

_THRESHOLDS = 400
_ERRORS = 3.3
"""Standard errors that the bounds will take off, near enough to choose by."""
_STEPS = 50
_HITS = 20
"""How often an event must have been seen to happen, and not to happen, on either side to be chosen."""


@dataclass(frozen=True)
class View:
    """How the figures of a trial are looked at: each taken as within two limits, and summed up by weights."""

    lower: Floats
    upper: Floats
    weights: Floats

    def sums(self, samples: Floats) -> Floats:
        found: Floats = np.clip(samples, self.lower, self.upper) @ self.weights
        return found


@dataclass(frozen=True)
class Event:
    """The sum of a trial's figures is at least the threshold."""

    view: View
    threshold: float

    def happens(self, samples: Floats) -> npt.NDArray[np.bool_]:
        return self.view.sums(samples) >= self.threshold


@dataclass(frozen=True)
class Verdict:
    """`probable` is at least so, `improbable` at most so, each with CONFIDENCE: the probabilities of one event.

    `excess` is how much more probable the event is than the claim allows: what is above 0 refutes it.
    """

    probable: float
    improbable: float
    excess: float
    judged: int

    @property
    def refuted(self) -> bool:
        return self.excess > 0


def judge(without: Floats, with_it: Floats, claim: Tradeoff, is_clipped: bool = False) -> Verdict:
    """Samples are trials by figures, in the order in which they were released. Odd trials choose, even ones judge."""
    event, reversed_ = choose(without[1::2], with_it[1::2], claim, is_clipped)
    here, there = (event.happens(samples[0::2]) for samples in (without, with_it))
    if reversed_:
        here, there = ~here, ~there
        here, there = there, here
    probable = lowest(int(there.sum()), len(there))
    improbable = highest(int(here.sum()), len(here))
    return Verdict(probable, improbable, probable - float(claim.most(np.array(improbable))), len(here) + len(there))


def choose(without: Floats, with_it: Floats, claim: Tradeoff, is_clipped: bool = False) -> tuple[Event, bool]:
    """The event that goes furthest beyond the claim, its sampling error taken off; whether its opposite does."""
    view = view_of(without, with_it, is_clipped)
    here, there = np.sort(view.sums(without)), np.sort(view.sums(with_it))
    values = np.unique(np.concatenate((here, there)))
    if len(values) > _THRESHOLDS:
        values = np.quantile(values, np.linspace(0, 1, _THRESHOLDS))
    p, q = (1 - np.searchsorted(each, values) / len(each) for each in (there, here))
    upper = _beyond(p, q, len(without), claim)
    lower = _beyond(1 - q, 1 - p, len(without), claim)
    reversed_ = bool(lower.max() > upper.max())
    return Event(view, float(values[int((lower if reversed_ else upper).argmax())])), reversed_


def view_of(without: Floats, with_it: Floats, is_clipped: bool) -> View:
    """Where `is_clipped`, each figure between what it is around on either side: of Laplace noise only that tells."""
    limits = np.full((2, without.shape[1]), np.inf) * np.array([[-1], [1]])
    if is_clipped:
        limits = np.sort(np.stack((np.median(without, axis=0), np.median(with_it, axis=0))), axis=0)
        without, with_it = (np.clip(samples, *limits) for samples in (without, with_it))
    return View(limits[0], limits[1], direction(without, with_it))


def direction(without: Floats, with_it: Floats) -> Floats:
    """Fisher's: the difference of the means, by the inverse of what varies with what. Finds noise that is shared."""
    covariance = np.atleast_2d(np.cov(without, rowvar=False)) + np.atleast_2d(np.cov(with_it, rowvar=False))
    spread = np.sqrt(np.diag(covariance)) + 1e-9
    correlation = covariance / np.outer(spread, spread) + 1e-6 * np.eye(len(spread))
    difference = (with_it.mean(axis=0) - without.mean(axis=0)) / spread
    weights: Floats = np.linalg.solve(correlation, difference) / spread
    return weights


def _beyond(p: Floats, q: Floats, size: int, claim: Tradeoff) -> Floats:
    """How far p, less its error, lies above what q and its error allow. Where it does not, how far p and q are apart
    less 2: so that an honest mechanism is judged by an event that tells much."""
    low, high = (
        each - sign * _ERRORS * (np.sqrt(each * (1 - each) / size) + 1 / size) for sign, each in ((1, p), (-1, q))
    )
    excess = low - claim.most(np.minimum(high, 1.0))
    rare = (np.maximum(p, q) * size < _HITS) | (np.maximum(1 - p, 1 - q) * size < _HITS)
    return np.where(rare, -np.inf, np.where(excess > 0, excess, low - high - 2))


def smallest_admitted(verdict: Verdict, claim_of: Callable[[float], Tradeoff], claimed: float) -> float:
    """The smallest loss whose claim the verdict's event does not refute, up to three times what was claimed.

    Searched from below: at small scales a larger loss may refute what a smaller one admits.
    """

    def admits(loss: float) -> bool:
        return verdict.probable <= float(claim_of(loss).most(np.array(verdict.improbable)))

    step = claimed / 8
    loss = step
    while loss < 3 * claimed and not admits(loss):
        loss += step
    low, high = loss - step, loss
    while high - low > claimed / 250:
        middle = (low + high) / 2
        low, high = (low, middle) if admits(middle) else (middle, high)
    return high


def highest(hits: int, trials: int) -> float:
    """The Clopper-Pearson upper bound of a probability, at CONFIDENCE."""
    return 1.0 if hits == trials else _root(lambda p: _at_most(hits, trials, p) - (1 - CONFIDENCE))


def lowest(hits: int, trials: int) -> float:
    """The Clopper-Pearson lower bound of a probability, at CONFIDENCE."""
    return 1 - highest(trials - hits, trials)


def _at_most(hits: int, trials: int, p: float) -> float:
    """P(a binomial is at most `hits`), summed from its logarithms."""
    counts = np.arange(hits + 1, dtype=np.float64)
    logs = _log_choose(trials)[: hits + 1] + counts * math.log(p) + (trials - counts) * math.log1p(-p)
    return float(np.exp(logs).sum())


def _log_choose(trials: int) -> Floats:
    factorials = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, trials + 1, dtype=np.float64)))))
    found: Floats = factorials[-1] - factorials - factorials[::-1]
    return found


def _root(falling: Callable[[float], float]) -> float:
    """Where a falling function of a probability crosses zero, from above."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return high
