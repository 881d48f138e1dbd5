"""Which rows of a unit count: those in its k cells of lowest hash, and in each of these the first C.

One sort of whole integers finds them: of a unit's number, a cell's hash, the cell and the row's position, in this order
from the highest bit to the lowest.
"""

import numpy as np
from numpy.typing import NDArray

from concordat_node.engine.limits import Limits

HASH_BITS = 16
"""Of a cell's hash. Of two cells of a unit with the same hash the lower one goes first."""


def chosen(
    units: NDArray[np.int64], hashes: NDArray[np.uint16], cells: NDArray[np.uint16], limits: Limits
) -> NDArray[np.int64]:
    """The positions of the rows that count, in no order. A row is given by its unit, its cell's hash and its cell.

    The rows of a unit stand together, in the order of their row_key. Whether a row counts follows from its own unit's
    rows alone. Raises ValueError for more rows and cells than 64 bits can sort.
    """
    is_first_of_unit = _changes(units)
    row_bits, cell_bits = len(units).bit_length(), int(cells.max(initial=0)).bit_length()
    if 2 * row_bits + HASH_BITS + cell_bits > 64:
        raise ValueError("too many rows at once")
    keys = np.cumsum(is_first_of_unit, dtype=np.uint64)
    for part, bits in ((hashes, HASH_BITS), (cells, cell_bits), (np.arange(len(units), dtype=np.uint32), row_bits)):
        keys <<= np.uint64(bits)
        keys |= part
    keys.sort()
    rows = (keys & np.uint64((1 << row_bits) - 1)).astype(np.int64)
    keys >>= np.uint64(row_bits)
    return rows[_counts(np.cumsum(_changes(keys), dtype=np.int64), is_first_of_unit, limits)]


def _counts(cells: NDArray[np.int64], is_first_of_unit: NDArray[np.bool_], limits: Limits) -> NDArray[np.bool_]:
    """Which sorted rows count. `cells` numbers the cells of all units anew; a unit's rows stand where they stood."""
    counts = np.ones(len(cells), dtype=np.bool_)
    if limits.cells is not None:
        sizes = np.diff(np.flatnonzero(is_first_of_unit), append=len(cells))
        counts &= cells - np.repeat(cells[is_first_of_unit], sizes) < limits.cells
    if limits.rows is not None:
        counts[limits.rows :] &= cells[limits.rows :] != cells[: -limits.rows]
    return counts


def _changes(values: NDArray[np.int64] | NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Where a value differs from the one before it. The first one does."""
    changes = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=changes[1:])
    return changes
