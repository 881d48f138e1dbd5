"""The log only grows, in order, and its hashes follow the published formula."""

import hashlib
from pathlib import Path

import apsw
import concordat_node
import pytest
from concordat_node.ledger import charges
from concordat_node.ledger.heads import Spend, head_bytes
from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger.log import BrokenChainError, canonical_json, chain_hash, verified_entries
from concordat_node.ledger.receipts import sign_receipt
from concordat_query.model import Calculus
from fakes.ledgers import KEY, NODE, a_request, charged

HISTORY = ("log", "charge", "claim", "answer")


def connection_of(ledger: Ledger) -> apsw.Connection:
    return ledger._database.connection


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    """A ledger with a row in every table."""
    charged(ledger, a_request())
    ledger.store(a_request(), b"answer")
    ledger.serve_stored(a_request("repeat", answer_key=a_request().answer_key))
    ledger.reserve(a_request("reserved"), 60)
    return ledger


def test_the_log_tells_what_happened_in_order(full: Ledger) -> None:
    assert [entry.content["kind"] for entry in full.entries()] == ["genesis", "budget", "charge", "answer", "served"]
    assert [entry.sequence for entry in full.entries()] == [1, 2, 3, 4, 5]


def test_each_hash_follows_from_the_one_before_and_a_salted_body(full: Ledger) -> None:
    before = bytes(32)
    for entry in full.entries():
        inner = hashlib.sha256(entry.salt + entry.body).digest()
        numbers = entry.epoch.to_bytes(8, "big") + entry.sequence.to_bytes(8, "big")
        assert entry.hash == hashlib.sha256(before + numbers + inner).digest()
        before = entry.hash


def test_bodies_are_canonical_json(full: Ledger) -> None:
    assert all(canonical_json(entry.content) == entry.body for entry in full.entries())
    assert canonical_json({"b": "é", "a": [1]}) == b'{"a":[1],"b":"\\u00e9"}'


def test_salts_are_never_the_same(full: Ledger) -> None:
    assert len({entry.salt for entry in full.entries()}) == 5


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_neither_changed_nor_removed(full: Ledger, table: str) -> None:
    db = connection_of(full)
    column = {"log": "body", "charge": "head", "claim": "envelope_sha256", "answer": "bytes"}[table]
    before = db.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608  # a name of this file
    for attempt in (
        f"UPDATE {table} SET {column} = x'00'",  # noqa: S608
        f"DELETE FROM {table}",  # noqa: S608
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",  # noqa: S608
    ):
        with pytest.raises(apsw.ConstraintError, match=r"history|only grows"):
            db.execute(attempt)
    assert db.execute(f"SELECT * FROM {table}").fetchall() == before  # noqa: S608


def test_entries_are_added_at_the_end_only(full: Ledger) -> None:
    for sequence in (1, 5, 7, 100):
        with pytest.raises(apsw.ConstraintError, match="only grows"):
            connection_of(full).execute(
                "INSERT INTO log VALUES (?, 1, x'7b7d', zeroblob(32), zeroblob(32))", (sequence,)
            )


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE account SET spent = spent - 1",
        "UPDATE account SET spent = ceiling + 1",
        "UPDATE account SET reserved = ceiling",
        "UPDATE account SET reserved = -1",
        "UPDATE account SET ceiling = ceiling + 1",
        "UPDATE account SET population = 'others'",
        "DELETE FROM account",
        "UPDATE reservation SET price_nano = 1",
        "INSERT INTO reservation VALUES ('Ann', 'k', 'id', x'', x'', 'uk.people', 801, 0, 1)",
        "INSERT INTO reservation VALUES ('Ann', 'k', 'id', x'', x'', 'uk.people', 0, 0, 1)",
        "INSERT INTO reservation VALUES ('Ann', 'k', 'id', x'', x'', 'uk.people', 1.5, 0, 1)",
        "INSERT INTO reservation VALUES ('Ann', 'k', 'id', x'', x'', 'martians', 1, 0, 1)",
        "INSERT INTO reservation VALUES ('Ann', 'k', 'id', x'', x'', 'uk.people', 1, -1, 1)",
        "INSERT INTO reservation VALUES ('Ann', 'k', 'id', x'', x'', 'uk.people', 1, 1, 1)",
        "UPDATE account SET delta_spent = delta_spent - 1",
        "UPDATE account SET delta_spent = delta_ceiling + 1",
        "UPDATE account SET delta_ceiling = delta_ceiling + 1",
        "INSERT INTO answer VALUES (99, x'')",
    ],
)
def test_sqlite_itself_refuses_what_would_break_a_promise(full: Ledger, attempt: str) -> None:
    with pytest.raises(apsw.ConstraintError):
        connection_of(full).execute(attempt)


def test_a_receipt_is_made_from_a_charge_in_the_log_and_from_nothing_else(full: Ledger) -> None:
    for entry in full.entries():
        if entry.content["kind"] == "charge":
            assert sign_receipt(KEY, NODE, entry) == charges.read(connection_of(full), NODE, KEY, 3).receipt
        else:
            with pytest.raises(ValueError, match="is no charge"):
                sign_receipt(KEY, NODE, entry)


def test_a_head_has_the_same_bytes_in_whatever_order_accounts_come() -> None:
    one, other = Spend(1, Calculus.GAUSSIAN), Spend(2, Calculus.GAUSSIAN, 9)
    head = head_bytes("n", 1, 2, b"h", {"a": one, "b": other})
    assert head == head_bytes("n", 1, 2, b"h", {"b": other, "a": one})


def test_a_missing_entry_in_the_middle_breaks_the_chain(full: Ledger) -> None:
    db = connection_of(full)
    db.execute("DROP TRIGGER log_never_shrinks; PRAGMA foreign_keys = OFF; DELETE FROM log WHERE sequence = 4")
    with pytest.raises(BrokenChainError, match="entry 4"):
        list(verified_entries(db))


@pytest.mark.parametrize(("sequence", "epoch"), [(8, 1), (6, 0)])
def test_a_well_hashed_entry_out_of_order_breaks_the_chain(full: Ledger, sequence: int, epoch: int) -> None:
    before, body = full.entries()[-1].hash, canonical_json({"kind": "genesis", "at": 0})
    forged = (sequence, epoch, body, bytes(32), chain_hash(before, epoch, sequence, bytes(32), body))
    db = connection_of(full)
    db.execute("DROP TRIGGER log_only_grows; PRAGMA ignore_check_constraints = ON")
    db.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?)", forged)
    with pytest.raises(BrokenChainError, match="entry 6"):
        list(verified_entries(db))


def test_nothing_but_the_ledger_signs_receipts() -> None:
    node = Path(concordat_node.__file__).parent
    signers = [file.relative_to(node) for file in node.rglob("*.py") if "sign(Purpose.RECEIPT" in file.read_text()]
    assert signers == [Path("ledger/receipts.py")]
