"""Nations that do not compare are shown side by side and never added up; those that do with a caveat say so."""

import pytest
from concordat_privacy.estimates import Status, Table, tabulate
from concordat_privacy.plan import Plan, plan
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.errors import VerificationError
from concordat_query.model import (
    Aggregate,
    AggregateRef,
    Arithmetic,
    Comparator,
    Comparison,
    Condition,
    Expression,
    KeyColumn,
    NationColumn,
    Operator,
    OutputColumn,
    Presentation,
    Query,
    Statistic,
    ValueColumn,
)
from fakes.answers import answer, holding_nothing
from fakes.catalogue import comparing

CATALOGUE = comparing(mode="not comparable", age="with caveat")
DATASET = CATALOGUE.dataset("road.casualties")
COUNT = Aggregate(Statistic.COUNT_ROWS)
WALKING = Comparison("mode", Comparator.EQUAL, "Pedestrian")
WALKERS = Aggregate(Statistic.COUNT_ROWS, None, WALKING)
MEAN_AGE = Aggregate(Statistic.AVG, "age")
NO_MODE = Coverage(columns=(ColumnCoverage("mode", held=False),))
NO_AGE = Coverage(columns=(ColumnCoverage("age", held=False),))
NATIONS = ["England", "Wales"]
TOTAL = "England and Wales"
APART = "no total over nations is made, since mode does not compare across them. Each measures mode anew."
CAVEAT = "age, which compares with a caveat. Each measures age anew."


def planned(*aggregates: Aggregate, keys: tuple[str, ...] = (), where: Condition | None = None) -> Plan:
    return plan(Query("road.casualties", keys, where, aggregates, 60_000_000, 1, 1), DATASET)


def table(plan: Plan, *coverages: Coverage, by_nation: bool = True, quotient: bool = False) -> Table:
    """Of two nations that answer 1000 in every cell; a value for each aggregate, or the quotient of two."""
    count = len(plan.query.aggregates)
    parts = [AggregateRef(index) for index in range(count)]
    values: list[Expression] = [Arithmetic(Operator.DIVIDE, parts[0], parts[1])] if quotient else [*parts]
    columns: tuple[OutputColumn, ...] = (
        *([NationColumn("nation")] if by_nation else []),
        *(KeyColumn(f"key_{index}", index) for index in range(len(plan.query.keys))),
        *(ValueColumn(name, value) for name, value in zip("abc", values, strict=False)),
    )
    held = coverages or (Coverage(), Coverage())
    answers = [answer(plan, DATASET, nation, 1000, own) for nation, own in zip(NATIONS, held, strict=True)]
    return tabulate(CATALOGUE, plan, Presentation(by_nation, columns), answers, [], b"seed")


def statuses(found: Table, nation: str) -> list[tuple[Status, ...]]:
    return [tuple(value.status for value in row.values if value) for row in found.rows if row.nation == nation]


@pytest.mark.parametrize("plan", [planned(COUNT, keys=("mode",)), planned(COUNT, where=WALKING)], ids=["key", "WHERE"])
def test_a_key_or_where_that_does_not_compare_leaves_no_total_row(plan: Plan) -> None:
    found = table(plan)
    assert {row.nation for row in found.rows} == set(NATIONS)
    assert {status for nation in NATIONS for row in statuses(found, nation) for status in row} == {Status.OK}
    assert f"a: {APART}" in found.notes


def test_a_filter_that_does_not_compare_leaves_its_own_value_without_a_total() -> None:
    plan = planned(COUNT, WALKERS)
    found = table(plan)
    own = plan.query.aggregates.index(WALKERS)
    (total,) = [row for row in found.rows if row.nation == TOTAL]
    barred, other = total.values[own], total.values[1 - own]
    assert barred is not None
    assert other is not None
    assert (barred.estimate, barred.margin, barred.status) == (None, None, Status.NOT_COMPARABLE)
    assert (other.estimate, other.status) == (2000, Status.OK)
    assert statuses(found, "Wales") == [(Status.OK, Status.OK)]
    assert f"{'ab'[own]}: {APART}" in found.notes


