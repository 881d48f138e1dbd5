"""Expected sizes come from a profile or from the catalogue, say which, and take columns as independent."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from concordat_privacy.expectations import ExpectedSizes, Profile, Source, expected_sizes
from concordat_privacy.profile import Subject, plan_profile
from concordat_query.catalogue import Dataset
from concordat_query.coverage import Coverage
from concordat_query.errors import Refusal
from concordat_query.model import (
    Case,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Membership,
    NullTest,
    Value,
)
from fakes.catalogue import small_catalogue
from fakes.engine import CASUALTIES
from fakes.profiles import profile_request

DATASET = small_catalogue().dataset(CASUALTIES)
SIZES = {"severity": (100, 300, 600), "sex": (500, 400, 100)}


def profile(units: int = 1000, sizes: Mapping[str, tuple[int, ...]] = SIZES) -> Profile:
    plan = plan_profile(profile_request(DATASET, CASUALTIES, tuple(sizes)), DATASET)
    figures = []
    for vector in plan.vectors:
        if vector.subject is Subject.SIZES:
            figures.append(sizes[vector.key or ""])
        else:
            figures.append((units,) * vector.length)
    return Profile("node-wales", "Wales", "e1", Coverage(), plan, tuple(figures))


def expected(
    keys: tuple[str, ...] = (), where: Condition | None = None, known: Profile | None = None, dataset: Dataset = DATASET
) -> ExpectedSizes:
    found = expected_sizes(dataset, where, keys, "Wales", known)
    assert found is not None
    return found


def test_a_profiles_sizes_are_taken_as_they_are_for_one_key() -> None:
    found = expected(("severity",), known=profile())
    assert found == ExpectedSizes((100.0, 300.0, 600.0), Source.PROFILE, ())


def test_two_keys_are_taken_as_independent_with_the_last_running_fastest() -> None:
    found = expected(("severity", "sex"), known=profile())
    assert found.units == pytest.approx([50, 40, 10, 150, 120, 30, 300, 240, 60])


def test_declared_sizes_are_spread_evenly_and_said_to_be() -> None:
    found = expected(("severity",), Comparison("year", Comparator.EQUAL, Decimal(2016)))
    assert found.units == pytest.approx([1000 / 9] * 3)
    assert (found.source, found.assumed_even) == (Source.DECLARED, ("severity", "year"))


def test_where_takes_its_share() -> None:
    women = Comparison("sex", Comparator.EQUAL, "Female")
    assert expected((), women, profile()).units == pytest.approx([400])
    assert expected(("severity",), women, profile()).units == pytest.approx([40, 120, 240])
    assert expected((), NullTest("sex"), profile()).units == pytest.approx([100])


def test_where_on_a_key_empties_the_other_cells() -> None:
    where = Membership("severity", ("Fatal", "Serious"))
    assert expected(("severity",), where, profile()).units == pytest.approx([100, 300, 0])


def test_a_key_may_be_any_scalar() -> None:
    grown = Case(((Comparison("age", Comparator.GREATER_OR_EQUAL, Decimal(18)), Value("grown")),), Value("young"))
    found = expected_sizes(DATASET, None, (grown, "severity"), "Wales", profile())
    assert found is not None
    young = [share * 19 / 102 for share in (100, 300, 600)]  # 18 ages, and missing
    rest = [share * 83 / 102 for share in (100, 300, 600)]
    assert found.units == pytest.approx(rest + young)
    assert found.assumed_even == ("age",)
    of_age = expected_sizes(DATASET, Comparison("age", Comparator.LESS, Decimal(18)), (grown,), "Wales", profile())
    assert of_age is not None
    assert of_age.units == pytest.approx([0, 1000 * 18 / 102])


def test_terms_on_one_column_are_no_coincidence() -> None:
    between = Conjunction(
        (Comparison("age", Comparator.GREATER_OR_EQUAL, Decimal(10)), Comparison("age", Comparator.LESS, Decimal(20)))
    )
    found = expected((), between, profile())
    assert found.units == pytest.approx([1000 * 10 / 102])  # 101 ages, and missing
    assert found.assumed_even == ("age",)
    either = Disjunction((Comparison("sex", Comparator.EQUAL, "Male"), Comparison("sex", Comparator.EQUAL, "Female")))
    assert expected((), either, profile()).units == pytest.approx([900])


def test_negative_noisy_sizes_count_as_nobody() -> None:
    assert expected(("severity",), known=profile(1000, {"severity": (-20, 300, 5000)})).units == (0.0, 300.0, 1000.0)
    assert expected(("severity",), known=profile(-3)).units == (0.0, 0.0, 0.0)


def test_large_number_columns_are_sampled_and_too_many_combinations_let_pass() -> None:
    wide = DATASET.model_dump(exclude_none=True)
    for name in ("income", "rent"):
        wide["columns"] += ({"name": name, "type": "number", "description": name, "lower": 0, "upper": 10**9},)
    dataset = Dataset.model_validate(wide)
    half = Comparison("income", Comparator.LESS, Decimal(5 * 10**8))
    assert expected((), half, dataset=dataset).units == pytest.approx([500], rel=0.01)
    joint = Disjunction((half, Comparison("rent", Comparator.LESS, Decimal(5))))
    assert expected((), joint, dataset=dataset).units == (1000,)


def test_where_nothing_is_known_nothing_is_said() -> None:
    assert expected_sizes(DATASET, None, ("severity",), "France", None) is None


def test_too_many_cells_and_unknown_columns_are_refused() -> None:
    with pytest.raises(Refusal):
        expected(("height",))
    with pytest.raises(Refusal):
        expected(("age", "age", "age"))
