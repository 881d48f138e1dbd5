"""The table: totals that say whom they add up, statuses for every value, notes, and the same figures for everyone."""

import itertools
import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from concordat_privacy.estimates import Row, Status, Table, Value, tabulate
from concordat_privacy.margins import noise_margin
from concordat_privacy.merge import Absent, NodeAnswer
from concordat_privacy.plan import Plan, plan
from concordat_query.catalogue import CellKey
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.errors import VerificationError
from concordat_query.model import (
    Aggregate,
    AggregateRef,
    Arithmetic,
    Comparator,
    Comparison,
    Conjunction,
    Expression,
    KeyColumn,
    NationColumn,
    Operator,
    Presentation,
    Query,
    Statistic,
    ValueColumn,
)
from fakes.answers import answer, holding_nothing, lost
from fakes.catalogue import NATIONS, small_catalogue

CATALOGUE = small_catalogue()
CASUALTIES = CATALOGUE.dataset("road.casualties")
VISITS = CATALOGUE.dataset("health.visits")
COUNT = Aggregate(Statistic.COUNT_ROWS)
MEAN_AGE = Aggregate(Statistic.AVG, "age")
FATAL = Aggregate(Statistic.COUNT_ROWS, None, Comparison("severity", Comparator.EQUAL, "Fatal"))
OLD = Aggregate(Statistic.COUNT_ROWS, None, Comparison("age", Comparator.GREATER, Decimal(70)))
ONLY_2016 = Coverage(rows=Comparison("year", Comparator.EQUAL, Decimal(2016)))
NO_AGE = Coverage(columns=(ColumnCoverage("age", held=False),))
AGE_SINCE_2015 = Coverage(
    columns=(ColumnCoverage("age", rows=Comparison("year", Comparator.GREATER_OR_EQUAL, Decimal(2015))),)
)
RHO = 60_000_000


def casualties(*aggregates: Aggregate, keys: tuple[str, ...] = (), rho: int = RHO) -> Plan:
    return plan(Query("road.casualties", keys, None, aggregates, rho, 1, 1), CASUALTIES)


def shown(planned: Plan, *values: Expression, by_nation: bool = True) -> Presentation:
    named = [ValueColumn(name, value) for name, value in zip("abcdef", values, strict=False)]
    keys = [KeyColumn(str(key), index) for index, key in enumerate(planned.query.keys)]
    return Presentation(by_nation, (NationColumn("nation"), *keys, *named))


def table(planned: Plan, presentation: Presentation, *entries: NodeAnswer | Absent, seed: bytes = b"seed") -> Table:
    answers = [entry for entry in entries if isinstance(entry, NodeAnswer)]
    absent = [entry for entry in entries if isinstance(entry, Absent)]
    return tabulate(CATALOGUE, planned, presentation, answers, absent, seed)


def row(found: Table, nation: str | None, *keys: CellKey) -> Row:
    (only,) = [line for line in found.rows if line.nation == nation and line.keys == keys]
    return only


def value(found: Table, nation: str | None, *keys: CellKey, column: int = 0) -> Value:
    picked = row(found, nation, *keys).values[column]
    assert picked is not None
    return picked


FIRST, SECOND = AggregateRef(0), AggregateRef(1)


def divided(dividend: Expression, divisor: Expression) -> Arithmetic:
    return Arithmetic(Operator.DIVIDE, dividend, divisor)


# Counts and sums


def test_nations_come_in_the_catalogues_order_and_the_total_is_their_sum() -> None:
    planned = casualties(COUNT)
    answers = [answer(planned, CASUALTIES, nation, 10 ** (3 - i)) for i, nation in enumerate(NATIONS)]
    found = table(planned, shown(planned, FIRST), *answers[::-1])
    assert [(line.nation, line.is_total) for line in found.rows] == [
        *((nation, False) for nation in NATIONS),
        ("United Kingdom", True),
    ]
    assert [line.values[0].estimate for line in found.rows if line.values[0]] == [1000, 100, 10, 1, 1111]


def test_margins_of_counts_are_exact_for_one_node_and_for_the_sum() -> None:
    planned = casualties(COUNT, rho=1_000_000)
    found = table(planned, shown(planned, FIRST), *(answer(planned, CASUALTIES, n, 500) for n in NATIONS))
    law = planned.components[0].law
    assert value(found, "Wales").margin == noise_margin([law])
    assert value(found, "United Kingdom").margin == noise_margin([law] * 4)


