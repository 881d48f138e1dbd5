"""An analyst of a fake federation: client.toml, and calls that leave the event loop free for the servers."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from concordat_client import Connection, connect
from fakes.federation import ANALYST, COORDINATOR, FakeFederation, tls_table
from fakes.toml import write_toml

T = TypeVar("T")


def write_client(fed: FakeFederation, **more: object) -> Path:
    """Writes client.toml beside the federation's other files."""
    fed.authority.issue(ANALYST)
    key = fed.folder / "analyst.signing.key"
    if not key.exists():
        fed.analyst.write(key)
    port = fed.coordinator.port if fed.coordinator is not None else 1
    content = {
        "coordinator": f"127.0.0.1:{port}",
        "coordinator_name": COORDINATOR,
        "catalogue": "catalogue.toml",
        "agreement": "agreement.toml",
        "signing_key": key.name,
        "tls": tls_table(ANALYST, "certs"),
    }
    return write_toml(fed.folder / "client.toml", {**content, **more})


async def with_connection(fed: FakeFederation, work: Callable[[Connection], T]) -> T:
    """What `work` returns or raises, run in a thread with a connection of its own."""
    path = write_client(fed)

    def run() -> T:
        with connect(path) as connection:
            return work(connection)

    return await asyncio.to_thread(run)
