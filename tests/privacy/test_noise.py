"""Noise is fresh, of the right size and length, and no scale escapes the check."""

import dataclasses
import math

import numpy as np
import pytest
from concordat_privacy.noise import charge_by_map, check_prices, draw
from concordat_privacy.plan import plan
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Aggregate, Query, Statistic
from fakes.catalogue import small_catalogue

DATASET = small_catalogue().dataset("health.visits")
QUERY = Query("health.visits", ("clinic",), None, (Aggregate(Statistic.AVG, "cost"),), 30_000_001, 3, 2)


def test_noise_has_one_integer_for_each_cell_and_is_never_drawn_twice() -> None:
    first, second = draw(50.0, 40), draw(50.0, 40)
    assert first.dtype == np.int64
    assert first.shape == (40,)
    assert (first != second).any()


@pytest.mark.parametrize("scale", [0.7, 3.0, 250.0])
def test_noise_has_the_scales_variance_and_no_bias(scale: float) -> None:
    noise = draw(scale, 4000)
    assert abs(noise.mean()) < 6 * scale / math.sqrt(4000)
    assert noise.std() == pytest.approx(scale, rel=0.08)


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf, 2.0**51])
def test_a_scale_out_of_range_is_refused(scale: float) -> None:
    with pytest.raises(Refusal) as refused:
        draw(scale, 1)
    assert refused.value.reason is Reason.INVALID_PRICE


def test_a_plan_costs_no_more_than_its_price_by_opendps_map() -> None:
    planned = plan(QUERY, DATASET)
    check_prices(planned)
    charges = [charge_by_map(planned, component) for component in planned.components]
    assert sum(charges) <= QUERY.rho_nano
    assert sum(charges) >= QUERY.rho_nano * 0.999


def test_a_component_with_less_noise_than_its_share_pays_for_is_refused() -> None:
    planned = plan(QUERY, DATASET)
    first, second = planned.components
    cheated = dataclasses.replace(planned, components=(first, dataclasses.replace(second, scale=second.scale * 0.99)))
    with pytest.raises(Refusal) as refused:
        check_prices(cheated)
    assert refused.value.reason is Reason.INVALID_PRICE


def test_a_unit_with_more_rows_costs_more_at_the_same_noise() -> None:
    planned = plan(QUERY, DATASET)
    first, *others = planned.components
    wider = dataclasses.replace(
        planned, components=(dataclasses.replace(first, sensitivity_squared=first.sensitivity_squared + 1), *others)
    )
    with pytest.raises(Refusal):
        check_prices(wider)
