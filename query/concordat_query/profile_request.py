"""What an operator asks of one edition: the one form of it, its hash, and its message.

Reading is strict, as for queries: what is not in its one form is refused as MALFORMED_REQUEST.
"""

import hashlib
import json
from dataclasses import dataclass

from concordat.v1 import node_pb2

from concordat_query.condition_wire import malformed
from concordat_query.model import Calculus
from concordat_query.wire import calculus_from_proto, calculus_to_proto, parse


@dataclass(frozen=True)
class ProfileRequest:
    """A profile of a data set's edition: `keys` are columns, sorted, each once; limits as a query would set them.

    `price_nano` is all that the profile costs: nano-rho or, where `calculus` says so, nano-epsilon.
    """

    dataset: str
    definition_sha256: str
    keys: tuple[str, ...]
    max_groups: int
    max_rows: int
    price_nano: int
    calculus: Calculus = Calculus.GAUSSIAN


def profile_request_sha256(request: ProfileRequest) -> bytes:
    """The hash that receipts name. Its first element keeps it apart from every query's."""
    parts = [
        "concordat.profile.v1",
        [
            request.dataset,
            request.definition_sha256,
            list(request.keys),
            request.max_groups,
            request.max_rows,
            request.price_nano,
            request.calculus.value,
        ],
    ]
    return hashlib.sha256(json.dumps(parts, separators=(",", ":"), ensure_ascii=True).encode()).digest()


def profile_request_to_proto(request: ProfileRequest) -> node_pb2.ProfileRequest:
    return node_pb2.ProfileRequest(
        dataset=request.dataset,
        definition_sha256=request.definition_sha256,
        keys=request.keys,
        max_groups=request.max_groups,
        max_rows=request.max_rows,
        price_nano=request.price_nano,
        calculus=calculus_to_proto(request.calculus),
    )


def profile_request_from_proto(message: node_pb2.ProfileRequest) -> ProfileRequest:
    """Refuses keys that are not sorted or stand there twice, and fields that are not known here."""
    known = node_pb2.ProfileRequest.FromString(message.SerializeToString())
    known.DiscardUnknownFields()
    if known.ByteSize() != message.ByteSize():
        raise malformed("profile", "it holds a field that this version does not know")
    if list(message.keys) != sorted(set(message.keys)):
        raise malformed("profile.keys", "they must be sorted, each once")
    return ProfileRequest(
        message.dataset,
        message.definition_sha256,
        tuple(message.keys),
        message.max_groups,
        message.max_rows,
        message.price_nano,
        calculus_from_proto(message.calculus, "profile.calculus"),
    )


def profile_request_from_bytes(data: bytes) -> ProfileRequest:
    """Reads what the ledger keeps of a charged profile. Refuses garbage."""
    return profile_request_from_proto(parse(node_pb2.ProfileRequest, data, "profile"))
