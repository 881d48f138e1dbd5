"""What follows the noise: a plain computation over the same noisy components gives the same table."""

import itertools
import math
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from concordat_privacy.components import Kind
from concordat_privacy.estimates import Row, Status, Table, Value, tabulate
from concordat_privacy.margins import noise_margin
from concordat_privacy.merge import Absent, NodeAnswer
from concordat_privacy.plan import Plan, held_components, plan
from concordat_query.catalogue import CellKey
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.errors import VerificationError
from concordat_query.model import (
    AggregateRef,
    Arithmetic,
    Comparator,
    Comparison,
    Constant,
    Expression,
    Operator,
    Query,
)
from concordat_query.text import read_sql
from fakes.answers import answer, holding_nothing, lost
from fakes.catalogue import NATIONS, small_catalogue
from hypothesis import given, settings
from hypothesis import strategies as st

CATALOGUE = small_catalogue()
CASUALTIES = CATALOGUE.dataset("road.casualties")
ONLY_2016 = Coverage(rows=Comparison("year", Comparator.EQUAL, Decimal(2016)))
YEARS = (Decimal(2014), Decimal(2015), Decimal(2016))
SEVERITIES = ("Fatal", "Serious", "Slight")


class Asked:
    """A question as SQL, its plan, and the table that some answers give."""

    def __init__(self, sql: str, rho: int = 60_000_000) -> None:
        question = read_sql(sql, CATALOGUE)
        self.presentation = question.presentation
        self.plan: Plan = plan(
            Query(question.dataset, question.keys, question.where, question.aggregates, rho, 1, 1), CASUALTIES
        )

    def answer(self, nation: str, seed: int, coverage: Coverage | None = None, node: str | None = None) -> NodeAnswer:
        """Figures that differ by cell and component, as the seed has it."""
        dice = np.random.default_rng(seed)
        figures = {i: dice.integers(200, 4000, self.plan.cells).tolist() for i in range(len(self.plan.components))}
        return answer(self.plan, CASUALTIES, nation, figures, coverage, node)

    def table(self, *entries: NodeAnswer | Absent) -> Table:
        answers = [entry for entry in entries if isinstance(entry, NodeAnswer)]
        absent = [entry for entry in entries if isinstance(entry, Absent)]
        return tabulate(CATALOGUE, self.plan, self.presentation, answers, absent, b"seed")


def heads(table: Table) -> list[tuple[str | None, tuple[CellKey, ...], tuple[bool, ...]]]:
    return [(row.nation, row.keys, row.rolled) for row in table.rows]


def figures(table: Table, column: int = 0) -> list[float | int | None]:
    return [value.estimate if (value := row.values[column]) else None for row in table.rows]


def the_row(table: Table, nation: str | None, *keys: CellKey, rolled: tuple[bool, ...] | None = None) -> Row:
    found = [row for row in table.rows if (row.nation, row.keys) == (nation, keys)]
    (only,) = found if rolled is None else [row for row in found if row.rolled == rolled]
    return only


def n_of(row: Row) -> int:
    """The first figure of a row that has one."""
    value = row.values[0]
    assert value is not None
    assert isinstance(value.estimate, int)
    return value.estimate


# ROLLUP


def test_rollup_adds_totals_from_the_last_key_to_the_first() -> None:
    asked = Asked("SELECT year, severity, COUNT(*) AS n FROM road.casualties GROUP BY ROLLUP(year, severity)")
    table = asked.table(asked.answer("Wales", 1))
    cells = list(itertools.product(SEVERITIES, YEARS))  # the query's keys are sorted by name
    assert heads(table) == [
        *((None, keys, (False, False)) for keys in cells),
        *((None, (None, year), (True, False)) for year in YEARS),
        (None, (None, None), (True, True)),
    ]
    assert [row.is_plain for row in table.rows] == [True] * 9 + [False] * 4


