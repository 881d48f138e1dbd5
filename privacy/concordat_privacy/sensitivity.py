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


LEAST_VARIANCE = Fraction(1, 6)
"""Of the continuous Gaussian that discrete noise is priced by: where more is paid, noise gets no smaller."""


@lru_cache(maxsize=4096)
def scale_for(sensitivity_squared: int, rho_nano: int) -> float:
    """The smallest scale on the grid whose discrete Gaussian costs at most `rho_nano`, in lattice steps.

    A vector of L2 sensitivity D with discrete Gaussian noise of scale s is no easier told from its neighbour than with
    continuous Gaussian noise of variance v, where s**2 = v**2 / (v - 1/12) (docs/proofs/gaussian.md): so it costs
    rho = D**2 / (2 v). Refuses a price whose noise would not fit 64 bits.
    """
    needed = _scale_squared(_variance(sensitivity_squared, rho_nano)) * FLOAT_SLACK
    root = math.sqrt(needed)
    _check_scale(root)
    exponent = math.frexp(root)[1] - SCALE_BITS
    step = Fraction(2) ** exponent
    steps = math.floor(Fraction(root) / step)
    while (steps * step) ** 2 < needed:
        steps += 1
    return math.ldexp(steps, exponent)


def is_paid(scale: float, sensitivity_squared: int, rho_nano: int) -> bool:
    """Whether discrete Gaussian noise of this scale costs at most `rho_nano` at that L2 sensitivity."""
    return rho_nano > 0 and Fraction(scale) ** 2 >= _scale_squared(_variance(sensitivity_squared, rho_nano))


def variance_of(scale: float) -> float:
    """The variance of the continuous Gaussian that a discrete one of this scale, at least the least, is priced as."""
    square = scale**2
    return (square + math.sqrt(square * (square - 1 / 3))) / 2


def least_scale() -> float:
    """Where more is paid, discrete Gaussian noise gets no smaller."""
    return scale_for(1, NANO * 1000)


def _variance(sensitivity_squared: int, rho_nano: int) -> Fraction:
    return max(LEAST_VARIANCE, Fraction(sensitivity_squared * NANO, 2 * rho_nano))


def _scale_squared(variance: Fraction) -> Fraction:
    """Rises with a variance of at least 1/6, where it is 1/3."""
    return variance**2 / (variance - Fraction(1, 12))


def _check_scale(needed: float) -> None:
    if needed >= MAX_SCALE:
        raise Refusal(
            Reason.INVALID_PRICE,
            "the price is too low for the bounds of the columns asked for; raise epsilon or ask for less",
            field="query.price_nano",
        )
