"""A whole federation in one process: nodes and a coordinator on loopback over mutual TLS, with tiny editions.

Everything is real except the engine, which by default is a fake that gives the noisy vectors it was told to.
"""

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from concordat.v1 import coordinator_pb2, coordinator_pb2_grpc, engine_pb2, node_pb2, node_pb2_grpc, query_pb2
from concordat_coordinator import runtime as coordinator_runtime
from concordat_coordinator.config import read_settings as read_coordinator
from concordat_node import runtime as node_runtime
from concordat_node.config import Settings
from concordat_node.config import read_settings as read_node
from concordat_node.engine.settings import EngineSettings
from concordat_node.importing import mapping as mappings
from concordat_node.importing.edition import EditionInfo
from concordat_privacy.plan import held_components, plan
from concordat_query.catalogue import Catalogue
from concordat_query.errors import ConcordatError
from concordat_query.model import (
    Aggregate,
    AggregateRef,
    Calculus,
    Envelope,
    KeyColumn,
    NationColumn,
    Presentation,
    Query,
    Statistic,
    ValueColumn,
)
from concordat_query.signing import Purpose, SigningKey
from concordat_query.wire import envelope_from_bytes, envelope_to_bytes
from concordat_query.wire_presentation import presentation_to_proto
from concordat_wire.channel import open_channel
from fakes.catalogue import NATIONS, small_catalogue
from fakes.certificates import FakeAuthority
from fakes.editions import Row, build_edition
from fakes.engine import CASUALTIES, query
from fakes.toml import write_toml
from grpc import aio

COORDINATOR, ANALYST, OTHER = "coordinator", "analyst", "other"
SECONDS = 10.0
ROWS: Sequence[Sequence[Row]] = [[{"year": 2014, "severity": 0, "mode": 0}], [{"year": 2016, "severity": 2, "mode": 1}]]


def node_name(nation: str) -> str:
    return "node-" + nation.lower().replace(" ", "-")


class FakeClock:
    """Real time, moved forward or backward at will."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset


@dataclass
class FakeEngine:
    """Gives every held component one value per cell, different on every release. Checks nothing."""

    catalogue: Catalogue
    coverages: Mapping[str, Any]
    releases: list[engine_pb2.SignedReceipt] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    fails: Exception | None = None
    refuses: ConcordatError | None = None
    """What `require` raises."""

    def __post_init__(self) -> None:
        self.may_go_on.set()

    async def release(
        self, signed: query_pb2.SignedQuery, receipt: engine_pb2.SignedReceipt
    ) -> list[node_pb2.Component]:
        self.releases.append(receipt)
        self.started.set()
        await self.may_go_on.wait()
        if self.fails is not None:
            raise self.fails
        asked = envelope_from_bytes(signed.envelope).query
        dataset = self.catalogue.dataset(asked.dataset)
        planned = plan(asked, dataset)
        held = held_components(planned, dataset, self.coverages[asked.dataset])
        return [
            node_pb2.Component(
                index=index,
                scale=planned.components[index].scale,
                values=range(100 * len(self.releases), 100 * len(self.releases) + planned.cells),
            )
            for index in sorted(held)
        ]

    async def require(self, edition: str) -> None:
        if self.refuses is not None:
            raise self.refuses

    async def close(self) -> None:
        pass


@dataclass
class FakeMember:
    """One node: its files, and while it runs its parts."""

    name: str
    settings: Settings
    clock: FakeClock
    edition: EditionInfo
    real_engine: bool = False
    engine: FakeEngine = field(init=False)
    """A new one with every start; not used with real engines."""
    node: node_runtime.Node | None = None
    port: int = 0

    def __post_init__(self) -> None:
        coverages = {name: mapping.coverage for name, mapping in self.settings.mappings.items()}
        self.engine = FakeEngine(self.settings.catalogue, coverages)

    async def start(self) -> None:
        self.__post_init__()

        async def fake(_: EngineSettings) -> Any:
            return self.engine

        settings = self._at_port()
        if self.real_engine:
            self.node = await node_runtime.start(settings, clock=self.clock)
        else:
            self.node = await node_runtime.start(settings, fake, self.clock)
        self.port = self.node.port

    def _at_port(self) -> Settings:
        """A node that starts again listens where it did."""
        file = self.settings.file.model_copy(update={"listen": f"127.0.0.1:{self.port}"})
        return replace(self.settings, file=file)

    async def kill(self) -> None:
        """Ends the node at once, without a word."""
        if self.node is not None:
            node, self.node = self.node, None
            await node.server.server.stop(0)
            await node.engine.close()
            node.ledger.close()

    async def stop(self) -> None:
        if self.node is not None:
            node, self.node = self.node, None
            await node.stop()

    @contextmanager
    def ledger_busy(self) -> Iterator[None]:
        """Holds up whatever asks the ledger within."""
        assert self.node is not None
        free = threading.Event()
        held = asyncio.ensure_future(self.node.ledger.run(lambda ledger: free.wait()))
        try:
            yield
        finally:
            free.set()
            held.add_done_callback(lambda done: done.exception())

    async def log(self) -> list[str]:
        """The kinds of the ledger's entries."""
        assert self.node is not None
        entries = await self.node.ledger.run(lambda ledger: ledger.entries())
        return [entry.content["kind"] for entry in entries]

    async def spent(self, population: str = "people") -> int:
        assert self.node is not None
        return (await self.node.ledger.run(lambda ledger: ledger.balances()))[population].spent

    async def reserved(self, population: str = "people") -> int:
        assert self.node is not None
        return (await self.node.ledger.run(lambda ledger: ledger.balances()))[population].reserved


