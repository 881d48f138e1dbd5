"""How far one privacy unit can move a component, and the noise that a share of the price buys for it.

All of it is exact integer or rational arithmetic: nothing here rounds in the unit's disfavour.
The argument stands in docs/proofs/components.md.
"""

import math
from fractions import Fraction
from functools import lru_cache

from concordat_query.errors import Reason, Refusal
from concordat_query.model import NANO, Calculus

from concordat_privacy.laws import MECHANISM_OF, Law, Mechanism, Sensitivity

SCALE_BITS = 14
"""Significant bits of a scale. Rounding up to them wastes at most 2**-13 of the scale, 0.025% of rho."""

MAX_SCALE = 2.0**50
"""Noise of any larger scale might not fit 64 bits beside an exact sum."""

FLOAT_SLACK = 1 + Fraction(1, 2**40)
"""Far above what OpenDP's conservatively rounded map adds to the exact one, far below the grid's own rounding."""


def rows_squared(max_groups: int, max_rows: int, max_rows_per_unit: int) -> int:
    """The largest sum of squared row counts that one unit may have over all cells.

    At most `max_groups` cells, `max_rows` rows in each, `max_rows_per_unit` in all; all at least 1. The sum of
    squares is convex, so full cells first attain it.
    """
    full = min(max_groups, max_rows_per_unit // max_rows)
    rest = max_rows_per_unit - full * max_rows if full < max_groups else 0
    return full * max_rows**2 + rest**2


def rows_in_all(max_groups: int, max_rows: int, max_rows_per_unit: int) -> int:
    """The most rows that one unit may have over all cells, under the same limits."""
    return min(max_groups * max_rows, max_rows_per_unit)


def law_for(calculus: Calculus, sensitivity: Sensitivity, price_nano: int) -> Law:
    """The least noise of the calculus that costs at most this many nano-rho or nano-epsilon. Refuses a price too low.

    Its scale lies on a coarse grid (docs/decisions/0008-scales-lie-on-a-coarse-grid.md).
    """
    mechanism = MECHANISM_OF[calculus]
    if mechanism is Mechanism.LAPLACE:
        return Law(mechanism, laplace_scale_for(sensitivity.l1, price_nano))
    return Law(mechanism, scale_for(sensitivity.squared, price_nano))


@lru_cache(maxsize=4096)
def laplace_scale_for(l1: int, epsilon_nano: int) -> float:
    """The smallest scale on the grid whose discrete Laplace costs at most `epsilon_nano`, in lattice steps.

    Discrete Laplace noise of scale s on every entry of a vector of L1 sensitivity D is (D / s)-DP (Ghosh, Roughgarden,
    Sundararajan 2009, arXiv:0811.2841, for one entry). Refuses a price whose noise would not fit 64 bits.
    """
    needed = Fraction(l1 * NANO, epsilon_nano) * FLOAT_SLACK
    _check_scale(float(needed))
    exponent = math.frexp(float(needed))[1] - SCALE_BITS
    return math.ldexp(math.ceil(needed / Fraction(2) ** exponent), exponent)


@lru_cache(maxsize=4096)
def scale_for(sensitivity_squared: int, price_nano: int) -> float:
    """The smallest scale on the grid whose discrete Gaussian costs at most `price_nano`, in lattice steps.

    A discrete Gaussian of scale s added to a vector of L2 sensitivity D is D**2 / (2 s**2)-zCDP (Canonne, Kamath,
    Steinke 2020, arXiv:2004.00010, on the multivariate discrete Gaussian). Refuses a price whose noise would not fit
    64 bits.
    """
    needed = Fraction(sensitivity_squared * NANO, 2 * price_nano) * FLOAT_SLACK
    root = math.sqrt(needed)
    _check_scale(root)
    exponent = math.frexp(root)[1] - SCALE_BITS
    step = Fraction(2) ** exponent
    steps = math.floor(Fraction(root) / step)
    while (steps * step) ** 2 < needed:
        steps += 1
    return math.ldexp(steps, exponent)


def _check_scale(needed: float) -> None:
    if needed >= MAX_SCALE:
        raise Refusal(
            Reason.INVALID_PRICE,
            "the price is too low for the bounds of the columns asked for; raise epsilon or ask for less",
            field="query.price_nano",
        )
