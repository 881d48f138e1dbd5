"""The open file: calls one at a time, transactions whole or not at all, and a closed door after a failed write."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw
from concordat_query.errors import Reason, Refusal, Unavailable

from concordat_node.ledger import schema

Hook = Callable[[str], None]
"""Told the name of each step that a transaction reaches; where tests make a node die."""


class Database:
    """A ledger's connection.

    After a failed write nobody knows what reached the disk: every later use raises Unavailable until the file is
    opened anew, which reads what is there.
    """

    def __init__(self, path: Path, hook: Hook) -> None:
        """Opens or creates the file. Refuses one that is not a ledger or cannot be written."""
        self.path = path
        self.connection = _connect(path)
        self.step = hook
        self.failed = False
        self._mutex = threading.Lock()

    def close(self) -> None:
        with self._mutex:
            self.failed = True
            # Whatever was acknowledged is synced already, and the lock must go whatever the disk says now.
            with suppress(apsw.Error):
                self.connection.close(True)

    @contextmanager
    def transaction(self, name: str) -> Iterator[apsw.Connection]:
        """One durable transaction, undone by any exception. One that changes nothing costs no fsync."""
        with self.serialised() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                self.step(f"{name}.begun")
                yield connection
                self.step(f"{name}.written")
                connection.execute("COMMIT")
            except BaseException:
                with suppress(apsw.Error):
                    connection.execute("ROLLBACK")
                raise
            self.step(f"{name}.committed")

    @contextmanager
    def serialised(self) -> Iterator[apsw.Connection]:
        """The connection, for one caller at a time. SQLite's faults become Unavailable and close the door."""
        with self._mutex:
            if self.failed:
                raise _unavailable()
            try:
                yield self.connection
            except apsw.Error as error:
                # Busy: another program holds the file for writing; nothing was tried, so nothing is in doubt.
                self.failed = not isinstance(error, apsw.BusyError)
                raise _unavailable() from error


def _connect(path: Path) -> apsw.Connection:
    try:
        return schema.connect(path)
    except (apsw.NotADBError, apsw.CorruptError):
        raise schema.damaged(path, "it is not a ledger") from None
    except (apsw.Error, OSError) as error:
        raise Refusal(
            Reason.LEDGER_UNUSABLE, f"{path}: the ledger cannot be opened for writing: {error}", field=str(path)
        ) from None


def _unavailable() -> Unavailable:
    return Unavailable(
        Reason.LEDGER_UNUSABLE,
        "the node's ledger cannot be written: its operator must see to the disk and start the node again; "
        "running the same query under the same key is safe",
    )