def test_keys_outside_rollup_are_never_summed_over() -> None:
    asked = Asked("SELECT year, severity, COUNT(*) AS n FROM road.casualties GROUP BY year, ROLLUP(severity)")
    table = asked.table(asked.answer("Wales", 1))
    assert [row.keys for row in table.rows if not row.is_plain] == [(None, year) for year in YEARS]


def test_a_total_is_not_taken_for_what_is_missing() -> None:
    asked = Asked("SELECT sex, COUNT(*) AS n FROM road.casualties GROUP BY ROLLUP(sex)")
    table = asked.table(asked.answer("Wales", 1))
    assert heads(table)[2:] == [(None, (None,), (False,)), (None, (None,), (True,))]
    assert figures(table)[3] == sum(value for value in figures(table)[:3] if value is not None)


@pytest.mark.parametrize(
    "group",
    ["ROLLUP(nation, severity)", "nation, ROLLUP(severity)", "ROLLUP(severity, nation)", "ROLLUP(nation), severity"],
)
def test_totals_over_nations_come_once_wherever_nation_stands(group: str) -> None:
    asked = Asked(f"SELECT nation, severity, COUNT(*) AS n FROM road.casualties GROUP BY {group}")  # noqa: S608
    table = asked.table(*(asked.answer(nation, i) for i, nation in enumerate(NATIONS)))
    assert len(set(heads(table))) == len(table.rows)
    levels = 3 if "ROLLUP(nation), severity" in group else 4
    assert len(table.rows) == 5 * levels
    assert [row.nation for row in table.rows if row.is_total] == ["United Kingdom"] * levels


def test_tables_add_up_in_every_direction_before_rounding() -> None:
    asked = Asked(
        "SELECT nation, year, severity, COUNT(*) - 2 * COUNTIF(sex = 'Male') AS n FROM road.casualties"
        " GROUP BY nation, ROLLUP(year, severity)"
    )
    coverages = [None, None, None, ONLY_2016]
    table = asked.table(*(asked.answer(n, i, c) for i, (n, c) in enumerate(zip(NATIONS, coverages, strict=True))))
    by_head = {(row.nation, row.keys): row.values[0] for row in table.rows}

    def figure(nation: str, *keys: CellKey) -> int:
        value = by_head[(nation, keys)]
        assert value is not None
        assert isinstance(value.estimate, int)
        return value.estimate

    for nation in [*NATIONS, "United Kingdom"]:
        years = [YEARS[2]] if nation in ("Northern Ireland", "United Kingdom") else YEARS
        for year in years:
            assert figure(nation, None, year) == sum(figure(nation, severity, year) for severity in SEVERITIES)
    assert figure("United Kingdom", None, None) == sum(figure(nation, None, None) for nation in NATIONS)
    assert figure("United Kingdom", None, None) == figure("United Kingdom", None, YEARS[2]) + sum(
        figure("Great Britain", None, year) for year in YEARS[:2]
    )


def test_a_total_that_lacks_a_part_says_so() -> None:
    asked = Asked("SELECT nation, year, COUNT(*) AS n FROM road.casualties GROUP BY nation, ROLLUP(year)")
    entries = [asked.answer(n, i) for i, n in enumerate(NATIONS[:3])]
    table = asked.table(*entries, asked.answer(NATIONS[3], 9, ONLY_2016))
    status = {(row.nation, row.keys[0]): value.status for row in table.rows if (value := row.values[0])}
    assert status[("Northern Ireland", None)] is Status.PARTLY_HELD
    assert status[("United Kingdom", None)] is Status.PARTLY_HELD
    assert status[("Northern Ireland", YEARS[0])] is Status.NOT_HELD
    assert status[("England", None)] is Status.OK
    assert status[("United Kingdom", YEARS[2])] is Status.OK


