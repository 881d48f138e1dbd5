"""Child processes that say when they are ready, log to a file, and never outlive the demo."""

import collections
import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

LAST_LINES = 15
STOP_SECONDS = 10.0
TETHER = Path(__file__).parent / "tethered.py"


class ChildFailed(Exception):
    """A child ended or did not get ready. The message holds its last log lines."""


Endings = queue.SimpleQueue["Child"]
"""Children in the order in which they ended."""


class Child:
    """One running command. Its output goes to `log`, line by line, and is searched for the ready line."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, ready: str = "", ended: "Endings | None" = None
    ) -> None:
        """Starts it. `ready` is a regular expression; its groups are what `wait_ready` returns.

        When the command has ended, the child puts itself into `ended`, if given.
        """
        self.name = name
        self._ended = ended
        self._ready_line = re.compile(ready) if ready else None
        self._found: re.Match[str] | None = None
        self._settled = threading.Event()
        self._tail: collections.deque[str] = collections.deque(maxlen=LAST_LINES)
        self._process = subprocess.Popen(  # noqa: S603  # our own commands
            [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the demo, which then stops its children in order
        )
        self._reader = threading.Thread(target=self._read, args=(log,), daemon=True)
        self._reader.start()

    def _read(self, log: Path) -> None:
        with log.open("w", buffering=1) as file:
            for line in self._process.stdout or ():
                file.write(line)
                self._tail.append(line.rstrip())
                if self._ready_line and self._found is None and (found := self._ready_line.search(line)):
                    self._found = found
                    self._settled.set()
        self._process.wait()  # so that whoever hears of the end sees its status
        self._settled.set()
        if self._ended:
            self._ended.put(self)

    @property
    def serves(self) -> bool:
        """Whether it was started to stay."""
        return self._ready_line is not None

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait_ready(self, timeout: float) -> tuple[str, ...]:
        """Waits for the ready line. Raises ChildFailed if the child ends first or takes too long."""
        self._settled.wait(timeout)
        if self._found is None:
            raise self.failure("did not get ready")
        return tuple(group or "" for group in self._found.groups())

    def wait_end(self, timeout: float) -> None:
        """Waits for the command to end well. Raises ChildFailed otherwise."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self.failure(f"took longer than {timeout:g} seconds") from None
        if code != 0:
            raise self.failure("failed")

    def failure(self, what: str) -> ChildFailed:
        """What to raise about this child: what happened, its exit status if it ended, its last lines."""
        if not self.running:
            self._reader.join(1.0)  # the last lines may still be on their way
            what += f" and ended with status {self._process.returncode}"
        lines = "".join(f"\n    {line}" for line in self._tail) or "\n    (it said nothing)"
        return ChildFailed(f"{self.name} {what}. Its last lines:{lines}")

    def ask_to_stop(self) -> None:
        if self.running:
            self._process.terminate()

    def make_sure(self) -> None:
        """Waits for the end that was asked for; then kills whatever is left of its process group."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # it and all that it started
        self._process.wait()
        self._reader.join(STOP_SECONDS)


def next_ended(ended: Endings, timeout: float) -> Child:
    """The next child to end. Raises ChildFailed if none does in time."""
    try:
        return ended.get(timeout=timeout)
    except queue.Empty:
        raise ChildFailed(f"nothing has ended within {timeout:g} seconds; is the machine overloaded?") from None


def stop_all(children: Sequence[Child]) -> None:
    """Asks all to stop at once, then makes sure of each."""
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.make_sure()
