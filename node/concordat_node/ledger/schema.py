"""The ledger's file: tables, the rules that SQLite itself enforces, and how a connection is opened.

The log is the ledger. `account`, `charge`, `claim` and `answer` repeat what the log says in a form that is quick to
ask; they are checked against it whenever the file is opened. `reservation` alone is not in the log: it charges nothing.
An account's `ceiling` is its budget, or what had been spent when the budget was set below that.
"""

import os
from contextlib import suppress
from pathlib import Path

import apsw
from concordat_query.errors import Reason, Refusal

APPLICATION_ID = 0x436F6E63  # "Conc"
FORMAT = 4

_TABLES = """
CREATE TABLE log (
    sequence INTEGER PRIMARY KEY CHECK (sequence >= 1),
    epoch INTEGER NOT NULL CHECK (epoch >= 1),
    body BLOB NOT NULL,
    salt BLOB NOT NULL CHECK (length(salt) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE account (
    population TEXT NOT NULL PRIMARY KEY,
    calculus TEXT NOT NULL CHECK (calculus IN ('gaussian', 'pure')),
    budget INTEGER NOT NULL CHECK (budget >= 0),
    ceiling INTEGER NOT NULL,
    spent INTEGER NOT NULL CHECK (spent >= 0),
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    delta_budget INTEGER NOT NULL CHECK (delta_budget >= 0),
    delta_ceiling INTEGER NOT NULL,
    delta_spent INTEGER NOT NULL CHECK (delta_spent >= 0),
    delta_reserved INTEGER NOT NULL CHECK (delta_reserved >= 0),
    CHECK (ceiling = budget OR ceiling = spent AND ceiling > budget),
    CHECK (spent + reserved <= ceiling),
    CHECK (delta_ceiling = delta_budget OR delta_ceiling = delta_spent AND delta_ceiling > delta_budget),
    CHECK (delta_spent + delta_reserved <= delta_ceiling)
) STRICT, WITHOUT ROWID;

CREATE TABLE reservation (
    analyst TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    id TEXT NOT NULL,
    envelope_sha256 BLOB NOT NULL,
    answer_key BLOB NOT NULL,
    population TEXT NOT NULL REFERENCES account,
    price_nano INTEGER NOT NULL CHECK (price_nano > 0),
    delta_e15 INTEGER NOT NULL CHECK (delta_e15 >= 0),
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (analyst, idempotency_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE charge (
    sequence INTEGER PRIMARY KEY REFERENCES log,
    answer_key BLOB NOT NULL UNIQUE,
    not_before INTEGER NOT NULL,
    head BLOB NOT NULL
) STRICT;

CREATE TABLE claim (
    analyst TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    envelope_sha256 BLOB NOT NULL,
    charge INTEGER NOT NULL REFERENCES charge,
    not_before INTEGER NOT NULL,
    PRIMARY KEY (analyst, idempotency_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE answer (
    charge INTEGER PRIMARY KEY REFERENCES charge,
    bytes BLOB NOT NULL
) STRICT;

CREATE TRIGGER log_only_grows BEFORE INSERT ON log
WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM log)
BEGIN SELECT RAISE(ABORT, 'the log only grows, one entry at a time'); END;

CREATE TRIGGER spend_never_falls BEFORE UPDATE ON account
WHEN NEW.spent < OLD.spent OR NEW.delta_spent < OLD.delta_spent OR NEW.population <> OLD.population
    OR NEW.calculus <> OLD.calculus
BEGIN SELECT RAISE(ABORT, 'spent budget never comes back, nor does it become another'); END;

CREATE TRIGGER accounts_stay BEFORE DELETE ON account
BEGIN SELECT RAISE(ABORT, 'accounts are never removed'); END;

CREATE TRIGGER reserving_holds AFTER INSERT ON reservation
BEGIN
    UPDATE account SET reserved = reserved + NEW.price_nano, delta_reserved = delta_reserved + NEW.delta_e15
    WHERE population = NEW.population;
END;

CREATE TRIGGER releasing_frees AFTER DELETE ON reservation
BEGIN
    UPDATE account SET reserved = reserved - OLD.price_nano, delta_reserved = delta_reserved - OLD.delta_e15
    WHERE population = OLD.population;
END;

CREATE TRIGGER reservations_stand BEFORE UPDATE ON reservation
BEGIN SELECT RAISE(ABORT, 'a reservation is replaced, not changed'); END;
"""

