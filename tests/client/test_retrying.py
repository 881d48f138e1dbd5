"""The client tries again by itself where a party could not be reached, a bounded number of times, under one key."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from concordat_client import Connection, NodeState, Retry, State, connect, retrying
from concordat_client.progress import Event
from concordat_client.retrying import ATTEMPTS, pause_before, with_retries
from concordat_query.errors import NodeFault, Reason, Refusal, Unavailable, VerificationError
from fakes.analysts import with_connection, write_client
from fakes.federation import federation, write_federation

SQL = "SELECT nation, severity, COUNT(*) AS n FROM road.casualties GROUP BY nation, severity"
AWAY = Unavailable(Reason.NODE_UNAVAILABLE, "away")


class FakeTime:
    """A clock that sleeping moves, and nothing else."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    made = FakeTime()
    monkeypatch.setattr(retrying, "time", made)
    return made


def failing(*errors: Exception) -> Callable[[float], str]:
    """Raises these one after the other, then answers."""
    left = list(errors)

    def call(seconds: float) -> str:
        if left:
            raise left.pop(0)
        return f"answered with {seconds:.1f} s left"

    return call


def test_a_party_that_is_back_is_reached_and_the_pauses_count_as_time(clock: FakeTime) -> None:
    heard: list[Event] = []
    told = with_retries(failing(AWAY, AWAY), "mine", 100.0, heard.append)
    assert told == f"answered with {100 - sum(clock.slept):.1f} s left"
    assert heard == [
        Retry(attempt, ATTEMPTS, seconds, Reason.NODE_UNAVAILABLE)
        for attempt, seconds in zip((2, 3), clock.slept, strict=True)
    ]


def test_it_gives_up_after_a_few_tries_and_names_the_key(clock: FakeTime) -> None:
    call = failing(*[Unavailable(Reason.NODE_UNAVAILABLE, "away") for _ in range(ATTEMPTS)])
    with pytest.raises(Unavailable) as raised:
        with_retries(call, "mine", 100.0, None)
    assert raised.value.idempotency_key == "mine"
    assert len(clock.slept) == ATTEMPTS - 1
    assert call(0.0).startswith("answered")  # it was tried exactly as often as it failed


def test_it_never_waits_beyond_the_time_allowed(clock: FakeTime) -> None:
    with pytest.raises(Unavailable):
        with_retries(failing(AWAY, AWAY, AWAY), "mine", 1.2, None)
    assert sum(clock.slept) < 1.2
    assert len(clock.slept) <= 1


@pytest.mark.parametrize(
    "error",
    [
        Refusal(Reason.NODE_REFUSED, "no"),
        VerificationError("no"),
        Unavailable(Reason.TIMED_OUT, "no"),
        Unavailable(Reason.BUSY, "no"),
        Unavailable(Reason.NOT_YET, "no"),
        Unavailable(Reason.INTERNAL, "no"),
        Unavailable(Reason.NODE_UNAVAILABLE, "no", nodes=(NodeFault("node-wales", Reason.LEDGER_UNUSABLE, ""),)),
    ],
    ids=lambda error: error.reason.value,
)
def test_nothing_else_is_tried_again(clock: FakeTime, error: Exception) -> None:
    with pytest.raises(type(error)):
        with_retries(failing(error), "mine", 100.0, None)
    assert clock.slept == []


def test_pauses_double_and_are_drawn() -> None:
    for attempt, longest in ((2, 1.0), (3, 2.0), (4, 4.0)):
        drawn = [pause_before(attempt) for _ in range(100)]
        assert all(longest / 2 <= pause <= longest for pause in drawn)
        assert len(set(drawn)) > 50


def test_a_coordinator_that_is_away_is_tried_a_few_times_and_told_of(tmp_path: Path, clock: FakeTime) -> None:
    fed = write_federation(tmp_path, ["Wales"])
    heard: list[Event] = []
    with connect(write_client(fed)) as connection, pytest.raises(Unavailable) as raised:
        connection.query(SQL, idempotency_key="mine", on_progress=heard.append)
    assert [event.attempt for event in heard if isinstance(event, Retry)] == [2, 3, 4]
    assert raised.value.idempotency_key == "mine"


def test_what_carries_no_key_is_never_tried_again(tmp_path: Path, clock: FakeTime) -> None:
    fed = write_federation(tmp_path, ["Wales"])
    with connect(write_client(fed)) as connection:
        for call in (connection.describe, connection.budget, lambda: connection.explain(SQL)):
            with pytest.raises(Unavailable):
                call()
    assert clock.slept == []


async def test_a_node_that_comes_back_between_two_tries_is_charged_once(
    tmp_path: Path, clock: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with federation(tmp_path, nations=["Wales", "Scotland"]) as fed:
        loop = asyncio.get_running_loop()
        wales = fed.members["Wales"]
        await wales.kill()
        heard: list[Event] = []

        def sleep(seconds: float) -> None:
            if wales.node is None:
                asyncio.run_coroutine_threadsafe(wales.start(), loop).result()

        monkeypatch.setattr(clock, "sleep", sleep)

        def work(connection: Connection) -> None:
            result = connection.query(SQL, on_progress=heard.append)
            assert result.complete
            assert [charge.price_nano > 0 for charge in result.charges] == [True, True]
            spent = {
                account.spent_nano
                for node in connection.budget().budgets
                for account in node.budget.accounts
                if account.population == "people"
            }
            assert spent == {result.question.envelope.query.price_nano}

        await with_connection(fed, work)
    assert NodeState("node-wales", State.RETRYING) in heard
    assert any(isinstance(event, Retry) for event in heard)
