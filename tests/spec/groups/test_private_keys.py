"""Grouping by private texts: what enough units have is shown, all else is in one group, and nothing is lost.

Noise is zero here, so a text is shown where its units reach the threshold exactly.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from concordat_client.asking import SignedQuestion, sign, understand
from concordat_node.admission import admit, identify
from concordat_privacy.estimates import Status, Table
from concordat_privacy.plan import plan
from concordat_query.agreement import Agreement, Budget
from concordat_query.catalogue import OTHER
from concordat_query.check import check_query
from concordat_query.errors import Reason, Refusal, SqlRefusal
from concordat_query.model import Calculus
from fakes.offline import OfflineFederation
from fakes.private_texts import DATASET, Record, federation, patients, visits

ASK = "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (private_keys = TRUE, epsilon = 1, delta = 1e-6)"
PRECISE = f"{ASK.replace('= 1,', '= 4,')} practice, COUNT(DISTINCT unit) AS n FROM care.visits GROUP BY practice"
BY_PRACTICE = f"{ASK} practice, COUNT(DISTINCT unit) AS n FROM care.visits GROUP BY practice"
ONE_NATION = "WHERE nation = 'England'"
SOURCES = {
    "England": [
        *patients("Alpha", 200),
        *patients("Beta", 150, "Female"),
        *patients("Gamma", 3),
        *patients("Delta", 2, rows=4),
        ("nobody", "", "Male", "30"),
    ],
    "Wales": [*patients("Alpha", 190), *patients("Epsilon", 170), *patients("Gamma", 4)],
}


@pytest.fixture(scope="module")
def two_nations(tmp_path_factory: pytest.TempPathFactory) -> OfflineFederation:
    return federation(tmp_path_factory.mktemp("nations"), SOURCES, visits())


def shown(table: Table) -> dict[tuple[object, ...], tuple[object, ...]]:
    """Each row's labels, and its figures or why there are none."""
    return {
        (*([row.nation] if row.nation else []), *row.keys): tuple(
            value.estimate if value.status is Status.OK else (value.estimate, value.status)
            for value in row.values
            if value is not None
        )
        for row in table.rows
    }


def test_each_nation_shows_what_reaches_the_threshold_there(two_nations: OfflineFederation) -> None:
    sql = BY_PRACTICE.replace(" practice,", " nation, practice,").replace("GROUP BY", "GROUP BY nation,")
    suppressed = ((None, Status.SUPPRESSED),)
    assert shown(two_nations.table(sql)) == {
        ("England", "Alpha"): (200,),
        ("England", "Beta"): (150,),
        ("England", "Epsilon"): suppressed,
        ("England", OTHER): (5,),
        ("England", None): (1,),
        ("Wales", "Alpha"): (190,),
        ("Wales", "Beta"): suppressed,
        ("Wales", "Epsilon"): (170,),
        ("Wales", OTHER): (4,),
        ("Wales", None): (0,),
        ("England and Wales", "Alpha"): (390,),
        ("England and Wales", OTHER): (9,),
        ("England and Wales", None): (1,),
    }


def test_merged_figures_say_where_a_node_does_not_show_the_text(two_nations: OfflineFederation) -> None:
    assert shown(two_nations.table(BY_PRACTICE)) == {
        ("Alpha",): (390,),
        ("Beta",): ((150, Status.PARTLY_SUPPRESSED),),
        ("Epsilon",): ((170, Status.PARTLY_SUPPRESSED),),
        (OTHER,): (9,),
        (None,): (1,),
    }


def test_the_hidden_are_counted_with_a_margin_of_their_own_and_the_threshold_is_told(
    two_nations: OfflineFederation,
) -> None:
    question = two_nations.question(BY_PRACTICE)
    assert question.plan.selection is not None
    (note,) = [note for note in two_nations.table(BY_PRACTICE).notes if note.startswith("practice is private")]
    assert f"reaches {question.plan.selection.threshold}," in note
    assert "with probability 1e-06" in note
    assert "2 ± " in note
    assert "in England" in note
    assert "1 ± " in note


def test_totals_lose_nothing_of_what_is_not_shown(two_nations: OfflineFederation) -> None:
    sql = BY_PRACTICE.replace("GROUP BY practice", "GROUP BY ROLLUP(practice)")
    table = two_nations.table(sql)
    (total,) = [row for row in table.rows if row.rolled == (True,)]
    assert total.values[0] is not None
    assert (total.values[0].estimate, total.values[0].status) == (200 + 150 + 3 + 2 + 1 + 190 + 170 + 4, Status.OK)


