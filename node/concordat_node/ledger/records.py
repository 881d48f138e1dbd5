"""What goes into the ledger and what comes out, as values."""

import base64
from dataclasses import dataclass
from typing import Any

from concordat.v1 import engine_pb2, node_pb2
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Calculus

LARGEST_AMOUNT = 2**62
"""No budget and no price exceeds this many billionths, so that sums of two fit SQLite's integers."""

OPERATOR = ""
"""Who asks for a profile: the node's own operator. No analyst of an agreement has an empty name."""


def is_budget(amount: object) -> bool:
    """Whether an amount can be a whole budget: an integer from 0 to LARGEST_AMOUNT."""
    return type(amount) is int and 0 <= amount <= LARGEST_AMOUNT


@dataclass(frozen=True)
class Budget:
    """A population's whole budget: billionths of what its calculus counts, and what private keys may spend beside it,
    in delta of 1e-15."""

    amount: int
    calculus: Calculus = Calculus.GAUSSIAN
    delta_e15: int = 0


@dataclass(frozen=True)
class Request:
    """An admitted query or profile, as far as the ledger is concerned. Hashes are raw SHA-256 digests of 32 bytes.

    `price_nano` is its price, in billionths of what `calculus` counts.

    `answer_key` stands for all that decides the answer (canonical query, definition, mapping, edition, agreement and
    version, mechanism, and the analyst where answers are not shared); equal keys mean one charge and one answer.
    """

    analyst: str
    idempotency_key: str
    envelope_sha256: bytes
    query_sha256: bytes
    population: str
    edition: str
    price_nano: int
    answer_key: bytes
    signed_query: bytes = b""
    """The serialised SignedQuery or ProfileRequest: for the audit, and to compute a charge's answer after a crash."""
    not_before: int = 0
    """Unix seconds; the answer is not handed over earlier. 0 for at once."""
    calculus: Calculus = Calculus.GAUSSIAN
    delta_e15: int = 0
    """What private keys cost beside, in 1e-15."""

    def __post_init__(self) -> None:
        if not is_budget(self.delta_e15) or (self.delta_e15 and self.calculus is Calculus.PURE):
            raise Refusal(
                Reason.INVALID_PRICE, "a delta is a whole number of 1e-15, 0 in pure epsilon", field="query.delta_e15"
            )
        if type(self.price_nano) is not int or not 0 < self.price_nano <= LARGEST_AMOUNT:
            raise Refusal(
                Reason.INVALID_PRICE, "a price is a whole number of billionths above 0", field="query.price_nano"
            )

    def to_log(self) -> dict[str, Any]:
        return {
            "analyst": self.analyst,
            "idempotency_key": self.idempotency_key,
            "envelope_sha256": self.envelope_sha256.hex(),
            "query_sha256": self.query_sha256.hex(),
            "population": self.population,
            "edition": self.edition,
            "price_nano": self.price_nano,
            "answer_key": self.answer_key.hex(),
            "signed_query": base64.b64encode(self.signed_query).decode(),
            "not_before": self.not_before,
            "calculus": self.calculus.value,
            "delta_e15": self.delta_e15,
        }

    @classmethod
    def from_log(cls, content: dict[str, Any]) -> "Request":
        return cls(
            analyst=content["analyst"],
            idempotency_key=content["idempotency_key"],
            envelope_sha256=bytes.fromhex(content["envelope_sha256"]),
            query_sha256=bytes.fromhex(content["query_sha256"]),
            population=content["population"],
            edition=content["edition"],
            price_nano=content["price_nano"],
            answer_key=bytes.fromhex(content["answer_key"]),
            signed_query=base64.b64decode(content["signed_query"]),
            not_before=content["not_before"],
            calculus=Calculus(content["calculus"]),
            delta_e15=content["delta_e15"],
        )


@dataclass(frozen=True)
class Reservation:
    """Budget held for a while. `id` is empty and `price_nano` 0 where the key has been charged already."""

    id: str
    price_nano: int
    expires_at: float
    """Unix seconds."""


@dataclass(frozen=True)
class Stored:
    """An answer's exact bytes, and the hour before which they are handed to nobody (Unix seconds, 0 for at once)."""

    answer: bytes
    not_before: int


@dataclass(frozen=True)
class Charge:
    """Budget durably spent. Its answer is made from these fields alone: recomputing changes only the noise."""

    sequence: int
    request: Request
    """As it was charged: for a request that shares another's charge, the other's. Its edition is pinned."""
    participants: tuple[str, ...]
    not_before: int
    """Before this nobody gets the answer: the later of the charged request's hour and that of the one who asks."""
    receipt: engine_pb2.SignedReceipt
    head: node_pb2.SignedHead
    """The log's head as of the charge."""
    answer: bytes | None
    """The stored answer, if there is one already."""

    def charged(self, analyst: str, idempotency_key: str) -> tuple[int, int]:
        """The price and the delta that the request of this key was charged, now or ever: nothing where it shares
        another's charge."""
        made = (self.request.analyst, self.request.idempotency_key) == (analyst, idempotency_key)
        return (self.request.price_nano, self.request.delta_e15) if made else (0, 0)


@dataclass(frozen=True)
class Balance:
    """A population's account, in billionths of what its calculus counts, and in delta of 1e-15 for private keys. A
    budget lowered below what is spent leaves `spent` above `budget`."""

    budget: int
    spent: int
    reserved: int
    calculus: Calculus = Calculus.GAUSSIAN
    delta_budget: int = 0
    delta_spent: int = 0
    delta_reserved: int = 0

    @property
    def available(self) -> int:
        return max(0, self.budget - self.spent - self.reserved)
