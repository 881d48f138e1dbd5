"""The truth beside a result is what the published figures say, read without the nodes' mappings."""

from pathlib import Path

import pytest
from concordat_privacy.estimates import Row
from concordat_query import catalogue as catalogues
from concordat_query.catalogue import CellKey
from layout import HERE
from published import PUBLISHED
from questions import QUESTIONS
from truth import Truth

BY_SEVERITY, SHARE, MEAN_AGE = QUESTIONS


@pytest.fixture(scope="module")
def truth(records: Path) -> Truth:
    return Truth(records, catalogues.load(HERE / "catalogue.toml"))


def row(nation: str | None, *keys: CellKey) -> Row:
    return Row(nation=nation, is_total=False, keys=keys, values=(), rolled=(False,) * len(keys))


def test_counts_of_great_britain_are_the_published_ones(truth: Truth) -> None:
    fatal = truth.of(BY_SEVERITY, row("Great Britain", "Fatal"), ("severity",))
    assert fatal == (sum(counts[0] for counts in PUBLISHED.gb_severity_2016.values()),)


@pytest.mark.parametrize("label", ["United Kingdom", None])
def test_a_total_adds_up_its_nations(truth: Truth, label: str | None) -> None:
    severities = ("Fatal", "Serious", "Slight")
    found = sum(truth.of(BY_SEVERITY, row(label, severity), ("severity",))[0] or 0 for severity in severities)
    assert found == sum(PUBLISHED.in_scope_2016.values())


def test_the_share_of_serious_injuries_in_great_britain_is_the_published_one(truth: Truth) -> None:
    serious = sum(sum(counts[:2]) for counts in PUBLISHED.gb_severity_2016.values())
    total = sum(sum(counts) for counts in PUBLISHED.gb_severity_2016.values())
    assert truth.of(SHARE, row("Great Britain"), ()) == pytest.approx((serious / total,))


def test_mean_age_is_nothing_where_no_age_is_held(truth: Truth) -> None:
    assert truth.of(MEAN_AGE, row("Northern Ireland"), ()) == (None,)
    [age] = truth.of(MEAN_AGE, row("Wales"), ())
    assert age is not None
    assert 20 < age < 60
