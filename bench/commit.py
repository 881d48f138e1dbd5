"""A node's Commit on a large edition against plain DuckDB running the unprotected aggregate on the same edition.

Whatever a Commit is made of is measured by itself in the same run: the engine's statement in a database locked as the
engine's is, the noise, two durable transactions, the engine's pipe (a request that it refuses unread) and a gRPC call
to the node (GetBudget). What is left over is signatures, admission and the ledger's work.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from bars import Measure, median, milliseconds, ratio
from concordat.v1 import engine_pb2, node_pb2, node_pb2_grpc, query_pb2
from concordat_node.config import Settings, read_settings
from concordat_node.engine.database import open_locked
from concordat_node.engine.process import Engine, EngineSettings
from concordat_node.engine.scans import Scans, scans
from concordat_node.importing import edition
from concordat_node.runtime import engine_settings
from concordat_privacy import noise
from concordat_privacy.plan import Plan, plan
from concordat_query.errors import ConcordatError
from concordat_wire.channel import open_channel
from floor import durable_commits
from large_node import CELLS, DATASET, NODE, lay_out, question, run, tls_of
from processes import stop_all

BAR_AT_10M = 3.0
TURNS = 15
CALLS = 200
PLAIN = f"SELECT region, count(*), sum(amount) FROM edition.{edition.TABLE} WHERE amount <= {{limit}} GROUP BY region"  # noqa: S608


@dataclass(frozen=True)
class Parts:
    """Seconds of each turn: a Commit, the plain aggregate, and what a Commit is made of, each by itself."""

    commit: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    scan: list[float] = field(default_factory=list)
    noise: list[float] = field(default_factory=list)
    sync: list[float] = field(default_factory=list)
    pipe: list[float] = field(default_factory=list)
    call: list[float] = field(default_factory=list)


def measure(build: Path, rows: int) -> list[Measure]:
    """Imports `rows` generated rows, serves them, and times distinct Commits in turn with their parts."""
    lay_out(build, rows)
    imported = run(build, "import")
    begun = time.perf_counter()
    imported.wait_end(1200)
    import_seconds = time.perf_counter() - begun
    node = run(build, "serve", r"ready .*?(127\.0\.0\.1:\d+)")
    try:
        parts = asyncio.run(_turns(build, node.wait_ready(60)[0]))
    finally:
        stop_all([node])
    return _measures(rows, parts, import_seconds)


def _measures(rows: int, parts: Parts, import_seconds: float) -> list[Measure]:
    label = f"{rows // 1_000_000}M rows"
    commit, plain, syncs = median(parts.commit), median(parts.plain), 2 * median(parts.sync)
    known = {
        "scan: the engine's statement": median(parts.scan),
        "noise": median(parts.noise),
        "fsync: two durable transactions": syncs,
        "pipe: a request that the engine refuses": median(parts.pipe),
        "gRPC: a GetBudget": median(parts.call),
    }
    return [
        Measure(f"{label}: import", round(import_seconds, 1), "s"),
        milliseconds(f"{label}: plain DuckDB", plain),
        milliseconds(f"{label}: Commit", commit),
        *(milliseconds(f"{label}:   {name}", seconds) for name, seconds in known.items()),
        milliseconds(f"{label}:   left over by subtraction", commit - sum(known.values())),
        ratio(f"{label}: Commit apart from fsync, to plain DuckDB", (commit - syncs) / plain, BAR_AT_10M)
        if rows > 1_000_000
        else milliseconds(
            f"{label}: Commit apart from fsync, beyond 3 times plain DuckDB", commit - syncs - 3 * plain, 25.0
        ),
    ]


async def _turns(build: Path, address: str) -> Parts:
    parts = Parts()
    settings = read_settings(build / "node.toml")
    channel = open_channel(address, tls_of(build), NODE)
    stub = node_pb2_grpc.NodeServiceStub(channel)
    plain, locked = _plain(settings), _locked(build, settings)
    if len(plain.execute(PLAIN.format(limit=900)).fetchall()) != CELLS:
        raise ValueError("the edition does not hold what was generated")
    for turn in range(-2, TURNS):
        measured = parts if turn >= 0 else Parts()  # negative turns warm up
        await _turn(build, settings, stub, plain, locked, 900 + turn, measured)
    parts.call.extend(await _timed(lambda: stub.GetBudget(node_pb2.GetBudgetRequest(), timeout=60)))
    await channel.close()
    parts.pipe.extend(await _pipe(build, settings))
    parts.sync.extend(durable_commits(build / "commits.db", CALLS))
    return parts


def _plain(settings: Settings) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"SET threads = {settings.file.engine.threads}")
    connection.execute(f"ATTACH '{edition.current(settings.state, DATASET).path}' AS edition (READ_ONLY)")
    return connection


def _locked(build: Path, settings: Settings) -> duckdb.DuckDBPyConnection:
    """The edition as an engine opens it."""
    return open_locked(
        {"edition": edition.current(settings.state, DATASET).path},
        spill=build / "spill",
        spill_limit=EngineSettings.spill_limit,
        memory_limit=settings.file.engine.memory_limit,
        threads=settings.file.engine.threads,
    )


async def _turn(
    build: Path,
    settings: Settings,
    stub: "node_pb2_grpc.NodeServiceAsyncStub",
    plain: duckdb.DuckDBPyConnection,
    locked: duckdb.DuckDBPyConnection,
    limit: int,
    parts: Parts,
) -> None:
    """One distinct question, put to the node, to plain DuckDB, and to each part of the engine's work."""
    query, signed = question(build, settings.catalogue, limit)
    planned = plan(query, settings.catalogue.dataset(DATASET))
    prepared = await stub.Prepare(node_pb2.PrepareRequest(query=signed), timeout=60)
    request = node_pb2.CommitRequest(query=signed, reservation=prepared.reservation, participants=[NODE])
    begun = time.perf_counter()
    await stub.Commit(request, timeout=60)
    parts.commit.append(time.perf_counter() - begun)
    parts.plain.append(_seconds(lambda: plain.execute(PLAIN.format(limit=limit)).fetchall()))
    scan = _scan(settings, planned)
    parts.scan.append(_seconds(lambda: list(scan.read(locked))))
    parts.noise.append(_seconds(lambda: [noise.draw(component.law, CELLS) for component in planned.components]))


def _scan(settings: Settings, planned: Plan) -> Scans:
    coverage = settings.mappings[DATASET].coverage
    indexes = range(len(planned.components))
    return scans(planned, settings.catalogue.dataset(DATASET), coverage, indexes, f"edition.{edition.TABLE}")


async def _pipe(build: Path, settings: Settings) -> list[float]:
    """Round trips to an engine of the bench's own, which holds no edition and refuses what nobody signed."""
    engine = await Engine.start(_without_editions(build, settings))

    async def refused() -> None:
        with suppress(ConcordatError):
            await engine.release(query_pb2.SignedQuery(), engine_pb2.SignedReceipt())

    try:
        return await _timed(refused)
    finally:
        await engine.close()


def _without_editions(build: Path, settings: Settings) -> EngineSettings:
    nowhere = build / "no-editions"
    nowhere.mkdir()
    served = engine_settings(settings, ())
    return EngineSettings(NODE, served.ledger_public_key, served.catalogue, served.mappings, nowhere)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


async def _timed(work: Callable[[], Awaitable[object]]) -> list[float]:
    """Seconds of each of CALLS calls."""
    taken = []
    for _ in range(CALLS):
        begun = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - begun)
    return taken
