"""A node put together: open the ledger, start the engine, serve; and taken down in turn."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from concordat.v1 import node_pb2
from concordat_wire.lifetime import DRAIN_SECONDS, GRACE_SECONDS
from concordat_wire.references import signer_in
from concordat_wire.server import RunningServer, start_server

from concordat_node.admission import Holding, Rules
from concordat_node.config import Settings, check_agreement
from concordat_node.desk import Desk
from concordat_node.editions import Editions
from concordat_node.engine.process import Engine, EngineSettings
from concordat_node.importing.mapping import Mapping
from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger_worker import LedgerWorker
from concordat_node.service import NodeService

Clock = Callable[[], float]
StartEngine = Callable[[EngineSettings], Awaitable[Engine]]
_log = logging.getLogger(__name__)


def ledger_path(state: Path) -> Path:
    return state / "ledger.sqlite"


def rules_of(settings: Settings) -> Rules:
    """What admission is decided from. Raises Refusal where a file is wrong."""
    check_agreement(settings)
    holdings = {dataset: holding_of(mapping) for dataset, mapping in settings.mappings.items()}
    return Rules(settings.file.name, settings.catalogue, settings.agreement, holdings)


def holding_of(mapping: Mapping) -> Holding:
    return Holding(mapping.coverage, mapping.differences, mapping.mapping_sha256)


def open_ledger(settings: Settings, clock: Clock = time.time) -> Ledger:
    """Opens this node's ledger under the agreement's budgets. Refuses one that is in use or damaged."""
    return Ledger.open(
        ledger_path(settings.state),
        node=settings.file.name,
        key=settings.signing_key,
        budgets=settings.budgets,
        clock=clock,
    )


@dataclass
class Node:
    """A node that serves. `port` is the one bound."""

    server: RunningServer
    service: NodeService
    ledger: LedgerWorker
    engine: Engine

    @property
    def port(self) -> int:
        return self.server.port

    async def stop(self) -> None:
        """Refuses new queries, finishes commits, then closes everything in turn."""
        await self.server.set_serving(False)
        await self.service.drain(DRAIN_SECONDS)
        await self.server.stop(GRACE_SECONDS)
        await self.engine.close()
        self.ledger.close()


async def start(settings: Settings, start_engine: StartEngine = Engine.start, clock: Clock = time.time) -> Node:
    """Brings a node up. Raises Refusal where a file is wrong, the ledger in use or the port taken."""
    rules = rules_of(settings)
    ledger = LedgerWorker(lambda: open_ledger(settings, clock))
    try:
        editions = Editions(settings.state, rules.holdings)
        owed = {charge.request.edition for charge in await ledger.run(Ledger.pending)}
        engine = await start_engine(engine_settings(settings, tuple(sorted(owed | editions.ids))))
        try:
            return await _serve(settings, Desk(rules, editions), ledger, engine, clock)
        except BaseException:
            await engine.close()
            raise
    except BaseException:
        ledger.close()
        raise


async def _serve(settings: Settings, desk: Desk, ledger: LedgerWorker, engine: Engine, clock: Clock) -> Node:
    service = NodeService(
        desk,
        ledger,
        engine,
        settings.signing_key,
        reservation_seconds=settings.file.limits.reservation_seconds,
        clock=clock,
    )
    server = await start_server(
        settings.file.listen,
        settings.tls,
        [(node_pb2.DESCRIPTOR.services_by_name["NodeService"], service)],
        callers=frozenset(settings.file.callers),
        max_concurrent=settings.file.limits.max_concurrent,
        analyst_of=signer_in(settings.agreement),
    )
    stop_serving = _Withdrawal(server)
    ledger.when_failed(stop_serving)
    service.witness.on_rollback = stop_serving
    return Node(server, service, ledger, engine)


def engine_settings(settings: Settings, pinned: tuple[str, ...]) -> EngineSettings:
    return EngineSettings(
        node=settings.file.name,
        ledger_public_key=settings.signing_key.public_key,
        catalogue=settings.path(settings.file.catalogue),
        mappings=settings.mapping_paths,
        state=settings.state,
        memory_limit=settings.file.engine.memory_limit,
        threads=settings.file.engine.threads,
        pinned=pinned,
    )


class _Withdrawal:
    """Reports NOT_SERVING once, from a callback."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._task: asyncio.Task[None] | None = None

    def __call__(self) -> None:
        if self._task is None:
            _log.critical("not serving: the ledger cannot be written or went back in time")
            self._task = asyncio.get_running_loop().create_task(self._server.set_serving(False))