def test_a_quotient_is_as_incomparable_as_its_parts() -> None:
    found = table(planned(COUNT, WALKERS), quotient=True)
    assert [row.nation for row in found.rows] == NATIONS
    assert f"a: {APART}" in found.notes


def test_what_no_nation_could_add_is_not_comparable_all_the_same() -> None:
    """The status of a total follows from the catalogue, not from who holds what."""
    plan = planned(COUNT, WALKERS)
    found = table(plan, Coverage(), NO_MODE)
    own = plan.query.aggregates.index(WALKERS)
    assert statuses(found, "Wales")[0][own] is Status.NOT_HELD
    assert statuses(found, TOTAL)[0][own] is Status.NOT_COMPARABLE


@pytest.mark.parametrize(
    "plan", [planned(COUNT, keys=("mode",)), planned(COUNT, where=WALKING), planned(COUNT, WALKERS)]
)
def test_merging_them_does_not_prove_itself(plan: Plan) -> None:
    with pytest.raises(VerificationError, match="mode does not compare across nations"):
        table(plan, by_nation=False)


def test_one_nation_alone_is_merged_with_nobody() -> None:
    plan = planned(WALKERS)
    shown = Presentation(False, (ValueColumn("a", AggregateRef(0)),))
    found = tabulate(CATALOGUE, plan, shown, [answer(plan, DATASET, "Wales", 7)], [], b"seed")
    assert [value.status for row in found.rows for value in row.values if value] == [Status.OK]
    assert not any("compare" in note for note in found.notes)


def test_a_nation_that_holds_nothing_is_asked_all_the_same() -> None:
    plan = planned(WALKERS)
    shown = Presentation(False, (ValueColumn("a", AggregateRef(0)),))
    answers, absent = [answer(plan, DATASET, "Wales", 7)], [holding_nothing("England")]
    with pytest.raises(VerificationError, match="does not compare"):
        tabulate(CATALOGUE, plan, shown, answers, absent, b"seed")


def test_merged_figures_carry_a_caveat_once_naming_the_values() -> None:
    plan = planned(COUNT, MEAN_AGE, Aggregate(Statistic.COUNT_VALUES, "age"))
    (named,) = [note for note in table(plan, by_nation=False).notes if CAVEAT in note]
    touched = [name for name, one in zip("abc", plan.query.aggregates, strict=True) if one.scalar == "age"]
    assert named == f"{', '.join(touched)}: nations are added up over {CAVEAT}"


def test_totals_carry_a_caveat() -> None:
    notes = table(planned(MEAN_AGE)).notes
    assert [note for note in notes if "caveat" in note] == [f"a: totals over nations touch {CAVEAT}"]


@pytest.mark.parametrize("by_nation", [True, False])
def test_what_adds_no_nations_up_carries_no_caveat(by_nation: bool) -> None:
    for found in (
        table(planned(COUNT), by_nation=by_nation),
        table(planned(MEAN_AGE), Coverage(), NO_AGE, by_nation=by_nation),
    ):
        assert not any("caveat" in note for note in found.notes)


def test_totals_over_keys_are_made_within_nations_and_never_over_them() -> None:
    plan = planned(COUNT, WALKERS, keys=("severity",))
    own = plan.query.aggregates.index(WALKERS)
    values = (ValueColumn("a", AggregateRef(0)), ValueColumn("b", AggregateRef(1)))
    shown = Presentation(True, (NationColumn("nation"), KeyColumn("severity", 0), *values), rollup=(1,))
    answers = [answer(plan, DATASET, nation, 1000) for nation in NATIONS]
    found = tabulate(CATALOGUE, plan, shown, answers, [], b"seed")
    summed = {row.nation: row.values for row in found.rows if any(row.rolled)}
    assert [value and value.estimate for value in summed["Wales"]] == [3000, 3000]
    over_nations = summed[TOTAL][own]
    assert over_nations is not None
    assert over_nations.status is Status.NOT_COMPARABLE
