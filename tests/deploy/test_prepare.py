"""The programs that lay out and run a network around a data set of one's own say what is wrong, and leave no half."""

import subprocess
import sys
from pathlib import Path

import pytest
from layout import HERE
from records import write_records

EXAMPLE = HERE.parent / "examples" / "emergency"


def run(program: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603  # our own


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    write_records(folder)
    return folder


def test_a_folder_that_is_there_is_not_touched(records: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    done = run("prepare.py", EXAMPLE, records, tmp_path)
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_records_that_are_missing_are_named_and_nothing_is_left_behind(tmp_path: Path) -> None:
    done = run("prepare.py", EXAMPLE, tmp_path / "nowhere", tmp_path / "build")
    assert done.returncode == 1
    assert "ecds_attendances.parquet" in done.stderr
    assert not (tmp_path / "build").exists()


def test_a_network_of_which_a_node_cannot_start_ends_with_what_that_node_said(records: Path, tmp_path: Path) -> None:
    assert run("prepare.py", EXAMPLE, records, tmp_path / "build").returncode == 0
    (tmp_path / "build" / "node-wales" / "agreement.toml").unlink()
    done = run("serve.py", tmp_path / "build")
    assert done.returncode == 1
    assert "node-wales" in done.stderr
    assert "agreement.toml: there is no such file" in done.stderr


def test_a_folder_that_nobody_prepared_is_refused(tmp_path: Path) -> None:
    done = run("serve.py", tmp_path)
    assert done.returncode == 1
    assert "catalogue.toml: there is no such file" in done.stderr
