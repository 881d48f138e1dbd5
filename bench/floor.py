"""The floor of a small query over four nodes: two fan-outs of an echo over mTLS and two durable commits.

Run as a program it is one of the four echo servers; the ports are printed when it is ready.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import apsw
import grpc
from concordat_wire.channel import open_channel
from concordat_wire.tls import Tls
from grpc import aio
from processes import Child, stop_all

METHOD = "/concordat.bench.Echo/Echo"
PAYLOAD = b"x" * 1024
WARM_UP = 5


async def serve(tls: Tls) -> None:
    """Echoes what it is sent, over mutual TLS, on a port of its own."""

    async def echo(data: bytes, _: "aio.ServicerContext[bytes, bytes]") -> bytes:
        return data

    server = aio.server(options=(("grpc.so_reuseport", 0),))
    service, method = METHOD.strip("/").split("/")
    handler = grpc.method_handlers_generic_handler(service, {method: grpc.unary_unary_rpc_method_handler(echo)})
    server.add_generic_rpc_handlers([handler])
    credentials = grpc.ssl_server_credentials(
        [(tls.key.read_bytes(), tls.certificate.read_bytes())], tls.authority.read_bytes(), require_client_auth=True
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    print(f"ready on 127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


class Echoes:
    """Four echo servers in processes of their own, and a channel to each."""

    def __init__(self, server: Tls, client: Tls, name: str, logs: Path) -> None:
        paths = [str(path) for path in (server.certificate, server.key, server.authority)]
        program = [sys.executable, __file__, *paths]
        self.children = [
            Child(f"echo {i}", program, logs / f"echo-{i}.log", r"ready on (127\.0\.0\.1:\d+)") for i in range(4)
        ]
        self._addresses = [child.wait_ready(30)[0] for child in self.children]
        self._client, self._name = client, name
        # In a process of its own: one that used grpc.aio keeps a polling thread, which would slow the query's client.
        self._caller = ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def fan_outs(self, count: int) -> list[float]:
        """Seconds of each of `count` fan-outs to all four, after a few to warm up."""
        return self._caller.submit(call_all, self._addresses, self._client, self._name, count).result()

    def stop(self) -> None:
        self._caller.shutdown()
        stop_all(self.children)


def call_all(addresses: Sequence[str], tls: Tls, name: str, count: int) -> list[float]:
    return asyncio.run(_call_all(addresses, tls, name, count))


async def _call_all(addresses: Sequence[str], tls: Tls, name: str, count: int) -> list[float]:
    channels = [open_channel(address, tls, name) for address in addresses]
    calls: list[aio.UnaryUnaryMultiCallable[bytes, bytes]] = [channel.unary_unary(METHOD) for channel in channels]
    taken = []
    for _ in range(count + WARM_UP):
        begun = time.perf_counter()
        await asyncio.gather(*(call(PAYLOAD, timeout=10) for call in calls))
        taken.append(time.perf_counter() - begun)
    for channel in channels:
        await channel.close()
    return taken[WARM_UP:]


def durable_commits(path: Path, count: int) -> list[float]:
    """Seconds of each of `count` single-row commits in WAL mode with synchronous FULL, as the ledger's are."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(x BLOB)").fetchall()
    taken = []
    for _ in range(count):
        begun = time.perf_counter()
        connection.execute("INSERT INTO t VALUES (?)", (PAYLOAD,))
        taken.append(time.perf_counter() - begun)
    connection.close()
    return taken


def main(arguments: Sequence[str]) -> None:
    asyncio.run(serve(Tls(*(Path(argument) for argument in arguments))))


if __name__ == "__main__":
    main(sys.argv[1:])
