"""What happens between taking the lock and serving: begin or verify, set the budgets, settle what a crash left."""

import os
from collections.abc import Mapping

import apsw
from concordat_query.errors import Reason, Refusal, Unavailable

from concordat_node.ledger import accounts, log, replay, reservations, schema
from concordat_node.ledger.database import Database
from concordat_node.ledger.lock import LedgerLock
from concordat_node.ledger.records import Budget


def prepare(database: Database, lock: LedgerLock, node: str, budgets: Mapping[str, Budget], now_ms: int) -> None:
    """Brings an open file to the state from which it serves. Refuses what it cannot believe."""
    try:
        _prepare(database, lock, node, budgets, now_ms)
    except Unavailable as error:
        if isinstance(error.__cause__, apsw.NotADBError | apsw.CorruptError):
            raise schema.damaged(database.path, "the file is damaged") from None
        raise


def _prepare(database: Database, lock: LedgerLock, node: str, budgets: Mapping[str, Budget], now_ms: int) -> None:
    with database.serialised() as db:
        empty = schema.is_empty(db)
    if empty:
        _begin(database, lock, node, now_ms)
    _verify(database, node)
    lock.mark_begun()
    _set_budgets(database, budgets, now_ms)
    with database.serialised() as db:
        # What survived a crash may stand in the write-ahead log unsynced: move it to the main file and sync both.
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    _sync_folder(database)


def _begin(database: Database, lock: LedgerLock, node: str, now_ms: int) -> None:
    if lock.begun:
        raise Refusal(
            Reason.LEDGER_UNUSABLE,
            f"{database.path}: a ledger was kept here and is gone; a new one would forget what was spent. Restore the "
            f"latest copy; only if nothing was ever served from it, remove {lock.path.name} too",
            field=str(database.path),
        )
    with database.transaction("genesis") as db:
        schema.create(db)
        log.append(db, log.Kind.GENESIS, now_ms // 1000, {"node": node})


def _verify(database: Database, node: str) -> None:
    with database.serialised() as db:
        state = replay.verify(db, database.path)
    if state.node != node:
        raise Refusal(
            Reason.LEDGER_UNUSABLE,
            f"{database.path}: this is the ledger of {state.node!r}, not of {node!r}: each node keeps its own",
            field=str(database.path),
        )


def _set_budgets(database: Database, budgets: Mapping[str, Budget], now_ms: int) -> None:
    with database.transaction("budget") as db:
        reservations.sweep(db, now_ms)
        before = accounts.balances(db, now_ms)
        for population in sorted(before.keys() | budgets.keys()):
            budget = budgets.get(population) or Budget(0, before[population].calculus)
            if population in before:
                field = f"populations.{population}"
                accounts.check_calculus(population, before[population].calculus, budget.calculus, field)
            found = before.get(population)
            if found is None or (found.budget, found.delta_budget) != (budget.amount, budget.delta_e15):
                # Reservations charge nobody: they go rather than stand in the way of a lower budget.
                reservations.drop_all_of(db, population)
                accounts.set_budget(db, population, budget, now_ms // 1000)


def _sync_folder(database: Database) -> None:
    descriptor = os.open(database.path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
