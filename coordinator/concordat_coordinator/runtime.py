"""A coordinator's life: open channels to the nodes, serve, and on SIGTERM finish what was begun. It keeps no state."""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass

from concordat.v1 import coordinator_pb2
from concordat_wire.server import RunningServer, start_server

from concordat_coordinator.config import Settings
from concordat_coordinator.federation import Federation
from concordat_coordinator.service import CoordinatorService

MAX_CONCURRENT = 256
DRAIN_SECONDS = 30.0
GRACE_SECONDS = 5.0
WATCHDOG_SECONDS = DRAIN_SECONDS + 2 * GRACE_SECONDS


@dataclass
class Coordinator:
    """A coordinator that serves. `port` is the one bound."""

    server: RunningServer
    service: CoordinatorService
    federation: Federation

    @property
    def port(self) -> int:
        return self.server.port

    async def stop(self) -> None:
        """Lets running queries end, then closes everything in turn."""
        await self.server.set_serving(False)
        await self.service.drain(DRAIN_SECONDS)
        await self.server.stop(GRACE_SECONDS)
        await self.federation.close()


async def start(settings: Settings) -> Coordinator:
    """Brings a coordinator up, whether its nodes are up or not. Raises Refusal where a file is wrong."""
    federation = Federation.open(settings.file.nodes, settings.tls, settings.agreement)
    service = CoordinatorService(federation, settings.catalogue, settings.agreement)
    try:
        server = await start_server(
            settings.file.listen,
            settings.tls,
            [(coordinator_pb2.DESCRIPTOR.services_by_name["CoordinatorService"], service)],
            callers=None,  # any certificate of the authority: who may ask what is decided by the nodes
            max_concurrent=MAX_CONCURRENT,
        )
    except BaseException:
        await federation.close()
        raise
    return Coordinator(server, service, federation)


async def run_until_told(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT. Calls `ready` with "host:port" once calls are accepted."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    coordinator = await start(settings)
    gc.freeze()  # what was loaded lives as long as the process: collections need not look at it again
    host = settings.file.listen.rpartition(":")[0]
    ready(f"{host}:{coordinator.port}")
    await told.wait()
    watchdog = threading.Timer(WATCHDOG_SECONDS, os._exit, (1,))
    watchdog.daemon = True
    watchdog.start()
    await coordinator.stop()