def test_a_negative_count_stays_negative() -> None:
    planned = casualties(COUNT)
    found = table(planned, shown(planned, FIRST), answer(planned, CASUALTIES, "Wales", -3))
    assert value(found, "Wales") == Value(-3, noise_margin([planned.components[0].law]), Status.OK, True)


def test_one_nation_alone_has_no_total() -> None:
    planned = casualties(COUNT)
    found = table(planned, shown(planned, FIRST), answer(planned, CASUALTIES, "Wales", 5))
    assert [line.is_total for line in found.rows] == [False]


def test_what_one_nation_holds_alone_is_no_total() -> None:
    planned = casualties(COUNT)
    found = table(planned, shown(planned, FIRST), answer(planned, CASUALTIES, "Wales", 5), holding_nothing("Scotland"))
    assert [line.is_total for line in found.rows] == [False, False]


def test_a_total_over_some_nations_carries_their_names() -> None:
    planned = casualties(COUNT)
    found = table(planned, shown(planned, FIRST), *(answer(planned, CASUALTIES, n, 5) for n in ("Wales", "Scotland")))
    assert found.rows[-1].nation == "Wales and Scotland"


def test_a_sum_is_in_the_columns_units() -> None:
    planned = plan(Query("health.visits", (), None, (Aggregate(Statistic.SUM, "cost"),), RHO, 1, 1), VISITS)
    found = table(planned, shown(planned, FIRST), answer(planned, VISITS, "Wales", 123456789))
    assert value(found, "Wales").estimate == 1234567.89
    assert value(found, "Wales").margin == float(Fraction(noise_margin([planned.components[0].law]), 100))


def test_nodes_of_one_nation_are_added_up_in_one_row() -> None:
    planned = casualties(COUNT)
    first = answer(planned, CASUALTIES, "Wales", 40, node="north")
    second = answer(planned, CASUALTIES, "Wales", 2, node="south")
    found = table(planned, shown(planned, FIRST), first, second)
    assert value(found, "Wales").estimate == 42
    assert value(found, "Wales").margin == noise_margin([planned.components[0].law] * 2)


def test_a_node_adds_nothing_where_another_of_its_nation_holds_the_cell_alone() -> None:
    planned = casualties(COUNT, keys=("year",))
    north = answer(planned, CASUALTIES, "Wales", 40, node="north")
    south = answer(planned, CASUALTIES, "Wales", 2, ONLY_2016, node="south")
    found = table(planned, shown(planned, FIRST), north, south)
    assert value(found, "Wales", Decimal(2014)).estimate == 40
    assert value(found, "Wales", Decimal(2014)).status is Status.PARTLY_HELD
    assert value(found, "Wales", Decimal(2016)).estimate == 42
    assert value(found, "Wales", Decimal(2016)).status is Status.OK


# Statuses: silence is never zero


def test_what_one_nation_lacks_makes_a_smaller_total_with_its_own_name() -> None:
    planned = casualties(COUNT, MEAN_AGE)
    entries = [answer(planned, CASUALTIES, n, 900) for n in NATIONS[:3]]
    found = table(
        planned, shown(planned, FIRST, SECOND), *entries, answer(planned, CASUALTIES, NATIONS[3], 900, NO_AGE)
    )
    assert [line.nation for line in found.rows if line.is_total] == ["United Kingdom", "Great Britain"]
    assert value(found, "Northern Ireland", column=1) == Value(None, None, Status.NOT_HELD, False)
    assert value(found, "United Kingdom").estimate == 3600
    assert value(found, "United Kingdom", column=1) == Value(None, None, Status.NOT_HELD, False)
    assert value(found, "Great Britain").estimate == 2700
    assert value(found, "Great Britain", column=1).status is Status.OK


def test_each_years_total_names_who_holds_that_year() -> None:
    planned = casualties(COUNT, keys=("year",))
    entries = [answer(planned, CASUALTIES, n, 70) for n in NATIONS[:3]]
    ireland = answer(planned, CASUALTIES, "Northern Ireland", 70, ONLY_2016)
    found = table(planned, shown(planned, FIRST), *entries, ireland)
    totals = {line.keys[0]: line.nation for line in found.rows if line.is_total}
    assert totals == {Decimal(2014): "Great Britain", Decimal(2015): "Great Britain", Decimal(2016): "United Kingdom"}
    assert value(found, "Great Britain", Decimal(2014)).estimate == 210
    assert value(found, "United Kingdom", Decimal(2016)).estimate == 280
    assert value(found, "Northern Ireland", Decimal(2014)).status is Status.NOT_HELD


