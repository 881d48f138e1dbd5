"""The comparison with other engines: ratios of errors, their limits, errors of ranks, whom to compare with."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from accuracy import ours
from accuracy.asked import ALONE, ERRORS, LINES, PROGRAMME, SETTINGS, Line
from accuracy.compare import Row, Side, rows, truth
from accuracy.errors import Error, ratio, root_of, squared_errors, squared_rank_errors
from accuracy.measure import verdict

Figures = npt.NDArray[np.float64]
AGES = [np.array([10.0, 20.0, 20.0, 40.0]), np.array([0.0, 50.0, 100.0])]
MEAN = Line("mean", ("decile",), ("mean",))
SEVERAL = Line("several", ("decile",), ("count", "mean", "median"))


def drawn(seed: int, scale: float, repetitions: int = 2000, cells: int = 2) -> Figures:
    return np.random.default_rng(seed).normal(0, scale, (repetitions, cells))


def side(name: str, seed: int, scale: float, *statistics: str, is_shown_only: bool = False) -> Side:
    """Estimates that are off by normal noise."""
    true = {**{each: truth(each, "population", AGES) for each in ("count", "mean")}, "median": np.array([20.0, 50.0])}
    return Side(
        name,
        "population",
        {each: true[each] + drawn(seed, scale) for each in statistics},
        is_shown_only=is_shown_only,
    )


def test_the_root_is_over_all_errors_whatever_their_cell() -> None:
    assert root_of(np.array([[1.0, 9.0], [25.0, 1.0]])).root == 3.0
    assert root_of(np.array([[1.0, 9.0], [25.0, 1.0]])).errors == 4


def test_the_spread_is_that_of_the_roots_logarithm() -> None:
    found = [root_of(drawn(seed, 3.0, repetitions=200) ** 2) for seed in range(400)]
    logs = np.log([each.root for each in found])
    assert np.mean([each.spread for each in found]) == pytest.approx(logs.std(), rel=0.1)


def test_errors_that_go_together_within_a_repetition_count_once() -> None:
    single = drawn(1, 1.0, cells=1) ** 2
    together = np.repeat(single, 10, axis=1)
    assert root_of(together).spread == pytest.approx(root_of(single).spread)


def test_one_repetition_tells_nothing_about_the_spread() -> None:
    assert root_of(np.array([[1.0, 4.0]])).spread == math.inf


def test_the_limit_holds_the_true_ratio_in_95_of_100_cases() -> None:
    cases = [ratio([root_of(drawn(s, 1.2, 300) ** 2)], [root_of(drawn(s + 5000, 1.0, 300) ** 2)]) for s in range(1000)]
    assert 0.93 <= np.mean([case.upper >= 1.2 for case in cases]) <= 0.97


def test_equal_sides_with_all_the_errors_asked_for_stay_below_a_limit_of_1_03() -> None:
    laplace = np.random.default_rng(7).laplace(0, 1, (2, ERRORS // 10, 10)) ** 2
    assert ratio([root_of(laplace[0])], [root_of(laplace[1])]).upper <= 1.03


def test_ratios_of_several_statistics_have_their_geometric_mean() -> None:
    ours = [Error(1.0, 0.0, 9), Error(4.0, 0.0, 9)]
    theirs = [Error(2.0, 0.0, 9), Error(2.0, 0.0, 9)]
    assert ratio(ours, theirs).value == pytest.approx(1.0)
    assert ratio(ours[:1], theirs[:1]).value == pytest.approx(0.5)


def test_nobody_is_divided_by_zero() -> None:
    none, some = Error(0.0, 0.0, 9), Error(1.0, 0.1, 9)
    assert ratio([some], [none]).upper == math.inf
    assert ratio([none], [some]).upper == 0.0
    assert ratio([none], [none]).upper == 1.0


def test_where_there_is_no_estimate_it_is_taken_as_zero() -> None:
    assert squared_errors(np.array([[np.nan, 3.0]]), np.array([2.0, 5.0])).tolist() == [[4.0, 4.0]]


@pytest.mark.parametrize(
    ("estimate", "share", "error"),
    [
        pytest.param(20.0, 0.5, 0.0, id="one row below, one above"),
        pytest.param(15.0, 0.5, 1.0, id="one below, three above"),
        pytest.param(40.0, 0.5, 1.5, id="three below, none above"),
        pytest.param(200.0, 0.5, 2.0, id="all below"),
        pytest.param(10.0, 0.25, 0.75, id="a lower quartile that is too low"),
        pytest.param(15.0, 0.25, 0.0, id="a lower quartile"),
    ],
)
def test_rank_errors_count_the_rows_on_the_wrong_side(estimate: float, share: float, error: float) -> None:
    assert squared_rank_errors(np.array([[estimate]]), AGES[:1], share)[0, 0] == error**2


def test_each_sides_variances_are_held_against_their_own_kind() -> None:
    assert truth("variance", "sample", AGES)[1] == 2500.0
    assert truth("variance", "population", AGES)[1] == pytest.approx(5000 / 3)


def test_every_statistic_of_every_line_has_the_errors_asked_for() -> None:
    told = {
        (line.name, each.name): line.repetitions(each) * len(line.every_cell) for line in LINES for each in SETTINGS
    }
    assert all(errors >= ERRORS for errors in told.values())
    assert {key for key, errors in told.items() if errors >= 4 * ERRORS} == {
        ("count", "alone"),
        ("sum", "alone"),
        ("3-way table", "alone"),
    }


def found(line: Line, ours: Side, *peers: Side) -> dict[str, Row]:
    return {row.statistic: row for row in rows(line, PROGRAMME, ours, peers, AGES)}


def test_a_line_is_held_against_the_peer_with_the_least_error() -> None:
    row = found(MEAN, side("we", 1, 1.0, "mean"), side("far", 2, 2.0, "mean"), side("near", 3, 1.1, "mean"))["mean"]
    assert row.best == "near"
    assert row.ratio is not None
    assert row.ratio.value == pytest.approx(1 / 1.1, rel=0.05)
    assert row.bar == 1.03
    assert row.holds


def test_a_larger_error_than_the_best_peers_misses_the_bar() -> None:
    assert found(MEAN, side("we", 1, 1.1, "mean"), side("peer", 2, 1.0, "mean"))["mean"].holds is False


def test_the_bar_is_on_the_limit_and_not_on_the_ratio() -> None:
    ours, peer = side("we", 1, 1.02, "mean"), side("peer", 1, 1.0, "mean")
    row = found(MEAN, ours, peer)["mean"]
    assert row.ratio is not None
    assert row.ratio.value < 1.03 < row.ratio.upper
    assert row.holds is False


def test_no_bar_is_held_against_what_is_shown_only() -> None:
    by_hand = side("by hand", 3, 0.1, "mean", is_shown_only=True)
    row = found(MEAN, side("we", 1, 1.0, "mean"), side("peer", 2, 2.0, "mean"), by_hand)["mean"]
    assert row.best == "peer"
    assert "by hand" in row.errors


def test_a_query_of_several_statistics_is_held_as_one_without_its_percentiles() -> None:
    asked = ("count", "mean", "median")
    told = found(SEVERAL, side("we", 1, 1.0, *asked), side("peer", 2, 2.0, *asked))
    assert told["together"].bar == 0.67
    assert told["together"].ratio is not None
    assert told["together"].ratio.value == pytest.approx(0.5, rel=0.05)
    assert told["mean"].bar is None
    assert told["median"].bar == 4.0
    assert told["median"].measure == "rank"


def test_alone_a_query_of_several_statistics_may_be_as_good_as_the_best() -> None:
    asked = ("count", "mean", "median")
    told = list(rows(SEVERAL, ALONE, side("we", 1, 1.0, *asked), [side("peer", 2, 1.0, *asked)], AGES))
    assert told[-1].bar == 1.03


def test_what_we_cannot_do_yet_is_said_and_holds_no_bar() -> None:
    row = found(MEAN, Side("we", "population", {}, "not yet: means"), side("peer", 2, 1.0, "mean"))["mean"]
    assert (row.ratio, row.bar, row.holds) == (None, None, None)
    assert row.remark == "we: not yet: means"


def test_bars_hold_only_where_nobody_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    held = list(rows(MEAN, PROGRAMME, side("we", 1, 1.0, "mean"), [side("peer", 2, 2.0, "mean")], AGES))
    missed = list(rows(MEAN, PROGRAMME, side("we", 1, 3.0, "mean"), [side("peer", 2, 2.0, "mean")], AGES))
    assert [verdict(held, [], is_whole) for is_whole in (True, False)] == [0, 0]
    assert [verdict(missed, [], is_whole=True), verdict(held, ["Peer"], is_whole=True)] == [1, 1]
    assert capsys.readouterr().out.splitlines() == [
        "All bars hold.",
        "All bars hold of what was asked.",
        "1 bars missed, 0 comparisons not made.",
        "0 bars missed, 0 comparisons not made, Peer lost.",
    ]


def test_our_figures_stand_in_the_cells_that_they_are_of(tmp_path: Path) -> None:
    """A plan has its keys in an order of its own."""
    (line,) = (each for each in LINES if each.name == "3-way table")
    full = ("Serious", "Pedal cycle", "2")
    records = tmp_path / "everybody.csv"
    rows = "".join(f"{unit},{','.join(full)},30\n" for unit in range(1, 1001))
    records.write_text(f"unit,severity,mode,decile,age\n{rows}")
    asked = ours.federation(tmp_path / "ours", records, ALONE)
    counts = ours.figures(asked, line, ALONE)["count"]
    assert counts.shape == (line.repetitions(ALONE), len(line.every_cell))
    expected = [1000 * (cell == full) for cell in line.every_cell]
    assert np.abs(counts.mean(axis=0) - expected).max() < 1
