"""A pseudo-terminal for commands that behave otherwise in front of people than in a pipe."""

import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path


def on_a_terminal(arguments: list[str], folder: Path | None = None) -> tuple[subprocess.Popen[bytes], Iterator[str]]:
    """Starts a command on a pseudo-terminal of its own; yields what it prints, line by line."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: S603  # our own command
        arguments, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, cwd=folder
    )
    os.close(theirs)

    def lines() -> Iterator[str]:
        with open(ours, errors="replace", closefd=True) as terminal:  # noqa: PTH123  # a file descriptor
            try:
                yield from terminal
            except OSError:  # Linux says so when the other side has closed
                return

    return process, lines()