def test_the_noise_of_a_cell_that_is_not_held_never_enters_a_sum() -> None:
    planned = casualties(COUNT, keys=("year",))
    ireland = answer(planned, CASUALTIES, "Northern Ireland", {0: [10**6, 10**6, 7]}, ONLY_2016)
    found = table(planned, shown(planned, FIRST, by_nation=False), answer(planned, CASUALTIES, "Wales", 70), ireland)
    assert [value(found, None, Decimal(year)).estimate for year in (2014, 2015, 2016)] == [70, 70, 77]


def test_a_part_that_is_held_is_answered_and_marked_in_rows_and_totals() -> None:
    planned = casualties(COUNT)
    entries = [answer(planned, CASUALTIES, n, 70) for n in NATIONS[:3]]
    ireland = answer(planned, CASUALTIES, "Northern Ireland", 70, ONLY_2016)
    found = table(planned, shown(planned, FIRST), *entries, ireland)
    assert value(found, "Northern Ireland").status is Status.PARTLY_HELD
    assert value(found, "United Kingdom") == replace(value(found, "United Kingdom"), status=Status.PARTLY_HELD)
    assert value(found, "United Kingdom").estimate == 280
    assert value(found, "England").status is Status.OK


def test_a_lost_node_is_unavailable_and_the_total_is_named_without_it() -> None:
    planned = casualties(COUNT)
    entries = [answer(planned, CASUALTIES, n, 70) for n in NATIONS[:3]]
    found = table(planned, shown(planned, FIRST), *entries, lost("Northern Ireland"))
    assert value(found, "Northern Ireland") == Value(None, None, Status.UNAVAILABLE, False)
    assert [line.nation for line in found.rows if line.is_total] == ["Great Britain"]
    assert any("Northern Ireland" in note and "same key" in note for note in found.notes)


def test_a_nation_of_which_one_node_is_lost_has_no_figure() -> None:
    planned = casualties(COUNT)
    gone = Absent("south", "Wales", Status.UNAVAILABLE, None)
    found = table(planned, shown(planned, FIRST), answer(planned, CASUALTIES, "Wales", 40, node="north"), gone)
    assert value(found, "Wales").status is Status.UNAVAILABLE


def test_what_a_lost_node_does_not_hold_anyway_is_not_held() -> None:
    planned = casualties(COUNT, MEAN_AGE)
    found = table(planned, shown(planned, FIRST, SECOND), lost("Wales", NO_AGE))
    assert [entry.status for entry in found.rows[0].values if entry] == [Status.UNAVAILABLE, Status.NOT_HELD]


def test_merged_figures_without_a_nation_say_so() -> None:
    planned = casualties(COUNT, MEAN_AGE)
    merged = shown(planned, FIRST, SECOND, by_nation=False)
    entries = [answer(planned, CASUALTIES, n, 900) for n in NATIONS[:3]]
    found = table(planned, merged, *entries, answer(planned, CASUALTIES, NATIONS[3], 900, NO_AGE))
    assert [(line.nation, line.is_total) for line in found.rows] == [(None, False)]
    assert [entry.status for entry in found.rows[0].values if entry] == [Status.OK, Status.PARTLY_HELD]
    assert found.notes[:3] == (
        "a: the figures are for United Kingdom.",
        "b: the figures are for Great Britain.",
        "b: Northern Ireland is missing: it holds no age.",
    )


def test_merged_figures_that_lack_a_lost_node_are_incomplete() -> None:
    planned = casualties(COUNT)
    merged = shown(planned, FIRST, by_nation=False)
    found = table(planned, merged, answer(planned, CASUALTIES, "Wales", 900), lost("Scotland"))
    assert value(found, None).estimate == 900
    assert value(found, None).status is Status.INCOMPLETE


@pytest.mark.parametrize(
    ("entry", "status"), [(lost("Wales"), Status.UNAVAILABLE), (holding_nothing("Wales"), Status.NOT_HELD)]
)
def test_merged_figures_of_nobody_are_not_zero(entry: Absent, status: Status) -> None:
    planned = casualties(COUNT)
    found = table(planned, shown(planned, FIRST, by_nation=False), entry)
    assert value(found, None) == Value(None, None, status, False)


