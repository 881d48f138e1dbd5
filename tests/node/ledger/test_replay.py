"""A log whose chain fits may still tell what cannot have happened: replaying it says so."""

from typing import Any

import pytest
from concordat_node.ledger.log import BrokenChainError, Entry, Kind, canonical_json
from concordat_node.ledger.replay import replay
from fakes.ledgers import PEOPLE, a_request, chained

GENESIS = (Kind.GENESIS, {"node": "n"})
BUDGET = (Kind.BUDGET, {"population": PEOPLE, "budget_nano": 150, "calculus": "gaussian", "budget_delta_e15": 10})


def charge(name: str, **changed: Any) -> tuple[Kind, dict[str, Any]]:
    return Kind.CHARGE, {"request": a_request(name, **changed).to_log(), "participants": []}


def served(name: str, charge: int) -> tuple[Kind, dict[str, Any]]:
    return Kind.SERVED, {"request": a_request(name).to_log(), "charge": charge}


def answer(charge: int) -> tuple[Kind, dict[str, Any]]:
    return Kind.ANSWER, {"charge": charge, "answer_sha256": "00" * 32}


def test_a_true_log_tells_accounts_charges_claims_and_answers() -> None:
    state = replay(chained(GENESIS, BUDGET, charge("a"), answer(3), served("b", 3)))
    assert state.accounts == {PEOPLE: (150, 150, 100, "gaussian", 10, 10, 0)}
    assert list(state.charges) == [3]
    assert state.claims == {
        ("Ann", "key-a"): (a_request("a").envelope_sha256, 3, 0),
        ("Ann", "key-b"): (a_request("b").envelope_sha256, 3, 0),
    }
    assert state.answers == {3: bytes(32)}


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param([GENESIS, GENESIS], id="a second beginning"),
        pytest.param([GENESIS, charge("a")], id="a charge to an account that has no budget"),
        pytest.param([GENESIS, BUDGET, charge("a"), charge("b")], id="a charge beyond the budget"),
        pytest.param(
            [GENESIS, BUDGET, charge("a", price_nano=50), charge("a", price_nano=50, answer_key=b"other")],
            id="a key charged twice",
        ),
        pytest.param(
            [
                GENESIS,
                BUDGET,
                charge("a", price_nano=50),
                charge("b", price_nano=50, answer_key=a_request("a").answer_key),
            ],
            id="a question charged twice",
        ),
        pytest.param([GENESIS, BUDGET, charge("a"), served("a", 3)], id="a key charged and served"),
        pytest.param([GENESIS, BUDGET, served("a", 2)], id="served by what is no charge"),
        pytest.param([GENESIS, BUDGET, answer(2)], id="an answer to what is no charge"),
        pytest.param([GENESIS, BUDGET, charge("a"), answer(3), answer(3)], id="a second answer to one charge"),
        pytest.param(
            [GENESIS, (Kind.BUDGET, {"population": PEOPLE, "calculus": "gaussian", "budget_delta_e15": 0})],
            id="a budget without an amount",
        ),
        pytest.param([GENESIS, (Kind.BUDGET, {**BUDGET[1], "budget_nano": -1})], id="a negative budget"),
        pytest.param([GENESIS, (Kind.BUDGET, {**BUDGET[1], "budget_delta_e15": -1})], id="a negative delta"),
        pytest.param([GENESIS, BUDGET, charge("a", delta_e15=11)], id="a charge beyond the delta"),
        pytest.param(
            [GENESIS, BUDGET, charge("a", price_nano=50, delta_e15=6), charge("b", price_nano=50, delta_e15=5)],
            id="charges that are together beyond the delta",
        ),
        pytest.param([GENESIS, BUDGET, (Kind.CHARGE, {"request": {}, "participants": []})], id="a charge of nothing"),
    ],
)
def test_a_log_that_tells_the_impossible_is_refused(contents: list[tuple[Kind, dict[str, Any]]]) -> None:
    replay(chained(*contents[:-1]))
    with pytest.raises(BrokenChainError, match=f"entry {len(contents)} of its log makes no sense"):
        replay(chained(*contents))


def test_an_unknown_kind_is_refused() -> None:
    body = canonical_json({"kind": "refund", "at": 0})
    with pytest.raises(BrokenChainError):
        replay([*chained(GENESIS, BUDGET), Entry(3, 1, body, bytes(32), bytes(32))])


@pytest.mark.parametrize("amount", [0, -100, 1.5, True])
def test_a_charge_that_is_no_whole_positive_amount_is_refused(amount: object) -> None:
    kind, content = charge("a")
    content["request"]["price_nano"] = amount
    with pytest.raises(BrokenChainError):
        replay(chained(GENESIS, BUDGET, (kind, content)))
