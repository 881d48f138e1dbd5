"""Rows of units that may exceed a limit, read in their order and trimmed, some tens of thousands at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from concordat_node.engine.choosing import chosen
from concordat_node.engine.limits import Limits

BATCH = 2**15
"""Rows read at once. With the largest unit, the most cells and the hash they fit 64 bits; their sort stays in cache."""
TABLE_BYTES = 2**26
"""Of trimmed rows that are handed on at once. However large an edition is, no more of it is held."""


def trimmed(cursor: duckdb.DuckDBPyConnection, sql: str, limits: Limits) -> Iterator[pa.Table]:
    """The rows of `sql` that the limits leave, in tables of whole units, on as many threads as DuckDB has.

    Its first four columns are the row's place in the edition, its unit, its cell's hash and its cell; the tables lack
    the first and the third. Raises RuntimeError if rows come in another order than they are stored in.
    """
    ((threads,),) = cursor.execute("SELECT current_setting('threads')").fetchall()
    kept, size = [], 0
    with ThreadPoolExecutor(threads) as pool:
        for table in _ahead(
            pool, partial(_trim, limits), _whole_units(cursor.sql(sql).to_arrow_reader(BATCH)), threads
        ):
            kept.append(table)
            size += table.nbytes
            if size >= TABLE_BYTES:
                yield pa.concat_tables(kept)
                kept, size = [], 0
    if kept:
        yield pa.concat_tables(kept)


def _trim(limits: Limits, rows: pa.Table) -> pa.Table:
    units, hashes, cells = (rows.column(position).to_numpy() for position in (1, 2, 3))
    return rows.drop_columns(rows.column_names[0:3:2]).take(chosen(units, hashes, cells, limits))


def _ahead(
    pool: ThreadPoolExecutor, work: Callable[[pa.Table], pa.Table], tables: Iterable[pa.Table], threads: int
) -> Iterator[pa.Table]:
    """As `map`, with a few results in the making and never more."""
    making: deque[Future[pa.Table]] = deque()
    for table in tables:
        making.append(pool.submit(work, table))
        if len(making) > 2 * threads:
            yield making.popleft().result()
    while making:
        yield making.popleft().result()


def _whole_units(batches: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The same rows, cut where a unit ends."""
    rest = batches.schema.empty_table()
    for batch in batches:
        rows = pa.concat_tables([rest, pa.Table.from_batches([batch])]).combine_chunks()
        places, units = (rows.column(position).to_numpy() for position in (0, 1))
        _require_order(places, units)
        end = int(np.searchsorted(units, units[-1])) if len(units) else 0
        yield rows.slice(0, end)
        rest = rows.slice(end)
    yield rest


def _require_order(places: NDArray[np.int64], units: NDArray[np.int64]) -> None:
    """A unit's rows must come together and by row_key, or which of them count would be chance."""
    if np.any(places[1:] <= places[:-1]) or np.any(units[1:] < units[:-1]):
        raise RuntimeError("rows out of order")
