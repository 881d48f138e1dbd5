"""Figures and margins of one value over many rows of a table at once, from summed noisy components.

Counts and sums are exact integers with exact margins. Means and quotients get theirs by taking simulated draws of the
same noise off the noisy components: what the truth may have been, given what was seen.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from concordat_query.model import AggregateRef, Expression, Quotient

from concordat_privacy.margins import CONFIDENCE, Floats, draws, noise_margin
from concordat_privacy.plan import Kind, Mean, Plan, Total
from concordat_privacy.standing import components_of

DRAWS = 1000
_CHUNK = 16
"""Rows simulated at once: their arrays then stay within a processor's nearest caches."""

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Number = int | float


Figure = tuple[Number | None, Number | None, bool]
"""Estimate, margin, low reliability. No estimate where the divisor is zero or, for a count, negative."""

UNDEFINED: Figure = (None, None, False)


@dataclass(frozen=True)
class Noisy:
    """What a value is computed from: for each component the sums, one for each row, and how many nodes were added."""

    sums: Mapping[int, Integers]
    nodes: Integers


def evaluate(expression: Expression, plan: Plan, noisy: Noisy, seed: bytes) -> list[Figure]:
    """The figures of one expression, one for each row of `noisy`. Deterministic given the seed."""
    if isinstance(expression, AggregateRef) and isinstance(part := plan.parts[expression.index], Total):
        return _exact(plan, part, noisy)
    estimates = _point(expression, plan, {index: sums.astype(np.float64) for index, sums in noisy.sums.items()})
    margins = _simulated_margins(expression, plan, noisy, seed)
    undefined, unbounded = _divisors(expression, plan, noisy, seed)
    margins[unbounded] = math.inf
    useless = np.minimum(np.abs(estimates), _half_range(expression, plan))
    return [
        UNDEFINED if bad else (estimate, margin, low)
        for bad, estimate, margin, low in zip(
            undefined.tolist(), estimates.tolist(), margins.tolist(), (margins >= useless).tolist(), strict=True
        )
    ]


def _exact(plan: Plan, part: Total, noisy: Noisy) -> list[Figure]:
    component = plan.components[part.component]
    totals, nodes = noisy.sums[part.component].tolist(), noisy.nodes.tolist()
    margin_of = {number: noise_margin((component.scale,) * number) for number in set(nodes)}
    margins = [margin_of[number] for number in nodes]
    low = [margin > 0 and margin >= abs(total) for total, margin in zip(totals, margins, strict=True)]
    return list(zip(_worth(totals, component.step), _worth(margins, component.step), low, strict=True))


def _worth(steps: list[int], step: Fraction) -> Sequence[Number]:
    """Lattice steps in the column's units: ints where whole steps are, else the nearest doubles."""
    if step == 1:
        return steps
    numerator, denominator = step.numerator, step.denominator
    return [number * numerator if denominator == 1 else number * numerator / denominator for number in steps]


def _point(expression: Expression, plan: Plan, sums: Mapping[int, Floats]) -> Floats:
    """The expression over arrays of sums of any one shape. Division by zero gives infinities or NaN."""
    match expression:
        case AggregateRef(index):
            part = plan.parts[index]
            if isinstance(part, Total):
                return sums[part.component] * float(plan.components[part.component].step)
            step = float(plan.components[part.centred].step)
            return float(part.middle) + sums[part.centred] * step / np.maximum(1.0, sums[part.rows])
        case Quotient(dividend, divisor):
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                quotient: Floats = _point(dividend, plan, sums) / _point(divisor, plan, sums)
                return quotient


def _simulated_margins(expression: Expression, plan: Plan, noisy: Noisy, seed: bytes) -> Floats:
    """For each row the half width that holds 95% of simulated errors."""
    margins = np.zeros(len(noisy.nodes))
    for nodes in sorted(set(noisy.nodes.tolist())):
        rows = np.flatnonzero(noisy.nodes == nodes)
        noise = _noise(components_of(expression, plan), plan, nodes, seed)
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            margins[chunk] = _half_widths(expression, plan, noisy, chunk, noise)
    return margins


def _half_widths(
    expression: Expression, plan: Plan, noisy: Noisy, rows: npt.NDArray[np.intp], noise: Mapping[int, Floats]
) -> Floats:
    seen = {index: noisy.sums[index][rows].astype(np.float64)[:, None] for index in noise}
    estimates = _point(expression, plan, seen)
    with np.errstate(invalid="ignore"):
        errors = _point(expression, plan, {index: seen[index] - noise[index] for index in noise})
        errors -= estimates
    np.abs(errors, out=errors)
    rank = int(CONFIDENCE * DRAWS)
    errors.partition(rank, axis=1)
    return errors[:, rank]


def _noise(components: Sequence[int], plan: Plan, nodes: int, seed: bytes) -> dict[int, Floats]:
    """Draws of the noise of `nodes` nodes for each component. Rows of a table share them: each has its own margin."""
    scales = [(plan.components[index].scale,) * nodes for index in components]
    return dict(zip(components, draws(seed, scales, DRAWS), strict=True))


def _divisors(expression: Expression, plan: Plan, noisy: Noisy, seed: bytes) -> tuple[Flags, Flags]:
    """Where a divisor gives no figure at all, and where its 95% noise interval reaches zero: no margin holds there."""
    undefined = np.zeros(len(noisy.nodes), dtype=np.bool_)
    unbounded = undefined.copy()
    for divisor in _divisors_of(expression, plan):
        if isinstance(divisor, int):
            component = plan.components[divisor]
            values = noisy.sums[divisor].astype(np.float64)
            widths = {nodes: noise_margin((component.scale,) * nodes) for nodes in set(noisy.nodes.tolist())}
            margins = np.array([widths[nodes] for nodes in noisy.nodes.tolist()], dtype=np.float64)
            undefined |= values <= 0 if component.kind is Kind.ROWS else values == 0
        else:
            values = _point(divisor, plan, {index: sums.astype(np.float64) for index, sums in noisy.sums.items()})
            margins = _simulated_margins(divisor, plan, noisy, seed)
            undefined |= ~np.isfinite(values) | (values == 0)
        unbounded |= ~(np.abs(values) > margins)
    return undefined, unbounded


def _divisors_of(expression: Expression, plan: Plan) -> list[int | Expression]:
    """All that an expression divides by: components where the divisor is one, else expressions."""
    match expression:
        case AggregateRef(index):
            part = plan.parts[index]
            return [part.rows] if isinstance(part, Mean) else []
        case Quotient(dividend, divisor):
            inner = _divisors_of(dividend, plan) + _divisors_of(divisor, plan)
            if isinstance(divisor, AggregateRef) and isinstance(part := plan.parts[divisor.index], Total):
                return [*inner, part.component]
            return [*inner, divisor]


def _half_range(expression: Expression, plan: Plan) -> float:
    """For a mean half the distance between the bounds: a margin as large tells no more than they do."""
    if isinstance(expression, AggregateRef) and isinstance(part := plan.parts[expression.index], Mean):
        component = plan.components[part.centred]
        return float(component.per_row * component.step)
    return math.inf
