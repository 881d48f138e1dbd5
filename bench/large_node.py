"""A node with one large edition, laid out by itself: its files, its processes, and the question put to it."""

import base64
import sys
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
from concordat.v1 import query_pb2
from concordat_client.asking import sign
from concordat_node.certs import issue, make_authority
from concordat_privacy.accounting import rho_nano_of
from concordat_query import agreement as agreements
from concordat_query import catalogue as catalogues
from concordat_query.canonical import canonical_query
from concordat_query.catalogue import Catalogue
from concordat_query.model import Aggregate, Comparator, Comparison, Envelope, Query, Statistic
from concordat_query.signing import SigningKey
from concordat_wire.tls import Tls
from processes import Child

CELLS = 20
NODE, ASKER, DATASET = "bench-node", "bench-asker", "bench.rows"

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


def lay_out(build: Path, rows: int) -> None:
    """Generated rows, and all that one node and one analyst need."""
    (build / "data").mkdir(parents=True)
    region = "CAST(hash(range) % $cells AS INTEGER)"  # a parameter makes it a double: no code of the catalogue
    records = f"SELECT range AS id, {region} AS region, hash(range + 1) % 1001 AS amount FROM range($rows)"  # noqa: S608
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


def run(build: Path, verb: str, ready: str = "") -> Child:
    """`concordat-node VERB` in a process of its own."""
    program = str(Path(sys.executable).parent / "concordat-node")
    command = [program, verb, "--config", str(build / "node.toml")]
    return Child(f"{NODE}: {verb}", command, build / f"{verb}.log", ready)


def tls_of(build: Path) -> Tls:
    """What the asker shows and trusts."""
    certs = build / "certs"
    return Tls(certs / f"{ASKER}.crt", certs / f"{ASKER}.key", certs / "authority.crt")


def question(build: Path, catalogue: Catalogue, limit: int) -> tuple[Query, query_pb2.SignedQuery]:
    """A count and a sum by region over the amounts up to `limit`, signed."""
    agreement = agreements.load(build / "agreement.toml")
    query = canonical_query(
        Query(
            dataset=DATASET,
            keys=("region",),
            where=Comparison("amount", Comparator.LESS_OR_EQUAL, Decimal(limit)),
            aggregates=(Aggregate(Statistic.COUNT_ROWS), Aggregate(Statistic.SUM, "amount")),
            price_nano=rho_nano_of(0.1, 1e-6),
            max_groups=1,
            max_rows=1,
        )
    )
    envelope = Envelope(
        query, catalogue.sha256, agreement.id, agreement.version, (NODE,), f"bench-{limit}", int(time.time()) + 600
    )
    return query, sign(envelope, SigningKey.read(build / "certs" / f"{ASKER}.signing.key"))
