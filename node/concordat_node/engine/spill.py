"""The one folder that an engine may write to: DuckDB's temporary files, beside the editions and as well guarded.

Each engine locks a folder of its own for as long as it lives, so the next one can tell and clear what was left over.
"""

import fcntl
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from concordat_query.errors import Reason, Refusal


@dataclass(frozen=True)
class Spill:
    """`descriptor` holds the lock; it is never closed before the process ends."""

    folder: Path
    descriptor: int


def claim(state: Path) -> Spill:
    """Clears away the folders of engines that have died and makes a new one."""
    place = state / "spill"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left_over in place.iterdir():
        _remove_unless_locked(left_over)
    folder = place / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    descriptor = _lock(folder)
    if descriptor is None:
        raise Refusal(Reason.IN_USE, "the engine's temporary folder is in use", field="state")
    return Spill(folder, descriptor)


def _remove_unless_locked(folder: Path) -> None:
    descriptor = _lock(folder)
    if descriptor is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """A descriptor that locks the folder, or None if it is gone or another engine's."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