def test_a_quotient_of_parts_held_for_different_rows_is_not_held() -> None:
    """Those over 70 since 2015 divided by everyone since 2014 would be nobody's share."""
    planned = casualties(COUNT, OLD)
    share = divided(SECOND, FIRST)
    found = table(
        planned, shown(planned, FIRST, SECOND, share), answer(planned, CASUALTIES, "Wales", 500, AGE_SINCE_2015)
    )
    statuses = [entry.status for entry in found.rows[0].values if entry]
    assert statuses == [Status.OK, Status.PARTLY_HELD, Status.NOT_HELD]
    assert "c: Wales is missing: it holds what is divided and what it is divided by for different rows." in found.notes


def test_a_quotient_of_parts_held_under_different_conditions_is_not_held() -> None:
    coverage = Coverage(columns=(*AGE_SINCE_2015.columns, ColumnCoverage("sex", rows=ONLY_2016.rows)))
    male = Aggregate(Statistic.COUNT_ROWS, None, Comparison("sex", Comparator.EQUAL, "Male"))
    planned = casualties(OLD, male)
    found = table(
        planned,
        shown(planned, divided(FIRST, SECOND)),
        answer(planned, CASUALTIES, "Wales", 500, coverage),
    )
    assert value(found, "Wales").status is Status.NOT_HELD


def test_a_quotient_of_parts_held_for_the_same_rows_is_answered_in_part() -> None:
    planned = casualties(COUNT, FATAL)
    found = table(
        planned,
        shown(planned, divided(SECOND, FIRST)),
        answer(planned, CASUALTIES, "Wales", 500, ONLY_2016),
    )
    assert value(found, "Wales").status is Status.PARTLY_HELD


# Means and quotients


def test_a_mean_is_the_middle_of_the_bounds_plus_the_centred_sum_over_the_rows() -> None:
    planned = casualties(MEAN_AGE)
    found = table(planned, shown(planned, FIRST), answer(planned, CASUALTIES, "Wales", {0: [4000], 1: [-80_000]}))
    assert value(found, "Wales").estimate == 50 - 80_000 / 2 / 4000
    assert 0 < float(value(found, "Wales").margin or 0) < 5
    assert not value(found, "Wales").low_reliability


def test_a_total_mean_weighs_nations_by_their_rows() -> None:
    planned = casualties(MEAN_AGE)
    england = answer(planned, CASUALTIES, "England", {0: [9000], 1: [0]})
    wales = answer(planned, CASUALTIES, "Wales", {0: [1000], 1: [20_000]})
    found = table(planned, shown(planned, FIRST), england, wales)
    assert value(found, "England and Wales").estimate == 51.0


def test_a_quotient_divides_estimates() -> None:
    planned = casualties(COUNT, FATAL)
    wales = answer(planned, CASUALTIES, "Wales", {0: [4000], 1: [1000]})
    found = table(planned, shown(planned, divided(SECOND, FIRST)), wales)
    margin = float(value(found, "Wales").margin or 0)
    noise = planned.components[0].scale * 1.96
    assert value(found, "Wales").estimate == 0.25
    assert margin == pytest.approx(math.hypot(noise / 4000, noise * 0.25 / 4000), rel=0.05)


def test_quotients_may_hold_means_and_quotients() -> None:
    planned = casualties(COUNT, MEAN_AGE)
    wales = answer(planned, CASUALTIES, "Wales", {0: [5000], 1: [5000], 2: [0]})
    found = table(planned, shown(planned, divided(divided(FIRST, SECOND), SECOND)), wales)
    assert value(found, "Wales").estimate == 2.0
    assert 0 < float(value(found, "Wales").margin or 0) < 0.1


@pytest.mark.parametrize("rows", [0, -5])
def test_nothing_is_divided_by_no_rows(rows: int) -> None:
    planned = casualties(COUNT, MEAN_AGE)
    wales = answer(planned, CASUALTIES, "Wales", {0: [rows], 1: [rows], 2: [40]})
    found = table(planned, shown(planned, SECOND, divided(FIRST, FIRST)), wales)
    assert found.rows[0].values == (Value(None, None, Status.UNDEFINED, False),) * 2


def test_where_noise_may_have_made_the_divisor_the_margin_is_infinite() -> None:
    planned = casualties(COUNT, FATAL)
    few = noise_margin([planned.components[0].law])
    wales = answer(planned, CASUALTIES, "Wales", {0: [few], 1: [few]})
    found = table(planned, shown(planned, divided(SECOND, FIRST)), wales)
    assert value(found, "Wales") == Value(1.0, math.inf, Status.OK, True)