@pytest.mark.parametrize("gone", ["all", "one of two", "holds nothing"])
def test_totals_of_lost_nodes_are_incomplete_or_not_there(gone: str) -> None:
    asked = Asked("SELECT nation, year, COUNT(*) AS n FROM road.casualties GROUP BY nation, ROLLUP(year)")
    entries: list[NodeAnswer | Absent] = [asked.answer("England", 1)]
    if gone == "all":
        entries.append(lost("Wales"))
    elif gone == "one of two":  # the south is lost and would have held 2016 alone
        entries += [asked.answer("Wales", 2, node="north"), Absent("south", "Wales", Status.UNAVAILABLE, ONLY_2016)]
    else:
        entries.append(holding_nothing("Wales"))
    table = asked.table(*entries)
    expected = {"all": Status.UNAVAILABLE, "one of two": Status.INCOMPLETE, "holds nothing": Status.NOT_HELD}
    value = the_row(table, "Wales", None).values[0]
    assert value is not None
    assert value.status is expected[gone]
    assert (value.estimate is None) == (gone != "one of two")
    if gone == "one of two":
        cells = [the_row(table, "Wales", year).values[0] for year in YEARS[:2]]
        assert value.estimate == sum(int(cell.estimate) for cell in cells if cell and cell.estimate is not None)
        total = the_row(table, "England and Wales", None).values[0]
        assert total is not None
        assert total.status is Status.INCOMPLETE


def test_a_total_mean_or_quotient_is_made_of_summed_components() -> None:
    asked = Asked(
        "SELECT severity, AVG(age) AS mean, COUNTIF(sex = 'Male') / COUNT(*) AS share FROM road.casualties"
        " GROUP BY ROLLUP(severity)"
    )
    wales = asked.answer("Wales", 1)
    last = asked.table(wales).rows[-1]
    by_kind = {(c.kind.value, c.scalar, c.filter is not None): i for i, c in enumerate(asked.plan.components)}
    total = {what: int(wales.components[index].sum()) for what, index in by_kind.items()}
    mean, share = last.values
    assert mean is not None
    assert share is not None
    assert mean.estimate == 50 + total[("centred", "age", False)] / 2 / total[("rows", "age", False)]
    assert share.estimate == total[("rows", None, True)] / total[("rows", None, False)]


def test_the_margin_of_a_total_counts_a_noise_for_every_node_and_cell() -> None:
    asked = Asked(
        "SELECT nation, year, COUNT(*) AS n FROM road.casualties GROUP BY nation, ROLLUP(year)", rho=1_000_000
    )
    entries = [asked.answer(n, i) for i, n in enumerate(NATIONS[:3])]
    table = asked.table(*entries, asked.answer(NATIONS[3], 9, ONLY_2016))
    law = asked.plan.components[0].law
    for nation, noises in (("England", 3), ("Northern Ireland", 1), ("United Kingdom", 10)):
        value = the_row(table, nation, None).values[0]
        assert value is not None
        assert value.margin == noise_margin((law,) * noises)


def test_cells_that_no_honest_sum_can_reach_are_not_believed_in_totals() -> None:
    asked = Asked("SELECT year, COUNT(*) AS n FROM road.casualties GROUP BY ROLLUP(year)")
    with pytest.raises(VerificationError, match="honest"):
        asked.table(answer(asked.plan, CASUALTIES, "Wales", 3 * 2**61 - 5))


def test_totals_of_units_are_answered_beside_a_node_whose_rows_where_cannot_reach() -> None:
    """Such a node holds nothing of the cells, and so nothing of their total, and says so instead of half an answer."""
    visits = CATALOGUE.dataset("health.visits")
    here, there, *_ = visits.column("clinic").codes
    sql = f"SELECT clinic, COUNT(DISTINCT unit) AS n FROM health.visits WHERE clinic = '{here}' GROUP BY ROLLUP(clinic)"  # noqa: S608
    question = read_sql(sql, CATALOGUE)
    planned = plan(
        Query(question.dataset, question.keys, question.where, question.aggregates, 60_000_000, 2, 2), visits
    )
    answers: list[NodeAnswer] = []
    absent: list[Absent] = []
    elsewhere = Coverage(rows=Comparison("clinic", Comparator.EQUAL, there))
    for nation, coverage in (("Wales", elsewhere), ("Scotland", Coverage())):
        held = held_components(planned, visits, coverage)
        vectors = {index: np.full(planned.components[index].length, 7) for index in held}
        answers += [NodeAnswer(nation, nation, coverage, vectors)] if held else []
        absent += [] if held else [holding_nothing(nation, coverage)]
    table = tabulate(CATALOGUE, planned, question.presentation, answers, absent, b"seed")
    assert [entry.nation for entry in absent] == ["Wales"]
    assert [n_of(row) for row in table.rows if row.keys[0] == here or row.rolled[0]] == [7, 7]


