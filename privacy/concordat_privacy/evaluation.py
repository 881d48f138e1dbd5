"""Figures and margins of one value over many rows of a table at once, from summed noisy components.

Linear combinations of counts and sums are exact with exact margins. All else gets its margin by taking simulated draws
of the same noise off the noisy components: what the truth may have been, given what was seen.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from concordat_query.model import AggregateRef, Arithmetic, Constant, Expression, Operator

from concordat_privacy.linear import Linear, component, linear
from concordat_privacy.margins import CONFIDENCE, Floats, draws, normal_sigma
from concordat_privacy.parts import Joint, Mean, Pair, Part, Percentile, Size, Spread, Sum, Total
from concordat_privacy.percentiles import Ordered, cumulative_counts, inverted_margins, ordered, size_margins, value_at
from concordat_privacy.plan import Plan
from concordat_privacy.standing import components_of, parts_of
from concordat_privacy.sums import Noisy

DRAWS = 1000
_FEWEST = 250
_DRAWN = 100_000
"""Draws of all the integers that one row's expression reads, where these are many: fewer of each, but no fewer than
`_FEWEST`. A margin is the same quantile of fewer draws, so it holds as often."""
_CHUNK = 16
"""Rows simulated at once: their arrays then stay within a processor's nearest caches."""
_MAX_WHOLE = 2**62

Flags = npt.NDArray[np.bool_]
Number = int | float
Counts = tuple[int, ...]
"""How many independent noises each component's sum holds, in the components' order."""

Figure = tuple[Number | None, Number | None, bool]
"""Estimate, margin, low reliability. No estimate where a divisor is zero or, for counts, negative, or where the figure
is beyond all bounds."""

UNDEFINED: Figure = (None, None, False)


def evaluate(expression: Expression, plan: Plan, noisy: Noisy, seed: bytes) -> list[Figure]:
    """The figures of one expression, one for each row of `noisy`. Deterministic given the seed."""
    if (form := linear(expression, plan)) is not None:
        return _exact(form, plan, noisy)
    seen = {index: read(plan, index, sums.astype(np.float64)) for index, sums in noisy.sums.items()}
    estimates = point(expression, plan, seen)
    margins = _margins(expression, plan, noisy, seen, seed)
    undefined, unbounded = _divisors(expression, plan, noisy, seen, seed)
    undefined |= ~np.isfinite(estimates)
    margins[unbounded | ~np.isfinite(margins)] = math.inf
    useless = np.minimum(np.abs(estimates), _half_range(expression, plan))
    low = (margins >= useless) & (margins > 0)
    return [
        UNDEFINED if bad else (estimate, margin, vague)
        for bad, estimate, margin, vague in zip(
            undefined.tolist(), estimates.tolist(), margins.tolist(), low.tolist(), strict=True
        )
    ]


def _exact(form: Linear, plan: Plan, noisy: Noisy) -> list[Figure]:
    totals, denominator = form.numerators({index: noisy.sums[index].tolist() for index in form.weights}, noisy.rows)
    margins = [int(margin * denominator) for margin in _exact_margins(form, plan, noisy)]
    low = [margin > 0 and margin >= abs(total) for total, margin in zip(totals, margins, strict=True)]
    return list(zip(_divided(totals, denominator), _divided(margins, denominator), low, strict=True))


def _exact_margins(form: Linear, plan: Plan, noisy: Noisy) -> list[Fraction]:
    """One for each row, in the expression's units."""
    counts = _counts(noisy, tuple(form.weights))
    margin_of = {own: form.margin(plan, dict(zip(form.weights, own, strict=True))) for own in set(counts)}
    return [margin_of[own] for own in counts]


def _counts(noisy: Noisy, components: Sequence[int]) -> list[Counts]:
    if not components:
        return [()] * noisy.rows
    return list(zip(*(noisy.noises[index].tolist() for index in components), strict=True))


def read(plan: Plan, index: int, sums: Floats) -> Floats:
    """What expressions are made of: a component's sums or, where it has bins, their cumulative counts, first axis."""
    component = plan.components[index]
    return cumulative_counts(component, sums) if component.bins else sums


