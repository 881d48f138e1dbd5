"""What the operator of a node types: every fault is told at once, in one line each, with what to do."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from concordat_node.cli import main
from concordat_node.config import read_settings
from concordat_query.errors import Reason, Refusal
from fakes.federation import federation, write_federation

PROGRAM = Path(sys.executable).parent / "concordat-node"


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A node's configuration file, everything in order."""
    made = write_federation(tmp_path, ["Wales"])
    return made.members["Wales"].settings.folder / "node.toml"


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_check_says_that_all_is_in_order(node: Path) -> None:
    status, output = run("check", "--config", node)
    assert (status, output.splitlines()[-1]) == (0, "everything is in order")


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("node.toml", '"nation" = "Wales"', '"nation" = "Scotland"', "belongs to 'Wales'"),
        ("node.toml", '"name" = "node-wales"', '"name" = "node-powys"', "names no node 'node-powys'"),
        ("node.toml", "node-wales.key", "coordinator.key", "does not belong to the certificate"),
        ("../catalogue.toml", "A small catalogue", "Another", "another version of the catalogue"),
        ("mapping.toml", "FROM source", "FROM source LIMIT 5", "mapping mapping.toml"),
        ("mapping.toml", "SELECT year", "SELECT 2016 AS year", "another version of the mapping; import again"),
        ("node.toml", '"state" = "state"', '"state" = "elsewhere"', "run `concordat-node import`"),
    ],
)
def test_check_names_each_fault_and_what_to_do(node: Path, file: str, old: str, new: str, told: str) -> None:
    path = node.parent / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    status, output = run("check", "--config", node)
    assert status == 2
    assert told in output
    assert "ok     signing key" in output


def test_an_unknown_key_in_the_configuration_is_told_with_cause_and_fix_and_status_2(node: Path) -> None:
    node.write_text('colour = "red"\n' + node.read_text())
    status, output = run("check", "--config", node)
    assert status == 2
    assert output.startswith("error: WRONG_FILE: ")
    first, *rest = output.splitlines()
    assert "colour" in first
    assert [line.split()[0] for line in rest if line[2] != " "] == ["cause", "fix"]  # nothing here is charged


async def test_ledger_shows_head_balances_and_entries_but_no_question_whether_the_node_runs_or_not(
    tmp_path: Path,
) -> None:
    async with federation(tmp_path, nations=["Wales"]) as fed:
        await fed.run(fed.signed())
        config = fed.members["Wales"].settings.folder / "node.toml"
        status, output = run("ledger", "--config", config, "--entries")
        assert status == 0  # though the node is running
        await fed.members["Wales"].stop()
        assert run("ledger", "--config", config, "--entries") == (0, output)
    assert "verified" in output
    assert re.search(r"people: spent rho 0\.01 \(epsilon 0\.\d+\) of rho .* at delta 1e-06; reserved rho 0", output)
    assert "charge analyst analyst, population people, price_nano 10000000" in output
    assert "severity" not in output


def test_a_mapping_given_twice_is_refused(node: Path) -> None:
    node.write_text(node.read_text().replace('["mapping.toml"]', '["mapping.toml", "mapping.toml"]'))
    with pytest.raises(Refusal, match="keep one") as raised:
        _ = read_settings(node).mappings
    assert raised.value.reason is Reason.WRONG_FILE


def test_serve_says_where_it_is_ready_refuses_a_second_on_its_ledger_and_stops_on_sigterm(node: Path) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [str(PROGRAM), "serve", "--config", str(node)]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)  # noqa: S603
    try:
        assert first.stdout is not None
        assert re.fullmatch(r"ready on 127\.0\.0\.1:[1-9]\d+\n", first.stdout.readline())
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
        assert second.returncode == 2
        assert second.stdout == ""
        assert re.match(r"error: IN_USE: .*\n  cause ", second.stderr)
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=30) == 0
    finally:
        first.kill()
        first.communicate()
