"""How long a peer takes for one query, everything loaded and warm: seconds of each turn, to standard output.

The query, of each peer: a count and two sums by region and band (120 public cells) of one year in five, of units of
many rows. Each bounds a unit's contribution in the way it is fastest at, which for some is a weaker way than ours.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

TURNS = 3
LONG = 120
"""Seconds. A turn this long is not repeated."""
REGIONS = [f"region {i}" for i in range(20)]
BANDS = [f"band {i}" for i in range(6)]
YEAR = 3
COST, WEIGHT = (0.0, 250.0), (0.0, 300.0)
GROUPS, ROWS = 5, 10


def source() -> Path:
    """The folder of rows.parquet and rows.csv."""
    return Path(sys.argv[1])


def tell(work: Callable[[], object]) -> None:
    """The first turn warms up and is not told."""
    _turn(work)
    seconds = [_turn(work)]
    while len(seconds) < TURNS and seconds[-1] < LONG:
        seconds.append(_turn(work))
    print(json.dumps(seconds), flush=True)


def _turn(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    print(f"a turn of {seconds:.3f} s", file=sys.stderr, flush=True)
    return seconds
