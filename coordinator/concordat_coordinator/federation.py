"""The nodes as the coordinator reaches them: one lasting channel each, calls with deadlines, failures as values."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import grpc
from concordat.v1 import node_pb2, node_pb2_grpc
from concordat_query.agreement import Agreement
from concordat_query.errors import ConcordatError, Reason, Refusal, Unavailable
from concordat_wire.channel import open_channel
from concordat_wire.references import log_failure
from concordat_wire.status import error_from_rpc
from concordat_wire.tls import Tls
from google.protobuf.message import DecodeError, Message
from grpc import aio

from concordat_coordinator.config import NodeAddress

R = TypeVar("R", bound=Message)
RECONNECT_SECONDS = 2.0
"""How long a node that cannot be reached is given to come back before it counts as unavailable."""


@dataclass(frozen=True)
class Member:
    """One node. The nation is the agreement's word, not the node's."""

    name: str
    nation: str
    channel: aio.Channel
    stub: "node_pb2_grpc.NodeServiceAsyncStub"  # exists in the stub file only


@dataclass(frozen=True)
class Federation:
    """All nodes by name, and the latest log head that each has shown."""

    members: dict[str, Member]
    heads: dict[str, node_pb2.SignedHead] = field(default_factory=dict)

    @classmethod
    def open(cls, nodes: Sequence[NodeAddress], tls: Tls, agreement: Agreement) -> "Federation":
        """Opens the channels and starts connecting, so that no query waits for it."""
        members = {}
        for node in sorted(nodes, key=lambda entry: entry.name):
            channel = open_channel(node.address, tls, node.name)
            channel.get_state(try_to_connect=True)
            nation = agreement.party_by_node[node.name].nation
            members[node.name] = Member(node.name, nation, channel, node_pb2_grpc.NodeServiceStub(channel))
        return cls(members)

    def of(self, audience: Iterable[str]) -> list[Member]:
        """The nodes that a query asks. Refuses one that this coordinator does not know."""
        audience = list(audience)
        for name in audience:
            if name not in self.members:
                raise Refusal(
                    Reason.UNKNOWN_NODE,
                    f"this coordinator knows no node {name!r}; it knows: {', '.join(self.members)}",
                    field="query.envelope.audience",
                )
        return [self.members[name] for name in sorted(set(audience))]

    def remember(self, node: str, head: node_pb2.SignedHead) -> None:
        """Keeps the latest head of a node's log: a stored answer that is served again carries an older one."""
        if node not in self.heads or _place(head) > _place(self.heads[node]):
            self.heads[node] = head

    async def close(self) -> None:
        await asyncio.gather(*(member.channel.close() for member in self.members.values()))


def _place(signed: node_pb2.SignedHead) -> tuple[int, int]:
    """Epoch and sequence of a head; before all others where the bytes are none."""
    try:
        head = node_pb2.Head.FromString(signed.head)
    except DecodeError:
        return (0, 0)
    return head.epoch, head.sequence


Call = Callable[[Member], Awaitable[R]]
Hear = Callable[[Member], None]


def _nobody_hears(member: Member) -> None:
    pass


async def outcome(member: Member, call: Call[R], *, again: bool, retrying: Hear = _nobody_hears) -> R | ConcordatError:
    """What a node answered, or why it did not, with a reference to the node's log or, failing that, to this one's.

    With `again`, for calls that carry an idempotency key, one that could not be delivered is sent once more;
    `retrying` hears of it.
    """
    found = await _outcome(member, call, again, retrying)
    if isinstance(found, ConcordatError) and not found.reference:
        found.reference = log_failure(found.reason, {"node": member.name})
    return found


async def _outcome(member: Member, call: Call[R], again: bool, retrying: Hear) -> R | ConcordatError:
    try:
        return await call(member)
    except aio.AioRpcError as error:
        if not again or error.code() is not grpc.StatusCode.UNAVAILABLE:
            return error_from_rpc(error)
    retrying(member)
    try:
        await asyncio.wait_for(member.channel.channel_ready(), RECONNECT_SECONDS)
        return await call(member)
    except TimeoutError:
        return Unavailable(
            Reason.NODE_UNAVAILABLE, "the node cannot be reached; ask its operator whether it is running"
        )
    except aio.AioRpcError as error:
        return error_from_rpc(error)


async def each(
    members: Iterable[Member], call: Call[R], *, again: bool = False, retrying: Hear = _nobody_hears
) -> AsyncIterator[tuple[Member, R | ConcordatError]]:
    """Calls all at once and yields every outcome as it comes."""

    async def one(member: Member) -> tuple[Member, R | ConcordatError]:
        return member, await outcome(member, call, again=again, retrying=retrying)

    for done in asyncio.as_completed([one(member) for member in members]):
        yield await done


async def every(
    members: Iterable[Member], call: Call[R], *, again: bool = False
) -> list[tuple[Member, R | ConcordatError]]:
    """Calls all at once and returns every outcome, in the order of the members."""
    members = list(members)
    outcomes = await asyncio.gather(*(outcome(member, call, again=again) for member in members))
    return list(zip(members, outcomes, strict=True))
