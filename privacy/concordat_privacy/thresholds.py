"""Private keys are told apart by a threshold on noisy counts of units: how likely it lets a lone unit's key through.

The argument stands in docs/proofs/private-keys.md.
"""

import math
from functools import lru_cache

import numpy as np

DELTA_STEPS = 10**15
"""Deltas are integers of 1e-15, rounded up."""

_FINE = 100.0
"""Up to this scale probabilities are summed one by one; above, the integral exceeds the sum by under 0.03%."""

_REACH = 40.0
"""Scales beyond the first term after which nothing of a tail is left in a double."""

_ROUND_UP = 1 + 1e-9
"""Far above the rounding errors of the sums and of exp() in them."""


def tail(least: int, scale: float) -> float:
    """P[Z >= least] of a discrete Gaussian of this scale, rounded up. `least` must be at least 1.

    Above a scale of 100, by the integral from `least` - 1/2 on, which is larger where the density is convex: at one
    scale from zero and beyond. Nearer to zero, 1.
    """
    if scale <= _FINE:
        terms = np.arange(least, least + math.ceil(_REACH * scale) + 2)
        positive = np.arange(1, math.ceil(_REACH * scale) + 2)
        above, half = (float(np.exp(-((x / scale) ** 2) / 2).sum()) for x in (terms, positive))
        return min(1.0, above / (1 + 2 * half) * _ROUND_UP)
    if least - 0.5 < scale:
        return 1.0
    return math.erfc((least - 0.5) / (scale * math.sqrt(2))) / 2 * _ROUND_UP


def delta_of_threshold(threshold: int, scale: float, keys: int) -> float:
    """The probability that any of `keys` keys that one unit alone has is released, rounded up.

    Such a key's count is 1, and it is released where 1 + Z >= threshold: the strict tail would miss the values that
    equal the threshold.
    """
    one = tail(threshold - 1, scale)
    return 1.0 if one >= 1 else -math.expm1(keys * math.log1p(-one)) * _ROUND_UP


@lru_cache(maxsize=4096)
def threshold_for(scale: float, keys: int, delta_e15: int) -> int:
    """The smallest threshold whose delta is at most `delta_e15` steps of 1e-15, for at most `keys` keys of a unit."""
    allowed = delta_e15 / DELTA_STEPS / _ROUND_UP
    low, high = 1, 2 + math.ceil(scale)
    while delta_of_threshold(high, scale, keys) > allowed:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if delta_of_threshold(middle, scale, keys) <= allowed:
            high = middle
        else:
            low = middle
    return high
