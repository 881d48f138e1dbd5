"""Signed heads: what a node's log says of itself, for others to remember."""

from collections.abc import Mapping

from concordat.v1 import node_pb2
from concordat_query.signing import Purpose, SigningKey


def head_bytes(node: str, epoch: int, sequence: int, hash_: bytes, spent: Mapping[str, int]) -> bytes:
    """A serialised Head; `spent` maps each population to its cumulative spend in nano-rho. Equal input, equal bytes."""
    spend = [
        node_pb2.AccountSpend(population=population, spent_rho_nano=spent[population]) for population in sorted(spent)
    ]
    head = node_pb2.Head(node=node, epoch=epoch, sequence=sequence, hash=hash_, spend=spend)
    return head.SerializeToString(deterministic=True)


def sign_head(key: SigningKey, head: bytes) -> node_pb2.SignedHead:
    return node_pb2.SignedHead(head=head, signature=key.sign(Purpose.HEAD, head))
