"""Look-alike records: five files with the names, sizes, columns and codings of the four nations' published records.

Nothing is copied from the records. What steers the draws is (1) the figures of `PUBLISHED`, which the publishers'
tables and the data's README state: rows of each file, casualties of 2016 by nation, severity by mode in Great Britain
2016, Northern Ireland's severities, collisions and share of missing pedestrian details; (2) the public code lists;
(3) shapes made up here (ages, sex, areas, days), which mean nothing. Figures of (1) hold exactly; all else is chance,
the same on every machine for the same seed. Columns that no mapping reads are there and empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from lookalike_gb import great_britain
from lookalike_ni import northern_ireland
from published import PUBLISHED

SEED = 2016


@dataclass(frozen=True)
class Written:
    """One file written: its name and how many rows it has."""

    name: str
    rows: int


def write_lookalike(folder: Path, seed: int = SEED) -> tuple[Written, ...]:
    """Writes the five Parquet files into `folder`, made if missing. The same seed gives the same tables."""
    folder.mkdir(parents=True, exist_ok=True)
    streams = np.random.SeedSequence(seed).spawn(2)
    tables = {
        **great_britain(np.random.default_rng(streams[0]), PUBLISHED),
        **northern_ireland(np.random.default_rng(streams[1]), PUBLISHED),
    }
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    return tuple(Written(f"{name}.parquet", table.num_rows) for name, table in tables.items())


FILES: Mapping[str, tuple[str, ...]] = {
    "England": ("england.parquet",),
    "Scotland": ("scotland.parquet",),
    "Wales": ("wales.parquet",),
    "Northern Ireland": ("northern_ireland_casualty.parquet", "northern_ireland_collision.parquet"),
}
"""Which files are whose."""
