"""`make bench`: measures against baselines in the same run, prints every figure with its bar, writes build/bench.json.

Exit status 1 if a bar is missed, so that nobody overlooks it. Everything happens under build/bench.
"""

import argparse
import shutil
import sys
from pathlib import Path

import bounded
import commit
import language
import sampling
import small_query
from bars import Measure, show, write
from concordat_query.catalogue import load

ROOT = Path(__file__).parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000], help="edition sizes")
    parser.add_argument("--queries", type=int, default=200, help="small queries over four nodes")
    arguments = parser.parse_args()
    build = ROOT / "build" / "bench"
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    measures: list[Measure] = []
    print("Reading and checking SQL text, medians", flush=True)
    measures += _shown(language.measure(load(ROOT / "deploy" / "demo" / "catalogue.toml")))
    print(f"Noise of {sampling.CELLS:,} cells and {sampling.COMPONENTS} components", flush=True)
    measures += _shown(sampling.measure())
    for rows in arguments.rows:
        print(f"Commit on an edition of {rows:,} rows, one a unit; 20 cells, a count and a sum", flush=True)
        measures += _shown(commit.measure(build / f"commit-{rows}", rows))
    for rows in arguments.rows:
        print(
            f"Bounding {rows:,} rows, 4 a unit at the median; 120 cells, k = 5, C = 10, a count and two sums",
            flush=True,
        )
        measures += _shown(bounded.measure(build / f"bounded-{rows}", rows))
    print("A small query (24 cells) over four nodes, client to client, mTLS", flush=True)
    measures += _shown(small_query.measure(build / "small", arguments.queries))
    write(measures, ROOT / "build" / "bench.json")
    missed = [measure.name for measure in measures if measure.holds is False]
    print(f"{len(missed)} bars missed: {', '.join(missed)}" if missed else "Every bar holds.")
    return 1 if missed else 0


def _shown(measures: list[Measure]) -> list[Measure]:
    for measure in measures:
        show(measure)
    return measures


if __name__ == "__main__":
    sys.exit(main())
