"""Cumulative counts by a public strategy: what it costs, that it is exact without noise, and how far figures may be."""

import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from concordat_privacy.components import Component, Kind
from concordat_privacy.margins import NORMAL_QUANTILE, Noise, combined_margin, normal_sigma
from concordat_privacy.parts import Percentile
from concordat_privacy.percentiles import _first_above, cumulative_counts, inverted_margins, ordered, value_at
from concordat_privacy.plan import Plan, plan
from concordat_privacy.strategies import MAX_BINS, MAX_FLAT, Grouped, bins_of, grouped_strategy_of, strategy_of
from concordat_query.catalogue import Catalogue
from concordat_query.errors import Refusal
from concordat_query.model import NANO, Aggregate, Calculation, Calculus, RowOperator, Statistic, Value
from concordat_query.scalar_types import ScalarType
from fakes.catalogue import number, small_catalogue
from fakes.engine import CASUALTIES, COUNT, VISITS, query
from fakes.laws import drawn, laplace
from hypothesis import given, settings
from hypothesis import strategies as st

MEDIAN = Aggregate(Statistic.PERCENTILE_CONT, "age", fraction=Decimal("0.5"))
REPETITIONS = 1500


def asked(*aggregates: Aggregate, keys: tuple[str, ...] = (), dataset: str = CASUALTIES) -> Plan:
    return plan(query(dataset, keys, aggregates), small_catalogue().dataset(dataset))


def ages(fraction: str = "0.5") -> tuple[Component, Percentile]:
    """A component of ages from 0 to 100 and a percentile made of it."""
    planned = asked(Aggregate(Statistic.PERCENTILE_CONT, "age", fraction=Decimal(fraction)))
    (component,), (part,) = planned.components, planned.parts
    assert isinstance(part, Percentile)
    return component, part


@pytest.mark.parametrize("bins", [1, 2, 3, 10, 101, MAX_BINS])
def test_undoing_a_strategy_sums_up(bins: int) -> None:
    strategy = strategy_of(bins)
    expected = np.tril(np.ones((bins, bins)))
    np.testing.assert_allclose(strategy.cumulative @ strategy.matrix, expected, atol=1e-9)


@pytest.mark.parametrize("bins", [1, 2, 10, 101, MAX_BINS])
def test_what_a_row_adds_is_within_the_norms_which_the_first_bin_attains(bins: int) -> None:
    strategy = strategy_of(bins)
    squares = (strategy.matrix**2).sum(axis=0)
    assert squares.max() == squares[0] == strategy.largest_squared
    assert np.abs(strategy.matrix).sum(axis=0).max() == strategy.largest_sum


def test_cumulative_counts_are_less_noisy_than_sums_of_a_histogram() -> None:
    """At the same price: halfway through 101 bins 2.5 times, through 1,024 bins 6 times."""
    for bins, times in ((101, 2.5), (1024, 6)):
        strategy = strategy_of(bins)
        noise = strategy.spread[bins // 2] * math.sqrt(strategy.largest_squared)
        assert noise * times < math.sqrt(bins / 2)


def test_percentiles_of_one_column_share_one_component() -> None:
    quartiles = [
        Aggregate(Statistic.PERCENTILE_CONT, "age", fraction=Decimal(each)) for each in ("0.25", "0.5", "0.75")
    ]
    planned = asked(COUNT, *quartiles)
    assert [component.kind for component in planned.components] == [Kind.ROWS, Kind.CUMULATIVE]
    assert planned.components[1].length == 101


def test_a_column_of_many_values_is_counted_in_few_bins() -> None:
    assert bins_of(ScalarType("number", -5, 100_000, nullable=False)) == bins_of(
        ScalarType("number", -5, 100_000, nullable=True)
    )
    bins = bins_of(ScalarType("number", -5, 100_000, nullable=False))
    assert (bins.lower, bins.size) == (-5, 98)
    assert bins.count <= MAX_BINS < (100_006 // (bins.size - 1))


def test_more_figures_than_are_answered_are_refused_with_advice() -> None:
    fine = Calculation(RowOperator.TIMES, "weight", Value(Decimal(7)))
    percentile = Aggregate(Statistic.PERCENTILE_CONT, fine, fraction=Decimal("0.5"))
    content = small_catalogue().model_dump(mode="json")
    content["datasets"][VISITS]["columns"].append(number("day", 1, 365, key=True))
    catalogue = Catalogue.model_validate(content)
    with pytest.raises(Refusal, match="narrow or group it"):
        plan(query(VISITS, ("day",), [percentile]), catalogue.dataset(VISITS))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 100), min_size=1, max_size=40), st.sampled_from(["0", "0.1", "0.5", "0.999", "1"]))
