"""Bounding contributions on an edition against plain DuckDB running the unprotected aggregate on the raw table.

Units have 4 rows at the median and at most 30; each may count in 5 of 120 cells with 10 rows in each. A count and two
sums, of one year in five and of all. What is timed is all that the engine does once a query is charged: exact sums of
bounded contributions, and their noise. One process runs both in turn; its memory is taken before plain DuckDB runs.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from bars import Measure, median, milliseconds, ratio
from concordat_node.engine.database import open_locked
from concordat_node.engine.process import EngineSettings
from concordat_node.engine.scans import scans
from concordat_node.importing import edition
from concordat_node.importing import mapping as mappings
from concordat_node.importing.build import import_dataset
from concordat_node.importing.mapping import Mapping
from concordat_privacy import noise
from concordat_privacy.plan import Plan, plan
from concordat_query import catalogue as catalogues
from concordat_query.canonical import canonical_query
from concordat_query.catalogue import Dataset
from concordat_query.model import Aggregate, Comparator, Comparison, Query, Statistic

BAR, BAR_MB = 8.0, 1000.0
TURNS = 7
THREADS = 2
REGIONS, BANDS, YEARS = 20, 6, 5
MOST = 30
DATASET = "bench.visits"
NAMES = {False: "all rows", True: "one year of five"}

CATALOGUE = f"""
version = 1
title = "Bench"
nations = [{{ name = "England", gss = "E92000001" }}]
[populations."bench"]
description = "people"
[datasets."{DATASET}"]
title = "Visits"
description = "Some rows a unit."
population = "bench"
unit = "person"
unit_description = "one person"
max_rows_per_unit = {MOST}
[[datasets."{DATASET}".cubes]]
keys = ["region", "band"]
for_each = ["year"]
max_groups = 5
max_rows = 10
[[datasets."{DATASET}".columns]]
name = "year"
type = "number"
description = "of the visit"
lower = 1
upper = {YEARS}
nullable = false
[[datasets."{DATASET}".columns]]
name = "region"
type = "code"
description = "one of {REGIONS}"
codes = [{", ".join(f'"region {i}"' for i in range(REGIONS))}]
nullable = false
[[datasets."{DATASET}".columns]]
name = "band"
type = "code"
description = "one of {BANDS}"
codes = [{", ".join(f'"band {i}"' for i in range(BANDS))}]
nullable = false
[[datasets."{DATASET}".columns]]
name = "cost"
type = "number"
description = "of the visit"
lower = 0
upper = 250
decimals = 2
nullable = false
[[datasets."{DATASET}".columns]]
name = "weight"
type = "number"
description = "of the person"
lower = 0
upper = 300
decimals = 1
nullable = false
"""
MAPPING = f"""
dataset = "{DATASET}"
unit_id = "id"
select = "SELECT year, region, band, cost, weight FROM source"
[sources.source]
path = "rows.parquet"
"""  # noqa: S608  # a mapping, not a statement of ours
RAW = f"""
WITH units AS (
    SELECT range AS id, (hash(range) >> 11) / 2e0**53 AS u, (hash(range, 1) >> 11) / 2e0**53 AS v FROM range($units)),
sized AS (
    SELECT id, greatest(1, least({MOST}, round(exp(ln(4) + 0.76 * sqrt(-2 * ln(1 - u)) * cos(2 * pi() * v))))) AS size
    FROM units),
visits AS (SELECT id, unnest(range(CAST(size AS BIGINT))) AS visit FROM sized)
SELECT id, 1 + CAST(hash(id, visit, 2) % {YEARS} AS INTEGER) AS year,
       'region ' || hash(id, visit, 3) % {REGIONS} AS region, 'band ' || hash(id, visit, 4) % {BANDS} AS band,
       hash(id, visit, 5) % 25001 / 100 AS cost, hash(id, visit, 6) % 3001 / 10 AS weight
