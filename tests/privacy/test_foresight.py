"""What is foretold of a result is what the result then has, and rests on public facts only."""

from dataclasses import replace

import pytest
from concordat_privacy.components import Component, Kind
from concordat_privacy.estimates import Status, tabulate
from concordat_privacy.expectations import Source
from concordat_privacy.foresight import Foresight, Outlook, Party, foresee
from concordat_privacy.margins import noise_margin
from concordat_privacy.plan import Plan, plan
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.model import Presentation, Query
from concordat_query.text import read_sql
from fakes.answers import answer
from fakes.catalogue import small_catalogue

CATALOGUE = small_catalogue()
DATASET = CATALOGUE.dataset("road.casualties")
NO_AGE = Coverage(columns=(ColumnCoverage("age", held=False),))


def asked(sql: str) -> tuple[Plan, Presentation]:
    question = read_sql(sql, CATALOGUE)
    query = Query(question.dataset, question.keys, question.where, question.aggregates, 10_000_000, 1, 1)
    return plan(query, DATASET), question.presentation


def counted(planned: Plan) -> Component:
    """What COUNT(*) is made of."""
    [found] = [each for each in planned.components if each.kind is Kind.ROWS and each.scalar is None]
    return found


def parties(*nations: str, coverage: Coverage | None = None) -> list[Party]:
    return [Party(f"node of {nation}", nation, coverage or Coverage()) for nation in nations]


def outlook(foresight: Foresight, label: str, value: str) -> Outlook:
    [found] = [each for each in foresight.outlooks if (each.label, each.value) == (label, value)]
    return found


BY_SEVERITY = "SELECT nation, severity, COUNT(*) AS n, AVG(age) AS mean FROM road.casualties GROUP BY nation, severity"


def test_margins_of_counts_are_exact_and_relative_to_the_declared_sizes() -> None:
    planned, presentation = asked(BY_SEVERITY)
    foretold = foresee(CATALOGUE, planned, presentation, parties("England", "Northern Ireland"))
    margin = noise_margin((counted(planned).law,))
    england, ireland = outlook(foretold, "England", "n"), outlook(foretold, "Northern Ireland", "n")
    assert (england.margin, ireland.margin) == (margin, margin)
    assert (england.figure, ireland.figure) == (3333, 167)
    assert england.relative == pytest.approx(margin / 3333)
    assert ireland.relative == pytest.approx(margin / 167)
    assert set(foretold.sources.values()) == {Source.DECLARED}


def test_the_margin_of_a_mean_is_what_a_result_of_that_size_has() -> None:
    planned, presentation = asked("SELECT nation, AVG(age) AS mean FROM road.casualties GROUP BY nation")
    told = outlook(foresee(CATALOGUE, planned, presentation, parties("England")), "England", "mean")
    got = tabulate(
        CATALOGUE, planned, presentation, [answer(planned, DATASET, "England", {0: [10_000], 1: [0]})], [], b"seed"
    )
    value = got.rows[0].values[0]
    assert value is not None
    assert value.margin == pytest.approx(told.margin, rel=0.05)
    assert told.figure is None  # nobody declared what people's mean age is


def test_what_is_not_held_is_said_and_a_total_without_it_is_named() -> None:
    planned, presentation = asked(BY_SEVERITY)
    held = parties("England", "Wales", "Scotland")
    foretold = foresee(CATALOGUE, planned, presentation, [*held, *parties("Northern Ireland", coverage=NO_AGE)])
    assert outlook(foretold, "Northern Ireland", "mean").status is Status.NOT_HELD
    assert outlook(foretold, "Northern Ireland", "mean").margin is None
    assert outlook(foretold, "Great Britain", "mean").margin is not None
    assert outlook(foretold, "United Kingdom", "n").margin == noise_margin((counted(planned).law,) * 4)


def test_sizes_that_nobody_declared_leave_counts_exact_and_means_unknown() -> None:
    undeclared = DATASET.model_copy(update={"expected_units": {}})
    catalogue = CATALOGUE.model_copy(update={"datasets": {**CATALOGUE.datasets, "road.casualties": undeclared}})
    planned, presentation = asked(BY_SEVERITY)
    foretold = foresee(catalogue, planned, presentation, parties("England"))
    assert foretold.sources == {}
    assert outlook(foretold, "England", "n").margin == noise_margin((counted(planned).law,))
    assert outlook(foretold, "England", "n").relative is None
    assert outlook(foretold, "England", "mean").margin is None


def test_two_nodes_of_a_nation_share_what_is_declared_of_it_and_have_two_noises() -> None:
    planned, presentation = asked("SELECT nation, COUNT(*) AS n FROM road.casualties GROUP BY nation")
    both = [Party("east", "England", Coverage(), nodes=2), Party("west", "England", Coverage(), nodes=2)]
    told = outlook(foresee(CATALOGUE, planned, presentation, both), "England", "n")
    assert told.figure == 10_000
    assert told.margin == noise_margin((counted(planned).law,) * 2)


def test_declared_sizes_are_those_of_what_a_node_holds() -> None:
    planned, presentation = asked("SELECT nation, COUNT(*) AS n FROM road.casualties WHERE year = 2016 GROUP BY nation")
    one_year = read_sql("SELECT COUNT(*) FROM road.casualties WHERE year = 2016", CATALOGUE).where
    whole = foresee(CATALOGUE, planned, presentation, parties("England"))
    limited = foresee(CATALOGUE, planned, presentation, parties("England", coverage=Coverage(rows=one_year)))
    assert outlook(whole, "England", "n").figure == 3333
    assert outlook(limited, "England", "n").figure == 10_000


def test_having_order_and_limit_hide_nothing_from_what_is_foretold() -> None:
    planned, presentation = asked(f"{BY_SEVERITY} HAVING n > 100000 ORDER BY n LIMIT 1")
    foretold = foresee(CATALOGUE, planned, presentation, parties("England"))
    assert outlook(foretold, "England", "n").figure == 3333
    same = foresee(CATALOGUE, planned, replace(presentation, having=None, order=(), limit=None), parties("England"))
    assert foretold == same
