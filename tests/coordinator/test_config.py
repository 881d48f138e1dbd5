"""coordinator.toml: what is refused, and by what name."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from concordat_coordinator.cli import main
from concordat_coordinator.config import read_settings
from concordat_query.errors import Refusal
from fakes.federation import write_coordinator, write_federation

PROGRAM = Path(sys.executable).parent / "concordat-coordinator"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_coordinator(tmp_path, write_federation(tmp_path, ["Wales", "Scotland"]).members)


def test_a_sound_file_is_read(config: Path) -> None:
    settings = read_settings(config)
    assert [node.name for node in settings.file.nodes] == ["node-wales", "node-scotland"]
    assert settings.tls.certificate == config.parent / "certs" / "coordinator.crt"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("node-scotland", "node-wales", "one stands there twice"),
        ("node-scotland", "node-france", "names no node-france"),
        ('"listen"', '"colour" = 1\n"listen"', "colour"),
        ("catalogue.toml", "nowhere.toml", "no such file"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(config: Path, old: str, new: str, told: str) -> None:
    config.write_text(config.read_text().replace(old, new))
    with pytest.raises(Refusal, match=told):
        read_settings(config)
    result = CliRunner().invoke(main, ["serve", "--config", str(config)])
    assert result.exit_code == 2
    assert result.output.startswith("error: WRONG_FILE: ")


def test_serve_is_ready_while_its_nodes_are_down_and_stops_on_sigterm(config: Path) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [str(PROGRAM), "serve", "--config", str(config)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)  # noqa: S603
    try:
        assert process.stdout is not None
        assert re.fullmatch(r"ready on 127\.0\.0\.1:[1-9]\d+\n", process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate()
