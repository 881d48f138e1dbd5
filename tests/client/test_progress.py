"""What a query tells while it runs, and what a terminal and a pipe show of it."""

import io
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from concordat.v1 import coordinator_pb2
from concordat_client import Connection, NodeState, Retry, State
from concordat_client.cli import main
from concordat_client.live import Board, told
from concordat_client.progress import Event, tell
from concordat_query.errors import Reason
from fakes.analysts import with_connection, write_client
from fakes.federation import federation, write_federation
from rich.console import Console

SQL = "SELECT nation, severity, COUNT(*) AS n FROM road.casualties GROUP BY nation, severity"
Step = coordinator_pb2.Progress
AGAIN = Retry(2, 4, 0.75, Reason.NODE_UNAVAILABLE)


async def test_every_node_is_ready_then_scans_then_has_answered(tmp_path: Path) -> None:
    heard: list[Event] = []
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:

        def work(connection: Connection) -> None:
            connection.query(SQL, on_progress=heard.append)

        await with_connection(fed, work)
    for node in ("node-wales", "node-scotland"):
        states = [event.state for event in heard if isinstance(event, NodeState) and event.node == node]
        assert states == [State.READY, State.SCANNING, State.ANSWERED]


def test_every_step_that_is_told_is_a_state_and_an_unknown_one_is_left_out() -> None:
    heard: list[Event] = []
    for name in Step.Step.keys():  # noqa: SIM118  # an enum of protobuf is no dict
        tell(heard.append, Step(node="node-wales", step=name))
    states = [event.state for event in heard if isinstance(event, NodeState)]
    assert sorted(states) == sorted(set(State) - {State.ASKED})


def board_text(board: Board) -> str:
    console = Console(width=100, file=io.StringIO())
    with console.capture() as capture:
        console.print(board)
    return capture.get()


def test_the_board_shows_what_each_node_is_at_and_for_how_long_it_works() -> None:
    now = [0.0]
    board = Board(["node-a", "node-b"], lambda: now[0])
    board.hear(NodeState("node-a", State.SCANNING))
    board.hear(NodeState("node-b", State.ANSWERED))
    now[0] = 7.0
    first, second = board_text(board).splitlines()
    assert re.fullmatch(r"node-a +scanning +7 s *", first)
    assert re.fullmatch(r"node-b +answered *", second)


def test_a_retry_asks_every_node_anew() -> None:
    board = Board(["node-a"])
    board.hear(NodeState("node-a", State.READY))
    board.hear(AGAIN)
    text = board_text(board)
    assert "asked" in text
    assert "NODE_UNAVAILABLE: try 2 of 4 in 0.8 s, under the same key" in text


def test_only_nodes_that_were_asked_are_shown() -> None:
    board = Board(["node-a"])
    board.hear(NodeState("\x1b[2Jnode-x", State.LOST))
    assert "node-x" not in board_text(board)


def test_a_terminal_shows_the_states_and_clears_them_away() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80)
    with told(console, ["node-a"]) as listener:
        listener(NodeState("node-a", State.SCANNING))
        file.truncate(0)
    assert "scanning" in file.getvalue()
    assert file.getvalue().rstrip("\0").endswith("\x1b[2K")  # the last thing done is to erase the line


def test_elsewhere_only_retries_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with told(Console(file=io.StringIO()), ["node-a"]) as listener:
        listener(NodeState("node-a", State.SCANNING))
        listener(AGAIN)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "NODE_UNAVAILABLE: try 2 of 4 in 0.8 s, under the same key\n")


def test_the_command_names_the_key_where_it_gives_up(tmp_path: Path) -> None:
    fed = write_federation(tmp_path, ["Wales"])
    config = str(write_client(fed, timeout_seconds=0.4))
    done = CliRunner().invoke(main, ["query", "--config", config, "--key", "mine", SQL])
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "To try again without paying twice, add --key mine\n" in done.stderr
    assert "  charged    not known; the same key is never charged twice\n" in done.stderr