def test_units_in_totals_are_counts_of_their_own_and_never_sums_of_cells() -> None:
    sql = "SELECT clinic, COUNT(DISTINCT unit) AS n, COUNT(*) AS visits FROM health.visits GROUP BY ROLLUP(clinic)"
    question = read_sql(sql, CATALOGUE)
    visits = CATALOGUE.dataset("health.visits")
    planned = plan(Query(question.dataset, question.keys, None, question.aggregates, 60_000_000, 3, 3), visits)
    figures_of = {(c.kind, bool(c.over)): index for index, c in enumerate(planned.components)}
    cells = {figures_of[Kind.UNITS, False]: [10] * 6, figures_of[Kind.ROWS, False]: [30] * 6}
    wales = answer(planned, visits, "Wales", {**cells, figures_of[Kind.UNITS, True]: [42]})
    last = tabulate(CATALOGUE, planned, question.presentation, [wales], [], b"seed").rows[-1]
    total = planned.components[figures_of[Kind.UNITS, True]]
    assert [value.estimate for value in last.values if value] == [42, 180]
    assert last.values[0] == Value(42, noise_margin((total.law,)), Status.OK, low_reliability=False)


# HAVING, ORDER BY, LIMIT

BY_SEVERITY = "SELECT nation, severity, COUNT(*) AS n FROM road.casualties GROUP BY nation, ROLLUP(severity)"


def arranged(rest: str, sql: str = BY_SEVERITY) -> tuple[Table, Table]:
    """The table with the clause and the one without."""
    tables = []
    for text in (f"{sql} {rest}", sql):
        asked = Asked(text)
        tables.append(asked.table(*(asked.answer(nation, i) for i, nation in enumerate(NATIONS))))
    return tables[0], tables[1]


def test_having_keeps_rows_by_their_own_figures_totals_too() -> None:
    table, whole = arranged("HAVING n > 2500")
    assert list(table.rows) == [row for row, n in zip(whole.rows, figures(whole), strict=True) if n and n > 2500]
    assert 0 < len(table.rows) < len(whole.rows)


@pytest.mark.parametrize(
    ("condition", "keeps"),
    [
        ("severity = 'Fatal'", lambda row: row.keys == ("Fatal",)),
        ("severity <> 'Fatal'", lambda row: row.keys[0] in ("Serious", "Slight")),
        ("NOT severity IN ('Fatal', 'Slight')", lambda row: row.keys == ("Serious",)),
        ("severity IS NULL", lambda row: row.rolled == (True,)),
        ("nation IN ('Wales', 'Scotland')", lambda row: row.nation in ("Wales", "Scotland")),
        ("nation IS NULL", lambda row: row.is_total),
        (
            "nation = 'Wales' OR n BETWEEN 0 AND 3000",
            lambda row: row.nation == "Wales" or row.values[0].estimate <= 3000,
        ),
        (
            "NOT (nation = 'Wales' OR n > 3000)",
            lambda row: not row.is_total and row.nation != "Wales" and row.values[0].estimate <= 3000,
        ),
        ("n / 2 >= 1000.5", lambda row: Fraction(n_of(row), 2) >= Fraction(2001, 2)),
        ("n NOT IN (1, 2) AND 0 < n", lambda row: True),
        ("n IS NULL", lambda row: False),
    ],
    ids=range(11),
)
def test_having_reads_keys_nations_and_figures(condition: str, keeps: object) -> None:
    table, whole = arranged(f"HAVING {condition}")
    assert list(table.rows) == [row for row in whole.rows if keeps(row)]  # type: ignore[operator]


