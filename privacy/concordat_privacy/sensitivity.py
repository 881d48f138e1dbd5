"""How far one privacy unit can move a component, and the noise scale that a share of rho buys for it.

All of it is exact integer or rational arithmetic: nothing here rounds in the unit's disfavour.
The argument stands in docs/proofs/components.md.
"""

import math
from fractions import Fraction
from functools import lru_cache

from concordat_query.errors import Reason, Refusal
from concordat_query.model import NANO

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


@lru_cache(maxsize=4096)
def scale_for(sensitivity_squared: int, rho_nano: int) -> float:
    """The smallest scale on the grid whose discrete Gaussian costs at most `rho_nano`, in lattice steps.

    A discrete Gaussian of scale s added to a vector of L2 sensitivity D is D**2 / (2 s**2)-zCDP (Canonne, Kamath,
    Steinke 2020, arXiv:2004.00010, on the multivariate discrete Gaussian). Refuses a price whose noise would not fit
    64 bits.
    """
    needed = Fraction(sensitivity_squared * NANO, 2 * rho_nano) * FLOAT_SLACK
    root = math.sqrt(needed)
    if root >= MAX_SCALE:
        raise Refusal(
            Reason.INVALID_PRICE,
            "the price is too low for the bounds of the columns asked for; raise epsilon or ask for less",
            field="query.rho_nano",
        )
    exponent = math.frexp(root)[1] - SCALE_BITS
    step = Fraction(2) ** exponent
    steps = math.floor(Fraction(root) / step)
    while (steps * step) ** 2 < needed:
        steps += 1
    return math.ldexp(steps, exponent)
