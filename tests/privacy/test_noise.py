"""Noise is fresh, of the right size and length, and no scale escapes the check."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
from concordat_privacy.laws import Law
from concordat_privacy.noise import check_prices, draw, price_by_map
from concordat_privacy.plan import plan
from concordat_query.errors import Reason, Refusal
from concordat_query.model import NANO, Aggregate, Calculus, Query, Statistic
from fakes.catalogue import small_catalogue
from fakes.laws import gaussian, laplace, standard_deviation

DATASET = small_catalogue().dataset("health.visits")
QUERY = Query("health.visits", ("clinic",), None, (Aggregate(Statistic.AVG, "cost"),), 30_000_001, 3, 2)


def test_noise_has_one_integer_for_each_cell_and_is_never_drawn_twice() -> None:
    first, second = draw(gaussian(50.0), 40), draw(gaussian(50.0), 40)
    assert first.dtype == np.int64
    assert first.shape == (40,)
    assert (first != second).any()


@pytest.mark.parametrize("scale", [0.7, 3.0, 250.0])
def test_noise_has_the_scales_variance_and_no_bias(scale: float) -> None:
    noise = draw(gaussian(scale), 4000)
    assert abs(noise.mean()) < 6 * scale / math.sqrt(4000)
    assert noise.std() == pytest.approx(scale, rel=0.08)


@pytest.mark.parametrize("scale", [0.7, 3.0, 250.0, 2.0**50])
def test_laplace_noise_has_its_own_variance_and_mean_size(scale: float) -> None:
    noise = draw(laplace(scale), 4000).astype(np.float64)
    spread = standard_deviation(laplace(scale))
    assert abs(noise.mean()) < 6 * spread / math.sqrt(4000)
    assert noise.std() == pytest.approx(spread, rel=0.13)
    assert np.abs(noise).mean() == pytest.approx(1 / math.sinh(1 / scale), rel=0.1)


def test_laplace_noise_of_a_tiny_scale_is_none() -> None:
    assert not draw(laplace(0.001), 1000).any()


@pytest.mark.parametrize("law", [gaussian, laplace])
@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf, 2.0**51])
def test_a_scale_out_of_range_is_refused(scale: float, law: Callable[[float], Law]) -> None:
    with pytest.raises(Refusal) as refused:
        draw(law(scale), 1)
    assert refused.value.reason is Reason.INVALID_PRICE


@pytest.mark.parametrize("calculus", Calculus)
def test_a_plan_costs_no_more_than_its_price_by_opendps_map(calculus: Calculus) -> None:
    planned = plan(dataclasses.replace(QUERY, calculus=calculus), DATASET)
    check_prices(planned)
    charges = [price_by_map(component.law, component.sensitivity) for component in planned.components]
    assert sum(charges) <= QUERY.price_nano
    assert sum(charges) >= QUERY.price_nano * 0.999


@pytest.mark.parametrize("calculus", Calculus)
def test_a_component_with_less_noise_than_its_share_pays_for_is_refused(calculus: Calculus) -> None:
    planned = plan(dataclasses.replace(QUERY, calculus=calculus), DATASET)
    first, second = planned.components
    cheated = dataclasses.replace(
        planned, components=(first, dataclasses.replace(second, law=second.law._replace(scale=second.scale * 0.99)))
    )
    with pytest.raises(Refusal) as refused:
        check_prices(cheated)
    assert refused.value.reason is Reason.INVALID_PRICE


def test_noise_that_only_the_map_bears_out_is_refused() -> None:
    """Discrete noise as large as the continuous noise that was paid for is easier to see through."""
    planned = plan(dataclasses.replace(QUERY, price_nano=NANO), DATASET)
    first, *others = planned.components
    scale = math.sqrt(first.sensitivity.squared * NANO / (2 * first.price_nano)) * (1 + 1e-9)
    cheated = dataclasses.replace(first, law=first.law._replace(scale=scale))
    assert price_by_map(cheated.law, cheated.sensitivity) <= first.price_nano
    with pytest.raises(Refusal):
        check_prices(dataclasses.replace(planned, components=(cheated, *others)))


def test_a_unit_with_more_rows_costs_more_at_the_same_noise() -> None:
    planned = plan(QUERY, DATASET)
    first, *others = planned.components
    wider = dataclasses.replace(
        planned,
        components=(
            dataclasses.replace(first, sensitivity=first.sensitivity._replace(squared=first.sensitivity.squared + 1)),
            *others,
        ),
    )
    with pytest.raises(Refusal):
        check_prices(wider)
