"""The node's side of the pipe: starts the engine, asks it, and starts it anew when it has died.

No exact figure ever reaches this process. Nothing polls: a request waits for its turn, then for the pipe.
"""

import asyncio
import sys
from contextlib import suppress

from concordat.v1 import engine_pb2, node_pb2, query_pb2
from concordat_query import wire
from concordat_query.errors import Charged, ConcordatError, Reason, Refusal, Unavailable

from concordat_node.engine.frames import LENGTH, frame, length_of
from concordat_node.engine.settings import EngineSettings

__all__ = ["Engine", "EngineSettings"]

_Response = engine_pb2.EngineResponse
ENVIRONMENT = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_BROKEN = (asyncio.IncompleteReadError, OSError, ValueError)


class Engine:
    """An engine process and the queue before it: one request at a time, in order of arrival.

    Make one with `start`, in the thread that lives as long as the node: the engine dies with that thread. A new
    edition is seen by a new Engine only. Settings and what they name are read again whenever the process is replaced.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._exchanges: set[asyncio.Task[bytes]] = set()
        self._editions: frozenset[str] = frozenset()

    @classmethod
    async def start(cls, settings: EngineSettings) -> "Engine":
        """Starts the process and waits until it can serve. Raises Unavailable if it cannot."""
        engine = cls(settings)
        try:
            async with engine._turn:
                await engine._living()
        except BaseException:
            await engine._end()
            raise
        return engine

    @property
    def pid(self) -> int | None:
        """The process's id, while there is one."""
        return None if self._process is None else self._process.pid

    async def require(self, edition: str) -> None:
        """Returns if the engine can answer from this edition; ask before anyone is charged. Starts it if it has died.

        Raises Refusal where it cannot, as after a mapping was changed under a running node, and Unavailable where it
        does not start.
        """
        if self._process is None or self._process.returncode is not None:
            async with self._turn:
                await self._living()
        if edition not in self._editions:
            raise Refusal(
                Reason.EDITION_UNAVAILABLE,
                "the engine cannot open the edition: its file, the mapping or the catalogue was changed while the node "
                "ran; import again or restore them, then start the node again",
                field="edition",
            )

    async def release(
        self, query: query_pb2.SignedQuery, receipt: engine_pb2.SignedReceipt
    ) -> list[node_pb2.Component]:
        """The noisy components that the receipt pays for.

        Raises Refusal where engine and node disagree about the edition, and Unavailable where they do about the rest or
        the engine failed or died: the charge stands, and running the same key again is safe.
        """
        return await self._released(engine_pb2.EngineRequest(query=query, receipt=receipt))

    async def profile(
        self, asked: node_pb2.ProfileRequest, receipt: engine_pb2.SignedReceipt
    ) -> list[node_pb2.Component]:
        """The noisy vectors of a profile that the receipt pays for. Raises as `release` does."""
        return await self._released(engine_pb2.EngineRequest(profile=asked, receipt=receipt))

    async def _released(self, request: engine_pb2.EngineRequest) -> list[node_pb2.Component]:
        exchange = asyncio.create_task(self._exchange(request.SerializeToString()))
        self._exchanges.add(exchange)
        exchange.add_done_callback(self._forget)
        # A caller who gives up must not leave half a message on the pipe.
        response = wire.parse(_Response, await asyncio.shield(exchange), "engine")
        if response.failure != _Response.FAILURE_UNSPECIFIED:
            raise _error(response.failure)
        return list(response.components)

    async def close(self) -> None:
        """Ends the process, after the request that it is at."""
        async with self._turn:
            await self._end()

    def _forget(self, exchange: "asyncio.Task[bytes]") -> None:
        self._exchanges.discard(exchange)
        if not exchange.cancelled():
            exchange.exception()  # nobody may be left to hear of it

    async def _exchange(self, request: bytes) -> bytes:
        async with self._turn:
            process = await self._living()
            try:
                return await _ask(process, request)
            except _BROKEN:
                await self._end()
                raise _lost() from None

    async def _living(self) -> asyncio.subprocess.Process:
        """The process, started anew if it has died."""
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._process = await _spawn(self._settings)
        try:
            ready = wire.parse(_Response, await _read(self._process), "engine")
        except _BROKEN:
            ready = _Response(failure=_Response.FAILURE_COMPUTE)
        if ready.failure != _Response.FAILURE_UNSPECIFIED:
            await self._end()
            raise _lost()
        self._editions = frozenset(ready.editions)
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def command(settings: EngineSettings) -> tuple[str, ...]:
    """How the engine is started: isolated from the node's module path, and writing no bytecode."""
    return (sys.executable, "-I", "-B", "-m", "concordat_node.engine", settings.to_argument())


async def _spawn(settings: EngineSettings) -> asyncio.subprocess.Process:
    """The process with two pipes and nothing else of the node's: no environment, no descriptors, no terminal."""
    return await asyncio.create_subprocess_exec(
        *command(settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )


async def _ask(process: asyncio.subprocess.Process, request: bytes) -> bytes:
    assert process.stdin is not None  # noqa: S101  # spawned with pipes
    process.stdin.write(frame(request))
    await process.stdin.drain()
    return await _read(process)


async def _read(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None  # noqa: S101  # spawned with pipes
    length = length_of(await process.stdout.readexactly(LENGTH.size))
    return await process.stdout.readexactly(length)


def _lost() -> Unavailable:
    return Unavailable(
        Reason.ENGINE_FAILED, "the node's engine stopped; run the query again under the same key", field="engine"
    )


def _error(failure: int) -> ConcordatError:
    match failure:
        case _Response.FAILURE_REQUEST:
            return Unavailable(Reason.ENGINE_DISAGREES, "the engine cannot execute this query", field="query")
        case _Response.FAILURE_RECEIPT:
            return Unavailable(Reason.ENGINE_DISAGREES, "the engine holds the receipt to be void", field="receipt")
        case _Response.FAILURE_PRICE:
            told = "the privacy map disagrees with the price"
            return Unavailable(Reason.ENGINE_DISAGREES, told, field="query.price_nano")
        case _Response.FAILURE_EDITION:
            return Refusal(
                Reason.EDITION_UNAVAILABLE,
                "the edition is missing or changed; import again",
                field="edition",
                charged=Charged.STORED,
            )
        case _:
            return _lost()
