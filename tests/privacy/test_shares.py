"""How a price is laid on components: no statistic is worse off than by itself, and what is shared is a gain."""

import itertools
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from concordat_privacy.components import Kind
from concordat_privacy.parts import Joint, Mean, Pair, Part, Percentile, Side, Spread, Sum, Total
from concordat_privacy.plan import Plan, plan
from concordat_privacy.shares import laid, split, weights_of
from concordat_query.canonical import canonical_query
from concordat_query.model import Aggregate, Query, Statistic
from fakes.catalogue import small_catalogue
from hypothesis import given
from hypothesis import strategies as st

VISITS = small_catalogue().dataset("health.visits")
Floats = npt.NDArray[np.float64]
COUNT = Total(0)
MEAN = Mean(0, 1, Fraction(50))
VARIANCE = Spread(0, 1, 2, Fraction(1250), is_sample=False, is_root=False)
SUM = Sum(0, 1, Fraction(50), Fraction(50))
MEDIAN = Percentile(3, Fraction(1, 2), Fraction(0), Fraction(1), is_coarse=False, span=Fraction(100))
PARTS: tuple[Part, ...] = (COUNT, Total(4), MEAN, VARIANCE, SUM, MEDIAN)


def portion(parts: Sequence[Part], component: int) -> float:
    weights = weights_of(parts, 5)
    return weights[component] / sum(weights)


def variance(part: Part, shares: Sequence[float]) -> float:
    """Relative to that of the same statistic if it had the whole price for itself."""
    own = laid(part)
    return sum((own[index] / sum(own.values())) ** 2 / shares[index] for index in own)


@given(st.integers(1, 10**11), st.lists(st.integers(0, 10**12), min_size=1, max_size=9).filter(any))
def test_shares_are_whole_add_up_and_follow_the_weights(rho: int, weights: list[int]) -> None:
    rho += len(weights)
    shares = split(rho, tuple(weights))
    assert sum(shares) == rho
    assert min(shares) >= 1
    for share, weight in zip(shares[1:], weights[1:], strict=True):
        assert abs(share - Fraction(rho * weight, sum(weights))) <= len(weights)


@pytest.mark.parametrize("count", range(1, len(PARTS) + 1))
def test_no_statistic_is_less_precise_than_by_itself_at_an_equal_part_of_the_price(count: int) -> None:
    for parts in itertools.combinations(PARTS, count):
        weights = weights_of(parts, 5)
        shares = [weight / sum(weights) for weight in weights]
        for part in parts:
            assert variance(part, shares) <= count * (1 + 1e-8)


def test_what_several_statistics_need_has_what_all_of_them_bring() -> None:
    assert portion([COUNT], 0) == 1
    assert portion([MEAN], 0) == pytest.approx(1 / 3)
    assert portion([COUNT, MEAN], 0) == pytest.approx((1 + 1 / 3) / 2)
    assert portion([COUNT, SUM, MEAN, VARIANCE, MEDIAN], 0) == pytest.approx((1 + 1 / 2 + 1 / 3 + 3 / 12) / 5)
    assert portion([COUNT, MEDIAN], 3) == 1 / 2


def test_statistics_that_ask_the_same_of_components_bring_one_part() -> None:
    root = Spread(0, 1, 2, Fraction(1250), is_sample=True, is_root=True)
    quartile = Percentile(3, Fraction(1, 4), Fraction(0), Fraction(1), is_coarse=False, span=Fraction(100))
    assert weights_of([COUNT, VARIANCE, MEDIAN, root, quartile, COUNT], 5) == weights_of([COUNT, VARIANCE, MEDIAN], 5)


@pytest.mark.parametrize(("middle", "half"), [("50", "50"), ("0", "7"), ("-3.5", "0.5"), ("1000000000", "50")])
def test_a_sum_of_rows_and_centred_values_is_as_precise_as_one_with_a_component_of_its_own(
    middle: str, half: str
) -> None:
    part = Sum(0, 1, Fraction(middle), Fraction(half))
    weights = weights_of([part], 2)
    shares = [weight / sum(weights) for weight in weights]
    squares = {0: float(part.middle) ** 2, 1: float(part.half) ** 2}
    together = sum(square / shares[index] for index, square in squares.items() if square)
    assert together == pytest.approx(float(abs(part.middle) + part.half) ** 2, rel=1e-6)


def planned(*aggregates: Aggregate) -> Plan:
    return plan(canonical_query(Query("health.visits", (), None, aggregates, 10**9, 1, 1)), VISITS)


