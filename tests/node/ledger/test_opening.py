"""Opening: for one process alone, budgets from the agreement, and nothing believed that the log does not say."""

import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from concordat_node.ledger.inspection import inspect
from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger.records import Balance
from concordat_node.ledger.schema import FORMAT, refuse_unsafe_sqlite
from concordat_query.errors import Reason, Refusal, Unavailable
from fakes.ledgers import PARTICIPANTS, PEOPLE, FakeClock, a_request, charged, open_ledger

LAST_CHARGE = (("log", "sequence"), ("charge", "sequence"), ("claim", "charge"))


def filled(path: Path) -> None:
    """A closed ledger with a charge, its answer, a repeat, a charge without an answer, and a reservation."""
    with open_ledger(path) as ledger:
        charged(ledger, a_request())
        ledger.store(a_request(), b"answer")
        ledger.serve_stored(a_request("repeat", answer_key=a_request().answer_key))
        charged(ledger, a_request("unanswered"))
        ledger.reserve(a_request("reserved"), 60)


def tamper(path: Path, *statements: str) -> None:
    """Changes the closed file as someone could who has a SQLite shell: past the triggers, which come back after."""
    db = apsw.Connection(str(path))
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    db.execute("BEGIN")
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        db.execute(statement)
    for _, sql in triggers:
        db.execute(str(sql))
    db.execute("COMMIT")
    db.close()


def test_all_is_there_again_after_reopening(path: Path) -> None:
    filled(path)
    with open_ledger(path) as ledger:
        assert ledger.balances() == {PEOPLE: Balance(1_000, 200, 100)}
        assert [charge.request.idempotency_key for charge in ledger.pending()] == ["key-unanswered"]
        assert ledger.charge(a_request(), "", ()).answer == b"answer"
        assert len(ledger.entries()) == 6
        ledger.verify()


def test_a_reservation_survives_a_restart(path: Path) -> None:
    with open_ledger(path) as ledger:
        reservation = ledger.reserve(a_request(), 60)
    with open_ledger(path) as ledger:
        ledger.charge(a_request(), reservation.id, PARTICIPANTS)


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (
            ["UPDATE log SET body = CAST(replace(CAST(body AS TEXT), 'Ann', 'Ben') AS BLOB) WHERE sequence = 3"],
            "entry 3",
        ),
        (["UPDATE log SET salt = randomblob(32) WHERE sequence = 2"], "entry 2"),
        (["UPDATE log SET hash = randomblob(32) WHERE sequence = 6"], "entry 6"),
        (["UPDATE log SET epoch = 2 WHERE sequence = 1"], "entry 1"),
        (["DELETE FROM log WHERE sequence = 5"], "entry 5"),
        (["DELETE FROM log WHERE sequence = 6", "DELETE FROM claim WHERE charge = 6"], "damaged"),
        (
            [f"DELETE FROM {table} WHERE {column} = 6" for table, column in LAST_CHARGE],  # noqa: S608  # names above
            "an account's balance",
        ),
        (["DELETE FROM log", "DELETE FROM charge", "DELETE FROM claim", "DELETE FROM answer"], "a node's name"),
        (["UPDATE account SET spent = 100"], "an account's balance"),
        (["UPDATE account SET budget = 9999, ceiling = 9999"], "an account's balance"),
        (["DELETE FROM reservation", "DELETE FROM account"], "an account's balance"),
        (["UPDATE account SET reserved = 0"], "reserved budget"),
        (["UPDATE reservation SET price_nano = 1"], "reserved budget"),
        (["UPDATE answer SET bytes = x'00'"], "a stored answer is not"),
        (["DELETE FROM answer"], "a stored answer is missing"),
        (["UPDATE answer SET charge = 6"], "a stored answer is not"),
        (["UPDATE charge SET head = x'00' WHERE sequence = 3"], "a charge is not"),
        (["UPDATE charge SET answer_key = x'00' WHERE sequence = 3"], "a charge is not"),
        (["UPDATE charge SET not_before = 1 WHERE sequence = 3"], "a charge is not"),
        (["UPDATE claim SET analyst = 'Eve' WHERE charge = 6"], "who may have"),
        (["UPDATE claim SET charge = 6"], "who may have"),
        (["DELETE FROM claim WHERE idempotency_key = 'key-first'"], "who may have"),
        (["UPDATE claim SET envelope_sha256 = x'00'"], "who may have"),
        (["CREATE TRIGGER mine AFTER INSERT ON log BEGIN DELETE FROM reservation; END"], "tables or triggers"),
        (["ALTER TABLE account ADD COLUMN note TEXT"], "tables or triggers"),
        (["PRAGMA application_id = 1"], "it is not a ledger"),
    ],
)
def test_a_ledger_that_was_tampered_with_is_refused(path: Path, statements: list[str], what: str) -> None:
    filled(path)
    tamper(path, *statements)
    for look in (open_ledger, inspect):
        with pytest.raises(Refusal, match=what) as refused:
            look(path)
        assert refused.value.reason == Reason.LEDGER_UNUSABLE
        assert "keep this file as evidence" in refused.value.message


