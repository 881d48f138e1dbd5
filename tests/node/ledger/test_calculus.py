"""An account counts in one calculus for ever: nothing spent in one is ever taken for something spent in another."""

from pathlib import Path
from typing import Any

import apsw
import pytest
from concordat.v1 import engine_pb2, node_pb2
from concordat_node.ledger.inspection import inspect
from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger.log import BrokenChainError, Kind
from concordat_node.ledger.records import Balance, Budget
from concordat_node.ledger.replay import replay
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Calculus
from concordat_query.wire import calculus_to_proto
from fakes.ledgers import PEOPLE, a_request, chained, charged, open_ledger


def spending(path: Path, calculus: Calculus) -> None:
    with open_ledger(path, calculus=calculus) as ledger:
        charged(ledger, a_request(calculus=calculus))


@pytest.mark.parametrize("calculus", Calculus)
def test_receipt_head_log_and_balance_tell_what_was_counted(path: Path, calculus: Calculus) -> None:
    with open_ledger(path, calculus=calculus) as ledger:
        charge = charged(ledger, a_request(calculus=calculus))
        assert ledger.balances() == {PEOPLE: Balance(1_000, 100, 0, calculus)}
        receipt = engine_pb2.Receipt.FromString(charge.receipt.receipt)
        (spend,) = node_pb2.Head.FromString(charge.head.head).spend
        assert {receipt.calculus, spend.calculus} == {calculus_to_proto(calculus)}
        budget, spent = (entry.content for entry in ledger.entries()[1:3])
        assert budget["calculus"] == spent["request"]["calculus"] == calculus.value
    assert inspect(path).balances[PEOPLE].calculus is calculus


@pytest.mark.parametrize("calculus", Calculus)
@pytest.mark.parametrize("spends", [False, True])
def test_an_agreement_in_another_calculus_is_refused_and_the_account_stands(
    path: Path, calculus: Calculus, spends: bool
) -> None:
    (other,) = set(Calculus) - {calculus}
    with open_ledger(path, calculus=calculus) as ledger:
        if spends:
            charged(ledger, a_request(calculus=calculus))
    before = inspect(path)
    with pytest.raises(Refusal, match=f"counts in {calculus.value!r} for ever") as refused:
        open_ledger(path, calculus=other)
    assert (refused.value.reason, refused.value.field) == (Reason.WRONG_CALCULUS, f"populations.{PEOPLE}")
    assert inspect(path) == before
    with open_ledger(path, calculus=calculus) as ledger:
        assert ledger.balances() == before.balances


def test_an_account_that_left_the_agreement_keeps_its_calculus(path: Path) -> None:
    spending(path, Calculus.PURE)
    with open_ledger(path, budgets={"others": 50}) as ledger:
        assert ledger.balances()[PEOPLE] == Balance(0, 100, 0, Calculus.PURE)
        assert ledger.balances()["others"] == Balance(50, 0, 0, Calculus.GAUSSIAN)
    with pytest.raises(Refusal, match="counts in 'pure' for ever"):
        open_ledger(path)


def test_accounts_of_either_kind_stand_side_by_side(path: Path) -> None:
    budgets = {PEOPLE: Budget(1_000), "patients": Budget(500, Calculus.PURE)}
    with open_ledger(path, given=budgets) as ledger:
        charged(ledger, a_request())
        charged(ledger, a_request("second", population="patients", calculus=Calculus.PURE))
        assert ledger.balances() == {
            PEOPLE: Balance(1_000, 100, 0, Calculus.GAUSSIAN),
            "patients": Balance(500, 100, 0, Calculus.PURE),
        }
    with open_ledger(path, given=budgets) as ledger:
        ledger.verify()


@pytest.mark.parametrize("calculus", Calculus)
def test_a_request_in_another_calculus_reserves_and_spends_nothing(path: Path, calculus: Calculus) -> None:
    (other,) = set(Calculus) - {calculus}
    with open_ledger(path, calculus=calculus) as ledger:
        with pytest.raises(Refusal) as refused:
            ledger.reserve(a_request(calculus=other), 60)
        assert (refused.value.reason, refused.value.field) == (Reason.WRONG_CALCULUS, "query.calculus")
        own = ledger.reserve(a_request(calculus=calculus), 60)
        with pytest.raises(Refusal) as refused:
            ledger.charge(a_request(calculus=other), own.id, ())
        assert refused.value.reason is Reason.WRONG_CALCULUS
        assert ledger.balances()[PEOPLE] == Balance(1_000, 0, 100, calculus)


def entry(kind: Kind, **content: Any) -> tuple[Kind, dict[str, Any]]:
    return kind, content


GENESIS = entry(Kind.GENESIS, node="n")
BUDGET = entry(Kind.BUDGET, population=PEOPLE, budget_nano=150, budget_delta_e15=0, calculus="pure")


@pytest.mark.parametrize(
    "last",
    [
        pytest.param(
            entry(Kind.BUDGET, population=PEOPLE, budget_nano=150, budget_delta_e15=0, calculus="gaussian"),
            id="changed",
        ),
        pytest.param(
            entry(Kind.BUDGET, population=PEOPLE, budget_nano=150, budget_delta_e15=0, calculus="renyi"),
            id="unknown",
        ),
        pytest.param(entry(Kind.BUDGET, population=PEOPLE, budget_nano=150, budget_delta_e15=0), id="not said"),
        pytest.param(entry(Kind.CHARGE, request=a_request().to_log(), participants=[]), id="another charge"),
    ],
)
def test_a_log_in_which_an_account_changes_what_it_counts_is_refused(last: tuple[Kind, dict[str, Any]]) -> None:
    replay(chained(GENESIS, BUDGET))
    with pytest.raises(BrokenChainError, match="entry 3 of its log makes no sense"):
        replay(chained(GENESIS, BUDGET, last))


def test_the_file_itself_refuses_an_account_that_changes_or_counts_in_neither(path: Path) -> None:
    with open_ledger(path) as ledger:
        db = ledger._database.connection
        for calculus in ("pure", "renyi"):
            with pytest.raises(apsw.ConstraintError):
                db.execute("UPDATE account SET calculus = ?", (calculus,))


def test_an_account_whose_calculus_was_altered_in_the_file_is_found_out(path: Path) -> None:
    spending(path, Calculus.GAUSSIAN)
    with altered(path, "UPDATE account SET calculus = 'pure'"), pytest.raises(Refusal) as refused:
        open_ledger(path, calculus=Calculus.PURE)
    assert refused.value.reason is Reason.LEDGER_UNUSABLE


class altered:  # noqa: N801  # reads as a word
    """The ledger's file after somebody changed it by hand, its triggers put back."""

    def __init__(self, path: Path, statement: str) -> None:
        with apsw.Connection(str(path)) as db:
            triggers = list(db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"))
            for name, _ in triggers:
                db.execute(f"DROP TRIGGER {name}")
            db.execute(statement)
            for _, sql in triggers:
                db.execute(str(sql))

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


def test_the_whole_of_it_is_one_ledger(path: Path) -> None:
    with open_ledger(path, calculus=Calculus.PURE) as ledger:
        assert isinstance(ledger, Ledger)
        charged(ledger, a_request(calculus=Calculus.PURE, price_nano=1_000))
        with pytest.raises(Refusal) as refused:
            ledger.reserve(a_request("more", calculus=Calculus.PURE, price_nano=1), 60)
        assert refused.value.reason is Reason.BUDGET_EXHAUSTED
