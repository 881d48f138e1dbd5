"""The log: salted entries, each chained to the one before by SHA-256. It is only ever appended to.

hash = SHA-256(hash before || epoch || sequence || SHA-256(salt || body)), numbers as 8 bytes, big end first; before the
first entry stand 32 zero bytes. The salt keeps anyone who sees a hash from testing guesses at the body.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import apsw

START = bytes(32)


class Kind(StrEnum):
    """What an entry records, under "kind" in its body."""

    GENESIS = "genesis"  # the ledger of a node begins
    BUDGET = "budget"  # a population's budget is set
    CHARGE = "charge"  # budget is spent on a query or a profile
    ANSWER = "answer"  # a charge's answer is stored
    SERVED = "served"  # another request is answered by an earlier charge


@dataclass(frozen=True)
class Entry:
    """One entry. `body` is canonical JSON, an object with at least "kind" and "at" (Unix seconds)."""

    sequence: int
    epoch: int
    body: bytes
    salt: bytes
    hash: bytes

    @cached_property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content


class BrokenChainError(Exception):
    """The log is not what was written. The message names the entry."""


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """The one form of a body: sorted keys, no spaces, ASCII."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def chain_hash(before: bytes, epoch: int, sequence: int, salt: bytes, body: bytes) -> bytes:
    inner = hashlib.sha256(salt + body).digest()
    return hashlib.sha256(before + epoch.to_bytes(8, "big") + sequence.to_bytes(8, "big") + inner).digest()


def last(db: apsw.Connection) -> tuple[int, int, bytes]:
    """(epoch, sequence, hash) of the last entry; (1, 0, START) of an empty log."""
    row: Any = db.execute("SELECT epoch, sequence, hash FROM log ORDER BY sequence DESC LIMIT 1").fetchone()
    return row or (1, 0, START)


def append(db: apsw.Connection, kind: Kind, at: int, content: Mapping[str, Any]) -> Entry:
    """Adds an entry made at `at` (Unix seconds), within the caller's transaction."""
    epoch, sequence, before = last(db)
    body, salt = canonical_json({**content, "kind": kind.value, "at": at}), os.urandom(32)
    entry = Entry(sequence + 1, epoch, body, salt, chain_hash(before, epoch, sequence + 1, salt, body))
    db.execute(
        "INSERT INTO log (sequence, epoch, body, salt, hash) VALUES (?, ?, ?, ?, ?)",
        (entry.sequence, entry.epoch, entry.body, entry.salt, entry.hash),
    )
    return entry


def entry_at(db: apsw.Connection, sequence: int) -> Entry:
    """One entry that is known to exist."""
    row: Any = db.execute(
        "SELECT sequence, epoch, body, salt, hash FROM log WHERE sequence = ?", (sequence,)
    ).fetchone()
    return Entry(*row)


def holds(db: apsw.Connection, epoch: int, sequence: int, hash_: bytes) -> bool:
    """Whether the entry at `sequence` is the one of this epoch and hash."""
    found = db.execute("SELECT 1 FROM log WHERE sequence = ? AND epoch = ? AND hash = ?", (sequence, epoch, hash_))
    return found.fetchone() is not None


def verified_entries(db: apsw.Connection) -> Iterator[Entry]:
    """All entries in order, each checked against the chain. Raises BrokenChainError at the first that does not fit."""
    before, sequence, epoch = START, 0, 1
    rows: Any = db.execute("SELECT sequence, epoch, body, salt, hash FROM log ORDER BY sequence")
    for row in rows:
        entry = Entry(*row)
        expected = chain_hash(before, entry.epoch, entry.sequence, entry.salt, entry.body)
        if entry.sequence != sequence + 1 or entry.epoch < epoch or entry.hash != expected:
            raise BrokenChainError(f"entry {sequence + 1} of its log is not what was written")
        yield entry
        before, sequence, epoch = entry.hash, entry.sequence, entry.epoch