def test_a_ledger_whose_triggers_were_dropped_is_refused(path: Path) -> None:
    filled(path)
    with apsw.Connection(str(path)) as db:
        db.execute("DROP TRIGGER log_never_changes")
    db.close()
    with pytest.raises(Refusal, match="tables or triggers"):
        open_ledger(path)


@pytest.mark.parametrize("content", [b"not a database, but long enough to be read as one " * 100, b"SQLite format 3\0"])
def test_a_file_of_another_kind_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(Refusal, match=r"not a ledger|damaged"):
        open_ledger(path)


def test_a_damaged_page_is_refused(path: Path) -> None:
    filled(path)
    pages = bytearray(path.read_bytes())
    pages[4096 + 100 : 4 * 4096] = bytes(3 * 4096 - 100)
    path.write_bytes(pages)
    with pytest.raises(Refusal, match="keep this file as evidence"):
        open_ledger(path)


def test_a_file_of_a_later_format_is_refused_with_what_to_run(path: Path) -> None:
    filled(path)
    tamper(path, f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(Refusal, match=f"format {FORMAT + 1}, but this software reads format {FORMAT}: run"):
        open_ledger(path)


def test_the_ledger_of_another_node_is_refused(path: Path) -> None:
    filled(path)
    with pytest.raises(Refusal, match="the ledger of 'node-wales', not of 'node-england'"):
        open_ledger(path, node="node-england")


def test_a_ledger_that_vanished_is_not_silently_begun_anew(path: Path) -> None:
    filled(path)
    path.unlink()
    with pytest.raises(Refusal, match="would forget what was spent"):
        open_ledger(path)
    with pytest.raises(Refusal, match="would forget what was spent"):
        open_ledger(path)
    path.with_name("ledger.db.lock").unlink()
    open_ledger(path).close()


def test_a_second_opening_is_refused_and_names_the_process(path: Path, ledger: Ledger) -> None:
    with pytest.raises(Refusal, match="already serves this ledger") as refused:
        open_ledger(path)
    assert refused.value.reason == Reason.IN_USE
    program = (
        "import sys; from pathlib import Path; from fakes.ledgers import open_ledger\n"
        "try: open_ledger(Path(sys.argv[1]))\n"
        "except Exception as error: print(error)"
    )
    told = subprocess.run(  # noqa: S603  # this interpreter
        [sys.executable, "-c", program, str(path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"process {os.getpid()} already serves this ledger" in told.stdout


def test_the_lock_goes_with_its_holder(path: Path) -> None:
    open_ledger(path).close()
    with pytest.raises(Refusal):
        open_ledger(path, node="node-england")
    open_ledger(path).close()


def test_files_are_for_their_owner_only(path: Path, ledger: Ledger) -> None:
    for file in path.parent.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_closed_ledger_answers_nothing(path: Path) -> None:
    ledger = open_ledger(path)
    ledger.close()
    for call in (ledger.balances, ledger.head, lambda: ledger.reserve(a_request(), 60)):
        with pytest.raises(Unavailable):
            call()


def test_a_raised_budget_is_an_entry_in_the_log_and_can_be_spent(path: Path) -> None:
    with open_ledger(path, budgets={PEOPLE: 100}) as ledger:
        charged(ledger, a_request())
    with open_ledger(path, budgets={PEOPLE: 200}) as ledger:
        charged(ledger, a_request("second"))
        assert ledger.balances()[PEOPLE] == Balance(200, 200, 0)
        budgets = [e.content["budget_nano"] for e in ledger.entries() if e.content["kind"] == "budget"]
        assert budgets == [100, 200]


def test_a_budget_lowered_below_the_spend_leaves_nothing_and_is_never_negative(path: Path) -> None:
    with open_ledger(path) as ledger:
        charged(ledger, a_request(price_nano=500))
        reservation = ledger.reserve(a_request("reserved"), 60)
    with open_ledger(path, budgets={PEOPLE: 300}) as ledger:
        assert ledger.balances()[PEOPLE] == Balance(300, 500, 0)
        assert ledger.balances()[PEOPLE].available == 0
        with pytest.raises(Refusal, match="nothing was charged"):
            ledger.charge(a_request("reserved"), reservation.id, PARTICIPANTS)
        with pytest.raises(Refusal) as refused:
            ledger.reserve(a_request("another", price_nano=1), 60)
        assert refused.value.reason == Reason.BUDGET_EXHAUSTED
        assert ledger.charge(a_request(price_nano=500), "", ()).request.price_nano == 500
        ledger.store(a_request(price_nano=500), b"answer")
    with open_ledger(path, budgets={PEOPLE: 501}) as ledger:
        charged(ledger, a_request("another", price_nano=1))
        assert ledger.balances()[PEOPLE] == Balance(501, 501, 0)


def test_a_population_that_leaves_the_agreement_has_nothing_to_spend_and_forgets_nothing(path: Path) -> None:
    with open_ledger(path) as ledger:
        charged(ledger, a_request())
    with open_ledger(path, budgets={"others": 50}) as ledger:
        assert ledger.balances() == {"others": Balance(50, 0, 0), PEOPLE: Balance(0, 100, 0)}
    with open_ledger(path) as ledger:
        assert ledger.balances() == {"others": Balance(0, 0, 0), PEOPLE: Balance(1_000, 100, 0)}


def test_an_unchanged_budget_adds_nothing_to_the_log(path: Path) -> None:
    filled(path)
    for _ in range(2):
        with open_ledger(path) as ledger:
            assert len(ledger.entries()) == 6


@pytest.mark.parametrize("budget", [-1, 1.5, True, 2**62 + 1])
def test_a_budget_is_a_whole_number_within_bounds(path: Path, budget: int) -> None:
    with pytest.raises(Refusal, match="not a whole number of billionths"):
        open_ledger(path, budgets={PEOPLE: budget})


@pytest.mark.parametrize("version", ["3.7.0", "3.40.1", "3.44.5", "3.45.0", "3.50.6", "3.51.2"])
def test_a_sqlite_that_may_lose_commits_is_refused(version: str) -> None:
    with pytest.raises(Refusal, match="may lose committed transactions"):
        refuse_unsafe_sqlite(version)


@pytest.mark.parametrize("version", ["3.44.6", "3.50.7", "3.51.3", "3.52.0", "3.54.1"])
def test_a_sqlite_with_the_fix_is_taken(version: str) -> None:
    refuse_unsafe_sqlite(version)


def test_every_commit_is_synced(ledger: Ledger) -> None:
    db = ledger._database.connection
    assert (db.pragma("journal_mode"), db.pragma("synchronous"), db.pragma("foreign_keys")) == ("wal", 2, 1)
    assert (db.pragma("trusted_schema"), db.pragma("recursive_triggers")) == (0, 1)


def test_a_ledger_in_use_can_be_inspected(path: Path, ledger: Ledger) -> None:
    charged(ledger, a_request())
    seen = inspect(path)
    assert (seen.node, seen.unanswered) == ("node-wales", 1)
    assert seen.balances == ledger.balances()
    assert list(seen.entries) == ledger.entries()


def test_inspecting_begins_nothing(path: Path) -> None:
    with pytest.raises(Refusal, match="there is no ledger"):
        inspect(path)
    assert not path.parent.exists()


def test_an_expired_reservation_does_not_outlive_a_restart(path: Path, clock: FakeClock) -> None:
    filled(path)
    clock.now += 60
    with open_ledger(path, clock=clock) as ledger:
        assert ledger.balances()[PEOPLE].reserved == 0
        assert ledger._database.connection.execute("SELECT count(*) FROM reservation").get == 0
