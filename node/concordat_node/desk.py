"""The admission desk: holds the node's rules and editions, and remembers what it worked out for recent queries.

Prepare and Commit bring the same bytes within moments; signature, plan and price map are worked out once. Whatever
may change in between (time, the edition's file) is looked at again each time by `ready`.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeVar

from concordat.v1 import query_pb2
from concordat_query.errors import Refusal

from concordat_node.admission import Admitted, Identified, Rules, admit, check_in_force, identify
from concordat_node.answer import answer_key
from concordat_node.editions import Editions
from concordat_node.importing.edition import EditionInfo, require
from concordat_node.ledger.records import Request

T = TypeVar("T")
REMEMBERED = 256


@dataclass(frozen=True)
class Ready:
    """An admitted query and the edition it would run on. `edition` and `request` are None where nothing is held."""

    admitted: Admitted
    edition: EditionInfo | None
    request: Request | None


class Desk:
    """What the node decides from its own files. Not thread-safe: belongs to the event loop."""

    def __init__(self, rules: Rules, editions: Editions) -> None:
        self.rules = rules
        self._editions = editions
        self._identified: OrderedDict[bytes, Identified] = OrderedDict()
        self._admitted: OrderedDict[bytes, Admitted] = OrderedDict()
        self._ready: OrderedDict[bytes, Ready] = OrderedDict()

    def identify(self, signed: query_pb2.SignedQuery) -> Identified:
        """Who asks. Raises Refusal."""
        name = _name(signed)
        if name not in self._identified:
            _remember(self._identified, name, identify(signed, self.rules))
        return self._identified[name]

    def admitted(self, asked: Identified, now: float) -> Admitted:
        """The admitted query, whatever its own lifetime. Raises Refusal."""
        name = _name(asked.signed)
        if name not in self._admitted:
            _remember(self._admitted, name, admit(asked, self.rules, now))
        check_in_force(self.rules.agreement, now)
        return self._admitted[name]

    def ready(self, asked: Identified, now: float) -> Ready:
        """The admitted query with the edition in force and what the ledger is to be asked. Raises Refusal."""
        admitted = self.admitted(asked, now)
        if admitted.nothing_held:
            return Ready(admitted, None, None)
        edition = self._editions.current(asked.envelope.query.dataset)
        name = _name(asked.signed)
        if name not in self._ready:
            _require(admitted, edition)
            _remember(self._ready, name, Ready(admitted, edition, self._request(admitted, edition)))
        return self._ready[name]

    def pinned(self, admitted: Admitted, edition_id: str) -> EditionInfo:
        """The edition that a charge was made for. Refuses one that is gone, changed or of another mapping."""
        edition = self._editions.pinned(admitted.plan.query.dataset, edition_id)
        _require(admitted, edition)
        return edition

    def edition_or_refusal(self, dataset: str) -> EditionInfo | Refusal:
        try:
            return self._editions.current(dataset)
        except Refusal as refusal:
            return refusal

    def _request(self, admitted: Admitted, edition: EditionInfo) -> Request:
        envelope = admitted.asked.envelope
        return Request(
            analyst=admitted.asked.analyst,
            idempotency_key=envelope.idempotency_key,
            envelope_sha256=admitted.asked.request_sha256,
            query_sha256=admitted.query_sha256,
            population=admitted.dataset.population,
            edition=edition.id,
            price_nano=admitted.price_nano,
            delta_e15=admitted.delta_e15,
            answer_key=answer_key(admitted, edition.id, self.rules),
            signed_query=admitted.asked.signed.SerializeToString(deterministic=True),
            not_before=envelope.not_before,
            calculus=admitted.plan.query.calculus,
        )


def _require(admitted: Admitted, edition: EditionInfo) -> None:
    require(edition, admitted.dataset.definition_sha256, admitted.holding.mapping_sha256)


def _name(signed: query_pb2.SignedQuery) -> bytes:
    """SHA-256 over everything that was sent, the signature included: only the very same bytes are known again."""
    digest = hashlib.sha256()
    for part in (signed.envelope, signed.public_key, signed.signature):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _remember(memory: OrderedDict[bytes, T], name: bytes, value: T) -> None:
    memory[name] = value
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)
