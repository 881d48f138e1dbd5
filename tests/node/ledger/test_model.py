"""Any sequence of calls, clocks, budgets and restarts behaves as a simple sequential model does."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger.records import Balance, Budget, Charge, Request, Reservation, Stored
from concordat_query.errors import Reason
from concordat_query.model import Calculus
from fakes.ledgers import PEOPLE, FakeClock, a_request, memory_folder, open_ledger, outcome
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

LIFETIME = 10
NAMES = st.builds(lambda analyst, key: (analyst, f"key-{key}"), st.sampled_from(["Ann", "Ben"]), st.integers(0, 2))
QUESTIONS = st.integers(0, 3)
PRICES = (1, 40, 60, 100)
DELTAS = (0, 3, 4, 0)


def asked(name: tuple[str, str], question: int) -> Request:
    analyst, key = name
    return a_request(
        f"{analyst} {key} {question}",
        analyst=analyst,
        idempotency_key=key,
        price_nano=PRICES[question],
        delta_e15=DELTAS[question],
        query_sha256=bytes([question]) * 32,
        answer_key=bytes([question]) * 32,
        not_before=question,
    )


@dataclass
class Model:
    """What the ledger promises, in the plainest form. Questions stand for answer keys."""

    budget: int = 150
    delta: int = 5
    spent: int = 0
    delta_spent: int = 0
    reservations: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    claims: dict[tuple[str, str], int] = field(default_factory=dict)
    answers: dict[int, bytes | None] = field(default_factory=dict)

    def reserved(self) -> int:
        return sum(PRICES[question] for question, _ in self.reservations.values())

    def delta_reserved(self) -> int:
        return sum(DELTAS[question] for question, _ in self.reservations.values())

    def sweep(self, now: float) -> None:
        self.reservations = {name: held for name, held in self.reservations.items() if held[1] > now}

    def reserve(self, name: tuple[str, str], question: int, now: float) -> Reason | None:
        if name in self.claims:
            return None if self.claims[name] == question else Reason.KEY_REUSED
        held = self.reservations.get(name, (question, 0))[0]
        if held != question:
            return Reason.KEY_REUSED
        others = self.reserved() - (PRICES[question] if name in self.reservations else 0)
        if max(self.budget, self.spent) - self.spent - others < PRICES[question]:
            return Reason.BUDGET_EXHAUSTED
        others = self.delta_reserved() - (DELTAS[question] if name in self.reservations else 0)
        if max(self.delta, self.delta_spent) - self.delta_spent - others < DELTAS[question]:
            return Reason.BUDGET_EXHAUSTED
        self.reservations[name] = (question, now + LIFETIME)
        return None

    def charge(self, name: tuple[str, str], question: int) -> Reason | None:
        if name in self.claims:
            return None if self.claims[name] == question else Reason.KEY_REUSED
        if question not in self.answers:
            if self.reservations.get(name, (None, 0))[0] != question:
                return Reason.NO_RESERVATION
            self.spent += PRICES[question]
            self.delta_spent += DELTAS[question]
            self.answers[question] = None
        self.claims[name] = question
        self.reservations.pop(name, None)
        return None

    def store(self, name: tuple[str, str], question: int, fresh: bytes) -> bytes | Reason:
        if self.claims.get(name, question) != question:
            return Reason.KEY_REUSED
        if name not in self.claims:
            return Reason.NO_RESERVATION
        answer = self.answers[question] or fresh
        self.answers[question] = answer
        return answer

    def serve(self, name: tuple[str, str], question: int) -> bytes | Reason | None:
        if self.claims.get(name, question) != question:
            return Reason.KEY_REUSED
        answer = self.answers.get(question)
        if answer is not None:
            self.claims[name] = question
            self.reservations.pop(name, None)
        return answer


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=memory_folder())
        self.clock = FakeClock()
        self.model = Model()
        self.ids: dict[tuple[str, str], str] = {}
        self.drawn = 0
        self.ledger = self.opened()

    def opened(self) -> Ledger:
        path = Path(self.folder.name) / "ledger.db"
        budget = Budget(self.model.budget, Calculus.GAUSSIAN, self.model.delta)
        return open_ledger(path, given={PEOPLE: budget}, clock=self.clock)

    def teardown(self) -> None:
        self.ledger.close()
        self.opened().close()
        self.folder.cleanup()

    @rule(name=NAMES, question=QUESTIONS)
    def reserve(self, name: tuple[str, str], question: int) -> None:
        expected = self.model.reserve(name, question, self.clock.now)
        reservation = outcome(lambda: self.ledger.reserve(asked(name, question), LIFETIME))
        if isinstance(reservation, Reservation):
            self.ids[name] = reservation.id or self.ids.get(name, "")
            assert expected is None
        else:
            assert reservation == expected

    @rule(name=NAMES)
    def cancel(self, name: tuple[str, str]) -> None:
        self.ledger.cancel(*name)
        self.model.reservations.pop(name, None)

    @rule(name=NAMES, question=QUESTIONS)
    def charge(self, name: tuple[str, str], question: int) -> None:
        expected = self.model.charge(name, question)
        charge = outcome(lambda: self.ledger.charge(asked(name, question), self.ids.get(name, ""), ()))
        if isinstance(charge, Charge):
            assert (charge.request.price_nano, charge.answer) == (PRICES[question], self.model.answers[question])
            assert expected is None
        else:
            assert charge == expected

    @rule(name=NAMES, question=QUESTIONS)
    def store(self, name: tuple[str, str], question: int) -> None:
        self.drawn += 1
        fresh = f"answer {self.drawn}".encode()
        assert outcome(lambda: self.ledger.store(asked(name, question), fresh)) == self.model.store(
            name, question, fresh
        )

    @rule(name=NAMES, question=QUESTIONS)
    def serve(self, name: tuple[str, str], question: int) -> None:
        served = outcome(lambda: self.ledger.serve_stored(asked(name, question)))
        assert (served.answer if isinstance(served, Stored) else served) == self.model.serve(name, question)

    @rule(seconds=st.integers(1, LIFETIME))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds
        self.model.sweep(self.clock.now)

    @precondition(lambda self: self.model.claims or self.model.reservations)
    @rule(budget=st.sampled_from([None, 0, 90, 150, 250]), delta=st.sampled_from([None, 0, 5, 20]))
    def restart(self, budget: int | None, delta: int | None) -> None:
        before = (self.model.budget, self.model.delta)
        self.model.budget = self.model.budget if budget is None else budget
        self.model.delta = self.model.delta if delta is None else delta
        if (self.model.budget, self.model.delta) != before:
            self.model.reservations.clear()
        self.ledger.close()
        self.ledger = self.opened()

    @invariant()
    def balances_are_the_models(self) -> None:
        model = self.model
        rho = (model.budget, model.spent, model.reserved())
        expected = Balance(*rho, Calculus.GAUSSIAN, model.delta, model.delta_spent, model.delta_reserved())
        assert self.ledger.balances() == {PEOPLE: expected}

    @invariant()
    def the_log_tells_the_same_spend_and_one_charge_a_question(self) -> None:
        charges = [e.content["request"] for e in self.ledger.entries() if e.content["kind"] == "charge"]
        assert sum(charge["price_nano"] for charge in charges) == self.model.spent
        assert sum(charge["delta_e15"] for charge in charges) == self.model.delta_spent
        assert len({charge["answer_key"] for charge in charges}) == len(charges) == len(self.model.answers)

    @invariant()
    def every_key_gets_its_questions_answer(self) -> None:
        for name, question in self.model.claims.items():
            stored = self.ledger.answer_for_key(*name, asked(name, question).envelope_sha256)
            assert (stored.answer if stored else None) == self.model.answers[question]


LedgerMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLedgerAgainstModel = LedgerMachine.TestCase
