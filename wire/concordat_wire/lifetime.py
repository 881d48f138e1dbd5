"""A server's life, the same for nodes and coordinators: start, say so, and on SIGTERM finish what was begun."""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from typing import Protocol

DRAIN_SECONDS = 30.0
"""What begun work is given to end when the server is told to stop."""
GRACE_SECONDS = 5.0
"""What calls still open are given after that."""
_WATCHDOG_SECONDS = DRAIN_SECONDS + 2 * GRACE_SECONDS


class Party(Protocol):
    """A node or coordinator that serves. `port` is the one bound."""

    @property
    def port(self) -> int: ...

    async def stop(self) -> None:
        """Refuses what is new, finishes what was begun, closes everything."""


async def run_until_told(start: Callable[[], Awaitable[Party]], listen: str, ready: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT. Calls `ready` with "host:port" once calls are accepted."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    party = await start()
    gc.freeze()  # what was loaded lives as long as the process: collections need not look at it again
    ready(f"{listen.rpartition(':')[0]}:{party.port}")
    await told.wait()
    _watchdog()
    await party.stop()


def _watchdog() -> None:
    """Ends the process if stopping hangs, as gRPC's shutdown once did. What was charged is already durable."""
    timer = threading.Timer(_WATCHDOG_SECONDS, os._exit, (1,))
    timer.daemon = True
    timer.start()
