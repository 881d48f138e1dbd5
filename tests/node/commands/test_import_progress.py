"""What an import shows as it runs: a line for each step in a pipe, a bar on a terminal, how far where it is known."""

import io
import random
import re
from pathlib import Path

import duckdb
import pytest
from concordat_node.commands import import_progress
from concordat_node.commands.import_ import run_import
from concordat_node.commands.import_progress import PlainLines, place_of, shown
from concordat_node.importing.build import import_dataset
from concordat_node.importing.mapping import Mapping, load
from concordat_node.importing.steps import HowFar, Statements, Step, not_known
from fakes import dirty_sources
from fakes.dirty_sources import dirty_catalogue, random_records


class FakeTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    (tmp_path / "mapping.toml").write_text(dirty_sources.mapping_text())
    dirty_sources.write_sources(tmp_path / "data", random_records(random.Random(1)))  # noqa: S311  # no secret
    return load(tmp_path / "mapping.toml", dirty_catalogue())


def test_a_pipe_gets_one_line_for_each_step_in_order(tmp_path: Path, mapping: Mapping) -> None:
    err = io.StringIO()
    run_import({mapping.dataset: mapping}, tmp_path / "data", tmp_path / "state", out=io.StringIO(), err=err)
    steps = [step for step in Step if step is not Step.DONE]
    expected = [f"health.visits: step {n} of {len(steps)}: {step.value}" for n, step in enumerate(steps, 1)]
    assert err.getvalue().splitlines() == [*expected, "health.visits: done"]


def test_a_step_that_lasts_says_now_and_then_that_it_goes_on_and_how_far_it_is() -> None:
    now, err = [0.0], io.StringIO()
    lines = PlainLines("a.b", err, lambda: now[0])
    lines.still()
    assert err.getvalue() == ""  # nothing has begun
    lines.begin(Step.WRITE, lambda: 0.354)
    now[0] = 20.0
    lines.still()
    lines.begin(Step.SEAL, not_known)
    now[0] = 36.0
    lines.still()
    assert err.getvalue().splitlines()[1::2] == [
        f"a.b: {place_of(Step.WRITE)} goes on for 20 s, 35% done",
        f"a.b: {place_of(Step.SEAL)} goes on for 16 s",
    ]


def test_a_terminal_is_shown_a_bar_that_is_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(import_progress, "LIVE_SECONDS", 0.001)
    terminal = FakeTerminal()
    looked: list[float] = []

    def how_far() -> float:
        looked.append(0.42)
        return 0.42

    with shown("a.b", terminal) as progress:
        progress(Step.WRITE, how_far)
        while not looked or "42%" not in terminal.getvalue():
            pass
    assert f"a.b: {place_of(Step.WRITE)}: {Step.WRITE.value}" in re.sub(r"\x1b\[[\d;?]*\w", "", terminal.getvalue())
    assert terminal.getvalue().rstrip().endswith("\x1b[2K")


def test_duckdb_tells_how_far_a_step_is_and_a_closed_connection_nothing() -> None:
    connection = duckdb.connect()
    running = Statements(connection, 4)
    running.done = 3
    assert running.how_far() == 0.75  # nothing runs
    running.done = 4
    assert running.how_far() == 1.0
    connection.close()
    assert running.how_far() is None


def test_the_steps_of_sql_can_tell_how_far_they_are(tmp_path: Path, mapping: Mapping) -> None:
    heard: dict[Step, HowFar] = {}
    at_once: dict[Step, float | None] = {}

    def progress(step: Step, how_far: HowFar) -> None:
        heard[step] = how_far
        at_once[step] = how_far()

    import_dataset(mapping, tmp_path / "data", tmp_path / "state", progress=progress)
    assert list(heard) == list(Step)
    telling = {step for step, share in at_once.items() if share is not None}
    assert telling == {Step.CONVERT, Step.ORDER, Step.LIMIT, Step.WRITE}
    assert all(how_far() is None for how_far in heard.values())  # all is over