_APPEND_ONLY = """
CREATE TRIGGER {table}_never_changes BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;

CREATE TRIGGER {table}_never_shrinks BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, 'history is never removed'); END;
"""

SCHEMA = _TABLES + "".join(_APPEND_ONLY.format(table=table) for table in ("log", "charge", "claim", "answer"))


def refuse_unsafe_sqlite(version: str) -> None:
    """Refuses a SQLite whose write-ahead log may lose committed transactions (fixed in 3.51.3, 3.50.7 and 3.44.6)."""
    major, minor, patch = (int(part) for part in version.split(".")[:3])
    fixed_patch = {44: 6, 50: 7, 51: 3}.get(minor, 0 if minor > 51 else None)
    if major == 3 and (fixed_patch is None or patch < fixed_patch):
        raise Refusal(
            Reason.LEDGER_UNUSABLE,
            f"SQLite {version} may lose committed transactions: install an apsw that carries 3.51.3 or later",
            field="apsw",
        )


def connect(path: Path, *, read_only: bool = False) -> apsw.Connection:
    """A connection on which every commit is durable and no code in the file is trusted.

    The file is created, readable by its owner only, unless `read_only`. Raises apsw.Error.
    """
    refuse_unsafe_sqlite(apsw.sqlite_lib_version())
    if not read_only:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE
    db = apsw.Connection(str(path), flags=flags)
    try:
        _configure(db, read_only=read_only)
    except BaseException:
        with suppress(apsw.Error):
            db.close(True)
        raise
    return db


def _configure(db: apsw.Connection, *, read_only: bool) -> None:
    db.set_busy_timeout(2_000)
    db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    if not read_only:
        # fullfsync: without it macOS acknowledges what its disk has not written. recursive_triggers: without it
        # INSERT OR REPLACE would remove rows past the triggers that forbid removal.
        for setting in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "fullfsync = ON",
            "checkpoint_fullfsync = ON",
            "foreign_keys = ON",
            "recursive_triggers = ON",
        ):
            db.execute(f"PRAGMA {setting}")
        if (db.pragma("journal_mode"), db.pragma("synchronous")) != ("wal", 2):
            raise apsw.IOError("the file system does not allow a write-ahead log")


def create(db: apsw.Connection) -> None:
    """Lays out an empty file. To be called within a transaction."""
    db.execute(SCHEMA)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {FORMAT}")


def is_empty(db: apsw.Connection) -> bool:
    return db.pragma("application_id") == 0 and not _objects(db)


def check(db: apsw.Connection, path: Path) -> None:
    """Refuses a file of another kind or format, with tables or triggers changed, or damaged."""
    if db.pragma("application_id") != APPLICATION_ID:
        raise damaged(path, "it is not a ledger")
    if db.pragma("user_version") != FORMAT:
        raise Refusal(
            Reason.LEDGER_UNUSABLE,
            f"{path}: a ledger of format {db.pragma('user_version')}, but this software reads format {FORMAT}: "
            "run the release that wrote it",
            field=str(path),
        )
    if _objects(db) != _expected_objects():
        raise damaged(path, "its tables or triggers were changed")
    if db.pragma("integrity_check") != "ok" or db.execute("PRAGMA foreign_key_check").fetchall():
        raise damaged(path, "the file is damaged")


def damaged(path: Path, what: str) -> Refusal:
    """The refusal of a ledger that cannot be believed."""
    return Refusal(
        Reason.LEDGER_UNUSABLE,
        f"{path}: {what}. The node does not serve on a ledger that it cannot believe: keep this file as evidence, "
        "find out who changed it, and restore the latest copy that holds every charge",
        field=str(path),
    )


def _objects(db: apsw.Connection) -> frozenset[tuple[str, str]]:
    rows = db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return frozenset((str(name), str(sql)) for name, sql in rows)


def _expected_objects() -> frozenset[tuple[str, str]]:
    db = apsw.Connection(":memory:")
    db.execute(SCHEMA)
    return _objects(db)
