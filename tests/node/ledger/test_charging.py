"""Reserve, charge, store: at most one charge and one answer for each question, and never more than the budget."""

from pathlib import Path

import pytest
from concordat.v1 import engine_pb2, node_pb2
from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger.records import LARGEST_AMOUNT, Balance, Budget, Stored
from concordat_node.ledger.reservations import MOST_PER_ANALYST
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Calculus
from concordat_query.signing import Purpose, is_signed
from fakes.ledgers import KEY, NODE, PARTICIPANTS, PEOPLE, FakeClock, a_request, charged, open_ledger


def reason_of(refused: pytest.ExceptionInfo[Refusal]) -> Reason:
    return refused.value.reason


def test_a_reservation_holds_its_price_and_a_charge_spends_it(ledger: Ledger) -> None:
    reservation = ledger.reserve(a_request(), 60)
    assert ledger.balances() == {PEOPLE: Balance(budget=1_000, spent=0, reserved=100)}
    ledger.charge(a_request(), reservation.id, PARTICIPANTS)
    assert ledger.balances() == {PEOPLE: Balance(budget=1_000, spent=100, reserved=0)}
    assert ledger.balances()[PEOPLE].available == 900


def test_a_reservation_holds_its_delta_and_a_charge_spends_it(tmp_path: Path) -> None:
    request = a_request(delta_e15=7)
    with open_ledger(tmp_path / "delta.db", given={PEOPLE: Budget(1_000, Calculus.GAUSSIAN, 10)}) as ledger:
        reservation = ledger.reserve(request, 60)
        held = ledger.balances()[PEOPLE]
        assert (held.delta_budget, held.delta_spent, held.delta_reserved) == (10, 0, 7)
        ledger.charge(request, reservation.id, PARTICIPANTS)
        spent = ledger.balances()[PEOPLE]
        assert (spent.delta_budget, spent.delta_spent, spent.delta_reserved) == (10, 7, 0)
        with pytest.raises(Refusal) as refused:
            ledger.reserve(a_request("second", delta_e15=4), 60)
        assert reason_of(refused) is Reason.BUDGET_EXHAUSTED


def test_a_charge_carries_a_signed_receipt_and_the_head_as_of_the_charge(ledger: Ledger) -> None:
    charge = charged(ledger, a_request())
    receipt = engine_pb2.Receipt.FromString(charge.receipt.receipt)
    assert is_signed(Purpose.RECEIPT, charge.receipt.receipt, charge.receipt.signature, KEY.public_key)
    assert (receipt.node, receipt.query_sha256, receipt.edition, receipt.price_nano, receipt.sequence) == (
        NODE,
        a_request().query_sha256,
        "edition-1",
        100,
        charge.sequence,
    )
    assert charge.head == ledger.head()
    assert is_signed(Purpose.HEAD, charge.head.head, charge.head.signature, KEY.public_key)
    head = node_pb2.Head.FromString(charge.head.head)
    assert (head.node, head.epoch, head.sequence) == (NODE, 1, charge.sequence)
    assert head.hash == ledger.entries()[-1].hash
    assert [(spend.population, spend.spent_nano) for spend in head.spend] == [(PEOPLE, 100)]


def test_the_head_of_a_charge_stays_while_the_log_grows(ledger: Ledger) -> None:
    first = charged(ledger, a_request())
    charged(ledger, a_request("second"))
    again = ledger.charge(a_request(), "", ())
    assert again == first
    assert again.head != ledger.head()


def test_a_repeated_charge_is_the_same_charge_whatever_reservation_or_participants_it_names(ledger: Ledger) -> None:
    first = charged(ledger, a_request())
    assert ledger.charge(a_request(), "no such reservation", ("others",)) == first
    assert ledger.balances()[PEOPLE].spent == 100


def test_the_first_answer_stored_stands_for_every_repeat(ledger: Ledger) -> None:
    charged(ledger, a_request())
    assert ledger.answer_for_key("Ann", "key-first", a_request().envelope_sha256) is None
    assert ledger.store(a_request(), b"answer") == b"answer"
    assert ledger.store(a_request(), b"another answer") == b"answer"
    assert ledger.answer_for_key("Ann", "key-first", a_request().envelope_sha256) == Stored(b"answer", 0)
    assert ledger.charge(a_request(), "", ()).answer == b"answer"


