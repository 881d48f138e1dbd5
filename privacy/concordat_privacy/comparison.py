"""The difference of two figures of one table, with the margin that its noise gives it (docs/proofs/components.md).

Each (node, cell) of a component carries a noise of its own. Two figures share the noise of what both add up: it is
counted once, on both sides at the same time, so that a nation may be compared with a total that holds it.
"""

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from concordat_query.catalogue import Catalogue, CellKey
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Expression

from concordat_privacy.components import Component
from concordat_privacy.evaluation import Figure, Number, evaluate, half_widths, read, simulated, simulated_errors
from concordat_privacy.laws import Law
from concordat_privacy.linear import Linear, linear
from concordat_privacy.margins import Floats, Noise, combined_margin
from concordat_privacy.merge import NodeAnswer, add_up
from concordat_privacy.places import plan_of_level
from concordat_privacy.plan import Plan
from concordat_privacy.standing import Code, Standing, components_of
from concordat_privacy.sums import Noisy

Addend = tuple[int, int]
"""A node, by index into the standing's answers, and one of a component's cells: a noisy integer with its own noise."""


@dataclass(frozen=True)
class Side:
    """One figure's make-up: what it adds up, by component, and the plan of the keys that its row sums over."""

    plan: Plan
    addends: Mapping[int, frozenset[Addend]]


@dataclass(frozen=True)
class Difference:
    """`estimate` is left less right, None where either has no figure; `margin` half the width of its 95% interval.

    `left` and `right` are the two figures, computed anew. An infinite margin: no finite interval holds.
    """

    left: Number | None
    right: Number | None
    estimate: Number | None
    margin: Number | None

    @property
    def may_be_noise(self) -> bool | None:
        """Whether the noise alone could explain the difference, at 95%; None where there is none."""
        return None if self.estimate is None or self.margin is None else abs(self.estimate) <= self.margin


def addends(
    catalogue: Catalogue,
    plan: Plan,
    stand: Standing,
    value: int,
    nation: str | None,
    keys: Sequence[tuple[CellKey, bool]],
) -> Side:
    """What a row's figure of one value adds up.

    `nation` is the row's (a nation or the name of a total), None where nations are merged; `keys` are the row's with
    whether each is summed over. Refuses a name of no nations asked.
    """
    names = stand.nations if nation is None else _members(catalogue, stand.nations, nation)
    held = stand.held[:, value, :] & (stand.codes[:, value, :] >= Code.INCOMPLETE)[stand.nation_of]
    sizes = [len(domain) for domain in plan.domains]
    found = [
        (node, cell)
        for node, of in enumerate(stand.nation_of.tolist())
        if stand.nations[of] in names
        for cell in _cells(plan, keys)
        if held[node, _place(cell, sizes)]
    ]
    level = plan_of_level(plan, tuple(summed for _, summed in keys))
    needs = components_of(stand.values[value].value, level)
    return Side(level, {index: _own(plan, index, found) for index in needs})


def difference(
    expression: Expression, answers: Sequence[NodeAnswer], left: Side, right: Side, seed: bytes
) -> Difference:
    """The difference of one expression over what two figures add up. Deterministic given the seed.

    Exact for linear combinations of counts and sums; for all else the 95% quantile of simulated errors, infinite where
    a side's own margin is.
    """
    (one, own, _), (other, others, _) = (_figure(expression, answers, side, seed) for side in (left, right))
    if one is None or other is None:
        return Difference(one, other, None, None)
    margin = _exact_margin(expression, left, right)
    if margin is None:
        bounded = math.inf not in (own, others)
        margin = _simulated_margin(expression, answers, left, right, seed) if bounded else math.inf
    return Difference(one, other, one - other, margin)


def _figure(expression: Expression, answers: Sequence[NodeAnswer], side: Side, seed: bytes) -> Figure:
    noises = {index: np.array([len(added)]) for index, added in side.addends.items()}
    return evaluate(expression, side.plan, Noisy(_sums(answers, side), noises), seed)[0]


def _members(catalogue: Catalogue, asked: Sequence[str], name: str) -> frozenset[str]:
    """The nations that a row's label names, among those asked."""
    if name in asked:
        return frozenset({name})
    named = [frozenset(total.nations) for total in catalogue.totals if total.name == name]
    members = named[0] if named else frozenset(nation for nation in asked if nation in name)
    if not members or not members <= set(asked) or catalogue.total_name(members) != name:
        raise Refusal(Reason.MALFORMED_REQUEST, f"no nations asked are together called {name!r}")
    return members