def test_a_sum_shares_rows_that_are_released_anyway_and_else_has_a_component_of_its_own() -> None:
    alone = planned(Aggregate(Statistic.SUM, "cost"))
    beside = planned(Aggregate(Statistic.SUM, "cost"), Aggregate(Statistic.COUNT_ROWS))
    missing = planned(Aggregate(Statistic.SUM, "weight"), Aggregate(Statistic.COUNT_ROWS))
    assert [each.kind for each in alone.components] == [Kind.SUM]
    assert sorted(each.kind.value for each in beside.components) == ["centred", "rows"]
    assert sorted(each.kind.value for each in missing.components) == ["rows", "sum"]


# What a statistic lays by itself is the best on average, its mean being anywhere between the bounds with equal chance,
# and its variance anywhere that the mean leaves. Lengths are in halves of the distance between the bounds.

DICE = np.random.RandomState(7)
MEANS, OTHER_MEANS = DICE.uniform(-1, 1, (2, 200_000))
SPREAD, OTHER_SPREAD = (DICE.uniform(0, 1, 200_000) * (1 - mean**2) for mean in (MEANS, OTHER_MEANS))
TOGETHER = DICE.uniform(-1, 1, 200_000) * np.sqrt(SPREAD * OTHER_SPREAD)
CERTAIN = np.ones(200_000)


def regret(moved_by: Sequence[Floats], shares: Sequence[float]) -> float:
    """By which factor variances are larger, on average, than by the best shares for each case."""
    sizes = np.abs(np.array(moved_by))
    return float(((sizes**2 / np.array(shares)[:, None]).sum(axis=0) / sizes.sum(axis=0) ** 2).mean())


def _pair(joint: Joint, *, first: bool, second: bool) -> Pair:
    one, other = (
        Side(centred, Fraction(50), squares if held else None, Fraction(1250))
        for centred, squares, held in ((1, 3, first), (2, 4, second))
    )
    return Pair(joint, 0, one, other, products=5)


def _spread_moved_by(mean: Floats, spread: Floats) -> list[Floats]:
    """A variance by noise in rows, centred sum and squares: largest contributions are 1, 1 and 1/2."""
    return [0.5 - spread + mean**2, -2 * mean, np.full_like(mean, 0.5)]


def _common_moved_by() -> list[Floats]:
    """A covariance by noise in rows, both centred sums and products."""
    return [MEANS * OTHER_MEANS - TOGETHER, -OTHER_MEANS, -MEANS, CERTAIN]


def _divided_moved_by(joint: Joint) -> list[Floats]:
    """A correlation, a slope or an intercept where zero is the lower bound: rows, sums, squares asked for, products."""
    rows, first, second, products = _common_moved_by()
    upper, lower = _spread_moved_by(MEANS, SPREAD), _spread_moved_by(OTHER_MEANS, OTHER_SPREAD)
    if joint is Joint.CORRELATION:
        root, half = np.sqrt(SPREAD * OTHER_SPREAD), TOGETHER / 2
        return [
            (rows - half * (upper[0] / SPREAD + lower[0] / OTHER_SPREAD)) / root,
            (first - half * upper[1] / SPREAD) / root,
            (second - half * lower[1] / OTHER_SPREAD) / root,
            half * upper[2] / SPREAD / root,
            half * lower[2] / OTHER_SPREAD / root,
            products / root,
        ]
    slope = TOGETHER / OTHER_SPREAD
    own = [rows - slope * lower[0], first, second - slope * lower[1], -slope * lower[2], products]
    slopes = [each / OTHER_SPREAD for each in own]
    if joint is Joint.SLOPE:
        return slopes
    moved = [slope * OTHER_MEANS - MEANS, CERTAIN, -slope, 0 * slope, 0 * slope]
    return [own - (1 + OTHER_MEANS) * each for own, each in zip(moved, slopes, strict=True)]


@pytest.mark.parametrize(
    ("part", "moved_by"),
    [
        (MEAN, [MEANS, CERTAIN]),
        (VARIANCE, _spread_moved_by(MEANS, SPREAD)),
        (_pair(Joint.COVARIANCE, first=False, second=False), _common_moved_by()),
        (_pair(Joint.CORRELATION, first=True, second=True), _divided_moved_by(Joint.CORRELATION)),
        (_pair(Joint.SLOPE, first=False, second=True), _divided_moved_by(Joint.SLOPE)),
        (_pair(Joint.INTERCEPT, first=False, second=True), _divided_moved_by(Joint.INTERCEPT)),
    ],
    ids=["mean", "variance", "covariance", "correlation", "slope", "intercept"],
)
def test_what_a_statistic_lays_by_itself_is_nearly_the_best_on_average(part: Part, moved_by: list[Floats]) -> None:
    sizes = np.abs(np.array(moved_by))
    best = np.sqrt((sizes**2 / sizes.sum(axis=0) ** 2).mean(axis=1))
    own = laid(part)
    shares = [own[index] / sum(own.values()) for index in own if own[index]]
    assert regret(moved_by, shares) <= 1.01 * regret(moved_by, list(best / best.sum()))
