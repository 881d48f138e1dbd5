"""What a query gives back: a verified table and the signed answers that prove it."""

from dataclasses import dataclass

from concordat.v1 import coordinator_pb2, node_pb2
from concordat_privacy.estimates import Table

from concordat_client.asking import SignedQuestion


@dataclass(frozen=True)
class Charge:
    """What this run cost at one node, in nano-rho; 0 where a stored answer was served again."""

    node: str
    rho_nano: int
    stored_answer: bool
    signed_rho_nano: int | None
    """What the node signed that the key was charged, in this run or an earlier one; None where the node was lost."""


@dataclass(frozen=True)
class Result:
    """A verified result. `table` was recomputed here from `answers`, whose signatures were checked.

    `deliveries` are the nodes' word, in the answers' order, that they gave them to this very question; those of
    declarations are in `missing`.

    `complete` is False when a node was lost after it was charged: run the same query with `idempotency_key` again.
    """

    question: SignedQuestion
    table: Table
    answers: tuple[node_pb2.SignedAnswer, ...]
    missing: tuple[coordinator_pb2.MissingNode, ...]
    charges: tuple[Charge, ...]
    complete: bool
    deliveries: tuple[node_pb2.SignedDelivery, ...]

    @property
    def idempotency_key(self) -> str:
        return self.question.envelope.idempotency_key
