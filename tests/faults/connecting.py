"""Connections that must not be had, and bytes that are no message."""

from collections.abc import Awaitable, Callable

import grpc
from concordat.v1 import coordinator_pb2, coordinator_pb2_grpc, node_pb2
from concordat_wire.channel import open_channel
from concordat_wire.tls import Tls
from fakes.certificates import FakeAuthority
from fakes.federation import ANALYST, COORDINATOR, SECONDS
from faults.scene import Do, Scene, Told, told
from google.protobuf.message import Message
from grpc import aio

Open = Callable[[Scene, int, str], aio.Channel]
"""A channel to the party at that port and of that name."""


def knocks(open_channel_: Open) -> Do:
    """Tries the node and the coordinator. Both must refuse alike."""

    async def do(scene: Scene) -> Told:
        assert scene.fed.coordinator is not None
        at_node = open_channel_(scene, scene.wales.port, scene.wales.name)
        at_coordinator = open_channel_(scene, scene.fed.coordinator.port, COORDINATOR)
        scene.fed.channels += [at_node, at_coordinator]
        prepare = _method(at_node, "NodeService/Prepare", node_pb2.PrepareResponse)
        first = await told(prepare(node_pb2.PrepareRequest(query=scene.fresh()).SerializeToString(), timeout=SECONDS))
        ask = coordinator_pb2_grpc.CoordinatorServiceStub(at_coordinator)
        second = await told(ask.GetBudget(coordinator_pb2.CoordinatorServiceGetBudgetRequest(), timeout=SECONDS))
        assert (first.status, first.reason) == (second.status, second.reason)
        return first

    return do


def in_plain_text(scene: Scene, port: int, name: str) -> aio.Channel:
    return aio.insecure_channel(f"127.0.0.1:{port}")


def without_certificate(scene: Scene, port: int, name: str) -> aio.Channel:
    """As a browser would: it believes the authority, and shows nothing itself."""
    credentials = grpc.ssl_channel_credentials(scene.fed.authority.path.read_bytes())
    return aio.secure_channel(f"127.0.0.1:{port}", credentials, options=(("grpc.ssl_target_name_override", name),))


def certified_by_another_authority(scene: Scene, port: int, name: str) -> aio.Channel:
    """The right name, from somebody who may not give it."""
    issued = FakeAuthority(scene.fed.folder / "strangers").issue(COORDINATOR)
    tls = Tls(issued.certificate, issued.key, scene.fed.authority.path)
    return open_channel(f"127.0.0.1:{port}", tls, name)


def with_an_expired_certificate(scene: Scene, port: int, name: str) -> aio.Channel:
    """One that a coordinator of ours would not even send."""
    tls = scene.fed.authority.issue(COORDINATOR, days=-1)
    credentials = grpc.ssl_channel_credentials(
        tls.authority.read_bytes(), tls.key.read_bytes(), tls.certificate.read_bytes()
    )
    return aio.secure_channel(f"127.0.0.1:{port}", credentials, options=(("grpc.ssl_target_name_override", name),))


async def calls_the_node_as_an_analyst(scene: Scene) -> Told:
    """Passing the coordinator by."""
    stub = scene.stub(caller=ANALYST)
    return await told(stub.Prepare(node_pb2.PrepareRequest(query=scene.fresh()), timeout=SECONDS))


async def sets_no_deadline(scene: Scene) -> Told:
    return await told(scene.stub().Prepare(node_pb2.PrepareRequest(query=scene.fresh())))


def sends_garbage(method: str) -> Do:
    """Bytes that are no message to a method of the node, as by one who was taken for the coordinator."""

    async def do(scene: Scene) -> Told:
        channel = scene.fed.channel(scene.wales.port, scene.wales.name, COORDINATOR)
        return await told(
            _method(channel, f"NodeService/{method}", node_pb2.CommitResponse)(b"\xff\xfe", timeout=SECONDS)
        )

    return do


async def sends_garbage_to_the_coordinator(scene: Scene) -> Told:
    assert scene.fed.coordinator is not None
    channel = scene.fed.channel(scene.fed.coordinator.port, COORDINATOR, ANALYST)
    send = _method(channel, "CoordinatorService/GetResult", coordinator_pb2.GetResultResponse)
    return await told(send(b"\xff\xfe", timeout=SECONDS))


def _method(channel: aio.Channel, name: str, response: type[Message]) -> Callable[..., Awaitable[Message]]:
    """A method that takes bytes as they are."""
    return channel.unary_unary(f"/concordat.v1.{name}", None, response.FromString)