def test_a_mean_whose_margin_spans_half_the_bounds_is_of_low_reliability() -> None:
    planned = casualties(MEAN_AGE)
    rows = 4 * noise_margin([planned.components[0].law]) // 3
    wales = answer(planned, CASUALTIES, "Wales", {0: [rows], 1: [rows * 90]})
    found = value(table(planned, shown(planned, FIRST), wales), "Wales")
    assert found.estimate == 95.0
    assert 50 < float(found.margin or 0) < 95
    assert found.low_reliability


# The same for everyone


def everything(order: int = 0, seed: bytes = b"seed") -> Table:
    planned = casualties(COUNT, MEAN_AGE, FATAL, keys=("sex", "year"))
    presentation = shown(planned, FIRST, SECOND, divided(AggregateRef(2), FIRST))
    coverages = [Coverage(), AGE_SINCE_2015, NO_AGE, ONLY_2016]
    entries = [
        answer(planned, CASUALTIES, nation, 800 + 17 * i, coverage)
        for i, (nation, coverage) in enumerate(zip(NATIONS, coverages, strict=True))
    ]
    return table(planned, presentation, *list(itertools.permutations(entries))[order], seed=seed)


@pytest.mark.parametrize("order", [1, 9, 23])
def test_the_order_of_answers_changes_nothing(order: int) -> None:
    assert everything(order) == everything()


def test_the_order_of_one_nations_nodes_changes_nothing() -> None:
    planned = casualties(COUNT)
    north = answer(planned, CASUALTIES, "Wales", 40, node="north", differences=("counts twice",))
    south = answer(planned, CASUALTIES, "Wales", 2, node="south", differences=("counts late",))
    assert table(planned, shown(planned, FIRST), north, south) == table(planned, shown(planned, FIRST), south, north)


def test_another_seed_changes_simulated_margins_slightly_and_nothing_else() -> None:
    one, other = everything(seed=b"one"), everything(seed=b"other")
    assert one != other
    for left, right in zip(one.rows, other.rows, strict=True):
        for mine, yours in zip(left.values, right.values, strict=True):
            assert mine is not None
            assert yours is not None
            assert (mine.estimate, mine.status) == (yours.estimate, yours.status)
            assert mine.margin == yours.margin or mine.margin == pytest.approx(yours.margin, rel=0.1)


def test_keys_may_be_missing() -> None:
    assert {line.keys[0] for line in everything().rows} == {"Male", "Female", None}


def test_large_tables_are_simulated_in_pieces_with_the_same_result() -> None:
    planned = plan(
        Query("road.casualties", ("year", "severity", "mode", "sex"), None, (MEAN_AGE,), RHO, 1, 1), CASUALTIES
    )
    steps = list(range(planned.cells))
    figures = {0: [1000 + step for step in steps], 1: [step * 7 for step in steps]}
    entries = [answer(planned, CASUALTIES, nation, figures) for nation in NATIONS]
    found = table(planned, shown(planned, FIRST), *entries)
    alone = table(planned, shown(planned, FIRST), entries[1])
    assert [line.values for line in found.rows if line.nation == "Wales"] == [line.values for line in alone.rows]


# Notes


def test_notes_say_what_is_held_where() -> None:
    notes = everything().notes
    assert "b: Wales is missing from some cells: it holds age only where year >= 2015." in notes
    assert "b: Scotland is missing: it holds no age." in notes
    assert "a, b, c: Northern Ireland is missing from some cells: it holds only rows where year = 2016." in notes


def test_nations_that_lack_the_same_share_a_note() -> None:
    planned = casualties(COUNT, MEAN_AGE, keys=("year",))
    entries = [answer(planned, CASUALTIES, nation, 9, AGE_SINCE_2015) for nation in ("Wales", "England", "Scotland")]
    north = answer(planned, CASUALTIES, "Northern Ireland", 9, NO_AGE)
    assert [note for note in table(planned, shown(planned, FIRST, SECOND), *entries, north).notes if "b: " in note][
        :2
    ] == [
        "b: England, Wales and Scotland are missing from some cells: each holds age only where year >= 2015.",
        "b: Northern Ireland is missing: it holds no age.",
    ]


