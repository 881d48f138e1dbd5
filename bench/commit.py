"""A node's Commit on a large edition against plain DuckDB running the unprotected aggregate on the same edition.

The parts of a Commit are measured beside it: the engine's answer over its pipe, the noise, the ledger's two durable
transactions; gRPC is an echo's share. What is left of the engine's answer is the scan and the pipe.
"""

import asyncio
import base64
import sys
import time
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
from bars import Measure, median, milliseconds, ratio
from concordat.v1 import node_pb2, node_pb2_grpc, query_pb2
from concordat_client.asking import sign
from concordat_node.certs import issue, make_authority
from concordat_node.importing import edition
from concordat_privacy import noise
from concordat_privacy.accounting import rho_nano_of
from concordat_privacy.plan import plan
from concordat_query import agreement as agreements
from concordat_query import catalogue as catalogues
from concordat_query.canonical import canonical_query
from concordat_query.model import Aggregate, Comparator, Comparison, Envelope, Query, Statistic
from concordat_query.signing import SigningKey
from concordat_wire.channel import open_channel
from concordat_wire.tls import Tls
from floor import durable_commits
from processes import Child, stop_all

CELLS = 20
TURNS = 15
NODE, ASKER, DATASET = "bench-node", "bench-asker", "bench.rows"
PLAIN = f"SELECT region, count(*), sum(amount) FROM edition.{edition.TABLE} WHERE amount <= {{limit}} GROUP BY region"  # noqa: S608

CATALOGUE = f"""
version = 1
title = "Bench"
nations = [{{ name = "England", gss = "E92000001" }}]
[populations."bench"]
description = "rows"
[datasets."{DATASET}"]
title = "Rows"
description = "One row a unit."
population = "bench"
unit = "row"
unit_description = "one row"
max_rows_per_unit = 1
[[datasets."{DATASET}".columns]]
name = "region"
type = "code"
description = "one of {CELLS}"
codes = [{", ".join(f'"r{i}"' for i in range(CELLS))}]
nullable = false
[[datasets."{DATASET}".columns]]
name = "amount"
type = "number"
description = "an amount"
lower = 0
upper = 1000
nullable = false
"""
MAPPING = f"""
dataset = "{DATASET}"
unit_id = "id"
select = "SELECT 'r' || region AS region, amount AS amount FROM source"
[sources.source]
path = "rows.parquet"
"""  # noqa: S608  # a mapping, not a statement of ours
AGREEMENT = """
id = "bench"
version = 1
title = "Bench"
catalogue_sha256 = "{catalogue}"
starts = {starts}
expires = {expires}
[[parties]]
node = "bench-node"
nation = "England"
public_key = "{node_key}"
[[analysts]]
name = "bench-asker"
public_key = "{asker_key}"
[populations.bench]
epsilon = 8
delta = 1e-6
[datasets."bench.rows"]
columns = ["region", "amount"]
keys = ["region"]
statistics = ["COUNT(*)", "COUNT", "SUM", "AVG"]
max_groups = 1
max_rows = 1
max_epsilon = 1
[defaults]
epsilon = 0.1
"""
CONFIG = """
name = "bench-node"
nation = "England"
state = "state"
catalogue = "catalogue.toml"
agreement = "agreement.toml"
signing_key = "certs/bench-node.signing.key"
data = "data"
mappings = ["mapping.toml"]
listen = "127.0.0.1:0"
callers = ["bench-asker"]
[tls]
certificate = "certs/bench-node.crt"
key = "certs/bench-node.key"
authority = "certs/authority.crt"
[engine]
memory_limit = "2GB"
threads = 2
"""


@dataclass(frozen=True)
class Parts:
    """Seconds of each turn: Commit over gRPC, Prepare over gRPC, the plain aggregate, noise, the two syncs."""

    commit: list[float]
    prepare: list[float]
    plain: list[float]
    noise: list[float]
    syncs: list[float]


def measure(build: Path, rows: int) -> list[Measure]:
    """Imports `rows` generated rows, serves them, and times distinct Commits in turn with the plain aggregate."""
    _lay_out(build, rows)
    imported = _run(build, "import")
    begun = time.perf_counter()
    imported.wait_end(1200)
    import_seconds = time.perf_counter() - begun
    node = _run(build, "serve", r"ready .*?(127\.0\.0\.1:\d+)")
    try:
        parts = asyncio.run(_turns(build, node.wait_ready(60)[0]))
    finally:
        stop_all([node])
    return _measures(rows, parts, import_seconds)


def _measures(rows: int, parts: Parts, import_seconds: float) -> list[Measure]:
    label = f"{rows // 1_000_000}M rows"
    syncs = 2 * median(parts.syncs)
    commit, plain = median(parts.commit), median(parts.plain)
    apart = commit - syncs
    scan = apart - median(parts.noise) - median(parts.prepare)
    allowance = 0.025 if rows <= 1_000_000 else 0.0
    bar = 3.0 if not allowance else round(3 + allowance / plain, 3)
    return [
        Measure(f"{label}: import", round(import_seconds, 1), "s"),
        milliseconds(f"{label}: plain DuckDB", plain),
        milliseconds(f"{label}: Commit", commit),
        milliseconds(f"{label}:   of it scan and pipe (the rest)", scan),
        milliseconds(f"{label}:   of it noise", median(parts.noise)),
        milliseconds(f"{label}:   of it two durable transactions", syncs),
        milliseconds(f"{label}:   of it gRPC and admission (a Prepare less its sync)", median(parts.prepare)),
        ratio(f"{label}: Commit apart from fsync, to plain DuckDB", apart / plain, bar),
    ]


