"""`make demo`: four nations' nodes and a coordinator on this machine, asked three questions.

Every party is a process with its own folder under build/demo, made afresh each time. On a terminal the network stays
up until Ctrl-C; without one everything stops after the last result. Exit status: 0 well, 1 a part failed.
"""

import argparse
import fcntl
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from concordat_client import connect
from concordat_query.errors import ConcordatError
from layout import Layout, lay_out
from lookalike import FILES, write_lookalike
from network import Network
from processes import ChildFailed
from questions import QUESTIONS
from rich.console import Console
from show import side_by_side
from truth import Truth

REPOSITORY = Path(__file__).parents[2]
MIN_WIDTH = 110


class CannotStart(Exception):
    """The demo was asked for something that it cannot do. The message says what to change."""


def main() -> int:
    arguments = _arguments()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else MIN_WIDTH)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both end the demo the same, clean way
    try:
        with _only_one(arguments.build):
            _demo(console, arguments.build, arguments.data)
    except (ChildFailed, CannotStart, ConcordatError) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 0 if sys.stdout.isatty() else 130
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the real records; look-alike records are made without it")
    parser.add_argument("--build", type=Path, default=REPOSITORY / "build" / "demo", help="folder to make afresh")
    return parser.parse_args()


@contextmanager
def _only_one(build: Path) -> Iterator[IO[str]]:
    """Holds the folder for this demo alone: a second one would pull the files from under the first."""
    build.parent.mkdir(parents=True, exist_ok=True)
    with build.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(f"another demo is running in {build}; stop it with Ctrl-C first") from None
        yield lock


def _demo(console: Console, build: Path, given: Path | None) -> None:
    started = time.monotonic()
    with _step("Records", "the real ones" if given else "look-alikes, made from published figures only"):
        shutil.rmtree(build, ignore_errors=True)
        data = _records(build, given)
    with _step("Paperwork", "a development authority, certificates, keys, agreement, six configuration folders"):
        layout = lay_out(build, data)
    network = Network(layout)
    try:
        _bring_up(network)
        _ask(console, network, layout, data, started)
        if sys.stdin.isatty() and sys.stdout.isatty():
            _stay(console, network)
    finally:
        network.stop()


def _records(build: Path, given: Path | None) -> Path:
    """The folder of the five source files."""
    if given is None:
        write_lookalike(build / "records")
        return build / "records"
    if missing := [name for files in FILES.values() for name in files if not (given / name).is_file()]:
        raise CannotStart(f"{given}: lacks {', '.join(missing)}; give the folder that holds the five published files")
    return given


def _bring_up(network: Network) -> None:
    with _step("Import", "each node turns its own records into two editions, four side by side"):
        network.import_editions()
    with _step("Nodes", "four processes, each with its data, ledger and engine, speaking mTLS on loopback"):
        network.start_nodes()
    with _step("Coordinator", "a process that holds no data"):
        network.start_coordinator()


def _ask(console: Console, network: Network, layout: Layout, data: Path, started: float) -> None:
    """Asks each question through the client, which verifies every answer, and prints it beside the truth."""
    truth = Truth(data, layout.catalogue)
    with connect(network.client_config) as connection:
        for number, question in enumerate(QUESTIONS, start=1):
            with _step("Question", f"{number} of {len(QUESTIONS)}"):
                try:
                    result = connection.query(question.sql)
                except ConcordatError:
                    network.check()  # a node that died is the better explanation
                    raise
            console.print(side_by_side(question, result, truth))
            if number == 1:
                console.print(f"First result {time.monotonic() - started:.1f} s after the start.\n", style="dim")
    truth.close()


def _stay(console: Console, network: Network) -> None:
    """Keeps the network up until Ctrl-C, or until a part of it fails."""
    command = Path(sys.executable).parent / "concordat"
    shown = command.relative_to(Path.cwd()) if command.is_relative_to(Path.cwd()) else command
    config = network.client_config
    place = config.relative_to(Path.cwd()) if config.is_relative_to(Path.cwd()) else config
    console.print("The network is up. In another terminal, try:", style="bold")
    for verb, rest in (
        ("budget", ""),
        ("catalogue", " road.casualties"),
        ("explain", ' "SELECT sex, COUNT(*) AS casualties FROM road.casualties WHERE year = 2016 GROUP BY sex"'),
        ("query", ' "SELECT nation, mode, COUNT(*) AS casualties FROM road.casualties GROUP BY nation, mode"'),
    ):
        console.print(f"  {shown} {verb} --config {place}{rest}", soft_wrap=True, markup=False)
    console.print("Ctrl-C stops everything.")
    network.wait_for_failure()


@contextmanager
def _step(name: str, what: str) -> Iterator[None]:
    """Tells what is being done, then how long it took."""
    print(f"{name}: {what} ...", end="", flush=True)
    begun = time.monotonic()
    try:
        yield
    except BaseException:
        print(flush=True)
        raise
    print(f" {time.monotonic() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