def test_a_private_key_stands_beside_public_ones_with_every_statistic(two_nations: OfflineFederation) -> None:
    sql = f"{ASK} practice, sex, COUNT(*) AS n, AVG(age) AS a FROM care.visits {ONE_NATION} GROUP BY practice, sex"
    found = shown(two_nations.table(sql))
    assert found[("Alpha", "Male")] == (200, 40.0)
    assert found[("Beta", "Female")] == (150, 40.0)
    assert found[(OTHER, "Male")] == (3 + 8, 40.0)
    assert found[("Alpha", "Female")][0] == 0
    assert len(found) == 4 * 3


def test_having_order_and_limit_work_on_what_is_shown(two_nations: OfflineFederation) -> None:
    having = f"{BY_PRACTICE} HAVING practice IN ('Alpha', 'Gamma', '(other)') ORDER BY n DESC LIMIT 1"
    assert shown(two_nations.table(having)) == {("Alpha",): (390,)}
    ordered = [row.keys[0] for row in two_nations.table(f"{BY_PRACTICE} ORDER BY practice DESC NULLS LAST").rows]
    assert ordered == [OTHER, "Epsilon", "Beta", "Alpha", None]


def test_where_decides_which_units_count_towards_the_threshold(two_nations: OfflineFederation) -> None:
    sql = BY_PRACTICE.replace("GROUP BY", "WHERE sex = 'Female' GROUP BY")
    assert shown(two_nations.table(sql)) == {
        ("Beta",): ((150, Status.PARTLY_SUPPRESSED),),
        (OTHER,): (0,),
        (None,): (0,),
    }


def test_texts_may_be_asked_whether_they_are_missing(two_nations: OfflineFederation) -> None:
    sql = "SELECT COUNT(*) AS n, COUNT(practice) AS p FROM care.visits WHERE nation = 'England'"
    assert shown(two_nations.table(f"{sql} AND practice IS NULL")) == {(): (1, 0)}
    assert shown(two_nations.table(f"{sql} AND practice IS NOT NULL")) == {(): (361, 361)}


def test_units_reach_the_threshold_and_rows_do_not(tmp_path: Path) -> None:
    """Five rows of each of a few patients are more than the threshold's number of rows."""
    question, table = asked(tmp_path, [*patients("Busy", 10, rows=5), *patients("Calm", 45)], PRECISE)
    assert question.plan.selection is not None
    assert 10 < question.plan.selection.threshold <= 45
    assert set(shown(table)) == {("Calm",), (OTHER,), (None,)}


def test_one_unit_less_than_the_threshold_is_not_shown(tmp_path: Path) -> None:
    threshold = asked(tmp_path / "first", [], PRECISE)[0].plan.selection.threshold  # type: ignore[union-attr]
    rows = [*patients("Just", threshold), *patients("Short", threshold - 1)]
    assert shown(asked(tmp_path / "second", rows, PRECISE)[1]) == {
        ("Just",): (threshold,),
        (OTHER,): (threshold - 1,),
        (None,): (0,),
    }


def test_an_empty_source_shows_nothing_and_answers_all_the_same(tmp_path: Path) -> None:
    assert shown(asked(tmp_path, [], BY_PRACTICE)[1]) == {(OTHER,): (0,), (None,): (0,)}


def test_a_unit_counts_in_as_many_texts_as_in_cells(tmp_path: Path) -> None:
    """Each of these patients has five practices; with k = 1 each counts in one of them, chosen by a secret hash."""
    rows = [(f"p{number}", f"Practice {own}", "Male", "40") for number in range(400) for own in range(5)]
    table = asked(tmp_path, rows, BY_PRACTICE.replace("delta", "max_groups_contributed = 1, delta"))[1]
    counts = [value.estimate for row in table.rows for value in row.values if value is not None]
    assert len(counts) == 7
    assert sum(counts) == 400  # type: ignore[arg-type]  # all are there
    assert all(50 < count < 110 for count in counts[:5])  # type: ignore[operator]


def test_what_only_a_text_constant_within_a_unit_moves_costs_no_more_noise_for_more_groups(tmp_path: Path) -> None:
    sql = BY_PRACTICE.replace("delta", "max_groups_contributed = 4, delta")
    varying = federation(tmp_path / "varying", {"England": []}, visits()).question(sql).plan
    constant = federation(tmp_path / "constant", {"England": []}, visits(constant=True)).question(sql).plan
    assert [plan.selection.texts for plan in (varying, constant) if plan.selection] == [4, 1]
    assert constant.components[0].scale < varying.components[0].scale


