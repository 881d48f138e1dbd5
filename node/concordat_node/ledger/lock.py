"""One process a ledger: an advisory lock on a file beside it, which also names who holds it.

The file outlives the lock. Its second line tells whether a ledger has begun beside it, so that a ledger that vanished
is not silently replaced by a new one with nothing spent.
"""

import fcntl
import os
from pathlib import Path

from concordat_query.errors import Reason, Refusal

_BEGUN = "a ledger has begun here"


class LedgerLock:
    """Held from `acquire` until `release` or the death of the process, whatever it dies of."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.begun = _BEGUN in _content(descriptor)
        self._descriptor: int | None = descriptor
        self._write()

    @classmethod
    def acquire(cls, ledger: Path) -> "LedgerLock":
        """Takes the lock at once or refuses, naming the holder's process where it is known."""
        path = ledger.with_name(ledger.name + ".lock")
        # Not inheritable: an engine that outlives its node would otherwise keep the ledger locked.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _content(descriptor).partition("\n")[0]
            os.close(descriptor)
            raise _held(ledger, holder) from None
        return cls(path, descriptor)

    def mark_begun(self) -> None:
        """Notes for ever that a ledger stands beside this file."""
        if not self.begun:
            self.begun = True
            self._write()

    def release(self) -> None:
        """Gives the lock back. The file stays: removing it would let two processes lock two files of one name."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write(self) -> None:
        if self._descriptor is not None:
            # Padded to one length and never truncated: a crash must not lose the note.
            text = f"{os.getpid():<20}\n{_BEGUN if self.begun else '':<40}\n"
            os.pwrite(self._descriptor, text.encode(), 0)
            os.fsync(self._descriptor)


def _content(descriptor: int) -> str:
    return os.pread(descriptor, 200, 0).decode(errors="replace")


def _held(ledger: Path, holder: str) -> Refusal:
    holder = holder.strip()
    who = f"process {holder}" if holder.isdecimal() else "another process"
    return Refusal(
        Reason.IN_USE,
        f"{ledger}: {who} already serves this ledger; stop it first, or give this node a state folder of its own",
        field=str(ledger),
    )
