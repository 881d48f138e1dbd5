"""Signed heads: what a node's log says of itself, for others to remember."""

from collections.abc import Mapping
from typing import NamedTuple

from concordat.v1 import node_pb2
from concordat_query.model import Calculus
from concordat_query.signing import Purpose, SigningKey
from concordat_query.wire import calculus_to_proto


class Spend(NamedTuple):
    """An account's cumulative spend, in billionths of what its calculus counts, and of delta, in 1e-15."""

    amount: int
    calculus: Calculus
    delta_e15: int = 0


def head_bytes(node: str, epoch: int, sequence: int, hash_: bytes, spent: Mapping[str, Spend]) -> bytes:
    """A serialised Head; `spent` maps each population to its account's spend. Equal input, equal bytes."""
    spend = [
        node_pb2.AccountSpend(
            population=population,
            spent_nano=own.amount,
            calculus=calculus_to_proto(own.calculus),
            spent_delta_e15=own.delta_e15,
        )
        for population, own in sorted(spent.items())
    ]
    head = node_pb2.Head(node=node, epoch=epoch, sequence=sequence, hash=hash_, spend=spend)
    return head.SerializeToString(deterministic=True)


def sign_head(key: SigningKey, head: bytes) -> node_pb2.SignedHead:
    return node_pb2.SignedHead(head=head, signature=key.sign(Purpose.HEAD, head))