HOSTILE = {
    "a\0b": None,
    "a\u202eb": None,
    "x" * 65_536: None,
    "x" * 41: None,
    OTHER: None,
    "a\u200bb": None,
    "'; DROP TABLE rows; --": "'; DROP TABLE rows; --",
    '"quoted", =1+1': '"quoted", =1+1',
    "  two   words ": "two words",
    "two\twords  more": "two words more",
    "e\u0301": "\u00e9",
    "[red]markup[/red]": "[red]markup[/red]",
}


def test_hostile_texts_are_missing_or_harmless_and_go_through_every_party(tmp_path: Path) -> None:
    rows: list[Record] = []
    for number, written in enumerate(HOSTILE):
        rows += [(f"{number}-{unit}", written, "Male", "40") for unit in range(60)]
    found = {keys[0]: values[0] for keys, values in shown(asked(tmp_path, rows, PRECISE)[1]).items()}
    kept = {text for text in HOSTILE.values() if text is not None}
    assert set(found) == {*kept, OTHER, None}
    assert all(found[text] == 60 for text in kept)
    assert found[OTHER] == 0
    assert found[None] <= 60 * sum(text is None for text in HOSTILE.values())  # type: ignore[operator]


def asked(folder: Path, rows: Sequence[Record], sql: str) -> tuple[SignedQuestion, Table]:
    """Of one nation with these records."""
    sources: Mapping[str, Sequence[Record]] = {"England": rows}
    nation = federation(folder, sources, visits())
    return nation.question(sql), nation.table(sql)


@pytest.mark.parametrize(
    ("sql", "reason", "told"),
    [
        ("SELECT practice, COUNT(*) AS n FROM care.visits GROUP BY practice", "PRIVATE_KEY", "private_keys = TRUE"),
        ("SELECT COUNT(*) AS n FROM care.visits WHERE practice = 'Alpha'", "WRONG_TYPE", "IS NULL"),
        ("SELECT COUNT(*) AS n FROM care.visits WHERE practice IN ('A')", "WRONG_TYPE", "HAVING"),
        ("SELECT SUM(practice) AS s FROM care.visits", "WRONG_TYPE", "COUNT"),
        ("SELECT COUNT(*) AS n FROM care.visits WHERE practice > age", "WRONG_TYPE", "numbers"),
        (
            "SELECT CASE WHEN age > 9 THEN practice END AS k, COUNT(*) AS n FROM care.visits GROUP BY k",
            "WRONG_TYPE",
            "",
        ),
        (f"{ASK} sex, COUNT(*) AS n FROM care.visits GROUP BY sex", "PRIVATE_KEY", "leave them out"),
        (BY_PRACTICE.replace("1e-6", "0.1"), "INVALID_PRICE", "below 0.01"),
        (BY_PRACTICE.replace("1e-6", "0.001"), "NOT_IN_AGREEMENT", "0.0001 in all"),
        (BY_PRACTICE.replace("1e-6", "1.1e-6"), "NOT_IN_AGREEMENT", "may spend delta 1e-06 at most"),
        (BY_PRACTICE.replace("1e-6", "9e-16"), "INVALID_PRICE", "steps of 1e-15"),
        (BY_PRACTICE.replace("1e-6", "1e-320"), "INVALID_PRICE", "steps of 1e-15"),
        (BY_PRACTICE.replace("private_keys = TRUE, ", ""), "SQL_NOT_SUPPORTED", "delta"),
        (BY_PRACTICE.replace("TRUE", "FALSE"), "SQL_NOT_SUPPORTED", "TRUE"),
        (BY_PRACTICE.replace("TRUE", "1"), "SQL_NOT_SUPPORTED", "TRUE"),
        (f"{BY_PRACTICE} HAVING practice > 'B'", "WRONG_TYPE", "no order"),
        (BY_PRACTICE.replace("epsilon = 1", "epsilon = 0.0001"), "INVALID_PRICE", ""),
    ],
)
def test_what_cannot_be_asked_is_refused_at_its_place_with_what_to_write(
    two_nations: OfflineFederation, sql: str, reason: str, told: str
) -> None:
    with pytest.raises(Refusal) as refused:
        two_nations.question(sql)
    assert refused.value.reason is Reason[reason]
    assert told in refused.value.message
    assert isinstance(refused.value, SqlRefusal) or reason == "INVALID_PRICE"


def test_units_that_enclose_several_of_the_accounts_own_have_no_private_keys(tmp_path: Path) -> None:
    households = federation(tmp_path, {"England": []}, visits(encloses="person"))
    with pytest.raises(SqlRefusal, match="encloses more than one person") as refused:
        households.question(BY_PRACTICE)
    assert refused.value.reason is Reason.PRIVATE_KEY


