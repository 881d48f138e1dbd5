"""Servers: mutual TLS, and one outermost wrapper around every method, so that nothing unforeseen crosses the wire.

The wrapper takes requests as bytes (generated deserialisers would show a client the exception's text), admits the
caller, demands a deadline, and turns every exception into a status: a ConcordatError into its own, anything else into
INTERNAL. Each gets a reference under which the operator finds it in the log. Even there messages and exceptions' texts
are left out, because they may quote what was asked.
"""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Never

import grpc
from concordat.v1 import query_pb2
from concordat_query.errors import Charged, ConcordatError, Reason, Refusal, Unavailable
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from concordat_wire.channel import KEEPALIVE_MS
from concordat_wire.references import NOBODY, AnalystOf, log_failure, nobody
from concordat_wire.status import abort
from concordat_wire.tls import Tls, read_material

Context = aio.ServicerContext[Any, Any]
Service = tuple[ServiceDescriptor, object]
MAX_REQUEST_BYTES = 1024 * 1024
_HEALTH_CALLS = 64


@dataclass
class RunningServer:
    """A server that accepts calls. `port` is the one bound, of use where the address asked for port 0."""

    server: aio.Server
    port: int
    health: health.aio.HealthServicer
    services: tuple[str, ...]

    async def set_serving(self, serving: bool) -> None:
        """Says through grpc.health.v1 whether the services can do their work."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for service in ("", *self.services):
            await self.health.set(service, status)

    async def stop(self, grace: float) -> None:
        """Reports NOT_SERVING, lets running calls end for `grace` seconds, then cuts them off."""
        await self.health.enter_graceful_shutdown()
        await self.server.stop(grace)


@dataclass
class _Admission:
    """Who may call, and how many calls run at once."""

    callers: frozenset[str] | None
    max_concurrent: int
    running: int = field(default=0)

    def check(self, context: Context) -> None:
        if self.callers is not None and self.callers.isdisjoint(names_of(context)):
            raise Refusal(
                Reason.CALLER_NOT_ALLOWED,
                "the certificate shown is none of those that may call this service; its operator lists them",
            )
        remaining: float | None = context.time_remaining()
        if remaining is None:
            raise Refusal(Reason.DEADLINE_REQUIRED, "a call needs a deadline; set a timeout on it")
        if self.running >= self.max_concurrent:
            told = "too many calls are running here; try again in a while"
            raise Unavailable(Reason.BUSY, told, charged=Charged.NOTHING)

    def __enter__(self) -> None:
        self.running += 1

    def __exit__(self, *_: object) -> None:
        self.running -= 1


def names_of(context: Context) -> frozenset[str]:
    """The names in the caller's certificate: its common name and its alternative names."""
    shown = context.auth_context()
    keys = ("x509_common_name", "x509_subject_alternative_name")
    return frozenset(name.decode(errors="replace") for key in keys for name in shown.get(key, ()))


