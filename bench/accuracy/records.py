"""The records that everybody is asked about: casualties of Great Britain in 2016, pooled, one row each.

The published records where CONCORDAT_REAL_DATA names their folder, else the demo's look-alikes of the same size.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
from lookalike import write_lookalike

SEVERITIES = ("Fatal", "Serious", "Slight")
MODES = ("Pedestrian", "Pedal cycle")
DECILES = (*(str(decile) for decile in range(1, 11)), "Unknown")
REAL = "CONCORDAT_REAL_DATA"

_DECILE = """CASE casualty_imd_decile
    WHEN 'Most deprived 10%' THEN '1' WHEN 'More deprived 10-20%' THEN '2' WHEN 'More deprived 20-30%' THEN '3'
    WHEN 'More deprived 30-40%' THEN '4' WHEN 'More deprived 40-50%' THEN '5' WHEN 'Less deprived 40-50%' THEN '6'
    WHEN 'Less deprived 30-40%' THEN '7' WHEN 'Less deprived 20-30%' THEN '8' WHEN 'Less deprived 10-20%' THEN '9'
    WHEN 'Least deprived 10%' THEN '10' ELSE 'Unknown' END"""
_RECORDS = f"""SELECT row_number() OVER () AS unit, casualty_severity AS severity,
    CASE casualty_type WHEN 'Cyclist' THEN 'Pedal cycle' ELSE casualty_type END AS mode, {_DECILE} AS decile,
    CASE WHEN age_of_casualty >= 0 THEN least(age_of_casualty, 100) END AS age
    FROM read_parquet([$england, $scotland, $wales]) WHERE accident_index[1:4] = '2016'"""  # noqa: S608  # our own words


@dataclass(frozen=True)
class Records:
    """Two CSV files, unit, severity, mode, decile and age: all rows, and those whose age is known."""

    everybody: Path
    known_ages: Path
    is_real: bool


def pooled(folder: Path) -> Records:
    """Writes both files into `folder`."""
    source = Path(os.environ[REAL]) if os.environ.get(REAL) else folder / "lookalike"
    if not os.environ.get(REAL):
        write_lookalike(source)
    found = Records(folder / "everybody.csv", folder / "known_ages.csv", bool(os.environ.get(REAL)))
    with duckdb.connect() as connection:
        files = {nation: str(source / f"{nation}.parquet") for nation in ("england", "scotland", "wales")}
        connection.execute(f"CREATE TABLE records AS {_RECORDS}", files)
        connection.execute(f"COPY records TO '{found.everybody}' (HEADER)")
        connection.execute(f"COPY (FROM records WHERE age IS NOT NULL) TO '{found.known_ages}' (HEADER)")
    return found


Ages = npt.NDArray[np.float64]


def by_cell(file: Path, keys: tuple[str, ...], cells: list[tuple[str, ...]]) -> list[Ages]:
    """The sorted ages of each cell's rows; missing ages are NaN and last."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT {', '.join(keys)}, list(age ORDER BY age NULLS LAST) "  # noqa: S608  # our own names
            f"FROM read_csv($file, all_varchar = false, types = {{'decile': 'VARCHAR'}}) GROUP BY ALL",
            {"file": str(file)},
        ).fetchall()
    found = {tuple(row[:-1]): np.array(row[-1], dtype=np.float64) for row in rows}
    return [found.get(cell, np.zeros(0)) for cell in cells]
