"""Linear combinations of counts and sums: exact figures with exact margins (docs/proofs/components.md)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from concordat_query.model import AggregateRef, Constant, Expression, Operator

from concordat_privacy.components import Kind
from concordat_privacy.margins import Noise, combined_margin
from concordat_privacy.parts import Part, Sum, Total
from concordat_privacy.plan import Plan

_LIMIT = Fraction(10) ** 100
"""Weights beyond this, or below its inverse, are left to floating point."""


@dataclass(frozen=True)
class Linear:
    """constant + the sum of weight times a component's integer. Weights are never zero."""

    constant: Fraction
    weights: Mapping[int, Fraction]

    @cached_property
    def step(self) -> Fraction:
        """What one step of the lattice is worth on which the noise lies: the largest number that all weights are
        multiples of."""
        denominator = math.lcm(*(weight.denominator for weight in self.weights.values()))
        numerators = [int(weight * denominator) for weight in self.weights.values()]
        return Fraction(math.gcd(*numerators), denominator) if numerators else Fraction(1)

    def margin(self, plan: Plan, noises: Mapping[int, int]) -> Fraction:
        """The smallest m with P(abs(noise) <= m) >= 0.95, in the expression's units; `noises` tells how many
        independent noises each component's sum holds."""
        terms = [
            Noise(abs(int(weight / self.step)), plan.components[index].law, noises[index])
            for index, weight in self.weights.items()
        ]
        return combined_margin(tuple(sorted(terms))) * self.step

    def is_never_negative(self, plan: Plan) -> bool:
        """Whether the truth cannot be below zero, because it is made of counts."""
        counts = all(plan.components[index].kind is Kind.ROWS for index in self.weights)
        return counts and self.constant >= 0 and all(weight > 0 for weight in self.weights.values())

    def numerators(self, sums: Mapping[int, Sequence[int]], rows: int) -> tuple[list[int], int]:
        """The figures of all rows, exactly: integers, and what they are all to be divided by."""
        denominator = math.lcm(self.constant.denominator, *(weight.denominator for weight in self.weights.values()))
        totals = [int(self.constant * denominator)] * rows
        for index, weight in self.weights.items():
            factor = int(weight * denominator)
            totals = [total + factor * part for total, part in zip(totals, sums[index], strict=True)]
        return totals, denominator


def linear(expression: Expression, plan: Plan) -> Linear | None:
    """The expression as a linear combination; None where it is none, or its numbers are beyond reason."""
    found = _linear(expression, plan)
    if found is None:
        return None
    sizes = [abs(number) for number in (found.constant, *found.weights.values()) if number]
    return found if all(1 / _LIMIT < size < _LIMIT for size in sizes) else None


def component(index: int) -> Linear:
    """A component by itself, in lattice steps."""
    return Linear(Fraction(0), {index: Fraction(1)})


def _linear(expression: Expression, plan: Plan) -> Linear | None:
    match expression:
        case Constant(number):
            return Linear(Fraction(number), {})
        case AggregateRef(index):
            return _of_part(plan.parts[index], plan)
    left, right = _linear(expression.left, plan), _linear(expression.right, plan)
    if left is None or right is None:
        return None
    match expression.operator:
        case Operator.ADD:
            return _sum(left, right, Fraction(1))
        case Operator.SUBTRACT:
            return _sum(left, right, Fraction(-1))
        case Operator.MULTIPLY if not left.weights:
            return _scaled(right, left.constant)
        case Operator.MULTIPLY if not right.weights:
            return _scaled(left, right.constant)
        case Operator.DIVIDE if not right.weights and right.constant:
            return _scaled(left, 1 / right.constant)
        case _:
            return None


def _of_part(part: Part, plan: Plan) -> Linear | None:
    match part:
        case Total(component):
            return Linear(Fraction(0), {component: plan.components[component].step})
        case Sum(rows, centred, middle):
            weights = {rows: middle, centred: plan.components[centred].step}
            return Linear(Fraction(0), {index: weight for index, weight in weights.items() if weight})
        case _:
            return None


def _sum(left: Linear, right: Linear, sign: Fraction) -> Linear:
    weights = dict(left.weights)
    for index, weight in right.weights.items():
        weights[index] = weights.get(index, Fraction(0)) + sign * weight
    kept = {index: weight for index, weight in sorted(weights.items()) if weight}
    return Linear(left.constant + sign * right.constant, kept)


def _scaled(form: Linear, factor: Fraction) -> Linear:
    weights = {index: weight * factor for index, weight in form.weights.items()} if factor else {}
    return Linear(form.constant * factor, weights)