def test_an_account_in_pure_epsilon_has_no_private_keys(two_nations: OfflineFederation) -> None:
    question = two_nations.question(BY_PRACTICE)
    pure = replace(question.envelope.query, calculus=Calculus.PURE)
    with pytest.raises(Refusal, match="has no delta") as refused:
        plan(pure, two_nations.catalogue.dataset("care.visits"))
    assert refused.value.reason is Reason.PRIVATE_KEY
    with pytest.raises(ValueError, match="leave threshold_delta out"):
        Budget(epsilon=1, calculus=Calculus.PURE, threshold_delta=1e-9)


def test_without_a_delta_a_query_takes_a_hundredth_of_the_agreements(two_nations: OfflineFederation) -> None:
    plain = two_nations.question(BY_PRACTICE.replace(", delta = 1e-6", ""))
    assert plain.envelope.query.delta_e15 == two_nations.agreement.populations["patients"].threshold_delta_e15 // 100
    assert Decimal(plain.envelope.query.delta_e15) == 10**9


def with_permission(federation: OfflineFederation, **more: object) -> Agreement:
    """The federation's agreement with another permission on visits."""
    permission = federation.agreement.datasets[DATASET].model_copy(update=more)
    return federation.agreement.model_copy(update={"datasets": {DATASET: permission}})


def test_the_agreements_cells_bind_what_is_released(two_nations: OfflineFederation) -> None:
    """The bound is signed with the query, and nodes hold it against their agreement."""
    catalogue, narrow = two_nations.catalogue, with_permission(two_nations, max_cells=50)
    asked = understand(BY_PRACTICE, catalogue, narrow)
    assert asked.query.max_cells == 50
    assert asked.plan.selection is not None
    assert asked.plan.selection.most == 50 - 2  # besides, all others and missing ones
    dataset, permission = catalogue.dataset(DATASET), narrow.datasets[DATASET]
    check_query(asked.query, dataset, permission)
    for cells in (0, 51, 10_000):
        with pytest.raises(Refusal, match="at most 50") as refused:
            check_query(replace(asked.query, max_cells=cells), dataset, permission)
        assert (refused.value.reason, refused.value.field) == (Reason.NOT_IN_AGREEMENT, "query.max_cells")
    assert two_nations.question(BY_PRACTICE).envelope.query.max_cells == 10_000


@pytest.mark.parametrize(
    ("stated", "most", "usual"),
    [(None, 10**9, 10**9), (3e-6, 3 * 10**9, 10**9), (2e-8, 2 * 10**7, 2 * 10**7)],
)
def test_one_query_spends_no_more_delta_than_the_agreement_lets_it(
    two_nations: OfflineFederation, stated: float | None, most: int, usual: int
) -> None:
    """A hundredth of the whole where it does not say. Nodes look, too."""
    agreement = with_permission(two_nations, max_delta=stated)
    plain = BY_PRACTICE.replace(", delta = 1e-6", "")
    assert understand(plain, two_nations.catalogue, agreement).query.delta_e15 == usual
    question = two_nations.question(plain)
    node = two_nations.nodes["node-england"]
    rules = replace(node.rules, agreement=agreement)
    for delta, given in [(most, True), (most + 1, False)]:
        envelope = replace(question.envelope, query=replace(question.envelope.query, delta_e15=delta))
        asked = identify(sign(envelope, two_nations.analyst), rules)
        if given:
            assert admit(asked, rules, time.time()).delta_e15 == delta
            continue
        with pytest.raises(Refusal, match="smaller delta") as refused:
            admit(asked, rules, time.time())
        assert (refused.value.reason, refused.value.field) == (Reason.NOT_IN_AGREEMENT, "query.delta_e15")


def test_no_more_texts_are_shown_than_the_agreements_cells_have_room_for(tmp_path: Path) -> None:
    """Those with the most units; the others are among the hidden."""
    rows = [row for number, units in enumerate((120, 150, 130, 140)) for row in patients(f"P{number}", units)]
    one = federation(tmp_path, {"England": rows}, visits())
    agreement = with_permission(one, max_cells=4)
    nodes = {name: replace(node, rules=replace(node.rules, agreement=agreement)) for name, node in one.nodes.items()}
    table = replace(one, agreement=agreement, nodes=nodes).table(BY_PRACTICE)
    assert shown(table) == {("P1",): (150,), ("P3",): (140,), (OTHER,): (250,), (None,): (0,)}