def _divided(numerators: list[int], denominator: int) -> Sequence[Number]:
    """Ints where all are whole and fit 64 bits, else the nearest doubles."""
    if denominator == 1 and max(map(abs, numerators), default=0) < _MAX_WHOLE:
        return numerators
    return [number / denominator for number in numerators]


@dataclass(frozen=True)
class _Read:
    """What an expression is made of. Cumulative counts are ordered once, however many percentiles are read off."""

    sums: Mapping[int, Floats]
    counts: Mapping[int, Ordered]


def point(expression: Expression, plan: Plan, sums: Mapping[int, Floats]) -> Floats:
    """The expression over arrays of any one shape, `read`. Division by zero gives infinities or NaN."""
    counted = {part.component for part in parts_of(expression, plan) if isinstance(part, Percentile)}
    return _point(expression, plan, _Read(sums, {index: ordered(sums[index]) for index in counted}))


def _point(expression: Expression, plan: Plan, known: _Read) -> Floats:
    match expression:
        case Constant(number):
            return np.float64(number)  # type: ignore[return-value]  # an array without axes, as far as arithmetic goes
        case AggregateRef(index):
            return _of_part(plan.parts[index], plan, known)
    left, right = _point(expression.left, plan, known), _point(expression.right, plan, known)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        return _computed(expression.operator, left, right)


def _of_part(part: Part, plan: Plan, known: _Read) -> Floats:
    sums = known.sums

    def worth(index: int) -> Floats:
        return sums[index] * float(plan.components[index].step)

    if isinstance(part, Total):
        return worth(part.component)
    if isinstance(part, Sum):
        return float(part.middle) * sums[part.rows] + worth(part.centred)
    if isinstance(part, Percentile | Size):
        return sums[part.component][-1] if isinstance(part, Size) else value_at(part, known.counts[part.component])
    rows = np.maximum(1.0, sums[part.rows])
    if isinstance(part, Mean):
        return float(part.middle) + worth(part.centred) / rows
    if isinstance(part, Pair):
        return _of_pair(part, plan, known)
    squares = worth(part.squares) + sums[part.rows] * float(part.offset)
    deviations = squares - worth(part.centred) ** 2 / rows
    variance: Floats = deviations / (np.maximum(1.0, sums[part.rows] - 1) if part.is_sample else rows)
    with np.errstate(invalid="ignore"):
        return np.sqrt(variance) if part.is_root else variance


def _of_pair(part: Pair, plan: Plan, known: _Read) -> Floats:
    """NaN where a variance to be divided by is not above zero."""
    sums = known.sums
    rows = np.maximum(1.0, sums[part.rows])
    first, second = (
        sums[side.centred] * float(plan.components[side.centred].step) / rows for side in (part.first, part.second)
    )
    products = sums[part.products] * float(plan.components[part.products].step)
    covariance: Floats = products / rows - first * second
    variances = [_of_part(variance, plan, known) for variance in part.variances]
    divisors = [np.where(variance > 0, variance, np.nan) for variance in variances]
    match part.joint:
        case Joint.COVARIANCE:
            return covariance
        case Joint.COVARIANCE_OF_SAMPLE:
            return covariance * rows / np.maximum(1.0, sums[part.rows] - 1)
        case Joint.CORRELATION:
            return covariance / np.sqrt(divisors[0]) / np.sqrt(divisors[1])
        case Joint.SLOPE:
            return covariance / divisors[0]
        case Joint.INTERCEPT:
            slope = covariance / divisors[0]
            return float(part.first.middle) + first - slope * (float(part.second.middle) + second)


def _computed(operator: Operator, left: Floats, right: Floats) -> Floats:
    match operator:
        case Operator.ADD:
            return left + right
        case Operator.SUBTRACT:
            return left - right
        case Operator.MULTIPLY:
            return left * right
        case Operator.DIVIDE:
            return left / right


