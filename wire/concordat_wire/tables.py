"""Tables as Arrow. A value column `v` becomes v, v__margin, v__status and v__low_reliability; where nations are kept
apart, the nation column `n` gets n__is_total beside it, and so does a key that ROLLUP sums over: true where the row is
the total over it, and the key itself null. Notes travel in the schema's metadata.

Whole figures are int64, others double. A figure that does not exist is null, and its status says why; where status is
null too, the row is the total of other nations than those that the column has. A margin may be infinite.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from types import NoneType
from typing import assert_never

import pyarrow as pa
from concordat_privacy.estimates import Table, Value
from concordat_query.catalogue import CellKey
from concordat_query.model import KeyColumn, NationColumn, OutputColumn, ValueColumn

NOTES_KEY = b"concordat.notes"


def to_arrow(table: Table) -> pa.Table:
    """The table as one Arrow table; a name may occur twice."""
    names: list[str] = []
    arrays: list[pa.Array] = []
    for name, array in _columns(table):
        names.append(name)
        arrays.append(array)
    fields = [pa.field(name, array.type) for name, array in zip(names, arrays, strict=True)]
    schema = pa.schema(fields, metadata={NOTES_KEY: json.dumps(table.notes).encode()})
    return pa.Table.from_arrays(arrays, schema=schema)


def to_ipc(table: Table) -> bytes:
    """The same as an Arrow IPC stream."""
    arrow = to_arrow(table)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, arrow.schema) as writer:
        writer.write_table(arrow)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def from_ipc(data: bytes) -> pa.Table:
    """Reads an Arrow IPC stream. Raises pyarrow.ArrowInvalid on anything else."""
    with pa.ipc.open_stream(data) as reader:
        return reader.read_all()


def _columns(table: Table) -> Iterator[tuple[str, pa.Array]]:
    position = 0
    rolled = {column.key for i in table.rollup if isinstance(column := table.columns[i], KeyColumn)}
    for column in table.columns:
        yield from _column(table, column, position)
        if isinstance(column, KeyColumn) and column.key in rolled:
            totals = [row.rolled[column.key] for row in table.rows]
            yield f"{column.name}__is_total", pa.array(totals, pa.bool_())
        position += isinstance(column, ValueColumn)


def _column(table: Table, column: OutputColumn, position: int) -> Iterator[tuple[str, pa.Array]]:
    match column:
        case NationColumn(name):
            yield name, pa.array([row.nation for row in table.rows], pa.string())
            yield f"{name}__is_total", pa.array([row.is_total for row in table.rows], pa.bool_())
        case KeyColumn(name, key):
            yield name, _keys([row.keys[key] for row in table.rows])
        case ValueColumn(name):
            yield from _values(name, [row.values[position] for row in table.rows])
        case _:
            assert_never(column)


def _keys(values: Sequence[CellKey]) -> pa.Array:
    """Codes as text, whole numbers as int64, others as decimals, dates as date32."""
    distinct = set(values)
    if any(isinstance(value, date) for value in distinct):
        return pa.array(values, pa.date32())
    numbers = [value for value in distinct if isinstance(value, Decimal)]
    if not numbers:
        return pa.array(values, pa.string())
    if all(number == number.to_integral_value() for number in numbers):
        return pa.array([int(value) if isinstance(value, Decimal) else None for value in values], pa.int64())
    return pa.array(values)


def _values(name: str, values: Sequence[Value | None]) -> Iterator[tuple[str, pa.Array]]:
    yield name, _numbers([value.estimate if value else None for value in values])
    yield f"{name}__margin", _numbers([value.margin if value else None for value in values])
    yield f"{name}__status", pa.array([value.status if value else None for value in values], pa.string())
    yield (
        f"{name}__low_reliability",
        pa.array([value.low_reliability if value else None for value in values], pa.bool_()),
    )


def _numbers(figures: Sequence[float | int | None]) -> pa.Array:
    kinds = set(map(type, figures)) - {NoneType}
    return pa.array(figures, pa.int64() if kinds == {int} else pa.float64())
