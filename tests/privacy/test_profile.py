"""A profile's plan follows from the request and the public definition alone; all of rho is spent on it, no more."""

from dataclasses import replace
from typing import Any

import pytest
from concordat_privacy import noise
from concordat_privacy.laws import Law, Mechanism
from concordat_privacy.profile import Losing, ProfilePlan, Subject, check_held, plan_profile
from concordat_query.catalogue import Dataset
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Calculus
from fakes.catalogue import number, small_catalogue
from fakes.engine import CASUALTIES, VISITS
from fakes.profiles import profile_request

CATALOGUE = small_catalogue()


def planned(name: str = VISITS, keys: tuple[str, ...] = ("clinic", "sex"), **more: Any) -> ProfilePlan:
    dataset = CATALOGUE.dataset(name)
    return plan_profile(profile_request(dataset, name, keys, **more), dataset)


def squared(plan: ProfilePlan) -> dict[str, int]:
    return {vector.key or vector.subject.name: vector.sensitivity.squared for vector in plan.vectors}


def test_sensitivities_are_those_of_the_declared_limits() -> None:
    assert squared(planned()) == {"UNITS": 1, "ROWS": 400, "LOSSES": 4, "clinic": 6, "sex": 1}
    assert squared(planned(CASUALTIES, ("sex", "year"))) == {"UNITS": 1, "LOSSES": 2, "sex": 1, "year": 1}


def test_a_unit_has_no_more_values_than_rows() -> None:
    short = CATALOGUE.dataset(VISITS).model_copy(update={"max_rows_per_unit": 3})
    short = Dataset.model_validate(short.model_dump())
    plan = plan_profile(profile_request(short, VISITS, ("clinic",)), short)
    assert squared(plan)["clinic"] == 3


def test_what_declared_limits_rule_out_is_not_paid_for() -> None:
    assert planned(CASUALTIES, ("year",)).losses == (Losing.ROW_AT_IMPORT, Losing.CLAMPED)
    assert Losing.ROW_IN_CELL not in planned(max_rows=20).losses
    assert Losing.ROW_IN_CELL in planned(max_rows=19).losses
    assert Losing.GROUP not in planned(max_groups=6).losses
    assert Losing.GROUP in planned(max_groups=5).losses
    assert Losing.GROUP not in planned(keys=("sex",)).losses


@pytest.mark.parametrize(("max_groups", "max_rows", "at_once"), [(5, 14, 4), (5, 15, 3), (1, 18, 4), (1, 19, 3)])
def test_a_unit_counts_in_both_losses_only_if_it_may_have_rows_enough(
    max_groups: int, max_rows: int, at_once: int
) -> None:
    assert squared(planned(max_groups=max_groups, max_rows=max_rows))["LOSSES"] == at_once


def test_in_pure_epsilon_every_vector_pays_for_its_l1_distance() -> None:
    plan = planned(calculus=Calculus.PURE, price_nano=500_000_000)
    distances = {vector.key or vector.subject.name: vector.sensitivity.l1 for vector in plan.vectors}
    assert distances == {"UNITS": 1, "ROWS": 20, "LOSSES": 4, "clinic": 6, "sex": 1}
    assert {vector.law.mechanism for vector in plan.vectors} == {Mechanism.LAPLACE}
    for vector in plan.vectors:
        assert vector.law.scale == pytest.approx(vector.sensitivity.l1 / 0.1, rel=2e-4)


@pytest.mark.parametrize("calculus", Calculus)
@pytest.mark.parametrize("price_nano", [5, 1_000_003, 10**9])
def test_shares_add_up_to_the_price_and_opendp_confirms_each(price_nano: int, calculus: Calculus) -> None:
    plan = planned(price_nano=price_nano, calculus=calculus)
    assert sum(vector.price_nano for vector in plan.vectors) == price_nano
    noise.check_profile_prices(plan)


def test_a_scale_that_is_too_small_for_its_share_is_refused() -> None:
    plan = planned()
    first = replace(plan.vectors[0], law=Law(Mechanism.GAUSSIAN, plan.vectors[0].law.scale * 0.99))
    with pytest.raises(Refusal) as caught:
        noise.check_profile_prices(replace(plan, vectors=(first, *plan.vectors[1:])))
    assert caught.value.reason is Reason.INVALID_PRICE


def test_vectors_have_one_entry_for_every_value_missing_last() -> None:
    lengths = {vector.key: vector.length for vector in planned().vectors if vector.subject is Subject.SIZES}
    assert lengths == {"clinic": 6, "sex": 3}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"keys": ("height",)}, Reason.UNKNOWN_COLUMN),
        ({"keys": ("unit_losses",)}, Reason.UNKNOWN_COLUMN),
        ({"keys": ("cost",)}, Reason.KEY_WITHOUT_DOMAIN),
        ({"max_groups": 0}, Reason.MALFORMED_REQUEST),
        ({"max_rows": 0}, Reason.MALFORMED_REQUEST),
        ({"max_groups": -1}, Reason.MALFORMED_REQUEST),
        ({"max_rows": 2**40}, Reason.MALFORMED_REQUEST),
        ({"price_nano": 0}, Reason.INVALID_PRICE),
        ({"price_nano": -1}, Reason.INVALID_PRICE),
        ({"price_nano": 4}, Reason.INVALID_PRICE),
        ({"price_nano": 10**13}, Reason.INVALID_PRICE),
        ({"definition_sha256": "0" * 64}, Reason.WRONG_CATALOGUE),
    ],
)
def test_what_cannot_be_profiled_is_refused(more: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        planned(**more)
    assert caught.value.reason is reason


def test_keys_with_too_many_values_together_are_refused() -> None:
    content = CATALOGUE.dataset(VISITS).model_dump(exclude_none=True)
    for name in ("ward", "bed"):
        content["columns"] += (number(name, 1, 9_000, key=True),)
    dataset = Dataset.model_validate(content)
    plan_profile(profile_request(dataset, VISITS, ("ward",)), dataset)
    with pytest.raises(Refusal) as caught:
        plan_profile(profile_request(dataset, VISITS, ("ward", "bed")), dataset)
    assert caught.value.reason is Reason.TOO_MANY_CELLS


def test_a_key_that_the_node_does_not_hold_is_refused() -> None:
    check_held(planned().request, Coverage())
    with pytest.raises(Refusal) as caught:
        check_held(planned().request, Coverage(columns=(ColumnCoverage("sex", held=False),)))
    assert "'sex'" in caught.value.message
