"""One edition, one charge, one profile: whatever is asked the second time, and wherever the process dies."""

import multiprocessing
import signal
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from concordat.v1 import node_pb2
from concordat_node.ledger.inspection import stored_answer
from concordat_node.profiles import charge_profile, check_allowed, ledger_request, profile_key
from concordat_query.agreement import Budget, Permission
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Statistic
from fakes.ledgers import NODE, a_request, charged, open_ledger
from fakes.profile_crash import (
    BUDGETS,
    DATASET,
    EDITION,
    FIRST,
    OTHER,
    ProfileEngine,
    buy,
    buy_until_death,
)

STEPS = [
    *("genesis.begun", "genesis.written", "genesis.committed", "budget.begun", "budget.written", "budget.committed"),
    *("reserve.begun", "reserve.written", "reserve.committed"),
    *("charge.begun", "charge.consumed", "charge.spent", "charge.logged", "charge.written", "charge.committed"),
    *("engine.asked", "engine.answered"),
    *("store.begun", "store.logged", "store.written", "store.committed"),
]
POPULATION = DATASET.population


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fakes.profile_crash"])
    return context


def test_the_steps_are_all_that_a_purchase_reaches(path: Path) -> None:
    seen: list[str] = []
    with open_ledger(path, budgets=BUDGETS, hook=seen.append) as ledger:
        buy(ledger, ProfileEngine(1, seen.append), FIRST, lambda line: None)
    assert seen == STEPS


@pytest.mark.parametrize("step", range(len(STEPS)), ids=[f"{number}-{step}" for number, step in enumerate(STEPS)])
def test_a_death_at_any_step_leaves_one_charge_and_one_profile(
    processes: ForkServerContext, path: Path, tmp_path: Path, step: int
) -> None:
    told = tmp_path / "told"
    process = processes.Process(target=buy_until_death, args=(path, told, step))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    before = told.read_text().splitlines()
    with open_ledger(path, budgets=BUDGETS) as ledger:
        after: list[str] = []
        first = buy(ledger, ProfileEngine(2), FIRST, after.append)
        assert set(before) <= set(after)
        assert buy(ledger, ProfileEngine(3), OTHER, lambda line: None) == first
        assert ledger.balances()[POPULATION].spent == FIRST.price_nano
        assert ledger.balances()[POPULATION].reserved == 0
        assert not ledger.pending()
        kinds = [entry.content["kind"] for entry in ledger.entries()]
        assert (kinds.count("charge"), kinds.count("answer")) == (1, 1)
    assert stored_answer(path, profile_key(EDITION)) == first


def test_what_a_crash_left_is_finished_as_it_was_charged_whatever_is_asked_now(path: Path) -> None:
    with open_ledger(path, budgets=BUDGETS) as ledger:
        charge = charge_profile(ledger, NODE, ledger_request(FIRST, DATASET, EDITION))
        engine = ProfileEngine(2)
        stored = node_pb2.SignedProfile.FromString(buy(ledger, engine, OTHER, lambda line: None))
        assert list(node_pb2.Profile.FromString(stored.profile).request.keys) == ["clinic"]
        assert engine.receipts == [charge.receipt]
        assert ledger.balances()[POPULATION].spent == FIRST.price_nano


def test_a_new_edition_is_charged_again(path: Path) -> None:
    with open_ledger(path, budgets=BUDGETS) as ledger:
        for edition in (EDITION, replace(EDITION, id="e2")):
            charge_profile(ledger, NODE, ledger_request(FIRST, DATASET, edition))
        assert ledger.balances()[POPULATION].spent == 2 * FIRST.price_nano


def test_a_profile_that_the_account_cannot_pay_is_refused_and_costs_nothing(path: Path) -> None:
    with open_ledger(path, budgets=BUDGETS) as ledger:
        charged(ledger, a_request("query", population=POPULATION, price_nano=901))
        with pytest.raises(Refusal) as caught:
            charge_profile(ledger, NODE, ledger_request(FIRST, DATASET, EDITION))
        assert caught.value.reason is Reason.BUDGET_EXHAUSTED
        assert ledger.balances()[POPULATION].spent == 901


def test_only_keys_that_the_agreement_allows_become_public() -> None:
    class Agreed:
        populations = {  # noqa: RUF012  # never changed
            POPULATION: Budget(epsilon=1, delta=1e-6)
        }

        def permission(self, dataset: str) -> Permission:
            return Permission(
                columns=("clinic", "sex"),
                keys=("clinic",),
                statistics=(Statistic.COUNT_ROWS,),
                max_groups=1,
                max_rows=1,
                max_epsilon=1.0,
            )

    check_allowed(FIRST, DATASET, Agreed())  # type: ignore[arg-type]
    with pytest.raises(Refusal) as caught:
        check_allowed(OTHER, DATASET, Agreed())  # type: ignore[arg-type]
    assert caught.value.reason is Reason.NOT_IN_AGREEMENT
