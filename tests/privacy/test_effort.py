"""How much work an analyst's expressions make of a table: refused before anyone is charged, by public facts alone."""

from dataclasses import replace

import numpy as np
import pytest
from concordat_privacy import effort
from concordat_privacy.effort import check_effort, rows_at_most
from concordat_privacy.estimates import tabulate
from concordat_privacy.evaluation import DRAWS, draws_for, simulated
from concordat_privacy.merge import NodeAnswer
from concordat_privacy.plan import Plan, plan
from concordat_query.catalogue import Dataset
from concordat_query.coverage import Coverage
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    AggregateRef,
    Arithmetic,
    Expression,
    KeyColumn,
    NationColumn,
    Operator,
    Ordering,
    Presentation,
    Query,
    ValueColumn,
)
from concordat_query.text import read_sql
from fakes import private_texts
from fakes.catalogue import NATIONS, small_catalogue

CATALOGUE = small_catalogue()
CASUALTIES = CATALOGUE.dataset("road.casualties")
BINS = 101


class Asked:
    """A question as SQL, its plan and its presentation."""

    def __init__(self, select: str, keys: str = "severity", group: str | None = None) -> None:
        sql = f"SELECT {keys}, {select} FROM road.casualties GROUP BY {group or keys}"  # noqa: S608  # a test's own words
        question = read_sql(sql, CATALOGUE)
        self.presentation = question.presentation
        self.plan: Plan = _planned(question.keys, question.aggregates, CASUALTIES)


def _planned(keys: tuple[object, ...], aggregates: tuple[object, ...], dataset: Dataset) -> Plan:
    return plan(Query("road.casualties", keys, None, aggregates, 10**9, 1, 1), dataset)  # type: ignore[arg-type]


SPREAD = "PERCENTILE_CONT(age, 0.9) - PERCENTILE_CONT(age, 0.1) AS spread"


@pytest.mark.parametrize(
    ("select", "counts"),
    [
        (SPREAD, BINS * draws_for(BINS)),
        ("PERCENTILE_CONT(age, 0.9) / AVG(age) AS x", (BINS + 2) * draws_for(BINS + 2)),
        ("PERCENTILE_CONT(age, 0.9) AS x", 10 * BINS),
        (f"{SPREAD}, PERCENTILE_CONT(age, 0.9) AS x", BINS * draws_for(BINS) + 10 * BINS),
        ("AVG(age) / COUNT(*) AS x", 3 * DRAWS),
        ("AVG(age) AS x, CORR(age, year) AS y", 2 * DRAWS + 6 * DRAWS),
        ("COUNT(*) - 2 * SUM(age) AS x", 0),
    ],
)
def test_more_counts_than_a_table_is_made_of_are_refused(
    monkeypatch: pytest.MonkeyPatch, select: str, counts: int
) -> None:
    asked = Asked(select)
    monkeypatch.setattr(effort, "MAX_SIMULATED", 3 * counts)
    check_effort(asked.plan, asked.presentation, 4)
    if counts:
        monkeypatch.setattr(effort, "MAX_SIMULATED", 3 * counts - 1)
        with pytest.raises(Refusal, match=f"{counts} simulated figures in every row") as refused:
            check_effort(asked.plan, asked.presentation, 4)
        assert (refused.value.reason, refused.value.field) == (Reason.TOO_MANY_CELLS, "presentation.columns")


def test_what_rows_are_sorted_by_counts_beside_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(SPREAD)
    refs = [AggregateRef(index) for index in range(2)]
    hidden = Arithmetic(Operator.MULTIPLY, *refs)
    monkeypatch.setattr(effort, "MAX_SIMULATED", 3 * BINS * draws_for(BINS))
    check_effort(asked.plan, asked.presentation, 1)
    with pytest.raises(Refusal):
        check_effort(
            asked.plan, replace(asked.presentation, order=(Ordering(hidden, descending=False, nulls_first=False),)), 1
        )


def test_rows_are_those_of_all_nations_totals_and_texts() -> None:
    merged, apart = Asked(SPREAD), Asked(SPREAD, "nation, severity", "nation, ROLLUP(severity)")
    assert rows_at_most(merged.plan, merged.presentation, 4) == 3
    assert rows_at_most(apart.plan, apart.presentation, 4) == (3 + 1) * (4 + 1)
    catalogue = private_texts.visits()
    aggregates = merged.plan.query.aggregates
    query = Query(private_texts.DATASET, ("practice",), None, aggregates, 10**9, 5, 5, delta_e15=10**9)
    private = plan(query, catalogue.dataset(private_texts.DATASET))
    assert private.selection is not None
    known = len(private.domains[0])
    assert rows_at_most(private, Presentation(False, (KeyColumn("p", 0),)), 2) == (known + private.selection.most) * 3


def test_the_widest_expression_over_a_usual_table_is_answered() -> None:
    """P90 - P10 of a thousand values, in 195 cells of four nations and their total."""
    content = CATALOGUE.model_dump(mode="json")
    (age,) = [each for each in content["datasets"]["road.casualties"]["columns"] if each["name"] == "age"]
    age.update(lower=0, upper=1023)
    asked = Asked(SPREAD)
    wide = type(CATALOGUE).model_validate(content).dataset("road.casualties")
    planned = _planned((), asked.plan.query.aggregates, wide)
    shown: tuple[Expression, ...] = (Arithmetic(Operator.SUBTRACT, AggregateRef(0), AggregateRef(1)),)
    check = Presentation(True, (NationColumn("nation"), *(ValueColumn("x", each) for each in shown)))
    assert planned.components[0].width == 1024
    assert 1024 * draws_for(1024) * 195 * 5 <= effort.MAX_SIMULATED
    check_effort(planned, check, len(NATIONS))


def test_wide_components_are_drawn_for_less_often_and_give_the_same_margin() -> None:
    asked = Asked(SPREAD)
    assert [draws_for(width) for width in (1, 100, 200, 1024, 10**6)] == [DRAWS, DRAWS, 500, 250, 250]
    (noise,) = simulated(asked.plan, [(0, 1)], b"seed")
    assert noise.shape == (BINS, draws_for(BINS))
    dice = np.random.default_rng(1)
    component = asked.plan.components[0]
    assert component.bins is not None
    histogram = dice.multinomial(2000, np.full(BINS, 1 / BINS), size=3)
    sums = histogram @ component.bins.strategy.matrix.T + np.rint(dice.normal(0, component.scale, (3, BINS)))
    answer = NodeAnswer("n", NATIONS[0], Coverage(), {0: sums.astype(np.int64).ravel()})

    def margins() -> list[float]:
        rows = tabulate(CATALOGUE, asked.plan, asked.presentation, [answer], [], b"seed").rows
        return [float(value.margin or 0) for row in rows if (value := row.values[0]) is not None]

    many = margins()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("concordat_privacy.evaluation._DRAWN", 0)
        assert simulated(asked.plan, [(0, 1)], b"seed")[0].shape == (BINS, 250)
        few = margins()
    assert all(few)
    assert np.allclose(many, few, rtol=0.3)