def test_a_row_without_a_figure_is_dropped_by_a_comparison_and_its_opposite_and_found_by_is_null() -> None:
    sql = "SELECT nation, year, COUNT(*) AS n FROM road.casualties GROUP BY nation, year"
    for having, expected in (("n > 0", 1), ("NOT n > 0", 0), ("n IS NULL", 2), ("n > 0 OR n IS NULL", 3)):
        asked = Asked(f"{sql} HAVING {having}")
        assert len(asked.table(asked.answer("Wales", 1, ONLY_2016)).rows) == expected


def test_what_having_and_order_look_at_beside_what_is_shown_is_not_shown_nor_told_of() -> None:
    asked = Asked(
        "SELECT nation, COUNT(*) AS n FROM road.casualties GROUP BY nation"
        " HAVING AVG(age) > 0 ORDER BY SUM(age) / COUNT(age)"
    )
    table = asked.table(*(asked.answer(nation, i) for i, nation in enumerate(NATIONS)))
    assert {len(row.values) for row in table.rows} == {1}
    assert not any("unbiased" in note for note in table.notes)


def test_what_only_order_looks_at_makes_no_rows_of_its_own() -> None:
    asked = Asked("SELECT nation, COUNT(*) AS n FROM road.casualties GROUP BY nation ORDER BY AVG(age) NULLS LAST")
    no_age = Coverage(columns=(ColumnCoverage("age", held=False),))
    entries = [asked.answer(nation, i) for i, nation in enumerate(NATIONS[:3])]
    table = asked.table(*entries, asked.answer(NATIONS[3], 9, no_age))
    assert [row.nation for row in table.rows][3:] == ["Northern Ireland", "United Kingdom"]


def test_order_by_sorts_plain_rows_and_then_totals() -> None:
    table, whole = arranged("ORDER BY n DESC")
    plain = [row for row in whole.rows if row.is_plain]
    totals = [row for row in whole.rows if not row.is_plain]
    by_n = {id(row): row.values[0].estimate for row in whole.rows if row.values[0]}
    expected = sorted(plain, key=lambda row: -(by_n[id(row)] or 0)) + sorted(
        totals, key=lambda row: -(by_n[id(row)] or 0)
    )
    assert list(table.rows) == expected


def test_codes_and_nations_sort_in_the_catalogues_order_and_what_is_summed_over_stands_last() -> None:
    table, _ = arranged("ORDER BY severity DESC, nation")
    assert heads(table)[:5] == [
        *((nation, ("Slight",), (False,)) for nation in NATIONS),
        ("England", ("Serious",), (False,)),
    ]
    assert [(row.nation, row.keys[0]) for row in table.rows[12:]] == [
        ("United Kingdom", "Slight"),
        ("United Kingdom", "Serious"),
        ("United Kingdom", "Fatal"),
        *((nation, None) for nation in NATIONS),
        ("United Kingdom", None),
    ]


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("sex", [None, "Male", "Female"]),
        ("sex DESC", ["Female", "Male", None]),
        ("1 ASC NULLS LAST", ["Male", "Female", None]),
        ("sex DESC NULLS FIRST", [None, "Female", "Male"]),
    ],
)
def test_what_has_no_value_stands_as_in_bigquery_or_where_nulls_says(rest: str, expected: list[CellKey]) -> None:
    asked = Asked(f"SELECT sex, COUNT(*) AS n FROM road.casualties GROUP BY ROLLUP(sex) ORDER BY {rest}")  # noqa: S608
    table = asked.table(asked.answer("Wales", 1))
    assert [row.keys[0] for row in table.rows] == [*expected, None]
    assert table.rows[-1].rolled == (True,)


def test_ties_keep_the_order_of_cells() -> None:
    asked = Asked("SELECT year, severity, COUNT(*) AS n FROM road.casualties GROUP BY year, severity ORDER BY n DESC")
    table = asked.table(answer(asked.plan, CASUALTIES, "Wales", 7))
    assert [row.keys for row in table.rows] == list(itertools.product(SEVERITIES, YEARS))