@dataclass
class FakeFederation:
    """Nodes by nation, the coordinator, and the analysts' keys."""

    folder: Path
    catalogue: Catalogue
    members: dict[str, FakeMember]
    authority: FakeAuthority
    analyst: SigningKey
    other: SigningKey
    clock: FakeClock
    coordinator: coordinator_runtime.Coordinator | None = None
    channels: list[aio.Channel] = field(default_factory=list)
    keys: Any = field(default_factory=lambda: (f"key-{number}" for number in itertools.count()))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(member.name for member in self.members.values()))

    def envelope(self, asked: Query, **more: Any) -> Envelope:
        envelope = Envelope(
            query=asked,
            catalogue_sha256=self.catalogue.sha256,
            agreement_id="small",
            agreement_version=1,
            audience=self.names,
            idempotency_key=next(self.keys),
            expires_at=int(time.time()) + 3600,
        )
        return replace(envelope, **more)

    def signed(self, asked: Query | None = None, key: SigningKey | None = None, **more: Any) -> query_pb2.SignedQuery:
        key = key or self.analyst
        data = envelope_to_bytes(self.envelope(asked or by_severity(), **more))
        return query_pb2.SignedQuery(envelope=data, public_key=key.public_key, signature=key.sign(Purpose.QUERY, data))

    def node(self, nation: str, caller: str = COORDINATOR) -> "node_pb2_grpc.NodeServiceAsyncStub":
        """A stub that speaks to one node directly."""
        member = self.members[nation]
        return node_pb2_grpc.NodeServiceStub(self.channel(member.port, member.name, caller))

    def analysts_stub(self) -> "coordinator_pb2_grpc.CoordinatorServiceAsyncStub":
        assert self.coordinator is not None
        return coordinator_pb2_grpc.CoordinatorServiceStub(self.channel(self.coordinator.port, COORDINATOR, ANALYST))

    def channel(self, port: int, name: str, caller: str) -> aio.Channel:
        """A channel to the party of that name, with the caller's certificate."""
        channel = open_channel(f"127.0.0.1:{port}", self.authority.issue(caller), name)
        self.channels.append(channel)
        return channel

    async def run(self, signed: query_pb2.SignedQuery, **more: Any) -> coordinator_pb2.Result:
        """Runs through the coordinator and returns the result."""
        return (await self.run_events(signed, **more))[-1].result

    async def run_events(
        self, signed: query_pb2.SignedQuery, presentation: Presentation | None = None
    ) -> list[coordinator_pb2.RunResponse]:
        shown = presentation or presentation_of(envelope_from_bytes(signed.envelope).query)
        request = coordinator_pb2.RunRequest(
            query=signed, presentation=presentation_to_proto(shown), progress=True, table=True
        )
        return [event async for event in self.analysts_stub().Run(request, timeout=SECONDS)]

    async def stop(self) -> None:
        for channel in self.channels:
            await channel.close()
        if self.coordinator is not None:
            await self.coordinator.stop()
        for member in self.members.values():
            await member.stop()


def by_severity(**more: Any) -> Query:
    """COUNT(*) by severity, cheap enough to be asked many times."""
    return query(CASUALTIES, ["severity"], [Aggregate(Statistic.COUNT_ROWS)], **more)


def presentation_of(asked: Query) -> Presentation:
    """Every nation, key and aggregate in a column of its own."""
    keys = [KeyColumn(str(key), index) for index, key in enumerate(asked.keys)]
    values = [ValueColumn(f"value_{index}", AggregateRef(index)) for index in range(len(asked.aggregates))]
    return Presentation(True, (NationColumn("nation"), *keys, *values))


@asynccontextmanager
async def federation(
    folder: Path,
    *,
    nations: Sequence[str] = NATIONS,
    real_engine: bool = False,
    **more: Any,
) -> AsyncIterator[FakeFederation]:
    """Writes everything as `write_federation` does, starts it and stops it again."""
    made = write_federation(folder, nations, **more)
    try:
        for member in made.members.values():
            member.real_engine = real_engine
            await member.start()
        path = write_coordinator(folder, made.members)
        made.coordinator = await coordinator_runtime.start(read_coordinator(path))
        yield made
    finally:
        for member in made.members.values():
            member.engine.may_go_on.set()
        await made.stop()


