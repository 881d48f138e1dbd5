"""Channels to other parties: mutual TLS, kept alive so that no query waits for a connection, never retried here.

Retrying is the caller's: only calls that carry an idempotency key may be sent again.
"""

import grpc
from grpc import aio
from grpc.experimental import ChannelOptions

from concordat_wire.tls import Tls, read_material

KEEPALIVE_MS = 60_000
MAX_RECEIVED_BYTES = 64 * 1024 * 1024
_FOR_EVER = 2**31 - 1
_OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.client_idle_timeout_ms", _FOR_EVER),  # an idle channel would set up a connection on the next query
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),  # a party that is back is reached again within seconds
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", MAX_RECEIVED_BYTES),
)


def open_channel(address: str, tls: Tls, server_name: str) -> aio.Channel:
    """A channel to "host:port" whose certificate must bear `server_name`, whatever the address.

    Connects lazily (`await channel.channel_ready()` to do it at once). Refuses files that do not fit together.
    """
    return aio.secure_channel(address, _credentials(tls), options=_options(server_name))


def open_sync_channel(address: str, tls: Tls, server_name: str) -> grpc.Channel:
    """The same for callers without an event loop. A stream is read in the caller's own thread."""
    single = (ChannelOptions.SingleThreadedUnaryStream, 1)  # or every stream starts a thread
    return grpc.secure_channel(address, _credentials(tls), options=(*_options(server_name), single))


def _credentials(tls: Tls) -> grpc.ChannelCredentials:
    material = read_material(tls)
    return grpc.ssl_channel_credentials(material.authority, material.key, material.certificate)


def _options(server_name: str) -> tuple[tuple[str, int | str], ...]:
    return (*_OPTIONS, ("grpc.ssl_target_name_override", server_name))