def test_limit_counts_plain_rows_and_totals_stay_totals_of_all() -> None:
    table, whole = arranged("ORDER BY n DESC LIMIT 3 OFFSET 1")
    plain = sorted((row for row in whole.rows if row.is_plain), key=n_of, reverse=True)
    assert list(table.rows[:3]) == plain[1:4]
    assert set(table.rows[3:]) == {row for row in whole.rows if not row.is_plain}


@pytest.mark.parametrize(
    ("rest", "voids", "totals"),
    [
        ("HAVING n > 10", True, True),
        ("ORDER BY n LIMIT 3", True, True),
        ("ORDER BY n", False, False),
        ("LIMIT 3", False, True),
        ("HAVING severity = 'Fatal'", False, True),
        ("HAVING n IS NOT NULL", True, True),
    ],
)
def test_notes_say_when_noisy_figures_chose_and_what_totals_add_up(rest: str, voids: bool, totals: bool) -> None:
    notes = " ".join(arranged(rest)[0].notes)
    assert ("the 95% does not hold" in notes) == voids
    assert ("Totals add up all cells" in notes) == totals


# Expressions: against a plain computation

A, B, C, D = (AggregateRef(index) for index in range(4))
AGGREGATES = ["COUNT(*)", "COUNT(age)", "SUM(age)", "COUNTIF(sex = 'Male')"]
numbers = st.integers(-30, 30).map(lambda n: Constant(Decimal(n) / 10))
expressions: st.SearchStrategy[Expression] = st.recursive(
    st.sampled_from([A, B, C, D]) | numbers,
    lambda inner: st.builds(Arithmetic, st.sampled_from(Operator), inner, inner),
    max_leaves=6,
)


def written(expression: Expression, names: list[str]) -> str:
    match expression:
        case AggregateRef(index):
            return names[index]
        case Constant(value):
            return f"({value})"
        case Arithmetic(operator, left, right):
            return f"({written(left, names)} {operator.value} {written(right, names)})"


def plainly(expression: Expression, sums: list[Fraction]) -> Fraction | None:
    """The expression over exact sums; None where something is divided by zero."""
    match expression:
        case AggregateRef(index):
            return sums[index]
        case Constant(value):
            return Fraction(value)
    left, right = plainly(expression.left, sums), plainly(expression.right, sums)
    if left is None or right is None or (expression.operator is Operator.DIVIDE and right == 0):
        return None
    return {
        Operator.ADD: lambda: left + right,
        Operator.SUBTRACT: lambda: left - right,
        Operator.MULTIPLY: lambda: left * right,
        Operator.DIVIDE: lambda: left / right,
    }[expression.operator]()


def refs(expression: Expression) -> Iterator[int]:
    if isinstance(expression, Arithmetic):
        yield from refs(expression.left)
        yield from refs(expression.right)
    elif isinstance(expression, AggregateRef):
        yield expression.index


@settings(max_examples=60, deadline=None)
@given(expression=expressions, seed=st.integers(0, 1000))
def test_every_figure_is_what_a_plain_computation_over_the_summed_components_gives(
    expression: Expression, seed: int
) -> None:
    if (
        not set(refs(expression))
        or "/ (0" in written(expression, AGGREGATES)
        or "/ (-0)" in written(expression, AGGREGATES)
    ):
        return
    selected = f"{written(expression, AGGREGATES)} AS x, " + ", ".join(f"{a} AS a{i}" for i, a in enumerate(AGGREGATES))
    asked = Asked(f"SELECT nation, year, {selected} FROM road.casualties GROUP BY nation, ROLLUP(year)")  # noqa: S608
    table = asked.table(asked.answer("Wales", seed), asked.answer("Scotland", seed + 1))
    for row in table.rows:
        x, *parts = row.values
        sums = [Fraction(part.estimate) for part in parts if part is not None and part.estimate is not None]
        expected = plainly(expression, sums)
        assert x is not None
        if expected is None:
            assert x.status is Status.UNDEFINED
        elif x.status is not Status.UNDEFINED:  # a combination of counts below zero divides nothing
            assert x.estimate is not None
            assert math.isclose(x.estimate, expected, rel_tol=1e-9, abs_tol=1e-9 * max(map(abs, sums)) ** 2)


