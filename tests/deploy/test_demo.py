"""`make demo` from end to end: four nodes, a coordinator, three questions, and nothing left behind."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from fakes.terminal import on_a_terminal
from layout import NODES
from questions import QUESTIONS

RUN = Path(__file__).parents[2] / "deploy" / "demo" / "run.py"
TIMEOUT = 240


def command(build: Path, *more: str) -> list[str]:
    return [sys.executable, str(RUN), "--build", str(build), *more]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """One whole run without a terminal, on look-alike records."""
    build = tmp_path_factory.mktemp("run") / "demo"
    return build, subprocess.run(  # noqa: S603  # our own command
        command(build), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )


Finished = tuple[Path, subprocess.CompletedProcess[str]]


def section(output: str, number: int) -> str:
    """What was printed of one question, without the lines between columns."""
    return output.replace("│", " ").split("Question: ")[number]


def test_it_ends_well_and_says_nothing_on_standard_error(finished: Finished) -> None:
    _, run = finished
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stderr == ""


def test_it_tells_every_step_with_the_seconds_it_took(finished: Finished) -> None:
    steps = re.findall(r"^(\w+): .*\.\.\. \d+\.\d s$", finished[1].stdout, flags=re.MULTILINE)
    assert steps == ["Records", "Paperwork", "Import", "Nodes", "Coordinator", *["Question"] * len(QUESTIONS)]


def test_casualties_are_shown_by_nation_and_severity_with_a_total_margins_and_truth(finished: Finished) -> None:
    shown = section(finished[1].stdout, 1)
    for nation in (*NODES.values(), "United Kingdom"):
        for severity in ("Fatal", "Serious", "Slight"):
            assert re.search(rf"{nation} +{severity} +-?[\d,]+ ± [\d,]+( \[u\])? +[\d,]+ *\n", shown), (
                nation,
                severity,
            )
    assert "truth: known only because this demo owns the data; no deployment shows it" in shown


def test_the_estimates_are_near_the_truth(finished: Finished) -> None:
    rows = re.findall(r" (-?[\d,]+) ± ([\d,]+)(?: \[u\])? +([\d,]+) *\n", section(finished[1].stdout, 1))
    figures = [[int(text.replace(",", "")) for text in row] for row in rows]
    assert len(figures) == 15
    for estimate, margin, truth in figures:
        assert abs(estimate - truth) <= 4 * margin, "beyond eight standard deviations"
        assert 0 < margin < 1000


def test_shares_are_shown_by_nation_and_for_the_united_kingdom(finished: Finished) -> None:
    shown = section(finished[1].stdout, 2)
    for nation in (*NODES.values(), "United Kingdom"):
        assert re.search(rf"{nation} +0\.\d+ ± 0\.\d+ +0\.\d+ *\n", shown), nation


def test_mean_age_is_a_total_of_great_britain_and_not_held_in_northern_ireland(finished: Finished) -> None:
    shown = section(finished[1].stdout, 3)
    assert re.search(r"Great Britain +\d\d\.\d+ ± 0\.\d+", shown)
    assert re.search(r"Northern Ireland +\[x\]", shown)
    assert "not held" in shown
    assert "in groups only" in " ".join(shown.split()), "the known difference comes back with the result"


def test_each_result_tells_its_cost(finished: Finished) -> None:
    for number in range(1, len(QUESTIONS) + 1):
        assert "Cost: epsilon 0.5" in section(finished[1].stdout, number)


def test_no_process_is_left(finished: Finished) -> None:
    assert not processes_naming(finished[0])


def test_each_party_was_configured_by_a_folder_of_its_own(finished: Finished) -> None:
    build, _ = finished
    for name in NODES:
        assert tomllib.loads((build / name / "node.toml").read_text())["name"] == name
        assert (build / name / "state").is_dir()


def test_on_a_terminal_the_network_stays_up_until_ctrl_c(tmp_path: Path) -> None:
    """On the real records where the environment has them."""
    build = tmp_path / "demo"
    real = os.environ.get("CONCORDAT_REAL_DATA")
    process, lines = on_a_terminal(command(build, *(["--data", real] if real else [])))
    shown = ""
    for line in lines:
        shown += line
        if "Ctrl-C stops everything" in line:
            assert processes_naming(build), "the network is up"
            client = build / "analyst" / "client.toml"
            asked = subprocess.run(  # noqa: S603  # our own command
                [str(Path(sys.executable).parent / "concordat"), "budget", "--config", str(client)],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert asked.returncode == 0, asked.stderr
            process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0, shown
    assert "query --config" in shown
    assert not processes_naming(build)


def test_a_part_that_fails_ends_the_demo_with_its_last_words(tmp_path: Path, lookalike_folder: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for path in lookalike_folder.iterdir():
        (data / path.name).write_bytes(path.read_bytes() if path.name != "wales.parquet" else b"no such format")
    run = subprocess.run(  # noqa: S603  # our own command
        command(tmp_path / "demo", "--data", str(data)), capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert run.returncode == 1
    assert "The demo failed: node-wales: concordat-node import failed" in run.stderr
    assert "wales.parquet" in run.stderr
    assert not processes_naming(tmp_path / "demo")


def test_a_folder_that_lacks_a_file_is_refused_before_anything_starts(tmp_path: Path) -> None:
    run = subprocess.run(  # noqa: S603  # our own command
        command(tmp_path / "demo", "--data", str(tmp_path)), capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 1
    assert "lacks england.parquet" in run.stderr


def test_a_second_demo_in_the_same_folder_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    build = tmp_path / "demo"
    build.mkdir()
    with build.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = subprocess.run(  # noqa: S603  # our own command
            command(build), capture_output=True, text=True, timeout=60, check=False
        )
    assert run.returncode == 1
    assert "another demo is running" in run.stderr
    assert list(build.iterdir()) == []


def processes_naming(path: Path) -> list[str]:
    """Command lines of running processes that name this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(path) in line:
            found.append(line)
    return found
