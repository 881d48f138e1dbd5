"""The analyst's guide does what it says, on the network that `make demo` leaves up."""

import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes.terminal import on_a_terminal
from guides.walk import ROOT, elsewhere, in_project, walk

PAGE = ROOT / "docs" / "guides" / "analyst.md"
START, SETTING = elsewhere(PAGE.read_text())


@contextmanager
def demo(folder: Path) -> Iterator[None]:
    """What `make demo` runs, on a terminal, until the walk is over."""
    process, lines = on_a_terminal([sys.executable, "deploy/demo/run.py", "--build", "build/demo"], folder)
    try:
        shown = ""
        for line in lines:
            shown += line
            if "Ctrl-C stops everything" in line:
                break
        assert process.poll() is None, shown
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def test_every_command_of_the_page_runs_and_prints_what_is_shown(tmp_path: Path) -> None:
    exported = dict(re.findall(r"^export (\w+)=(\S+)$", SETTING, flags=re.MULTILINE))
    with demo(in_project(tmp_path)):
        printed = walk(PAGE, tmp_path, **exported)
    assert sum("Charged in rho" in text for text in printed) > 5
    assert (tmp_path / "casualties.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_left_out_is_the_setting_up_which_the_test_does() -> None:
    assert START == "make demo\n"
    assert "deploy/demo/run.py" in (ROOT / "Makefile").read_text()
    assert SETTING == "source .venv/bin/activate\nexport CONCORDAT_CONFIG=build/demo/analyst/client.toml\n"