def test_notes_leave_out_conditions_that_limit_nothing_of_what_is_asked() -> None:
    since_2015 = Comparison("year", Comparator.GREATER_OR_EQUAL, Decimal(2015))
    both = Coverage(rows=Comparison("mode", Comparator.EQUAL, "Pedestrian"), columns=AGE_SINCE_2015.columns)

    def reasons(*where: Comparison) -> list[str]:
        asked = Conjunction(where) if len(where) > 1 else where[0]
        planned = plan(Query("road.casualties", (), asked, (MEAN_AGE,), RHO, 1, 1), CASUALTIES)
        entries = [answer(planned, CASUALTIES, nation, 9, both) for nation in ("England", "Wales")]
        notes = table(planned, shown(planned, FIRST), *entries).notes
        return [note for note in notes if note.startswith("a: England and Wales")]

    of_pedestrians = Comparison("mode", Comparator.EQUAL, "Pedestrian")
    partly = "a: England and Wales are answered in part: "
    assert reasons(of_pedestrians) == [partly + "each holds age only where year >= 2015."]
    assert reasons(since_2015) == [partly + "each holds only rows where mode = 'Pedestrian'."]
    assert reasons(Comparison("sex", Comparator.EQUAL, "Male")) == [
        partly + "each holds only rows where mode = 'Pedestrian'; each holds age only where year >= 2015."
    ]
    assert reasons(of_pedestrians, since_2015) == []


def test_notes_name_the_bounds_that_margins_do_not_include() -> None:
    planned = plan(
        Query("health.visits", ("clinic",), None, (COUNT, Aggregate(Statistic.SUM, "cost")), RHO, 3, 2), VISITS
    )
    (limits,) = [
        note
        for note in table(planned, shown(planned, FIRST), answer(planned, VISITS, "Wales", 9)).notes
        if "limits" in note
    ]
    assert "Each patient counts in at most 3 cells with at most 2 rows in each." in limits
    assert "Values of cost are taken as -5.00 to 250.00." in limits


def test_notes_tell_of_bias_only_where_there_is_a_ratio() -> None:
    planned = casualties(COUNT, MEAN_AGE)
    wales = answer(planned, CASUALTIES, "Wales", 9)
    assert "unbiased" not in " ".join(table(planned, shown(planned, FIRST), wales).notes)
    assert "b: means, variances, percentiles, quotients and products of noisy figures are not exactly unbiased." in (
        table(planned, shown(planned, FIRST, SECOND), wales).notes
    )


def test_known_differences_come_with_the_result_once() -> None:
    planned = casualties(MEAN_AGE)
    coverage = Coverage(
        columns=(
            ColumnCoverage("age", difference="estimated by the officer"),
            ColumnCoverage("sex", difference="other"),
        )
    )
    wales = answer(
        planned, CASUALTIES, "Wales", 9, coverage, differences=("counts the injured", "estimated by the officer")
    )
    notes = table(planned, shown(planned, FIRST), wales).notes
    assert [note for note in notes if note.startswith("Wales: ")] == [
        "Wales: counts the injured.",
        "Wales: estimated by the officer.",
    ]


def test_a_difference_of_several_nations_is_told_once() -> None:
    planned = casualties(COUNT)
    entries = [
        answer(planned, CASUALTIES, nation, 9, differences=texts)
        for nation, texts in (
            ("Scotland", ("Counts the injured.",)),
            ("England", ("Counts the injured", "Since May only.")),
            ("Wales", ("Counts the injured.",)),
        )
    ]
    notes = table(planned, shown(planned, FIRST), *entries).notes
    assert [note for note in notes if "Counts" in note or "Since" in note] == [
        "England, Wales and Scotland: Counts the injured.",
        "England: Since May only.",
    ]


# What is not believed


def test_an_answer_that_lacks_what_its_node_holds_is_not_believed() -> None:
    planned = casualties(COUNT, FATAL)
    wales = answer(planned, CASUALTIES, "Wales", 9)
    with pytest.raises(VerificationError):
        table(planned, shown(planned, SECOND), replace(wales, components={0: wales.components[0]}))


def test_an_answer_with_too_few_cells_is_not_believed() -> None:
    planned = casualties(COUNT, keys=("year",))
    wales = answer(planned, CASUALTIES, "Wales", 9)
    with pytest.raises(VerificationError):
        table(planned, shown(planned, FIRST), replace(wales, components={0: np.array([9])}))


def test_an_answer_from_an_unknown_nation_is_not_believed() -> None:
    planned = casualties(COUNT)
    with pytest.raises(VerificationError):
        table(planned, shown(planned, FIRST), answer(planned, CASUALTIES, "Ruritania", 9))


def test_a_presentation_without_figures_is_a_table_of_keys() -> None:
    planned = casualties(COUNT, keys=("year",))
    found = table(planned, shown(planned), answer(planned, CASUALTIES, "Wales", 9))
    assert [line.values for line in found.rows] == [(), (), ()]
