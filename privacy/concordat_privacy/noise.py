"""Noise and its price, from OpenDP. The only module that imports it.

Noise is drawn as a vector of its own, before any data is read, and added to exact integers elsewhere: so neither the
sampler's time nor its errors can depend on data.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import opendp.prelude as dp
from concordat_query.errors import Reason, Refusal
from concordat_query.model import NANO

from concordat_privacy.laws import Law, Mechanism, Sensitivity
from concordat_privacy.plan import Plan
from concordat_privacy.profile import ProfilePlan
from concordat_privacy.sensitivity import MAX_SCALE, is_paid
from concordat_privacy.thresholds import DELTA_STEPS, delta_of_threshold

dp.enable_features("contrib")

_CACHED = 4096
_PIECE = 1_000
"""So many cells are drawn by one thread at a time."""


def draw(law: Law, cells: int) -> npt.NDArray[np.int64]:
    """`cells` independent noises of that law, fresh on every call.

    Refuses a scale that is not finite, positive and small enough for the noise to fit 64 bits.
    """
    measurement = _measurement(law)
    return np.array(measurement([0] * cells), dtype=np.int64)


def draw_all(wanted: Sequence[tuple[Law, int]]) -> list[npt.NDArray[np.int64]]:
    """As `draw` for each law and number of cells, on all cores where there is much to draw: OpenDP's samplers let
    other threads run."""
    pieces = [(law, size) for law, cells in wanted for size in _pieces(cells)]
    if sum(size for _, size in pieces) < 2 * _PIECE:
        return [draw(law, cells) for law, cells in wanted]
    with ThreadPoolExecutor() as pool:
        drawn = pool.map(lambda piece: draw(*piece), pieces)
        return [np.concatenate([next(drawn) for _ in _pieces(cells)]) for _, cells in wanted]


def _pieces(cells: int) -> list[int]:
    """Numbers of at most `_PIECE` that add up to `cells`."""
    whole, rest = divmod(cells, _PIECE)
    return [_PIECE] * whole + [rest] * bool(rest)


def check_prices(plan: Plan) -> None:
    """Refuses a plan of which a component costs more by OpenDP's map than the share of the price set aside for it."""
    for index, component in enumerate(plan.components):
        _check_price(f"component {index}", component.law, component.sensitivity, component.price_nano)
    _check_selection(plan)


def _check_selection(plan: Plan) -> None:
    """The same for the choice of texts, and its delta by the probability that the threshold lets one through."""
    chosen = plan.selection
    if chosen is None:
        return
    _check_price("the choice of texts", chosen.law, chosen.sensitivity, chosen.price_nano)
    if Fraction(delta_of_threshold(chosen.threshold, chosen.scale, chosen.texts)) * DELTA_STEPS > chosen.delta_e15:
        raise Refusal(Reason.INVALID_PRICE, "the threshold on texts costs more than its delta", field="query.delta_e15")


def check_profile_prices(plan: ProfilePlan) -> None:
    """The same for the vectors of a profile."""
    for vector in plan.vectors:
        _check_price(f"the vector of {vector.subject}", vector.law, vector.sensitivity, vector.price_nano, "profile")


def _check_price(subject: str, law: Law, sensitivity: Sensitivity, price_nano: int, where: str = "query") -> None:
    """By OpenDP's map and, of a Gaussian, by continuous noise as hard to see through, which costs a little more."""
    is_paid_for = law.mechanism is Mechanism.LAPLACE or is_paid(law.scale, sensitivity.squared, price_nano)
    if not is_paid_for or price_by_map(law, sensitivity) > price_nano:
        raise Refusal(
            Reason.INVALID_PRICE,
            f"{subject} costs more than its share of the price by the privacy map",
            field=f"{where}.price_nano",
        )


@lru_cache(maxsize=_CACHED)
def _measurement(law: Law) -> dp.Measurement:
    if not 0 < law.scale <= MAX_SCALE:  # false for NaN, too
        raise Refusal(Reason.INVALID_PRICE, "the noise scale is out of range", field="query.price_nano")
    vectors = dp.vector_domain(dp.atom_domain(T="i64"))
    if law.mechanism is Mechanism.LAPLACE:
        return dp.m.make_laplace(vectors, dp.l1_distance(T="i64"), scale=law.scale)
    return dp.m.make_gaussian(vectors, dp.l2_distance(T=float), scale=law.scale)


@lru_cache(maxsize=_CACHED)
def price_by_map(law: Law, sensitivity: Sensitivity) -> int:
    """What one vector of noise costs a vector of that sensitivity, rounded up: nano-epsilon for discrete Laplace noise,
    nano-rho for discrete Gaussian."""
    distance = sensitivity.l1 if law.mechanism is Mechanism.LAPLACE else _root_above(sensitivity.squared)
    price = float(_measurement(law).map(distance))  # type: ignore[no-untyped-call]  # OpenDP's
    if not math.isfinite(price):
        raise Refusal(Reason.INVALID_PRICE, "the privacy map gives no finite price", field="query.price_nano")
    return math.ceil(Fraction(price) * NANO)


def _root_above(square: int) -> float:
    """The square root, rounded up to a double."""
    root = math.sqrt(square)
    while Fraction(root) ** 2 < square:
        root = math.nextafter(root, math.inf)
    return root