def _lay_out(build: Path, rows: int) -> None:
    (build / "data").mkdir(parents=True)
    records = "SELECT range AS id, hash(range) % $cells AS region, hash(range + 1) % 1001 AS amount FROM range($rows)"
    duckdb.execute(
        f"COPY ({records}) TO '{build / 'data' / 'rows.parquet'}'",
        {"cells": CELLS, "rows": rows},
    )
    make_authority(build / "certs")
    for name in (NODE, ASKER):
        issue(build / "certs", name, ["localhost", "127.0.0.1"])
    (build / "catalogue.toml").write_text(CATALOGUE)
    (build / "mapping.toml").write_text(MAPPING)
    (build / "node.toml").write_text(CONFIG)
    today = date.today()
    agreement = AGREEMENT.format(
        catalogue=catalogues.load(build / "catalogue.toml").sha256,
        starts=today - timedelta(days=1),
        expires=today + timedelta(days=1),
        node_key=_public_key(build, NODE),
        asker_key=_public_key(build, ASKER),
    )
    (build / "agreement.toml").write_text(agreement)


def _public_key(build: Path, name: str) -> str:
    return base64.b64encode(SigningKey.read(build / "certs" / f"{name}.signing.key").public_key).decode()


def _run(build: Path, verb: str, ready: str = "") -> Child:
    program = str(Path(sys.executable).parent / "concordat-node")
    command = [program, verb, "--config", str(build / "node.toml")]
    return Child(f"{NODE}: {verb}", command, build / f"{verb}.log", ready)


def _tls(build: Path) -> Tls:
    certs = build / "certs"
    return Tls(certs / f"{ASKER}.crt", certs / f"{ASKER}.key", certs / "authority.crt")


async def _turns(build: Path, address: str) -> Parts:
    parts = Parts([], [], [], [], [])
    catalogue = catalogues.load(build / "catalogue.toml")
    channel = open_channel(address, _tls(build), NODE)
    plain = duckdb.connect()
    path = edition.current(build / "state", DATASET).path
    plain.execute("SET threads = 2")
    plain.execute(f"ATTACH '{path}' AS edition (READ_ONLY)")
    for turn in range(-2, TURNS):
        await _turn(build, catalogue, node_pb2_grpc.NodeServiceStub(channel), plain, turn, parts)
    await channel.close()
    parts.syncs.extend(durable_commits(build / "commits.db", 100))
    return parts


async def _turn(
    build: Path,
    catalogue: catalogues.Catalogue,
    stub: "node_pb2_grpc.NodeServiceAsyncStub",
    plain: duckdb.DuckDBPyConnection,
    turn: int,
    parts: Parts,
) -> None:
    """One distinct question, put to the node and to plain DuckDB. Negative turns warm up."""
    limit = 900 + turn
    query, signed = _question(build, catalogue, limit)
    begun = time.perf_counter()
    prepared = await stub.Prepare(node_pb2.PrepareRequest(query=signed), timeout=60)
    ready = time.perf_counter()
    request = node_pb2.CommitRequest(query=signed, reservation=prepared.reservation, participants=[NODE])
    await stub.Commit(request, timeout=60)
    committed = time.perf_counter()
    plain.execute(PLAIN.format(limit=limit)).fetchall()
    scanned = time.perf_counter()
    for component in plan(query, catalogue.dataset(DATASET)).components:
        noise.draw(component.scale, CELLS)
    drawn = time.perf_counter()
    if turn >= 0:
        parts.prepare.append(ready - begun)
        parts.commit.append(committed - ready)
        parts.plain.append(scanned - committed)
        parts.noise.append(drawn - scanned)


def _question(build: Path, catalogue: catalogues.Catalogue, limit: int) -> tuple[Query, query_pb2.SignedQuery]:
    agreement = agreements.load(build / "agreement.toml")
    query = canonical_query(
        Query(
            dataset=DATASET,
            keys=("region",),
            where=Comparison("amount", Comparator.LESS_OR_EQUAL, Decimal(limit)),
            aggregates=(Aggregate(Statistic.COUNT_ROWS), Aggregate(Statistic.SUM, "amount")),
            rho_nano=rho_nano_of(0.1, 1e-6),
            max_groups=1,
            max_rows=1,
        )
    )
    envelope = Envelope(
        query, catalogue.sha256, agreement.id, agreement.version, (NODE,), f"bench-{limit}", int(time.time()) + 600
    )
    return query, sign(envelope, SigningKey.read(build / "certs" / f"{ASKER}.signing.key"))
