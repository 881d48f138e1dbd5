"""What a query gives back: a verified table and the signed answers that prove it."""

from dataclasses import dataclass

from concordat.v1 import coordinator_pb2, node_pb2
from concordat_privacy.estimates import Table

from concordat_client.asking import SignedQuestion


@dataclass(frozen=True)
class Charge:
    """What running the query cost at one node, in nano-rho; 0 where a stored answer was served again."""

    node: str
    rho_nano: int
    stored_answer: bool


@dataclass(frozen=True)
class Result:
    """A verified result. `table` was recomputed here from `answers`, whose signatures were checked.

    `complete` is False when a node was lost after it was charged: run the same query with `idempotency_key` again.
    """

    question: SignedQuestion
    table: Table
    answers: tuple[node_pb2.SignedAnswer, ...]
    missing: tuple[coordinator_pb2.MissingNode, ...]
    charges: tuple[Charge, ...]
    complete: bool

    @property
    def idempotency_key(self) -> str:
        return self.question.envelope.idempotency_key