def test_a_sum_that_shares_the_rows_is_the_middle_for_each_of_them_and_the_centred_sum() -> None:
    asked = Asked("SELECT SUM(year) AS s, COUNT(*) AS n, SUM(year) / COUNT(*) AS mean FROM road.casualties")
    rows, centred = (
        next(i for i, each in enumerate(asked.plan.components) if each.kind is kind)
        for kind in (Kind.ROWS, Kind.CENTRED)
    )
    wales = answer(asked.plan, CASUALTIES, "Wales", {rows: [1000], centred: [-301]})
    total, count, mean = asked.table(wales).rows[0].values
    assert total is not None
    assert count is not None
    assert mean is not None
    assert (total.estimate, count.estimate) == (2015 * 1000 - 301 / 2, 1000)
    assert mean.estimate == pytest.approx(2015 - 0.1505)


def test_a_figure_less_itself_is_zero_without_a_margin() -> None:
    asked = Asked("SELECT COUNT(*) - COUNT(*) AS nothing, COUNT(*) / COUNT(*) AS one FROM road.casualties")
    nothing, one = asked.table(asked.answer("Wales", 1)).rows[0].values
    assert nothing is not None
    assert one is not None
    assert (nothing.estimate, nothing.margin, nothing.low_reliability) == (0, 0, False)
    assert (one.estimate, one.margin, one.low_reliability) == (1.0, 0.0, False)


def test_a_share_of_a_sum_shares_the_noise_above_and_below() -> None:
    asked = Asked(
        "SELECT COUNTIF(sex = 'Male') / (COUNTIF(sex = 'Male') + COUNTIF(sex = 'Female')) AS share"
        " FROM road.casualties",
        rho=1_000_000,
    )
    wales = answer(asked.plan, CASUALTIES, "Wales", {0: [3000], 1: [1000]})
    (share,) = asked.table(wales).rows[0].values
    assert share is not None
    assert share.estimate in (0.25, 0.75)
    sigma = asked.plan.components[0].scale
    assert share.margin == pytest.approx(1.96 * sigma * math.hypot(3000, 1000) / 4000**2, rel=0.05)


@pytest.mark.parametrize(
    ("expression", "figures", "status", "margin"),
    [
        ("COUNT(*) / (COUNTIF(sex = 'Male') - COUNTIF(sex = 'Female'))", {0: 9000, 1: 500, 2: 500}, "undefined", None),
        ("COUNT(*) / (COUNTIF(sex = 'Male') - COUNTIF(sex = 'Female'))", {0: 9000, 1: 500, 2: 510}, "ok", math.inf),
        ("COUNT(*) / (COUNTIF(sex = 'Male') + COUNTIF(sex = 'Female'))", {0: 9000, 1: -300, 2: 100}, "undefined", None),
        ("1 / (COUNT(*) - COUNT(*))", {0: 9000}, "undefined", None),
        ("1 / (1 / COUNT(*))", {0: 0}, "undefined", None),
        ("COUNT(*) / (2 - 2)", {0: 9000}, "undefined", None),
    ],
    ids=range(6),
)
def test_no_divisor_escapes_its_guard(
    expression: str, figures: dict[int, int], status: str, margin: float | None
) -> None:
    asked = Asked(f"SELECT {expression} AS x FROM road.casualties", rho=10_000_000)  # noqa: S608
    by_filter = {
        (None if c.filter is None else c.filter.literal): i  # type: ignore[union-attr]
        for i, c in enumerate(asked.plan.components)
    }
    order = [by_filter[literal] for literal in (None, "Male", "Female") if literal in by_filter]
    wales = answer(asked.plan, CASUALTIES, "Wales", {index: [figures[i]] for i, index in enumerate(order)})
    (x,) = asked.table(wales).rows[0].values
    assert x is not None
    assert x.status == status
    assert x.margin == margin


