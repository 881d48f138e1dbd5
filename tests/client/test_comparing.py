"""Comparing cells of a result: who is meant, what the difference's margin is, and what is said where there is none."""

import dataclasses
from xml.etree import ElementTree

import pytest
from concordat_client import Comparison
from concordat_privacy.estimates import Status, Value
from concordat_privacy.margins import noise_margin
from concordat_query.catalogue import Catalogue
from concordat_query.errors import Reason, Refusal
from fakes.catalogue import NATIONS, small_catalogue
from fakes.results import COUNTS, MEANS, NO_AGE, FakeParties

PARTIES = FakeParties(coverage={"Northern Ireland": NO_AGE})
MERGED = "SELECT year, COUNT(*) AS n FROM road.casualties GROUP BY year"


def one(comparison: Comparison) -> tuple[object, object, bool | None]:
    (row,) = comparison
    return row.difference.estimate, row.difference.margin, row.may_be_noise


def test_two_nations_are_compared_row_by_row_or_in_one_row_alone() -> None:
    result = PARTIES.result(COUNTS)
    law = result.question.plan.components[0].law
    compared = result.compare("Scotland", "Wales")
    assert [dict(row.labels) for row in compared] == [{"severity": name} for name in ("Fatal", "Serious", "Slight")]
    assert [row.difference.estimate for row in compared] == [1000] * 3
    assert {row.difference.margin for row in compared} == {noise_margin((law,) * 2)}
    assert one(result.compare("Wales", "Scotland", severity="Fatal")) == (-1000, noise_margin((law,) * 2), False)


def test_a_nation_is_compared_with_a_total_that_holds_it_by_the_noise_of_the_others() -> None:
    result = PARTIES.result(COUNTS)
    law = result.question.plan.components[0].law
    found = one(result.compare("United Kingdom", "Wales", severity="Fatal"))
    assert found == (8000, noise_margin((law,) * 3), False)


def test_merged_cells_are_compared_by_their_keys_and_a_mean_by_simulation() -> None:
    result = PARTIES.result(MERGED)
    law = result.question.plan.components[0].law
    assert one(result.compare({"year": 2016}, {"year": 2014})) == (8, noise_margin((law,) * 8), True)
    means = PARTIES.result(MEANS)
    estimate, margin, noise = one(means.compare("Scotland", "Wales", value="mean_age", severity="Fatal"))
    single = means.cell(nation="Wales", severity="Fatal", value="mean_age").margin
    assert (estimate, noise) == (0, True)
    assert single is not None
    assert isinstance(margin, float)
    assert single < margin < 2 * single


def test_totals_over_keys_and_expressions_are_compared_by_the_noise_of_their_cells() -> None:
    sql = """SELECT nation, severity, COUNT(*) AS n, COUNT(*) / 2 AS half FROM road.casualties
             GROUP BY nation, ROLLUP(severity)"""
    result = PARTIES.result(sql)
    law = result.question.plan.components[0].law
    whole = one(result.compare("Scotland", "Wales", severity="Total", value="n"))
    assert whole == (3000, noise_margin((law,) * 6), False)
    estimate, margin, _ = one(result.compare("Scotland", "Wales", severity="Total", value="half"))
    assert (estimate, margin) == (1500, noise_margin((law,) * 6) / 2)
    part = one(result.compare({"severity": "Total"}, {"severity": "Fatal"}, nation="Wales", value="n"))
    assert part == (4003, noise_margin((law,) * 2), False)


def test_nations_are_not_compared_in_what_does_not_compare_across_nations() -> None:
    content = small_catalogue().model_dump(mode="json")
    own = content["datasets"]["road.casualties"]["columns"][1]
    own.update(across_nations="not comparable", across_nations_note="Each counts in its own way.")
    result = FakeParties(catalogue=Catalogue.model_validate(content)).result(COUNTS)
    with pytest.raises(Refusal, match="severity does not compare across nations: Each counts") as refused:
        result.compare("Scotland", "Wales")
    assert refused.value.reason is Reason.NOT_COMPARABLE
    assert len(result.compare({"severity": "Fatal"}, {"severity": "Slight"}, nation="Wales")) == 1


def test_without_a_figure_on_a_side_there_is_no_difference_and_the_status_says_why() -> None:
    result = PARTIES.result(MEANS)
    (row,) = result.compare("Northern Ireland", "Wales", value="mean_age", severity="Fatal")
    assert row.difference == Value(None, None, Status.NOT_HELD, low_reliability=False)
    assert row.may_be_noise is None
    lost = PARTIES.result(COUNTS, lost=["Wales"])
    (row,) = lost.compare("Wales", "Scotland", severity="Fatal")
    assert row.difference.status is Status.UNAVAILABLE


def test_a_comparison_prints_sides_difference_verdict_and_the_results_notes() -> None:
    compared = PARTIES.result(MEANS).compare("Scotland", "Northern Ireland", value="mean_age")
    text = str(compared)
    assert text == repr(compared)
    assert text.startswith("mean_age: Scotland less Northern Ireland\n")
    for expected in ("[x] not available", "Of twenty comparisons", "Note: Northern Ireland: Age is not recorded."):
        assert expected in text
    counted = PARTIES.result(COUNTS).compare("Scotland", "Wales")
    assert "3,000 ± 16 │ 2,000 ± 16 │ 1,000 ± 22 │ more than noise" in str(counted)
    page = ElementTree.fromstring(f"<div>{counted._repr_html_()}</div>")  # noqa: S314  # our own
    assert page.findtext("table/caption") == "n: Scotland less Wales"
    assert page.findall("table/tbody/tr")[0].findtext("th") == "Fatal"


@pytest.mark.parametrize(
    ("left", "right", "more", "told"),
    [
        ("Scotland", {"severity": "Fatal"}, {}, "must name the same columns"),
        ("Scotland", "Wales", {"nation": "England"}, "must name the same columns"),
        ("Scotland", "Atlantis", {}, "no row has 'Atlantis'"),
        ({"nation": "Wales", "severity": "Fatal"}, {"nation": "Wales", "severity": "None"}, {}, "no row has 'None'"),
        ("Scotland", "Wales", {"value": "m"}, "no value 'm'"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_advice(left: str, right: str, more: dict[str, str], told: str) -> None:
    with pytest.raises(Refusal, match=told):
        PARTIES.result(COUNTS).compare(left, right, **more)


def test_where_nations_are_merged_there_is_nothing_to_name_them_by() -> None:
    with pytest.raises(Refusal, match="group by nation"):
        PARTIES.result(MERGED).compare("Scotland", "Wales")


def test_a_row_without_counterpart_is_told_of() -> None:
    result = PARTIES.result(COUNTS)
    fewer = dataclasses.replace(result, table=dataclasses.replace(result.table, rows=result.table.rows[:-3][1:]))
    assert NATIONS[0] == "England"
    compared = fewer.compare("England", "Wales")
    assert [row.labels["severity"] for row in compared] == ["Serious", "Slight"]
    assert compared.notes[0] == "1 row has no counterpart and is not compared."


def test_a_figure_whose_noise_is_not_known_is_refused() -> None:
    result = PARTIES.result(COUNTS)
    rows = list(result.table.rows)
    rows[0] = dataclasses.replace(rows[0], values=(Value(7, 1, Status.OK, low_reliability=False),))
    changed = dataclasses.replace(result, table=dataclasses.replace(result.table, rows=tuple(rows)))
    with pytest.raises(Refusal, match="cannot tell their noise"):
        changed.compare("England", "Wales")
