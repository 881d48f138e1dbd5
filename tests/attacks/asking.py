"""How attackers ask: from SQL to the figures of each town, and on until the account refuses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from attacks.judging import Floats
from attacks.nodes import SECONDS, Besieged
from attacks.towns import DATASET, NODE, POPULATION
from concordat.v1 import node_pb2
from concordat_client.asking import ask
from concordat_privacy.components import Component
from concordat_privacy.laws import Law
from concordat_privacy.plan import Plan
from concordat_privacy.prices import currency_of
from concordat_query.errors import Reason, Refusal
from concordat_query.signing import SigningKey
from concordat_wire.answers import read_answer
from concordat_wire.status import error_from_rpc
from grpc import aio

_APART = 10
"""Nano-rho or nano-epsilon between the prices of two questions: more than is lost in writing a price as an epsilon."""


@dataclass(frozen=True)
class Wording:
    """One way of asking about each town. `keys` are further ones as they are selected, `by` as they are grouped by.

    Where several ask for one figure, it is the sum of what they count, each times its `weight`.
    """

    select: str
    where: str = ""
    keys: str = ""
    by: str = ""
    weight: float = 1.0

    def at(self, epsilon: float) -> str:
        """The SQL, at a price."""
        clause = f"WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = {epsilon!r})"
        selected, grouped = (f"town, {more}" if more else "town" for more in (self.keys, self.by or self.keys))
        condition = f"WHERE {self.where} " if self.where else ""
        return f"SELECT {clause} {selected}, {self.select} FROM {DATASET} {condition}GROUP BY {grouped}"  # noqa: S608


@dataclass(frozen=True)
class Seen:
    """One answer. `figures` are those of each component, towns by whatever else it tells apart, with the law of the
    noise of each. `charged` is what the node says that it charged for this request."""

    sql: str
    answer: bytes
    figures: tuple[Floats, ...]
    laws: tuple[Law, ...]
    charged: int


@dataclass(frozen=True)
class Attacker:
    """An analyst of the agreement, who asks through one of the coordinators."""

    at: Besieged
    key: SigningKey
    coordinator: int = 0

    async def ask(self, sql: str, key: str | None = None) -> Seen:
        """Raises Refusal, the node's or before anything is sent. Without a key the request is one of its own."""
        question = ask(sql, self.at.catalogue, self.at.agreement, self.key, key)
        node = self.at.calls[self.coordinator]
        try:
            prepared = await node.Prepare(node_pb2.PrepareRequest(query=question.signed), timeout=SECONDS)
            commit = node_pb2.CommitRequest(
                query=question.signed, reservation=prepared.reservation, participants=[NODE]
            )
            told = await node.Commit(commit, timeout=SECONDS)
        except aio.AioRpcError as error:
            raise error_from_rpc(error) from None
        about = (question.envelope, question.plan, self.at.catalogue, self.at.agreement)
        read = read_answer(told.answer, *about)
        assert read.components.keys() == set(range(len(question.plan.components)))
        figures = [_by_town(question.plan, one, read.components[i]) for i, one in enumerate(question.plan.components)]
        laws = tuple(one.law for one in question.plan.components)
        charged = node_pb2.Delivery.FromString(told.delivery.delivery).charged_nano
        return Seen(sql, told.answer.answer, tuple(figures), laws, charged)


def _by_town(plan: Plan, component: Component, values: npt.NDArray[np.int64]) -> Floats:
    keys = plan.keys_of(component)
    town = keys.index(plan.query.keys.index("town"))
    shape = [len(plan.domains[position]) for position in keys]
    figures = np.moveaxis(values.astype(np.float64).reshape(*shape, -1), town, 0)
    return figures.reshape(shape[town], -1)


async def spend_all(
    attackers: Sequence[Attacker], wordings: Sequence[Wording], rounds: int
) -> list[tuple[Wording, Seen]]:
    """Asks all wordings so many times, the attackers in turn, each at an equal part of the whole account.

    No two questions have quite the same price: what was asked before would come back free, and the same. In the end
    every attacker must be refused.
    """
    at, questions = attackers[0].at, list(wordings) * rounds
    currency = currency_of(at.agreement, POPULATION)
    whole = at.bounds.budget_nano
    cheapest = whole // len(questions) - _APART * len(questions)
    seen = []
    for number, wording in enumerate(questions):
        attacker = attackers[number % len(attackers)]
        sql = wording.at(currency.epsilon_of(cheapest + _APART * number))
        seen.append((wording, await attacker.ask(sql)))
    assert all(one.charged for _, one in seen)
    for attacker in attackers:
        with pytest.raises(Refusal) as refused:
            await attacker.ask(wordings[0].at(currency.epsilon_of(whole // 100)))
        assert refused.value.reason is Reason.BUDGET_EXHAUSTED
    return seen
