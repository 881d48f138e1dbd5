"""A unit that encloses several of the population's own charges four times the rho at which it is protected itself."""

from dataclasses import replace

import pytest
from concordat_privacy.accounting import Currency, epsilon_of
from concordat_privacy.enclosing import epsilon_of_unit, moves, price_of_unit, protected, protection
from concordat_privacy.laws import Sensitivity
from concordat_privacy.margins import noise_margin
from concordat_privacy.noise import check_prices, check_profile_prices, price_by_map
from concordat_privacy.plan import plan
from concordat_privacy.precision import price_for_margin
from concordat_privacy.profile import plan_profile
from concordat_privacy.sensitivity import is_paid
from concordat_query.model import NANO, Aggregate, Calculus, Statistic
from fakes.catalogue import enclosing, small_catalogue
from fakes.engine import COUNT, VISITS, query
from fakes.profiles import profile_request

RHO = Currency(Calculus.GAUSSIAN, 1e-6)
PLAIN = small_catalogue().dataset(VISITS)
ENCLOSING = enclosing(VISITS, "single_visit").dataset(VISITS)
STATISTICS = (COUNT, Aggregate(Statistic.COUNT_UNITS), Aggregate(Statistic.VAR_SAMP, "weight"))


@pytest.mark.parametrize("price_nano", [7, 400_000_000, 400_000_003])
@pytest.mark.parametrize(("groups", "rows"), [(1, 1), (3, 2), (6, 20)])
def test_the_charge_is_four_times_what_the_same_noise_costs_the_unit_itself(
    price_nano: int, groups: int, rows: int
) -> None:
    asked = query(VISITS, ("clinic",), STATISTICS, price_nano=price_nano, max_groups=groups, max_rows=rows)
    enclosed, plain = plan(asked, ENCLOSING), plan(asked, PLAIN)
    assert sum(component.price_nano for component in enclosed.components) == price_nano
    check_prices(enclosed)
    for mine, theirs in zip(enclosed.components, plain.components, strict=True):
        assert mine.sensitivity == Sensitivity(2 * theirs.sensitivity.l1, 4 * theirs.sensitivity.squared)
        own = price_of_unit(mine.price_nano, Calculus.GAUSSIAN, ENCLOSING)
        assert is_paid(mine.law.scale, theirs.sensitivity.squared, own)
        assert not is_paid(mine.law.scale, theirs.sensitivity.squared, int(own * 0.998))


def test_a_margin_costs_four_times_the_rho() -> None:
    asked = query(VISITS, ("clinic",), price_nano=1)
    dear, plain = (price_for_margin(asked, dataset, 1, 20) for dataset in (ENCLOSING, PLAIN))
    assert dear == pytest.approx(4 * plain, rel=1e-3)
    bought = plan(query(VISITS, ("clinic",), price_nano=dear), ENCLOSING).components[0]
    assert noise_margin([bought.law]) == 20


def test_a_profile_is_charged_alike() -> None:
    planned = [
        plan_profile(profile_request(dataset, VISITS, ("clinic", "sex")), dataset) for dataset in (ENCLOSING, PLAIN)
    ]
    check_profile_prices(planned[0])
    for mine, theirs in zip(planned[0].vectors, planned[1].vectors, strict=True):
        assert (mine.length, mine.price_nano) == (theirs.length, theirs.price_nano)
        assert mine.sensitivity == Sensitivity(2 * theirs.sensitivity.l1, 4 * theirs.sensitivity.squared)
        own = price_of_unit(mine.price_nano, Calculus.GAUSSIAN, ENCLOSING)
        assert is_paid(mine.law.scale, theirs.sensitivity.squared, own)
        assert not is_paid(mine.law.scale, theirs.sensitivity.squared, int(own * 0.998))


def test_the_units_own_protection_is_a_quarter_of_the_rho_rounded_up() -> None:
    assert [price_of_unit(rho, Calculus.GAUSSIAN, ENCLOSING) for rho in (1, 4, 5, 400)] == [1, 1, 2, 100]
    assert [price_of_unit(rho, Calculus.GAUSSIAN, PLAIN) for rho in (1, 4, 5, 400)] == [1, 4, 5, 400]
    assert epsilon_of_unit(400, RHO, ENCLOSING) == epsilon_of(100, 1e-6)
    assert (moves(ENCLOSING), moves(PLAIN)) == (2, 1)


def test_it_is_told_for_whom_the_charge_is_and_at_what_the_whole_unit_is_protected() -> None:
    assert protected(PLAIN, Calculus.GAUSSIAN) == "What is protected is one patient."
    assert protection(10**8, RHO, PLAIN) == ""
    told = protected(ENCLOSING, Calculus.GAUSSIAN)
    assert "What is charged for is one single visit" in told
    assert "one patient is protected at a quarter of the rho charged, by each query alone" in told
    price = protection(10**8, RHO, ENCLOSING)
    assert "The charge is for one single visit" in price
    assert f"one patient is protected at epsilon {epsilon_of(10**8 // 4, 1e-6):.3g}, by this alone" in price


def test_in_pure_epsilon_the_charge_is_twice_what_the_same_noise_costs_the_unit_itself() -> None:
    asked = query(VISITS, ("clinic",), STATISTICS, price_nano=400_000_003, max_groups=3, max_rows=2)
    asked = replace(asked, calculus=Calculus.PURE)
    enclosed, plain = plan(asked, ENCLOSING), plan(asked, PLAIN)
    check_prices(enclosed)
    for mine, theirs in zip(enclosed.components, plain.components, strict=True):
        assert mine.sensitivity.l1 == 2 * theirs.sensitivity.l1
        assert price_by_map(mine.law, theirs.sensitivity) <= price_of_unit(mine.price_nano, Calculus.PURE, ENCLOSING)
    assert [price_of_unit(nano, Calculus.PURE, ENCLOSING) for nano in (1, 4, 5, 400)] == [1, 2, 3, 200]
    assert epsilon_of_unit(NANO, Currency(Calculus.PURE, 0.0), ENCLOSING) == 0.5
    assert "at half of the epsilon charged" in protected(ENCLOSING, Calculus.PURE)