Cell = tuple[int, ...]
"""Where a cell lies in each key's domain."""


def _cells(plan: Plan, keys: Sequence[tuple[CellKey, bool]]) -> list[Cell]:
    """The plan's cells that a row stands for."""
    places = (
        range(len(domain)) if summed else (domain.index(key),)
        for domain, (key, summed) in zip(plan.domains, keys, strict=True)
    )
    return list(itertools.product(*places))


def _place(cell: Sequence[int], sizes: Sequence[int]) -> int:
    """A cell's index among all, the last key running fastest."""
    return sum(place * math.prod(sizes[position + 1 :]) for position, place in enumerate(cell))


def _own(plan: Plan, index: int, found: Sequence[tuple[int, Cell]]) -> frozenset[Addend]:
    """The addends in a component's own cells, which do not tell apart the keys that it is itself summed over."""
    positions = plan.keys_of(plan.components[index])
    sizes = [len(plan.domains[position]) for position in positions]
    return frozenset((node, _place([cell[position] for position in positions], sizes)) for node, cell in found)


def _sums(answers: Sequence[NodeAnswer], side: Side) -> dict[int, npt.NDArray[np.int64]]:
    """Each component's sum, as an array of one."""
    return {index: _summed(side.plan.components[index], index, answers, side) for index in side.addends}


def _summed(component: Component, index: int, answers: Sequence[NodeAnswer], side: Side) -> npt.NDArray[np.int64]:
    added = [answers[node].components[index].reshape(-1, component.width)[cell] for node, cell in side.addends[index]]
    total = add_up(added, (component.width,))
    return total[:, None] if component.bins else total


def _parted(left: Side, right: Side, index: int) -> tuple[int, int, int]:
    """How many of a component's noises only the left has, only the right, and both share."""
    one, other = (side.addends.get(index, frozenset()) for side in (left, right))
    return len(one - other), len(other - one), len(one & other)


def _exact_margin(expression: Expression, left: Side, right: Side) -> Number | None:
    """Of the noises that only one side holds; those that both hold alike cancel. None where it is not linear."""
    one, other = linear(expression, left.plan), linear(expression, right.plan)
    if one is None or other is None:
        return None
    terms: Counter[tuple[Fraction, Law]] = Counter()
    for index in sorted(one.weights.keys() | other.weights.keys()):
        mine, theirs = (form.weights.get(index, Fraction(0)) for form in (one, other))
        law = left.plan.components[index].law
        for weight, noises in zip((mine, theirs, mine - theirs), _parted(left, right, index), strict=True):
            if weight and noises:
                terms[abs(weight), law] += noises
    step = Linear(Fraction(0), {place: weight for place, (weight, _) in enumerate(terms)}).step
    margin = combined_margin(_noises(terms, step)) * step
    return int(margin) if step.denominator == 1 else float(margin)


def _noises(terms: Mapping[tuple[Fraction, Law], int], step: Fraction) -> tuple[Noise, ...]:
    return tuple(sorted(Noise(int(weight / step), law, copies) for (weight, law), copies in terms.items()))


def _simulated_margin(
    expression: Expression, answers: Sequence[NodeAnswer], left: Side, right: Side, seed: bytes
) -> float:
    """Half the width that holds 95% of simulated errors."""
    indexes = sorted(left.addends.keys() | right.addends.keys())
    noises = simulated(left.plan, [(i, number) for i in indexes for number in _parted(left, right, i)], seed)
    drawn = {index: noises[3 * place : 3 * place + 3] for place, index in enumerate(indexes)}
    errors: list[Floats] = []
    for place, side in enumerate((left, right)):
        seen = {i: read(side.plan, i, total.astype(np.float64)) for i, total in _sums(answers, side).items()}
        noise = {index: drawn[index][place] + drawn[index][2] for index in seen}
        errors.append(simulated_errors(expression, side.plan, seen, noise))
    with np.errstate(invalid="ignore"):
        widths = errors[0] - errors[1]
    widths[np.isnan(widths)] = math.inf
    return float(half_widths(widths))