def write_federation(
    folder: Path,
    nations: Sequence[str],
    *,
    catalogue: Catalogue | None = None,
    holds: Mapping[str, Mapping[str, Any]] | None = None,
    shares_answers: bool = False,
    epsilon: float = 10.0,
    reservation_seconds: int = 60,
    starts: date | None = None,
    calculus: Calculus = Calculus.GAUSSIAN,
) -> FakeFederation:
    """All files of a federation, editions included. `holds` gives a nation's mapping of casualties its [holds];
    `calculus` is what the budget of the people counts in."""
    catalogue = catalogue or small_catalogue()
    write_toml(folder / "catalogue.toml", catalogue.model_dump(mode="json", exclude_none=True))
    keys = {name: SigningKey.generate() for name in (*map(node_name, nations), ANALYST, OTHER)}
    agreed = agreement_content(catalogue, nations, keys, shares_answers, epsilon, starts)
    if calculus is Calculus.PURE:
        agreed["populations"]["people"] = {"epsilon": epsilon, "calculus": "pure"}
    write_toml(folder / "agreement.toml", agreed)
    authority = FakeAuthority(folder / "certs")
    authority.issue(COORDINATOR)
    clock = FakeClock()
    members = {}
    for nation in nations:
        settings = _write_node(folder, nation, keys, authority, (holds or {}).get(nation, {}), reservation_seconds)
        mapping = mappings.load(settings.mapping_paths[0], catalogue)
        edition = build_edition(
            settings.state, CASUALTIES, mapping.definition, ROWS, mapping_sha256=mapping.mapping_sha256
        )
        members[nation] = FakeMember(node_name(nation), settings, clock, edition)
    return FakeFederation(folder, catalogue, members, authority, keys[ANALYST], keys[OTHER], clock)


def agreement_content(
    catalogue: Catalogue,
    nations: Sequence[str],
    keys: Mapping[str, SigningKey],
    shares_answers: bool,
    epsilon: float,
    starts: date | None,
) -> dict[str, Any]:
    columns = [column.name for column in catalogue.dataset(CASUALTIES).columns]
    today = date.today()
    begin = starts or today - timedelta(days=1)
    return {
        "id": "small",
        "version": 1,
        "title": "A small agreement",
        "catalogue_sha256": catalogue.sha256,
        "starts": begin.isoformat(),
        "expires": (begin + timedelta(days=30)).isoformat(),
        "shares_answers": shares_answers,
        "parties": [
            {"node": node_name(nation), "nation": nation, "public_key": keys[node_name(nation)].public_key_text}
            for nation in nations
        ],
        "analysts": [{"name": name, "public_key": keys[name].public_key_text} for name in (ANALYST, OTHER)],
        "populations": {"people": {"epsilon": epsilon, "delta": 1e-6}, "patients": {"epsilon": 1.0, "delta": 1e-6}},
        "datasets": {
            CASUALTIES: {
                "columns": [name for name in columns if name != "sex"],
                "keys": ["severity", "year", "mode"],
                "statistics": ["COUNT(*)", "COUNT", "AVG"],
                "max_groups": 4,
                "max_rows": 5,
                "max_epsilon": 2.0,
            }
        },
        "defaults": {"epsilon": 0.5},
    }


def _write_node(
    folder: Path,
    nation: str,
    keys: Mapping[str, SigningKey],
    authority: FakeAuthority,
    holds: Mapping[str, Any],
    reservation_seconds: int,
) -> Settings:
    name = node_name(nation)
    place = folder / name
    place.mkdir()
    authority.issue(name)
    keys[name].write(place / "signing.key")
    columns = [column.name for column in small_catalogue().dataset(CASUALTIES).columns]
    held = [column for column in columns if holds.get("columns", {}).get(column, {}).get("held", True)]
    write_toml(
        place / "mapping.toml",
        {
            "dataset": CASUALTIES,
            "unit_id": "id",
            "sources": {"source": {"path": "source.csv"}},
            "select": f"SELECT {', '.join(held)} FROM source",  # noqa: S608  # columns of the catalogue
            "holds": holds,
        },
    )
    path = write_toml(
        place / "node.toml",
        {
            "name": name,
            "nation": nation,
            "state": "state",
            "catalogue": "../catalogue.toml",
            "agreement": "../agreement.toml",
            "signing_key": "signing.key",
            "data": "data",
            "mappings": ["mapping.toml"],
            "listen": "127.0.0.1:0",
            "callers": [COORDINATOR],
            "tls": tls_table(name),
            "engine": {"memory_limit": "500MB", "threads": 1},
            "limits": {"reservation_seconds": reservation_seconds},
        },
    )
    return read_node(path)


def tls_table(name: str, folder: str = "../certs") -> dict[str, str]:
    return {
        "certificate": f"{folder}/{name}.crt",
        "key": f"{folder}/{name}.key",
        "authority": f"{folder}/authority.crt",
    }


def write_coordinator(folder: Path, members: Mapping[str, FakeMember]) -> Path:
    return write_toml(
        folder / "coordinator.toml",
        {
            "listen": "127.0.0.1:0",
            "catalogue": "catalogue.toml",
            "agreement": "agreement.toml",
            "nodes": [{"name": member.name, "address": f"127.0.0.1:{member.port}"} for member in members.values()],
            "tls": tls_table(COORDINATOR, "certs"),
        },
    )
