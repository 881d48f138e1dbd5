"""One answer key, one charge, one answer: repeats are free, are on record, and never come before the hour."""

from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger.records import Balance, Stored
from fakes.ledgers import PARTICIPANTS, PEOPLE, a_request, charged

SAME = a_request().answer_key


def test_a_stored_answer_is_served_again_free_and_on_record(ledger: Ledger) -> None:
    charge = charged(ledger, a_request())
    ledger.store(a_request(), b"answer")
    repeat = a_request("repeat", analyst="Ben", answer_key=SAME)
    assert ledger.stored_answer(SAME) == Stored(b"answer", 0)
    assert ledger.serve_stored(repeat) == Stored(b"answer", 0)
    assert ledger.serve_stored(repeat) == Stored(b"answer", 0)
    assert ledger.answer_for_key("Ben", "key-repeat", repeat.envelope_sha256) == Stored(b"answer", 0)
    assert ledger.balances()[PEOPLE] == Balance(1_000, 100, 0)
    served = [entry.content for entry in ledger.entries() if entry.content["kind"] == "served"]
    assert [(entry["request"]["analyst"], entry["charge"]) for entry in served] == [("Ben", charge.sequence)]


def test_no_answer_is_served_before_one_is_stored(ledger: Ledger) -> None:
    repeat = a_request("repeat", answer_key=SAME)
    assert ledger.serve_stored(repeat) is None
    charged(ledger, a_request())
    assert ledger.stored_answer(SAME) is None
    assert ledger.serve_stored(repeat) is None
    assert ledger.charge_of("Ann", "key-repeat", repeat.envelope_sha256) is None


def test_the_same_question_under_two_keys_at_once_is_charged_once_and_gets_one_answer(ledger: Ledger) -> None:
    repeat = a_request("repeat", analyst="Ben", answer_key=SAME)
    first, second = ledger.reserve(a_request(), 60), ledger.reserve(repeat, 60)
    assert ledger.balances()[PEOPLE].reserved == 200
    charge = ledger.charge(a_request(), first.id, PARTICIPANTS)
    shared = ledger.charge(repeat, second.id, ("another set",))
    assert shared == charge
    assert ledger.balances()[PEOPLE] == Balance(1_000, 100, 0)
    assert [pending.sequence for pending in ledger.pending()] == [charge.sequence]
    # Both may have drawn noise under the one receipt; the first to store decides what anyone sees.
    assert ledger.store(repeat, b"drawn by the second") == b"drawn by the second"
    assert ledger.store(a_request(), b"drawn by the first") == b"drawn by the second"
    assert ledger.answer_for_key("Ann", "key-first", a_request().envelope_sha256) == Stored(b"drawn by the second", 0)


def test_a_charge_of_an_answered_question_is_the_earlier_charge_with_its_answer(ledger: Ledger) -> None:
    charge = charged(ledger, a_request())
    ledger.store(a_request(), b"answer")
    shared = ledger.charge(a_request("repeat", answer_key=SAME), "", ())
    assert (shared.sequence, shared.answer, shared.request) == (charge.sequence, b"answer", a_request())


def test_an_embargo_holds_for_everyone_who_shares_the_answer(ledger: Ledger) -> None:
    charged(ledger, a_request(not_before=500))
    ledger.store(a_request(not_before=500), b"answer")
    repeat = a_request("repeat", analyst="Ben", answer_key=SAME)
    assert ledger.stored_answer(SAME) == Stored(b"answer", 500)
    assert ledger.charge(repeat, "", ()).not_before == 500
    assert ledger.serve_stored(repeat) == Stored(b"answer", 500)
    assert ledger.answer_for_key("Ben", "key-repeat", repeat.envelope_sha256) == Stored(b"answer", 500)


def test_a_later_hour_of_ones_own_holds_for_oneself_alone(ledger: Ledger) -> None:
    charged(ledger, a_request())
    ledger.store(a_request(), b"answer")
    later = a_request("later", analyst="Ben", answer_key=SAME, not_before=900)
    assert ledger.charge(later, "", ()).not_before == 900
    found = ledger.charge_of("Ben", "key-later", later.envelope_sha256)
    assert found is not None
    assert found.not_before == 900
    assert ledger.serve_stored(later) == Stored(b"answer", 900)
    assert ledger.answer_for_key("Ann", "key-first", a_request().envelope_sha256) == Stored(b"answer", 0)


def test_what_a_crash_left_unanswered_can_be_computed_again_from_the_charge_alone(ledger: Ledger) -> None:
    first = charged(ledger, a_request(not_before=500))
    second = charged(ledger, a_request("second"))
    assert ledger.pending() == [first, second]
    assert ledger.pending()[0].request == a_request(not_before=500)
    assert ledger.pending()[0].participants == PARTICIPANTS
    ledger.store(first.request, b"answer")
    assert ledger.pending() == [second]


def test_the_charge_of_a_key_is_found_by_that_key_alone(ledger: Ledger) -> None:
    assert ledger.charge_of("Ann", "key-first", a_request().envelope_sha256) is None
    charge = charged(ledger, a_request())
    assert ledger.charge_of("Ann", "key-first", a_request().envelope_sha256) == charge
    assert ledger.charge_of("Ben", "key-first", a_request().envelope_sha256) is None
