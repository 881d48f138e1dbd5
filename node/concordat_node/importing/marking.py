"""Marks on each row of an edition in which of the catalogue's cubes it counts, as queries on it would choose.

The very statements that answer a query choose the rows here, once for each combination of values that it may ask for.
"""

# ruff: noqa: S608  # the SQL is made of integers and names from the catalogue

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
from concordat_privacy.plan import plan
from concordat_query.canonical import canonical_keys
from concordat_query.catalogue import Cube, Dataset
from concordat_query.coverage import Coverage
from concordat_query.model import NANO, Aggregate, Condition, Query, Statistic
from numpy.typing import NDArray

from concordat_node.engine import cubes
from concordat_node.engine.bounding import KeptRows
from concordat_node.engine.trimming import trimmed
from concordat_node.importing import edition

UNMARKED = "unmarked"
"""The table that holds an edition's rows, in their order, until they are marked."""
CHUNK = 2**20
"""Rows that are written at once."""


def write_marked(connection: duckdb.DuckDBPyConnection, dataset: Dataset, coverage: Coverage) -> None:
    """Fills the attached database `edition` from table `unmarked`, in the same order."""
    marks = _marks(connection, dataset, coverage)
    for start in range(0, len(marks), CHUNK):
        stop = min(start + CHUNK, len(marks))
        connection.register("marks", pa.table({"_row": np.arange(start, stop), "_marks": marks[start:stop]}))
        connection.execute(
            f"""INSERT INTO edition.{edition.TABLE}
                SELECT rows.* REPLACE (_marks AS cubes) FROM {UNMARKED} AS rows JOIN marks ON rows.rowid = _row
                WHERE rows.rowid >= {start} AND rows.rowid < {stop} ORDER BY rows.rowid"""
        )
        connection.unregister("marks")


def _marks(connection: duckdb.DuckDBPyConnection, dataset: Dataset, coverage: Coverage) -> NDArray[np.uint8]:
    """One byte a row: bit i for the catalogue's cube i."""
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {UNMARKED}").fetchall()
    marks = np.zeros(rows, dtype=np.uint8)
    bare = dataset.model_copy(update={"cubes": ()})  # or the rows would be sought in the marks
    for position, cube in enumerate(dataset.cubes):
        for where in cubes.conditions(cube, dataset):
            planned = plan(_query(cube, where), bare)
            kept = KeptRows(planned, bare, coverage, UNMARKED, ["rowid AS _row"])
            for places in _places(connection, kept):
                marks[places] |= np.uint8(1 << position)
    return marks


def _query(cube: Cube, where: Condition | None) -> Query:
    """One that the cube answers. What it costs and counts does not matter here."""
    count = (Aggregate(Statistic.COUNT_ROWS),)
    return Query("", canonical_keys(cube.keys), where, count, NANO, cube.max_groups, cube.max_rows)


def _places(connection: duckdb.DuckDBPyConnection, kept: KeptRows) -> Iterator[NDArray[np.int64]]:
    """Where the rows stand that count."""
    for batch in connection.cursor().sql(kept.spared).to_arrow_reader(CHUNK):
        yield batch.column("_row").to_numpy()
    if kept.to_trim is not None:
        for table in trimmed(connection.cursor(), kept.to_trim, kept.limits):
            yield table.column("_row").to_numpy()