def test_another_envelope_under_a_used_key_is_refused_at_every_door(ledger: Ledger) -> None:
    charged(ledger, a_request())
    other = a_request("other", idempotency_key="key-first")
    for attempt in (
        lambda: ledger.reserve(other, 60),
        lambda: ledger.charge(other, "", ()),
        lambda: ledger.store(other, b""),
        lambda: ledger.serve_stored(other),
        lambda: ledger.charge_of("Ann", "key-first", other.envelope_sha256),
        lambda: ledger.answer_for_key("Ann", "key-first", other.envelope_sha256),
    ):
        with pytest.raises(Refusal) as refused:
            attempt()
        assert reason_of(refused) == Reason.KEY_REUSED
    assert ledger.balances()[PEOPLE] == Balance(1_000, 100, 0)


def test_another_envelope_under_a_reserved_key_is_refused_until_that_is_cancelled(ledger: Ledger) -> None:
    ledger.reserve(a_request(), 60)
    other = a_request("other", idempotency_key="key-first")
    with pytest.raises(Refusal) as refused:
        ledger.reserve(other, 60)
    assert reason_of(refused) == Reason.KEY_REUSED
    ledger.cancel("Ann", "key-first")
    assert ledger.reserve(other, 60).price_nano == 100


def test_the_same_key_of_another_analyst_is_another_key(ledger: Ledger) -> None:
    charged(ledger, a_request())
    ledger.store(a_request(), b"answer")
    theirs = a_request("theirs", analyst="Ben", idempotency_key="key-first")
    assert ledger.answer_for_key("Ben", "key-first", theirs.envelope_sha256) is None
    assert charged(ledger, theirs).sequence > 2
    assert ledger.balances()[PEOPLE].spent == 200


def test_what_is_reserved_cannot_be_reserved_again(ledger: Ledger) -> None:
    for number in range(10):
        ledger.reserve(a_request(f"q{number}"), 60)
    with pytest.raises(Refusal) as refused:
        ledger.reserve(a_request("one too many", price_nano=1), 60)
    assert reason_of(refused) == Reason.BUDGET_EXHAUSTED


def test_the_last_nano_rho_can_be_spent_and_no_more(ledger: Ledger) -> None:
    charged(ledger, a_request(price_nano=999))
    with pytest.raises(Refusal) as refused:
        ledger.reserve(a_request("two", price_nano=2), 60)
    assert reason_of(refused) == Reason.BUDGET_EXHAUSTED
    charged(ledger, a_request("one", price_nano=1))
    assert ledger.balances()[PEOPLE].available == 0


def test_preparing_again_keeps_one_reservation_and_extends_it(ledger: Ledger, clock: FakeClock) -> None:
    first = ledger.reserve(a_request(), 60)
    clock.now += 50
    second = ledger.reserve(a_request(), 60)
    assert (second.id, second.expires_at) == (first.id, first.expires_at + 50)
    assert ledger.balances()[PEOPLE].reserved == 100
    clock.now += 50
    ledger.charge(a_request(), first.id, PARTICIPANTS)


def test_a_refused_renewal_leaves_the_reservation_as_it_was(ledger: Ledger) -> None:
    first = ledger.reserve(a_request(), 60)
    with pytest.raises(Refusal):
        ledger.reserve(a_request(price_nano=1_001), 60)
    ledger.charge(a_request(), first.id, PARTICIPANTS)


def test_an_expired_reservation_counts_for_nothing_and_cannot_be_charged(ledger: Ledger, clock: FakeClock) -> None:
    reservation = ledger.reserve(a_request(price_nano=1_000), 60)
    clock.now += 60
    assert ledger.balances()[PEOPLE] == Balance(1_000, 0, 0)
    with pytest.raises(Refusal) as refused:
        ledger.charge(a_request(price_nano=1_000), reservation.id, PARTICIPANTS)
    assert reason_of(refused) == Reason.NO_RESERVATION
    ledger.reserve(a_request("second", price_nano=1_000), 60)
    assert ledger.balances()[PEOPLE].reserved == 1_000


