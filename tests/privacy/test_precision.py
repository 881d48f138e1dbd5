"""A margin of error buys the smallest rho that gives it, and no smaller one does."""

import math
from dataclasses import replace

import pytest
from concordat_privacy.components import Kind
from concordat_privacy.margins import noise_margin
from concordat_privacy.parts import Total
from concordat_privacy.plan import plan
from concordat_privacy.precision import largest_margin, rho_for_margin
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Aggregate, Statistic
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


def margins(rho_nano: int, nodes: int) -> list[int]:
    planned = plan(replace(SEVERAL, rho_nano=rho_nano), DATASET)
    counted = [planned.components[part.component] for part in planned.parts if isinstance(part, Total)]
    assert {component.kind for component in counted} == {Kind.ROWS, Kind.UNITS}
    return [noise_margin((component.scale,) * nodes) for component in counted]


@pytest.mark.parametrize("nodes", [1, 4])
@pytest.mark.parametrize("margin", [10, 17.5, 40, 1000])
def test_it_is_the_smallest_price_at_which_every_count_has_the_margin(margin: float, nodes: int) -> None:
    rho_nano = rho_for_margin(replace(SEVERAL, rho_nano=1), DATASET, nodes, margin)
    assert max(margins(rho_nano, nodes)) <= margin
    assert max(margins(rho_nano - 1, nodes)) > margin
    assert largest_margin(plan(replace(SEVERAL, rho_nano=rho_nano), DATASET), nodes) == max(margins(rho_nano, nodes))


def test_more_nodes_added_up_cost_more_for_the_same_margin() -> None:
    assert rho_for_margin(SEVERAL, DATASET, 4, 40) > 3 * rho_for_margin(SEVERAL, DATASET, 1, 40)


@pytest.mark.parametrize("margin", [0, -1, math.nan, math.inf, 1e-320, 0.4])
def test_a_margin_that_nothing_buys_is_refused(margin: float) -> None:
    with pytest.raises(Refusal) as refused:
        rho_for_margin(SEVERAL, DATASET, 1, margin)
    assert refused.value.reason is Reason.INVALID_PRICE


def test_a_margin_below_one_is_bought_by_so_little_noise_that_most_of_it_is_none() -> None:
    single = query(aggregates=[COUNT])
    rho_nano = rho_for_margin(single, CASUALTIES, 1, 0.4)
    assert largest_margin(plan(replace(single, rho_nano=rho_nano), CASUALTIES), 1) == 0
    assert largest_margin(plan(replace(single, rho_nano=rho_nano - 1), CASUALTIES), 1) == 1


def test_a_query_without_a_count_is_refused_with_the_advice_to_give_epsilon() -> None:
    for statistic in (Statistic.SUM, Statistic.AVG):
        with pytest.raises(Refusal, match="give epsilon"):
            rho_for_margin(query(VISITS, (), [Aggregate(statistic, "weight")]), DATASET, 1, 40)
