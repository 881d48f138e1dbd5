"""A small query through the whole network, against the floor measured in turn with it."""

import itertools
import time
from collections.abc import Sequence
from pathlib import Path

from bars import Measure, median, milliseconds, percentile, ratio
from concordat_client import Connection, connect
from concordat_wire.tls import Tls
from floor import Echoes, durable_commits
from layout import ANALYST, COORDINATOR, lay_out
from lookalike import write_lookalike
from network import Network

SQL = """SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 0.05) nation, year, severity, COUNT(*) AS casualties
FROM road.casualties WHERE mode IN ('Pedestrian', 'Pedal cycle') AND area NOT IN ({left_out})
GROUP BY nation, year, severity"""
BAR = 4.0
ROUNDS = 10


def measure(build: Path, queries: int) -> list[Measure]:
    """Client-to-client latency of distinct queries, and its ratio to the floor. Every query is charged and scanned."""
    build.mkdir(parents=True)
    write_lookalike(build / "records")
    layout = lay_out(build / "network", build / "records")
    certs = layout.folder(COORDINATOR) / "certs"
    tls = Tls(certs / f"{COORDINATOR}.crt", certs / f"{COORDINATOR}.key", certs / "authority.crt")
    network = Network(layout)
    echoes = None
    try:
        network.import_editions()
        network.start_nodes()
        network.start_coordinator()
        echoes = Echoes(tls, tls, COORDINATOR, build)
        with connect(layout.config(ANALYST)) as connection:
            return _measures(connection, echoes, build, queries)
    finally:
        network.stop()
        if echoes is not None:
            echoes.stop()


def _measures(connection: Connection, echoes: Echoes, build: Path, queries: int) -> list[Measure]:
    areas = connection.catalogue.dataset("road.casualties").column("area").codes
    pairs = itertools.combinations(areas, 2)  # a different question every time, at the same price and scale
    for _ in range(5):
        _query(connection, next(pairs))
    taken: list[float] = []
    fan_outs: list[float] = []
    commits: list[float] = []
    each = queries // ROUNDS
    for turn in range(ROUNDS):
        taken += [_query(connection, next(pairs)) for _ in range(each)]
        fan_outs += echoes.fan_outs(each)
        commits += durable_commits(build / f"commits-{turn}.db", each)
    floor = 2 * median(fan_outs) + 2 * median(commits)
    return [
        milliseconds("small query p50", median(taken)),
        milliseconds("small query p99", percentile(taken, 0.99)),
        milliseconds("floor: echo to four nodes", median(fan_outs)),
        milliseconds("floor: durable commit", median(commits)),
        milliseconds("floor p50: two fan-outs, two commits", floor),
        milliseconds(
            "floor p99: two fan-outs, two commits", 2 * percentile(fan_outs, 0.99) + 2 * percentile(commits, 0.99)
        ),
        ratio("small query p50 to its floor", median(taken) / floor, BAR),
    ]


def _query(connection: Connection, areas: Sequence[str]) -> float:
    """Seconds of one query that nobody asked before, from SQL text to the verified result."""
    sql = SQL.format(left_out=", ".join(f"'{area}'" for area in areas))
    begun = time.perf_counter()
    connection.query(sql)
    return time.perf_counter() - begun