def test_a_charge_without_its_own_reservation_is_refused(ledger: Ledger) -> None:
    mine = ledger.reserve(a_request(), 60)
    other = ledger.reserve(a_request("other"), 60)
    for request, reservation in (
        (a_request("never prepared"), mine.id),
        (a_request(), other.id),
        (a_request(), ""),
        (a_request(price_nano=50), mine.id),
        (a_request(answer_key=b"of another edition"), mine.id),
        (a_request(envelope_sha256=b"of another envelope"), mine.id),
    ):
        with pytest.raises(Refusal) as refused:
            ledger.charge(request, reservation, PARTICIPANTS)
        assert reason_of(refused) == Reason.NO_RESERVATION
    assert ledger.balances()[PEOPLE] == Balance(1_000, 0, 200)


def test_cancel_gives_a_reservation_back_and_does_nothing_after_the_charge(ledger: Ledger) -> None:
    reservation = ledger.reserve(a_request(), 60)
    ledger.cancel("Ann", "key-first")
    ledger.cancel("Ann", "never seen")
    assert ledger.balances()[PEOPLE].reserved == 0
    with pytest.raises(Refusal):
        ledger.charge(a_request(), reservation.id, PARTICIPANTS)
    charged(ledger, a_request())
    ledger.cancel("Ann", "key-first")
    assert ledger.balances()[PEOPLE].spent == 100


def test_nothing_is_reserved_for_a_key_that_was_charged(ledger: Ledger) -> None:
    charged(ledger, a_request())
    assert (ledger.reserve(a_request(), 60).id, ledger.balances()[PEOPLE].reserved) == ("", 0)


def test_one_analyst_cannot_hold_reservations_without_bound(ledger: Ledger, clock: FakeClock) -> None:
    for number in range(MOST_PER_ANALYST):
        ledger.reserve(a_request(f"q{number}", price_nano=1), 60)
    with pytest.raises(Refusal) as refused:
        ledger.reserve(a_request("one too many", price_nano=1), 60)
    assert reason_of(refused) == Reason.BUSY
    ledger.reserve(a_request("of another", analyst="Ben", price_nano=1), 60)
    ledger.reserve(a_request("q0", price_nano=1), 60)
    clock.now += 60
    ledger.reserve(a_request("one too many", price_nano=1), 60)


@pytest.mark.parametrize("amount", [0, -1, 1.0, True, LARGEST_AMOUNT + 1])
def test_a_price_is_a_whole_positive_number(amount: object) -> None:
    with pytest.raises(Refusal) as refused:
        a_request(price_nano=amount)
    assert reason_of(refused) == Reason.INVALID_PRICE


def test_a_population_without_a_budget_is_refused(ledger: Ledger) -> None:
    with pytest.raises(Refusal) as refused:
        ledger.reserve(a_request(population="martians"), 60)
    assert reason_of(refused) == Reason.NOT_IN_AGREEMENT


def test_sums_of_many_tiny_charges_beside_a_huge_one_are_exact(path: Path) -> None:
    huge = 2**61
    with open_ledger(path, budgets={PEOPLE: LARGEST_AMOUNT}) as ledger:
        charged(ledger, a_request("huge", price_nano=huge))
        for number in range(40):
            charged(ledger, a_request(f"tiny-{number}", price_nano=1))
        assert ledger.balances()[PEOPLE].spent == huge + 40
    with open_ledger(path, budgets={PEOPLE: LARGEST_AMOUNT}) as ledger:
        assert ledger.balances()[PEOPLE].spent == huge + 40


def test_nothing_is_stored_where_nothing_was_charged(ledger: Ledger) -> None:
    ledger.reserve(a_request(), 60)
    with pytest.raises(Refusal) as refused:
        ledger.store(a_request(), b"answer")
    assert reason_of(refused) == Reason.NO_RESERVATION
