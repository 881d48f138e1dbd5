"""The process that faces the network: it serves whole queries without the database of data."""

import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from concordat.v1 import node_pb2
from fakes.federation import FakeFederation, write_federation

WITHOUT_DUCKDB = """
import sys
sys.modules["duckdb"] = None
from concordat_node.cli import main
main(["serve", "--config", sys.argv[1]])
"""

LOADING_IMPORT = """
import sys
from concordat_node.cli import main
main.get_command(None, "import")
print("duckdb" in sys.modules)
"""


@pytest.fixture
async def fed(tmp_path: Path) -> AsyncIterator[FakeFederation]:
    """A federation of one node that nobody has started yet."""
    made = write_federation(tmp_path, ["Wales"])
    yield made
    await made.stop()


async def test_a_node_serves_whole_queries_from_a_process_that_cannot_load_duckdb(fed: FakeFederation) -> None:
    wales, signed = fed.members["Wales"], fed.signed()
    command = [sys.executable, "-c", WITHOUT_DUCKDB, str(wales.settings.folder / "node.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:  # noqa: S603, ASYNC220  # it waits
        try:
            assert serving.stdout is not None
            ready = re.fullmatch(r"ready on 127\.0\.0\.1:(\d+)\n", serving.stdout.readline())
            assert ready is not None
            wales.port = int(ready[1])
            prepared = await fed.node("Wales").Prepare(node_pb2.PrepareRequest(query=signed), timeout=10)
            commit = node_pb2.CommitRequest(query=signed, reservation=prepared.reservation, participants=[wales.name])
            answer = (await fed.node("Wales").Commit(commit, timeout=10)).answer
            assert len(node_pb2.Answer.FromString(answer.answer).components) == 1
            serving.send_signal(signal.SIGTERM)
            assert serving.wait(timeout=30) == 0
        finally:
            serving.kill()


def test_other_commands_still_load_what_they_need() -> None:
    told = subprocess.run([sys.executable, "-c", LOADING_IMPORT], capture_output=True, text=True, check=True)  # noqa: S603
    assert told.stdout == "True\n"