FROM visits ORDER BY hash(id, visit, 7)
"""  # noqa: S608  # numbers of ours
ROWS_A_UNIT = 5.3


def measure(build: Path, rows: int) -> list[Measure]:
    """Generates about `rows` rows, imports them, and times both ways in a process of its own."""
    mapping = generated(build, rows)
    begun = time.perf_counter()
    import_dataset(mapping, build / "data", build / "state")
    imported = time.perf_counter() - begun
    found = turns(build)
    label = f"{rows // 1_000_000}M rows"
    measures = [Measure(f"{label}: import with a cube", round(imported, 1), "s")]
    for name in NAMES.values():
        raw = median(found[f"raw, {name}"])
        bounded = median(found[f"bounded, {name}"])
        measures += [
            milliseconds(f"{label}, {name}: plain, raw table", raw),
            milliseconds(f"{label}, {name}: plain, edition", median(found[f"edition, {name}"])),
            milliseconds(f"{label}, {name}: bounded, with noise", bounded),
            ratio(f"{label}, {name}: bounded to plain on raw", bounded / raw, BAR),
        ]
    raw, cube = (median(found[f"{what}, {NAMES[True]}"]) for what in ("raw", "cube"))
    measures.append(ratio(f"{label}, {NAMES[True]}: from a cube, to plain on raw", cube / raw, BAR))
    return [*measures, Measure(f"{label}: peak memory of bounding", round(found["memory"], 1), "MB", BAR_MB)]


def generated(build: Path, rows: int) -> Mapping:
    """The mapping of about `rows` rows, written into a new folder as Parquet and as a table of DuckDB."""
    (build / "data").mkdir(parents=True)
    _generate(build, rows)
    return _mapping(build)


def turns(build: Path) -> dict[str, Any]:
    """Seconds of each turn of everything, by name, and the memory, measured in a process of its own."""
    command = [sys.executable, __file__, str(build)]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  # our own words
    )
    return found


def _generate(build: Path, rows: int) -> None:
    parquet = build / "data" / "rows.parquet"
    with duckdb.connect(build / "raw.duckdb") as connection:
        connection.execute(f"SET threads = {THREADS}")
        connection.execute(f"CREATE TABLE raw AS {RAW}", {"units": int(rows / ROWS_A_UNIT)})
        connection.execute(f"COPY raw TO '{parquet}'")
    (build / "catalogue.toml").write_text(CATALOGUE)
    (build / "mapping.toml").write_text(MAPPING)


def _mapping(build: Path) -> Mapping:
    return mappings.load(build / "mapping.toml", catalogues.load(build / "catalogue.toml"))


def _turns(build: Path) -> dict[str, object]:
    """Seconds of each turn, and megabytes that the process held at most before it turned to plain DuckDB."""
    mapping = _mapping(build)
    info = edition.current(build / "state", DATASET)
    locked = open_locked(
        {"edition0": info.path},
        spill=build / "spill",
        spill_limit=EngineSettings.spill_limit,
        memory_limit="1GB",
        threads=THREADS,
    )
    bare = mapping.definition.model_copy(update={"cubes": ()})
    works: dict[str, Callable[[], object]] = {
        f"{what}, {name}": partial(_bounded, locked, mapping, dataset, _plan(mapping, is_filtered))
        for is_filtered, name in NAMES.items()
        for what, dataset in (("bounded", bare), ("cube", mapping.definition))
        if is_filtered or what == "bounded"
    }
    taken: dict[str, list[float]] = {}
    for work in works.values():
        work()
    memory = _most_memory()
    raw = duckdb.connect(build / "raw.duckdb", read_only=True)
    raw.execute(f"SET threads = {THREADS}")
    for is_filtered, name in NAMES.items():
        for what, connection, table in (("raw", raw, "raw"), ("edition", locked, f"edition0.{edition.TABLE}")):
            works[f"{what}, {name}"] = partial(_fetched, connection, _plain(table, is_filtered))
    for turn in range(-1, TURNS):
        for name, work in works.items():
            seconds = _seconds(work)
            if turn >= 0:
                taken.setdefault(name, []).append(seconds)
    return {**taken, "memory": memory}


def _plan(mapping: Mapping, is_filtered: bool) -> Plan:
    sums = (Aggregate(Statistic.SUM, "cost"), Aggregate(Statistic.SUM, "weight"))
    query = Query(
        dataset=DATASET,
        keys=("region", "band"),
        where=Comparison("year", Comparator.EQUAL, Decimal(3)) if is_filtered else None,
        aggregates=(Aggregate(Statistic.COUNT_ROWS), *sums),
        price_nano=10_000_000,
        max_groups=5,
        max_rows=10,
    )
    return plan(canonical_query(query), mapping.definition)


def _bounded(locked: duckdb.DuckDBPyConnection, mapping: Mapping, dataset: Dataset, planned: Plan) -> list[list[int]]:
    """What the engine does once a query is charged."""
    components = planned.components
    asked = scans(planned, dataset, mapping.coverage, range(len(components)), f"edition0.{edition.TABLE}")
    drawn = noise.draw_all([(component.law, component.length) for component in components])
    vectors: list[list[int]] = [vector.tolist() for vector in drawn]
    for index, place, exact in asked.read(locked):
        vectors[index][place] += exact
    return vectors


def _fetched(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[int, ...]]:
    return connection.execute(sql).fetchall()


def _plain(table: str, is_filtered: bool) -> str:
    where = " WHERE year = 3" if is_filtered else ""
    return f"SELECT region, band, count(*), sum(cost), sum(weight) FROM {table}{where} GROUP BY region, band"  # noqa: S608


def _most_memory() -> float:
    """Megabytes that this process held at most, by Linux's account of it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM"))


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    print(json.dumps(_turns(Path(sys.argv[1]))))
