"""Real servers on loopback with mutual TLS: who gets in, and what crosses when something goes wrong."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from concordat.v1 import coordinator_pb2, coordinator_pb2_grpc, node_pb2, node_pb2_grpc
from concordat_query.errors import ConcordatError, Reason, Refusal, Unavailable
from concordat_wire.channel import open_channel, open_sync_channel
from concordat_wire.server import RunningServer, start_server
from concordat_wire.status import DETAILS_KEY, error_from_rpc
from concordat_wire.tls import Tls
from fakes.certificates import FakeAuthority
from google.rpc.status_pb2 import Status
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

NODE = node_pb2.DESCRIPTOR.services_by_name["NodeService"]
COORDINATOR = coordinator_pb2.DESCRIPTOR.services_by_name["CoordinatorService"]
SECRET = "a value from the data"  # noqa: S105  # stands for what must not leak


class ScriptedNode(node_pb2_grpc.NodeServiceServicer):
    """Does in Describe what the test says; every other method is not offered."""

    def __init__(self) -> None:
        self.act: Callable[[], Awaitable[Any]] = returning(node_pb2.DescribeResponse(node="scripted"))
        self.entered = asyncio.Event()
        self.let_go = asyncio.Event()

    async def Describe(self, request: node_pb2.DescribeRequest, context: Any) -> node_pb2.DescribeResponse:
        self.entered.set()
        result: node_pb2.DescribeResponse = await self.act()
        return result

    async def wait(self) -> node_pb2.DescribeResponse:
        await self.let_go.wait()
        return node_pb2.DescribeResponse(node="waited")

    Explain = Prepare = Commit = Cancel = GetBudget = Describe  # type: ignore[assignment]


class ScriptedCoordinator(coordinator_pb2_grpc.CoordinatorServiceServicer):
    """Sends two events and then fails as the test says."""

    failure: Exception | None = None

    async def Run(
        self, request: coordinator_pb2.RunRequest, context: Any
    ) -> AsyncIterator[coordinator_pb2.RunResponse]:
        for node in ("a", "b"):
            yield coordinator_pb2.RunResponse(progress=coordinator_pb2.Progress(node=node))
        if self.failure is not None:
            raise self.failure

    Describe = Explain = GetResult = GetBudget = Run  # type: ignore[assignment]


class Loopback:
    """One server and the authority that both sides believe."""

    def __init__(self, folder: Path) -> None:
        self.authority = FakeAuthority(folder / "authority")
        self.node = ScriptedNode()
        self.coordinator = ScriptedCoordinator()
        self.server_tls = self.authority.issue("server")
        self.client_tls = self.authority.issue("coordinator")
        self.running: RunningServer
        self._channels: list[aio.Channel] = []

    async def start(self, *, max_concurrent: int = 8) -> None:
        self.running = await start_server(
            "127.0.0.1:0",
            self.server_tls,
            [(NODE, self.node), (COORDINATOR, self.coordinator)],
            callers=frozenset({"coordinator"}),
            max_concurrent=max_concurrent,
        )

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.running.port}"

    def channel(self, tls: Tls | None = None, server_name: str = "server") -> aio.Channel:
        return self.keep(open_channel(self.address, tls or self.client_tls, server_name))

    def keep(self, channel: aio.Channel) -> aio.Channel:
        self._channels.append(channel)
        return channel

    async def describe(
        self, channel: aio.Channel | None = None, seconds: float | None = 5
    ) -> node_pb2.DescribeResponse:
        stub = node_pb2_grpc.NodeServiceStub(channel or self.channel())
        return await stub.Describe(node_pb2.DescribeRequest(), timeout=seconds)

    async def refusal(self, channel: aio.Channel | None = None, seconds: float | None = 5) -> ConcordatError:
        with pytest.raises(aio.AioRpcError) as caught:
            await self.describe(channel, seconds)
        return error_from_rpc(caught.value)

    async def stop(self) -> None:
        for channel in self._channels:
            await channel.close()
        await self.running.stop(0)


@pytest_asyncio.fixture
async def loopback(tmp_path: Path) -> AsyncIterator[Loopback]:
    loopback = Loopback(tmp_path)
    await loopback.start()
    yield loopback
    await loopback.stop()


async def test_a_caller_on_the_list_is_answered(loopback: Loopback) -> None:
    assert (await loopback.describe()).node == "scripted"


async def test_the_synchronous_channel_reaches_it_too(loopback: Loopback) -> None:
    def call() -> node_pb2.DescribeResponse:
        with open_sync_channel(loopback.address, loopback.client_tls, "server") as channel:
            return node_pb2_grpc.NodeServiceStub(channel).Describe(node_pb2.DescribeRequest(), timeout=5)

    assert (await asyncio.to_thread(call)).node == "scripted"


async def test_a_stream_is_passed_on_event_by_event(loopback: Loopback) -> None:
    stub = coordinator_pb2_grpc.CoordinatorServiceStub(loopback.channel())
    events = [event.progress.node async for event in stub.Run(coordinator_pb2.RunRequest(), timeout=5)]
    assert events == ["a", "b"]


async def test_a_plaintext_client_is_not_served(loopback: Loopback) -> None:
    channel = loopback.keep(aio.insecure_channel(loopback.address))
    assert isinstance(await loopback.refusal(channel), Unavailable)
    assert not loopback.node.entered.is_set()


async def test_a_client_without_a_certificate_is_not_served(loopback: Loopback) -> None:
    credentials = grpc.ssl_channel_credentials(loopback.authority.path.read_bytes())
    options = (("grpc.ssl_target_name_override", "server"),)
    channel = loopback.keep(aio.secure_channel(loopback.address, credentials, options=options))
    assert (await loopback.refusal(channel)).reason is Reason.NODE_UNAVAILABLE
    assert not loopback.node.entered.is_set()


async def test_a_certificate_of_another_authority_is_not_served(loopback: Loopback, tmp_path: Path) -> None:
    stranger = FakeAuthority(tmp_path / "stranger").issue("coordinator")
    tls = Tls(stranger.certificate, stranger.key, loopback.authority.path)
    assert (await loopback.refusal(loopback.channel(tls))).reason is Reason.NODE_UNAVAILABLE
    assert not loopback.node.entered.is_set()


async def test_a_client_does_not_believe_a_server_of_another_authority(loopback: Loopback, tmp_path: Path) -> None:
    stranger = FakeAuthority(tmp_path / "stranger")
    tls = Tls(loopback.client_tls.certificate, loopback.client_tls.key, stranger.path)
    error = await loopback.refusal(loopback.channel(tls))
    assert "cannot be reached" in error.message


async def test_a_client_does_not_believe_a_server_of_another_name(loopback: Loopback) -> None:
    error = await loopback.refusal(loopback.channel(server_name="node-england"))
    assert error.reason is Reason.NODE_UNAVAILABLE
    assert not loopback.node.entered.is_set()


async def test_a_caller_not_on_the_list_is_refused(loopback: Loopback) -> None:
    error = await loopback.refusal(loopback.channel(loopback.authority.issue("node-wales")))
    assert isinstance(error, Refusal)
    assert error.reason is Reason.CALLER_NOT_ALLOWED
    assert not loopback.node.entered.is_set()


async def test_a_name_that_only_contains_an_allowed_one_is_refused(loopback: Loopback) -> None:
    error = await loopback.refusal(loopback.channel(loopback.authority.issue("coordinator-2")))
    assert error.reason is Reason.CALLER_NOT_ALLOWED


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_an_old_version_of_tls_is_not_spoken(loopback: Loopback) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_verify_locations(loopback.authority.path)
    context.load_cert_chain(loopback.client_tls.certificate, loopback.client_tls.key)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", loopback.running.port, ssl=context, server_hostname="server")


async def test_a_call_without_a_deadline_is_refused(loopback: Loopback) -> None:
    error = await loopback.refusal(seconds=None)
    assert error.reason is Reason.DEADLINE_REQUIRED
    assert not loopback.node.entered.is_set()


async def test_garbage_bytes_are_an_invalid_argument(loopback: Loopback) -> None:
    call: aio.UnaryUnaryMultiCallable[bytes, bytes] = loopback.channel().unary_unary(
        "/concordat.v1.NodeService/Prepare"
    )
    with pytest.raises(aio.AioRpcError) as caught:
        await call(b"\xff\xffgarbage", timeout=5)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    error = error_from_rpc(caught.value)
    assert (error.reason, error.field) == (Reason.MALFORMED_REQUEST, "PrepareRequest")
    assert "garbage" not in everything_in(caught.value)


async def test_garbage_to_a_stream_is_an_invalid_argument(loopback: Loopback) -> None:
    call: aio.UnaryStreamMultiCallable[bytes, bytes] = loopback.channel().unary_stream(
        "/concordat.v1.CoordinatorService/Run"
    )
    with pytest.raises(aio.AioRpcError) as caught:
        await call(b"\xff\xffgarbage", timeout=5).read()
    assert error_from_rpc(caught.value).reason is Reason.MALFORMED_REQUEST


async def test_a_request_too_large_is_refused_before_it_is_read(loopback: Loopback) -> None:
    call: aio.UnaryUnaryMultiCallable[bytes, bytes] = loopback.channel().unary_unary(
        "/concordat.v1.NodeService/Describe"
    )
    with pytest.raises(aio.AioRpcError) as caught:
        await call(b"\0" * 2 * 1024 * 1024, timeout=5)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not loopback.node.entered.is_set()


async def test_a_refusal_crosses_with_reason_message_and_field(loopback: Loopback) -> None:
    loopback.node.act = raising(
        Refusal(Reason.UNKNOWN_COLUMN, "there is no column 'x' – use another", field="query.where")
    )
    error = await loopback.refusal()
    assert isinstance(error, Refusal)
    assert (error.reason, error.message) == (Reason.UNKNOWN_COLUMN, "there is no column 'x' – use another")
    assert error.field == "query.where"


async def test_an_unforeseen_exception_shows_nothing_but_a_reference(
    loopback: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    loopback.node.act = raising(ValueError(SECRET))
    with caplog.at_level(logging.ERROR), pytest.raises(aio.AioRpcError) as caught:
        await loopback.describe()
    error = error_from_rpc(caught.value)
    assert isinstance(error, Unavailable)
    assert (error.reason, caught.value.code()) == (Reason.INTERNAL, grpc.StatusCode.INTERNAL)
    assert SECRET not in everything_in(caught.value)
    assert "ValueError" not in everything_in(caught.value)
    assert f"reference={error.reference} reason=INTERNAL method=concordat.v1.NodeService.Describe" in caplog.text
    assert "ValueError" in caplog.text
    assert SECRET not in caplog.text


async def test_an_answer_of_the_wrong_type_shows_nothing(loopback: Loopback) -> None:
    loopback.node.act = returning(SECRET)
    with pytest.raises(aio.AioRpcError) as caught:
        await loopback.describe()
    assert error_from_rpc(caught.value).reason is Reason.INTERNAL
    assert SECRET not in everything_in(caught.value)


async def test_an_unforeseen_exception_within_a_stream_shows_nothing(loopback: Loopback) -> None:
    loopback.coordinator.failure = KeyError(SECRET)
    stub = coordinator_pb2_grpc.CoordinatorServiceStub(loopback.channel())
    with pytest.raises(aio.AioRpcError) as caught:
        _ = [event async for event in stub.Run(coordinator_pb2.RunRequest(), timeout=5)]
    assert error_from_rpc(caught.value).reason is Reason.INTERNAL
    assert SECRET not in everything_in(caught.value)


async def test_a_task_cancelled_within_does_not_hang_the_caller(loopback: Loopback) -> None:
    loopback.node.act = raising(asyncio.CancelledError())
    assert (await loopback.refusal()).reason is Reason.INTERNAL


async def test_a_passed_deadline_can_be_told_from_a_refusal(loopback: Loopback) -> None:
    loopback.node.act = loopback.node.wait
    error = await loopback.refusal(seconds=0.05)
    assert isinstance(error, Unavailable)
    assert "time allowed" in error.message


async def test_more_calls_than_allowed_are_told_that_it_is_busy(tmp_path: Path) -> None:
    loopback = Loopback(tmp_path)
    await loopback.start(max_concurrent=1)
    loopback.node.act = loopback.node.wait
    first = asyncio.ensure_future(loopback.describe())
    await loopback.node.entered.wait()
    error = await loopback.refusal()
    loopback.node.let_go.set()
    assert (error.reason, (await first).node) == (Reason.BUSY, "waited")
    assert (await loopback.describe()).node == "waited"
    await loopback.stop()


async def test_a_port_in_use_is_refused_with_advice(loopback: Loopback) -> None:
    with pytest.raises(Refusal, match="another program has this port") as caught:
        await start_server(
            loopback.address, loopback.server_tls, [(NODE, loopback.node)], callers=None, max_concurrent=1
        )
    assert loopback.address in caught.value.message


async def test_health_tells_whether_the_service_can_work(loopback: Loopback) -> None:
    stub = health_pb2_grpc.HealthStub(loopback.channel())
    request = health_pb2.HealthCheckRequest(service=NODE.full_name)
    assert (await stub.Check(request, timeout=5)).status == health_pb2.HealthCheckResponse.SERVING
    await loopback.running.set_serving(False)
    assert (await stub.Check(request, timeout=5)).status == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_reflection_lists_the_services(loopback: Loopback) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(loopback.channel())
    call = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=5)
    names = [service.name async for answer in call for service in answer.list_services_response.service]
    assert {NODE.full_name, COORDINATOR.full_name} <= set(names)


def returning(result: object) -> Callable[[], Awaitable[Any]]:
    async def act() -> object:
        return result

    return act


def raising(error: BaseException) -> Callable[[], Awaitable[Any]]:
    async def act() -> None:
        raise error

    return act


def everything_in(error: aio.AioRpcError) -> str:
    """All that crossed with an error, as one text."""
    details = [Status.FromString(value) for key, value in error.trailing_metadata() or () if key == DETAILS_KEY]
    return f"{error.details()} {error.trailing_metadata()} {details} {error.debug_error_string()}"
