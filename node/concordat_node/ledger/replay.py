"""What the log says, entry by entry, and whether the tables say the same."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
from concordat_query.errors import Refusal
from concordat_query.model import Calculus

from concordat_node.ledger import log, schema
from concordat_node.ledger.heads import Spend, head_bytes
from concordat_node.ledger.records import Request, is_budget

_Account = tuple[int, int, int, str, int, int, int]  # budget, ceiling, spent, calculus, and the same three of delta


@dataclass
class Projection:
    """The tables as they follow from the log. Filled by `replay` alone."""

    node: str = ""
    accounts: dict[str, _Account] = field(default_factory=dict)
    charges: dict[int, tuple[bytes, int, bytes]] = field(default_factory=dict)
    """Sequence -> answer key, hour, head."""
    answer_keys: set[bytes] = field(default_factory=set)
    """All that were charged, each once."""
    claims: dict[tuple[str, str], tuple[bytes, int, int]] = field(default_factory=dict)
    """Analyst and idempotency key -> the envelope's hash, the charge's sequence, hour."""
    answers: dict[int, bytes] = field(default_factory=dict)
    """A charge's sequence -> SHA-256 of its answer."""


def replay(entries: Iterable[log.Entry]) -> Projection:
    """Folds the log. Raises BrokenChainError where an entry cannot follow from those before it."""
    state = Projection()
    for entry in entries:
        try:
            _apply(state, entry)
        except (KeyError, ValueError, TypeError, Refusal):
            raise log.BrokenChainError(f"entry {entry.sequence} of its log makes no sense") from None
    return state


def _apply(state: Projection, entry: log.Entry) -> None:
    content = entry.content
    match log.Kind(content["kind"]):
        case log.Kind.GENESIS if entry.sequence == 1:
            state.node = content["node"]
        case log.Kind.BUDGET if is_budget(content["budget_nano"]) and is_budget(content["budget_delta_e15"]):
            asked = Calculus(content["calculus"]).value
            _, _, spent, calculus, _, _, delta = state.accounts.get(content["population"], (0, 0, 0, asked, 0, 0, 0))
            if asked != calculus:
                raise ValueError("a budget in another calculus than its account's")
            budget, most = content["budget_nano"], content["budget_delta_e15"]
            rho = (budget, max(budget, spent), spent)
            state.accounts[content["population"]] = (*rho, calculus, most, max(most, delta), delta)
        case log.Kind.CHARGE:
            request = Request.from_log(content["request"])
            _apply_charge(state, entry, request)
            _apply_claim(state, request, entry.sequence)
        case log.Kind.SERVED if content["charge"] in state.charges:
            _apply_claim(state, Request.from_log(content["request"]), content["charge"])
        case log.Kind.ANSWER if content["charge"] in state.charges and content["charge"] not in state.answers:
            state.answers[content["charge"]] = bytes.fromhex(content["answer_sha256"])
        case _:
            raise ValueError("an entry out of its place")


def _apply_charge(state: Projection, entry: log.Entry, request: Request) -> None:
    budget, ceiling, spent, calculus, most, delta_ceiling, delta = state.accounts[request.population]
    if request.calculus.value != calculus:
        raise ValueError("a charge in another calculus than its account's")
    if request.price_nano > ceiling - spent or request.delta_e15 > delta_ceiling - delta:
        raise ValueError("a charge beyond the budget")
    if request.answer_key in state.answer_keys:
        raise ValueError("a second charge for one answer")
    state.answer_keys.add(request.answer_key)
    rho, deltas = (budget, ceiling, spent + request.price_nano), (most, delta_ceiling, delta + request.delta_e15)
    state.accounts[request.population] = (*rho, calculus, *deltas)
    spend = {name: Spend(own[2], Calculus(own[3]), own[6]) for name, own in state.accounts.items()}
    head = head_bytes(state.node, entry.epoch, entry.sequence, entry.hash, spend)
    state.charges[entry.sequence] = (request.answer_key, request.not_before, head)


def _apply_claim(state: Projection, request: Request, charge: int) -> None:
    name = (request.analyst, request.idempotency_key)
    if name in state.claims:
        raise ValueError("a key used twice")
    state.claims[name] = (request.envelope_sha256, charge, request.not_before)


def entries(db: apsw.Connection, path: Path) -> list[log.Entry]:
    """The whole log, its chain checked. Refuses a broken one."""
    try:
        return list(log.verified_entries(db))
    except log.BrokenChainError as error:
        raise schema.damaged(path, str(error)) from None


def verify(db: apsw.Connection, path: Path) -> Projection:
    """Checks file, chain and every table against the log, and returns what the log says. Refuses what does not fit."""
    schema.check(db, path)
    try:
        state = replay(log.verified_entries(db))
    except log.BrokenChainError as error:
        raise schema.damaged(path, str(error)) from None
    if not state.node:
        raise schema.damaged(path, "its log does not begin with a node's name")
    _compare(state, db, path)
    return state


def _compare(state: Projection, db: apsw.Connection, path: Path) -> None:
    accounts: Any = db.execute(
        "SELECT population, budget, ceiling, spent, calculus, delta_budget, delta_ceiling, delta_spent FROM account"
    )
    if {row[0]: row[1:] for row in accounts} != state.accounts:
        raise schema.damaged(path, "an account's balance is not what its log says")
    charges: Any = db.execute("SELECT sequence, answer_key, not_before, head FROM charge")
    if {row[0]: row[1:] for row in charges} != state.charges:
        raise schema.damaged(path, "a charge is not what its log says")
    claims: Any = db.execute("SELECT analyst, idempotency_key, envelope_sha256, charge, not_before FROM claim")
    if {row[:2]: row[2:] for row in claims} != state.claims:
        raise schema.damaged(path, "who may have which answer is not what its log says")
    _compare_answers(state, db, path)
    reserved: Any = db.execute(
        "SELECT 1 FROM account WHERE reserved <>"
        " (SELECT coalesce(sum(price_nano), 0) FROM reservation WHERE population = account.population)"
        " OR delta_reserved <>"
        " (SELECT coalesce(sum(delta_e15), 0) FROM reservation WHERE population = account.population)"
    ).fetchone()
    if reserved is not None:
        raise schema.damaged(path, "an account's reserved budget is not the sum of its reservations")


def _compare_answers(state: Projection, db: apsw.Connection, path: Path) -> None:
    found = 0
    answers: Any = db.execute("SELECT charge, bytes FROM answer")
    for charge, answer in answers:
        if state.answers.get(charge) != hashlib.sha256(answer).digest():
            raise schema.damaged(path, "a stored answer is not what its log says")
        found += 1
    if found != len(state.answers):
        raise schema.damaged(path, "a stored answer is missing")
