"""Looking at a ledger from another process, whether or not its node is serving."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
from concordat_query.errors import Reason, Refusal

from concordat_node.ledger import accounts, charges, replay, schema
from concordat_node.ledger.log import Entry
from concordat_node.ledger.records import Balance


@dataclass(frozen=True)
class Inspection:
    """A verified ledger at one moment. Reserved amounts include what has expired and was not yet swept."""

    node: str
    balances: dict[str, Balance]
    entries: tuple[Entry, ...]
    unanswered: int
    """Charges whose answer is not stored: in work now, or left by a crash for the node to finish."""


def inspect(path: Path) -> Inspection:
    """Verifies the ledger at `path` and returns what stands in it. Changes nothing. Refuses as Ledger.open does."""
    with _reading(path) as db:
        state = replay.verify(db, path)
        entries = tuple(replay.entries(db, path))
        unanswered: Any = db.execute(
            "SELECT count(*) FROM charge WHERE sequence NOT IN (SELECT charge FROM answer)"
        ).get
        return Inspection(state.node, accounts.balances(db, 0), entries, unanswered)


def stored_answer(path: Path, answer_key: bytes) -> bytes | None:
    """The answer stored for an answer key, from a ledger that was verified first. Refuses as `inspect` does."""
    with _reading(path) as db:
        replay.verify(db, path)
        stored = charges.stored_answer(db, answer_key)
        return None if stored is None else stored.answer


@contextmanager
def _reading(path: Path) -> Iterator[apsw.Connection]:
    """One moment of the ledger, read only."""
    try:
        db = schema.connect(path, read_only=True)
    except apsw.Error:
        raise Refusal(
            Reason.WRONG_FILE, f"{path}: there is no ledger to read; `serve` begins one", field=str(path)
        ) from None
    try:
        db.execute("BEGIN")
        yield db
    except apsw.Error:
        raise schema.damaged(path, "the file is damaged") from None
    finally:
        db.close()
