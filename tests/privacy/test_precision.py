"""A margin of error buys the smallest price that gives it, and no smaller one does, in either calculus."""

import itertools
import math
from dataclasses import replace

import pytest
from concordat_privacy.components import Component, Kind
from concordat_privacy.laws import Mechanism
from concordat_privacy.margins import noise_margin
from concordat_privacy.parts import Total
from concordat_privacy.plan import plan
from concordat_privacy.precision import (
    larger_without_sharing,
    largest_margin,
    price_for_half_the_margin,
    price_for_margin,
)
from concordat_privacy.sensitivity import law_for
from concordat_privacy.shares import laid
from concordat_query.errors import Reason, Refusal
from concordat_query.model import NANO, Aggregate, Calculus, Query, Statistic
from fakes.catalogue import small_catalogue
from fakes.engine import COUNT, VISITS, query

DATASET = small_catalogue().dataset(VISITS)
CASUALTIES = small_catalogue().dataset("road.casualties")
SEVERAL = query(
    VISITS,
    ("clinic",),
    [COUNT, Aggregate(Statistic.AVG, "weight"), Aggregate(Statistic.COUNT_UNITS)],
    max_groups=3,
    max_rows=4,
)


def margins(query: Query, nodes: int) -> list[int]:
    planned = plan(query, DATASET)
    counted = [planned.components[part.component] for part in planned.parts if isinstance(part, Total)]
    assert {component.kind for component in counted} == {Kind.ROWS, Kind.UNITS}
    return [noise_margin((component.law,) * nodes) for component in counted]


@pytest.mark.parametrize("calculus", Calculus)
@pytest.mark.parametrize("nodes", [1, 4])
@pytest.mark.parametrize("margin", [10, 17.5, 40, 1000])
def test_it_is_the_smallest_price_at_which_every_count_has_the_margin(
    margin: float, nodes: int, calculus: Calculus
) -> None:
    asked = replace(SEVERAL, price_nano=1, calculus=calculus)
    price = price_for_margin(asked, DATASET, nodes, margin)
    bought, cheaper = (replace(asked, price_nano=nano) for nano in (price, price - 1))
    assert max(margins(bought, nodes)) <= margin
    assert max(margins(cheaper, nodes)) > margin
    assert largest_margin(plan(bought, DATASET), nodes) == max(margins(bought, nodes))


def test_more_nodes_added_up_cost_more_for_the_same_margin() -> None:
    assert price_for_margin(SEVERAL, DATASET, 4, 40) > 3 * price_for_margin(SEVERAL, DATASET, 1, 40)


@pytest.mark.parametrize(
    ("calculus", "margin"),
    [
        *itertools.product(Calculus, [0, -1, math.nan, math.inf, 1e-320]),
        *[(Calculus.GAUSSIAN, margin) for margin in (0.4, 0.99)],
    ],
)
def test_a_margin_that_nothing_buys_is_refused(margin: float, calculus: Calculus) -> None:
    with pytest.raises(Refusal) as refused:
        price_for_margin(replace(SEVERAL, calculus=calculus), DATASET, 1, margin)
    assert refused.value.reason is Reason.INVALID_PRICE


def test_a_margin_below_one_is_bought_by_so_little_noise_that_most_of_it_is_none() -> None:
    """In pure epsilon; discrete Gaussian noise has a least scale."""
    single = replace(query(aggregates=[COUNT]), calculus=Calculus.PURE)
    price_nano = price_for_margin(single, CASUALTIES, 1, 0.4)
    assert largest_margin(plan(replace(single, price_nano=price_nano), CASUALTIES), 1) == 0
    assert largest_margin(plan(replace(single, price_nano=price_nano - 1), CASUALTIES), 1) == 1


def test_a_query_without_a_count_is_refused_with_the_advice_to_give_epsilon() -> None:
    for statistic in (Statistic.SUM, Statistic.AVG):
        with pytest.raises(Refusal, match="give epsilon"):
            price_for_margin(query(VISITS, (), [Aggregate(statistic, "weight")]), DATASET, 1, 40)


@pytest.mark.parametrize("calculus", Calculus)
def test_half_of_every_margin_costs_twice_the_epsilon_or_four_times_the_rho(calculus: Calculus) -> None:
    asked = replace(SEVERAL, price_nano=20_000_000, calculus=calculus)
    price_nano = price_for_half_the_margin(plan(asked, DATASET))
    assert price_nano is not None
    assert price_nano == pytest.approx((2 if calculus is Calculus.PURE else 4) * asked.price_nano, rel=0.01)
    dearer = replace(asked, price_nano=price_nano)
    for before, after in zip(plan(asked, DATASET).components, plan(dearer, DATASET).components, strict=True):
        assert after.scale == pytest.approx(before.scale / 2, rel=1e-3)


def test_half_of_a_margin_of_few_steps_costs_more_or_cannot_be_had() -> None:
    coarse = replace(query(aggregates=[COUNT]), price_nano=NANO // 4)  # a scale of 1.44
    price_nano = price_for_half_the_margin(plan(coarse, CASUALTIES))
    assert price_nano is not None
    assert price_nano > 4.5 * coarse.price_nano
    before, after = (
        plan(replace(coarse, price_nano=each), CASUALTIES).components[0] for each in (NANO // 4, price_nano)
    )
    assert after.scale == pytest.approx(before.scale / 2, rel=1e-3)
    assert price_for_half_the_margin(plan(replace(coarse, price_nano=NANO), CASUALTIES)) is None


@pytest.mark.parametrize("calculus", Calculus)
def test_what_sharing_saves_is_what_the_same_statistics_would_have_by_themselves(calculus: Calculus) -> None:
    shared = query(VISITS, ("clinic",), [COUNT, Aggregate(Statistic.AVG, "cost"), Aggregate(Statistic.VAR_POP, "cost")])
    planned = plan(replace(shared, price_nano=60_000_000, calculus=calculus), DATASET)
    assert len(planned.components) == 3
    ratios = []
    for aggregate in planned.query.aggregates:
        alone = plan(replace(planned.query, aggregates=(aggregate,), price_nano=20_000_000), DATASET)
        weights = laid(alone.parts[0])
        here = {component.kind: component for component in planned.components}
        own = math.hypot(*(weights[i] * _noise(each) for i, each in enumerate(alone.components)))
        within = math.hypot(*(weights[i] * _noise(here[each.kind]) for i, each in enumerate(alone.components)))
        ratios.append(own / within)
    assert larger_without_sharing(planned) == pytest.approx(max(ratios) - 1, rel=1e-3)


def _noise(component: Component) -> float:
    """How many times the scale that a thousandth of a whole unit of the price would buy."""
    calculus = Calculus.PURE if component.law.mechanism is Mechanism.LAPLACE else Calculus.GAUSSIAN
    return component.scale / law_for(calculus, component.sensitivity, NANO // 1000).scale