def test_without_noise_a_percentile_is_exact(values: list[int], fraction: str) -> None:
    component, part = ages(fraction)
    counts = cumulative_counts(component, _exact(component, values)[:, None])
    assert value_at(part, ordered(counts))[0] == pytest.approx(float(np.quantile(values, float(fraction))), abs=1e-6)


def _exact(component: Component, values: list[int] | np.ndarray) -> np.ndarray:
    assert component.bins is not None
    return (component.bins.strategy.matrix @ np.bincount(values, minlength=component.bins.count)).astype(np.float64)


@pytest.mark.parametrize("rows", [60, 600, 6000])
@pytest.mark.parametrize("fraction", ["0.1", "0.5", "0.95"])
@pytest.mark.parametrize("shape", ["smooth", "two heaps", "one value"])
def test_margins_hold_the_truth(rows: int, fraction: str, shape: str) -> None:
    noise = np.random.default_rng(rows)
    values = {
        "smooth": np.clip(noise.gamma(6, 5, rows), 0, 100).astype(int),
        "two heaps": np.repeat([10, 90], rows // 2),
        "one value": np.full(rows, 30),
    }[shape]
    component, part = ages(fraction)
    scale = 3 * math.sqrt(component.sensitivity.squared)  # as for a count with a deviation of 3
    drawn = np.rint(noise.normal(0, scale, (component.width, REPETITIONS)))
    sums = _exact(component, values)[:, None] + drawn
    figures = value_at(part, ordered(cumulative_counts(component, sums)))
    margins = inverted_margins(part, component, cumulative_counts(component, sums), np.full(REPETITIONS, scale))
    truth = np.quantile(values, float(fraction))
    assert np.mean(np.abs(figures - truth) <= margins + 1e-9) >= 0.93
    if shape == "smooth" and rows == 6000:
        assert np.median(margins) <= 2


def test_a_margin_widens_with_the_noise() -> None:
    component, part = ages()
    values = np.arange(101).repeat(5)
    sums = np.repeat(_exact(component, values)[:, None], 3, axis=1)
    sigma = math.sqrt(component.sensitivity.squared)
    margins = inverted_margins(
        part, component, cumulative_counts(component, sums), np.array([0.0, 2 * sigma, 8 * sigma])
    )
    assert margins[0] == 0
    assert 0 < margins[1] < margins[2] / 2


def test_the_values_of_a_bin_are_taken_to_be_evenly_spread() -> None:
    kind = ScalarType("number", 0, 10 * MAX_BINS - 1, nullable=False)
    bins = bins_of(kind)
    part = Percentile(0, Fraction(1, 2), Fraction(0), Fraction(bins.size), is_coarse=True, span=Fraction(kind.upper))
    counts = np.where(np.arange(bins.count) < 3, 0.0, 100.0)
    assert value_at(part, ordered(counts[:, None]))[0] == pytest.approx(35)


PURE_AGES = plan(
    replace(query(CASUALTIES, (), [MEDIAN]), price_nano=NANO, calculus=Calculus.PURE),
    small_catalogue().dataset(CASUALTIES),
)


@pytest.mark.parametrize("bins", [1, 2, 10, 101, MAX_FLAT, MAX_FLAT + 1, 500, MAX_BINS])
def test_in_pure_epsilon_bins_and_their_groups_are_counted_and_least_squares_sums_them_up(bins: int) -> None:
    strategy = grouped_strategy_of(bins)
    assert np.abs(strategy.matrix).sum(axis=0).max() == strategy.largest_sum == (1 if bins <= MAX_FLAT else 2)
    assert (strategy.matrix**2).sum(axis=0).max() == strategy.largest_squared
    assert strategy.matrix.shape == (strategy.rows, bins)
    expected = np.tril(np.ones((bins, bins)))
    np.testing.assert_allclose(strategy.cumulative @ strategy.matrix, expected, atol=1e-9)
    np.testing.assert_allclose(strategy.cumulative, expected @ np.linalg.pinv(strategy.matrix), atol=1e-9)


@pytest.mark.parametrize("bins", [2, 20, 101, MAX_FLAT])
def test_at_the_same_epsilon_a_flat_histogram_is_less_noisy_than_the_root(bins: int) -> None:
    flat, root = (s.spread.mean() * s.largest_sum for s in (grouped_strategy_of(bins), strategy_of(bins)))
    assert flat < root * (1 if bins < 20 else 0.6)


@pytest.mark.parametrize("bins", [MAX_FLAT + 1, 300, MAX_BINS])
def test_beyond_that_groups_are_less_noisy_than_a_flat_histogram_and_the_root(bins: int) -> None:
    grouped, flat, root = (
        s.spread.mean() * s.largest_sum for s in (grouped_strategy_of(bins), Grouped(bins, 0), strategy_of(bins))
    )
    assert grouped < min(0.75 * flat, root / 3)


def test_a_pure_percentile_pays_for_the_rows_of_a_unit() -> None:
    (component,) = PURE_AGES.components
    assert (component.length, component.per_row, component.sensitivity.l1) == (101, 1, 1)
    assert component.law == laplace(component.scale)
    assert component.scale == pytest.approx(1, rel=2e-4)


@pytest.mark.parametrize("rows", [600, 6000])
@pytest.mark.parametrize("fraction", ["0.1", "0.5", "0.95"])
@pytest.mark.parametrize("scale", [3.0, 12.0])
def test_margins_in_pure_epsilon_hold_the_truth(rows: int, fraction: str, scale: float) -> None:
    dice = np.random.default_rng(rows)
    values = np.clip(dice.gamma(6, 5, rows), 0, 100).astype(int)
    (component,), (part,) = PURE_AGES.components, PURE_AGES.parts
    assert isinstance(part, Percentile)
    part = replace(part, fraction=Fraction(fraction))
    noise = drawn(laplace(scale), component.width * REPETITIONS, dice).reshape(component.width, REPETITIONS)
    sums = _exact(component, values)[:, None] + noise
    figures = value_at(part, ordered(cumulative_counts(component, sums)))
    sigmas = np.full(REPETITIONS, normal_sigma(laplace(scale), 1))
    margins = inverted_margins(part, component, cumulative_counts(component, sums), sigmas)
    truth = np.quantile(values, float(fraction))
    assert np.mean(np.abs(figures - truth) <= margins + 1e-9) >= 0.93


def test_no_sum_of_laplaces_has_a_wider_interval_for_its_variance_than_one_alone() -> None:
    dice = np.random.default_rng(5)
    alone = NORMAL_QUANTILE * normal_sigma(laplace(1e6), 1)
    for parts in (1, 2, 2, 2, 3, 3, 5, 20):
        weights = np.maximum(1, (1000 * dice.random(parts) ** 3).astype(int)).tolist()
        terms = tuple(sorted(Noise(weight, laplace(1e6), 1) for weight in weights))
        norm = math.sqrt(sum(weight**2 for weight in weights))
        assert combined_margin(terms) <= alone * norm * (1 + 1e-5)


def test_a_row_is_found_by_halving_where_looking_at_every_count_finds_it() -> None:
    dice = np.random.default_rng(3)
    for bins in (1, 2, 3, 101, MAX_BINS):
        rising = np.sort(dice.integers(-5, 60, (bins, 7)), axis=0).astype(np.float64)
        wanted = dice.integers(-8, 64, (2, 7)) + dice.choice([0.0, 0.5], (2, 7))
        expected = (rising[None] <= wanted[:, None]).sum(axis=1)
        np.testing.assert_array_equal(_first_above(rising, wanted), expected)
