"""`make bench-peers`: a bounded query on an edition against the same query of other engines, on generated rows.

A count and two sums of one year in five, 120 cells; units have 4 rows at the median. Ours is the engine's own scan and
noise, as in `bounded`, and is timed anew before each peer, because a machine's speed changes. Everybody is warm, and
loading is left out. Writes build/bench-peers.json; exit status 1 if a bar is missed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import bounded
import duckdb
from bars import Measure, median, ratio, show, write
from concordat_node.importing.build import import_dataset
from peers.environments import BENCH, KEPT, Failed, interpreter

BUILD = BENCH.parent / "build"
TIMES = {"opendp": 15, "tumult": 15, "smartnoise": 15, "qrlew": 3}
"""How many times as long as we each has to take, at least."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--peers", nargs="+", choices=list(TIMES), default=list(TIMES), help="only these")
    arguments = parser.parse_args()
    build = BUILD / "bench-peers"
    shutil.rmtree(build, ignore_errors=True)
    mapping = bounded.generated(build, arguments.rows)
    import_dataset(mapping, build / "data", build / "state")
    with duckdb.connect(build / "raw.duckdb", read_only=True) as connection:
        connection.execute(f"COPY raw TO '{build / 'data' / 'rows.csv'}'")
    measures: list[Measure] = []
    failed = False
    for peer in arguments.peers:
        try:
            found = _compared(peer, build)
        except Failed as failure:
            print(f"  {failure}", flush=True)
            failed = True
            continue
        for measure in found:
            show(measure)
        measures += found
    write(measures, BUILD / "bench-peers.json")
    return 1 if failed or any(measure.holds is False for measure in measures) else 0


def _compared(peer: str, build: Path) -> list[Measure]:
    ours = median(bounded.turns(build)[f"bounded, {bounded.NAMES[True]}"])
    theirs = median(_seconds(peer, build / "data"))
    return [
        Measure(f"ours, beside {peer}", round(ours, 3), "s"),
        Measure(peer, round(theirs, 3), "s"),
        ratio(f"ours to {peer} (1/{TIMES[peer]})", ours / theirs, 1 / TIMES[peer]),
    ]


def _seconds(peer: str, data: Path) -> list[float]:
    """Of each turn. Raises Failed."""
    python = interpreter(peer)
    log = KEPT / f"timing-{peer}.log"
    with log.open("w") as file:
        done = subprocess.run(  # noqa: S603  # our own words
            [str(python), "-m", f"peers.timing_{peer}", str(data)],
            cwd=KEPT,
            env={**os.environ, "PYTHONPATH": str(BENCH), "PYTHONWARNINGS": "ignore"},
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
            check=False,
        )
    if done.returncode:
        raise Failed(f"{peer} broke off; see {log}")
    seconds: list[float] = json.loads(done.stdout.strip().splitlines()[-1])
    return seconds


if __name__ == "__main__":
    sys.exit(main())
