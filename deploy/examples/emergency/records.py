"""Makes the example's records: attendances of made-up patients, in four files, each in its nation's own way.

python records.py FOLDER. The same records every time, on every machine.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import local_england
import local_northern_ireland
import local_scotland
import local_wales
import numpy as np
import pyarrow.parquet as pq
from attendances import NATIONS, Attendances, attendances_of

SEED = 2023


def truth(seed: int = SEED) -> Mapping[str, Attendances]:
    """What happened, by nation: every attendance that a node's edition must come to hold."""
    return {name: attendances_of(rng, NATIONS[name]) for name, (rng, _) in _streams(seed).items()}


def write_records(folder: Path, given: Mapping[str, Attendances] | None = None, seed: int = SEED) -> None:
    """Writes the four files into `folder`, made if missing: of the truth, or of what is given instead."""
    folder.mkdir(parents=True, exist_ok=True)
    attendances = given or truth(seed)
    chance = {name: rng for name, (_, rng) in _streams(seed).items()}
    table = local_england.england(chance["England"], attendances["England"])
    pq.write_table(table, folder / local_england.FILE)
    table = local_scotland.scotland(chance["Scotland"], attendances["Scotland"])
    pq.write_table(table, folder / local_scotland.FILE)
    table = local_wales.wales(chance["Wales"], attendances["Wales"])
    local_wales.write_csv(table, folder / local_wales.FILE)
    table = local_northern_ireland.northern_ireland(chance["Northern Ireland"], attendances["Northern Ireland"])
    local_northern_ireland.write_duckdb(table, folder / local_northern_ireland.FILE)


def _streams(seed: int) -> Mapping[str, tuple[np.random.Generator, np.random.Generator]]:
    """For each nation, what draws its attendances and what draws how they were written down."""
    streams = np.random.SeedSequence(seed).spawn(2 * len(NATIONS))
    generators = [np.random.default_rng(stream) for stream in streams]
    return dict(zip(NATIONS, zip(generators[::2], generators[1::2], strict=True), strict=True))


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python records.py FOLDER")
    folder = Path(sys.argv[1])
    write_records(folder)
    for path in sorted(folder.iterdir()):
        print(path)


if __name__ == "__main__":
    main()