def _margins(expression: Expression, plan: Plan, noisy: Noisy, seen: Mapping[int, Floats], seed: bytes) -> Floats:
    """For each row: of a percentile or its rows by themselves from the spread of cumulative counts, else simulated."""
    part = plan.parts[expression.index] if isinstance(expression, AggregateRef) else None
    if not isinstance(part, Percentile | Size):
        return _simulated_margins(expression, plan, noisy, seen, seed)
    component = plan.components[part.component]
    sigmas = np.array([normal_sigma(component.law, copies) for copies in noisy.noises[part.component].tolist()])
    if isinstance(part, Size):
        return size_margins(component, sigmas)
    return inverted_margins(part, component, seen[part.component], sigmas)


def _simulated_margins(
    expression: Expression, plan: Plan, noisy: Noisy, seen: Mapping[int, Floats], seed: bytes
) -> Floats:
    """For each row the half width that holds 95% of simulated errors."""
    components = components_of(expression, plan)
    counts = np.array([noisy.noises[index] for index in components]).T
    margins = np.zeros(noisy.rows)
    for own in np.unique(counts, axis=0):
        rows = np.flatnonzero((counts == own).all(axis=1))
        noise = _noise(components, plan, own.tolist(), seed)
        step = max(1, _CHUNK // max(plan.components[index].width for index in components))
        for start in range(0, len(rows), step):
            chunk = rows[start : start + step]
            some = {index: seen[index][..., chunk, None] for index in components}
            margins[chunk] = half_widths(simulated_errors(expression, plan, some, noise))
    return margins


def half_widths(errors: Floats) -> Floats:
    """What holds 95% of simulated errors, which are the last axis; NaN counts as beyond all others."""
    widths = np.abs(errors)
    rank = int(CONFIDENCE * errors.shape[-1])
    widths.partition(rank, axis=-1)
    found: Floats = widths[..., rank]
    return found


def simulated_errors(
    expression: Expression, plan: Plan, seen: Mapping[int, Floats], noise: Mapping[int, Floats]
) -> Floats:
    """How much further than what is true the figure lies that was seen, for each draw of the noise; NaN where unknown.

    Between two points that lie the noise apart and have what was seen midway: whatever bends the figure cancels
    (docs/proofs/components.md). Where there are edges, from what was seen to what is less the noise.
    """
    ahead, behind = (0.0, 1.0) if _has_edges(expression, plan) else (0.5, 0.5)
    with np.errstate(invalid="ignore"):
        return _moved(expression, plan, seen, noise, ahead) - _moved(expression, plan, seen, noise, -behind)


def _moved(
    expression: Expression, plan: Plan, seen: Mapping[int, Floats], noise: Mapping[int, Floats], share: float
) -> Floats:
    moved = {index: seen[index] + share * drawn if share else seen[index] for index, drawn in noise.items()}
    return point(expression, plan, moved)


def _has_edges(expression: Expression, plan: Plan) -> bool:
    """Whether it has no figure nearby, or one that stays as it is: variances under a root or below a division, which
    may be negative there, and percentiles, which end at their bounds."""
    if isinstance(expression, Arithmetic):
        return _has_edges(expression.left, plan) or _has_edges(expression.right, plan)
    part = plan.parts[expression.index] if isinstance(expression, AggregateRef) else None
    return isinstance(part, Percentile | Size) or (part is not None and bool(_variances_below(part)))


def _noise(components: Sequence[int], plan: Plan, counts: Sequence[int], seed: bytes) -> dict[int, Floats]:
    """Draws of each component's noise. Rows of a table share them: each has its own margin."""
    drawn = simulated(plan, list(zip(components, counts, strict=True)), seed)
    return {index: noise[..., None, :] for index, noise in zip(components, drawn, strict=True)}


def simulated(plan: Plan, sums: Sequence[tuple[int, int]], seed: bytes) -> list[Floats]:
    """Draws of the noise of sums, each of a component and of so many copies, `read`: [draw], or [bin, draw]. All
    have as many draws."""
    widths = [plan.components[index].width for index, _ in sums]
    laws = [
        (plan.components[index].law,) * copies
        for (index, copies), width in zip(sums, widths, strict=True)
        for _ in range(width)
    ]
    number = draws_for(sum(plan.components[index].width for index in {index for index, _ in sums}))
    parts = np.split(draws(seed, laws, number), np.cumsum(widths)[:-1])
    return [
        read(plan, index, part if plan.components[index].bins else part[0])
        for (index, _), part in zip(sums, parts, strict=True)
    ]


def draws_for(width: int) -> int:
    """How often noise is drawn for an expression that reads so many integers in a row."""
    return max(_FEWEST, min(DRAWS, _DRAWN // width))


def _divisors(
    expression: Expression, plan: Plan, noisy: Noisy, seen: Mapping[int, Floats], seed: bytes
) -> tuple[Flags, Flags]:
    """Where a divisor gives no figure at all, and where its 95% noise interval reaches zero: no margin holds there."""
    undefined = np.zeros(noisy.rows, dtype=np.bool_)
    unbounded = undefined.copy()
    for divisor, own in _divisors_of(expression, plan):
        if isinstance(divisor, Linear):
            totals, denominator = divisor.numerators(
                {index: noisy.sums[index].tolist() for index in divisor.weights}, noisy.rows
            )
            values = np.array([total / denominator for total in totals])
            margins = np.array([float(margin) for margin in _exact_margins(divisor, plan, noisy)])
            undefined |= values <= 0 if divisor.is_never_negative(plan) else values == 0
        else:
            values = point(divisor, own, seen)
            margins = _margins(divisor, own, noisy, seen, seed)
            undefined |= ~np.isfinite(values) | (values <= 0 if _is_size(divisor, own) else values == 0)
        unbounded |= ~(np.abs(values) > margins)
    return undefined, unbounded


def _divisors_of(expression: Expression, plan: Plan) -> Iterator[tuple[Linear | Expression, Plan]]:
    """All that an expression divides by, and what is to be read by which plan: rows where it holds a mean, what stands
    below a division, the variance under a root, whose slope is beyond all bounds at zero, and a percentile's rows."""
    if isinstance(expression, AggregateRef):
        part = plan.parts[expression.index]
        if isinstance(part, Total | Sum | Size):
            return
        if isinstance(part, Percentile):
            yield expression, _with_part(plan, expression.index, part.size)
            return
        yield component(part.rows), plan
        if _is_of_sample(part):
            yield Linear(Fraction(-1), {part.rows: Fraction(1)}), plan
        for variance in _variances_below(part):
            yield expression, _with_part(plan, expression.index, variance)
    elif isinstance(expression, Arithmetic):
        yield from _divisors_of(expression.left, plan)
        yield from _divisors_of(expression.right, plan)
        if expression.operator is Operator.DIVIDE:
            yield linear(expression.right, plan) or expression.right, plan


def _with_part(plan: Plan, index: int, part: Part) -> Plan:
    return replace(plan, parts=(*plan.parts[:index], part, *plan.parts[index + 1 :]))


def _is_size(expression: Expression, plan: Plan) -> bool:
    return isinstance(expression, AggregateRef) and isinstance(plan.parts[expression.index], Size)


def _is_of_sample(part: Part) -> bool:
    if isinstance(part, Spread):
        return part.is_sample
    return isinstance(part, Pair) and part.joint is Joint.COVARIANCE_OF_SAMPLE


def _variances_below(part: Part) -> tuple[Spread, ...]:
    """The variances that stand under a root or below a division."""
    if isinstance(part, Pair):
        return part.variances
    return (replace(part, is_root=False),) if isinstance(part, Spread) and part.is_root else ()


def _half_range(expression: Expression, plan: Plan) -> float:
    """Half of the range that the bounds leave a mean, spread or percentile: a margin as large tells no more."""
    part = plan.parts[expression.index] if isinstance(expression, AggregateRef) else None
    match part:
        case Mean():
            found = plan.components[part.centred]
            return float(found.per_row * found.step)
        case Spread():
            return math.sqrt(part.offset / 2) if part.is_root else float(part.offset)
        case Pair(joint=Joint.CORRELATION):
            return 1.0
        case Percentile():
            return float(part.span / 2)
        case _:
            return math.inf