async def start_server(
    address: str,
    tls: Tls,
    services: Sequence[Service],
    *,
    callers: frozenset[str] | None,
    max_concurrent: int,
    analyst_of: AnalystOf = nobody,
) -> RunningServer:
    """Serves on "host:port". A service is (its descriptor, an asynchronous servicer of that service).

    Every call needs a certificate of the authority; with `callers`, one that bears one of these names. Health and
    reflection answer any such certificate. `analyst_of` names in the log who signed a query that failed. Refuses an
    address that cannot be had.
    """
    server = aio.server(
        options=(
            ("grpc.so_reuseport", 0),  # or a second server would share the port, and two ledgers the traffic
            ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
            ("grpc.http2.min_ping_interval_without_data_ms", KEEPALIVE_MS // 2),
        ),
        maximum_concurrent_rpcs=max_concurrent + _HEALTH_CALLS,
    )
    admission = _Admission(callers, max_concurrent)
    handlers = [_handlers(descriptor, servicer, admission, analyst_of) for descriptor, servicer in services]
    server.add_generic_rpc_handlers(handlers)
    names = tuple(descriptor.full_name for descriptor, _ in services)
    health_servicer = _add_health_and_reflection(server, names)
    port = _bind(server, address, tls)
    running = RunningServer(server, port, health_servicer, names)
    await running.set_serving(True)
    await server.start()
    return running


def _add_health_and_reflection(server: aio.Server, names: tuple[str, ...]) -> health.aio.HealthServicer:
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    return servicer


def _bind(server: aio.Server, address: str, tls: Tls) -> int:
    material = read_material(tls)
    credentials = grpc.ssl_server_credentials(
        [(material.key, material.certificate)], root_certificates=material.authority, require_client_auth=True
    )
    try:
        return server.add_secure_port(address, credentials)
    except RuntimeError:
        raise Refusal(
            Reason.IN_USE,
            f"cannot listen on {address}: another program has this port, or the address is not this machine's; "
            "stop that program or change `listen`",
            field="listen",
        ) from None


def _handlers(
    descriptor: ServiceDescriptor, servicer: object, admission: _Admission, analyst_of: AnalystOf
) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(
        descriptor.full_name,
        {
            method.name: _handler(method, getattr(servicer, method.name), admission, analyst_of)
            for method in descriptor.methods
        },
    )


def _handler(
    method: MethodDescriptor, implementation: Callable[..., Any], admission: _Admission, analyst_of: AnalystOf
) -> "grpc.RpcMethodHandler[bytes, bytes]":
    request_class = GetMessageClass(method.input_type)

    async def end(context: Context, data: bytes, error: BaseException) -> Never:
        await _end(context, error, lambda: _where(context, method, request_class, data, analyst_of))

    async def unary(data: bytes, context: Context) -> bytes:
        try:
            admission.check(context)
            with admission:
                response: Message = await implementation(_parse(request_class, data), context)
                return _bytes(response)
        except BaseException as error:
            await end(context, data, error)

    async def stream(data: bytes, context: Context) -> AsyncIterator[bytes]:
        try:
            admission.check(context)
            with admission:
                async for response in implementation(_parse(request_class, data), context):
                    yield _bytes(response)
        except GeneratorExit:
            raise
        except BaseException as error:
            await end(context, data, error)

    if method.server_streaming:
        return grpc.unary_stream_rpc_method_handler(stream)
    return grpc.unary_unary_rpc_method_handler(unary)


def _parse(request_class: type[Message], data: bytes) -> Message:
    try:
        return request_class.FromString(data)
    except DecodeError:
        name = request_class.DESCRIPTOR.name
        raise Refusal(Reason.MALFORMED_REQUEST, f"the bytes sent are not a {name}", field=name) from None


def _bytes(response: Message) -> bytes:
    data: bytes = response.SerializeToString()
    return data


async def _end(context: Context, error: BaseException, where: Callable[[], dict[str, str]]) -> Never:
    """Ends a call whose handler raised."""
    if isinstance(error, ConcordatError):
        await abort(context, error, log_failure(error.reason, where()))
    task = asyncio.current_task()
    cancelled_from_outside = isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling()
    if cancelled_from_outside or not isinstance(error, Exception | asyncio.CancelledError):
        raise error
    frames = reversed(traceback.extract_tb(error.__traceback__))
    place = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in frames)
    note = f"error={type(error).__name__} at {place}"
    reference = log_failure(Reason.INTERNAL, where(), level=logging.ERROR, note=note)
    told = "something failed here; the operator finds it in the log under the reference"
    await abort(context, Unavailable(Reason.INTERNAL, told), reference)


def _where(
    context: Context, method: MethodDescriptor, request_class: type[Message], data: bytes, analyst_of: AnalystOf
) -> dict[str, str]:
    """Which call failed and whose it was, as far as that can be told. Nothing of what it asked."""
    callers = ",".join(sorted(names_of(context)))
    return {"method": method.full_name, "caller": callers, "analyst": _signer(request_class, data, analyst_of)}


def _signer(request_class: type[Message], data: bytes, analyst_of: AnalystOf) -> str:
    try:
        query = getattr(request_class.FromString(data), "query", None)
    except DecodeError:
        query = None
    return analyst_of(query) if isinstance(query, query_pb2.SignedQuery) else NOBODY