def test_a_figure_beyond_all_bounds_is_undefined_and_breaks_nothing() -> None:
    factor = "1" + "0" * 29
    product = " * ".join([factor] * 12)
    asked = Asked(f"SELECT COUNT(*) * {product} AS huge, COUNT(*) * {factor} AS large FROM road.casualties")  # noqa: S608
    huge, large = asked.table(asked.answer("Wales", 1)).rows[0].values
    assert huge is not None
    assert large is not None
    assert huge.status is Status.UNDEFINED
    assert isinstance(large.estimate, float)
    assert isinstance(large.margin, float)


def test_parts_held_for_different_rows_make_no_difference_either() -> None:
    since = Coverage(columns=(ColumnCoverage("age", rows=Comparison("year", Comparator.GREATER, Decimal(2014))),))
    asked = Asked("SELECT nation, COUNT(*) - COUNTIF(age > 70) AS younger FROM road.casualties GROUP BY nation")
    table = asked.table(asked.answer("Wales", 1, since))
    assert [value.status for value in table.rows[0].values if value] == [Status.NOT_HELD]
    assert "younger: Wales is missing: it holds the parts of which it is made for different rows." in table.notes


def test_notes_tell_combinations_from_what_is_not_exactly_unbiased() -> None:
    asked = Asked("SELECT COUNT(*) AS n, COUNT(*) - COUNT(sex) AS d, COUNT(*) * COUNT(sex) AS p FROM road.casualties")
    notes = " ".join(asked.table(asked.answer("Wales", 1)).notes)
    assert "d: as unbiased as the counts and sums that are combined; margins are exact." in notes
    assert (
        "p: means, variances, percentiles, quotients and products of noisy figures are not exactly unbiased." in notes
    )


# Coverage over repetitions of the noise


@pytest.mark.parametrize("expression", ["COUNT(*) - 2 * COUNTIF(sex = 'Male')", "SUM(age) - 40 * COUNT(age)"])
def test_margins_of_combinations_and_their_totals_hold_the_truth_as_often_as_they_say(expression: str) -> None:
    asked = Asked(f"SELECT year, {expression} AS x FROM road.casualties GROUP BY ROLLUP(year)", rho=900_000_000)  # noqa: S608
    dice = np.random.default_rng(11)
    tries, within = 400, np.zeros(4)
    truth = asked.table(answer(asked.plan, CASUALTIES, "Wales", 1000), answer(asked.plan, CASUALTIES, "England", 1000))
    expected = figures(truth)
    for _ in range(tries):
        table = asked.table(*(noised(asked, nation, dice) for nation in ("Wales", "England")))
        for place, row in enumerate(table.rows):
            value = row.values[0]
            assert value is not None
            assert value.margin is not None
            within[place] += abs(float(value.estimate or 0) - float(expected[place] or 0)) <= value.margin
    deviation = math.sqrt(0.95 * 0.05 / tries)
    assert (within / tries > 0.95 - 4 * deviation).all()
    assert within[3] / tries < 0.999


def noise(scale: float, dice: np.random.Generator) -> np.ndarray:
    """Three discrete Gaussians, by inversion over their lattice."""
    steps = np.arange(-math.ceil(9 * scale) - 1, math.ceil(9 * scale) + 2)
    weights = np.exp(-(steps**2) / (2 * scale**2))
    return dice.choice(steps, size=3, p=weights / weights.sum())


def noised(asked: Asked, nation: str, dice: np.random.Generator) -> NodeAnswer:
    """An answer of 1000 in every cell with fresh noise."""
    components = enumerate(asked.plan.components)
    figures = {index: (1000 + noise(component.scale, dice)).tolist() for index, component in components}
    return answer(asked.plan, CASUALTIES, nation, figures)
