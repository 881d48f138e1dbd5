"""One process a ledger: an advisory lock on a file beside it, which also names who holds it."""

import fcntl
import os
from pathlib import Path

from concordat_query.errors import Reason, Refusal


class LedgerLock:
    """Held from `acquire` until `release` or the death of the process, whatever it dies of."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def acquire(cls, ledger: Path) -> "LedgerLock":
        """Takes the lock at once or refuses, naming the holder's process where it is known."""
        path = ledger.with_name(ledger.name + ".lock")
        # Not inheritable: an engine that outlives its node would otherwise keep the ledger locked.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise _held(ledger, holder) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Gives the lock back. The file stays: removing it would let two processes lock two files of one name."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _held(ledger: Path, holder: str) -> Refusal:
    who = f"process {holder}" if holder.isdecimal() else "another process"
    return Refusal(
        Reason.BUSY,
        f"{ledger}: {who} already serves this ledger; stop it first, or give this node a state folder of its own",
        field=str(ledger),
    )
