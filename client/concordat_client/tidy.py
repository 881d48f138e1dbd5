"""The one tidy table that every format and data frame is made of: a row for each cell.

Columns are those of `concordat_wire.tables`, names and types alike; a value that does not apply to its row says so as
its status. The schema's metadata holds notes and provenance as JSON.
"""

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from concordat_query.model import ValueColumn
from concordat_wire import tables

if TYPE_CHECKING:
    import pandas
    import polars

    from concordat_client.result import Result

PROVENANCE_KEY = b"concordat.provenance"
NOT_APPLICABLE = "not applicable"
"""The status of a value that its row does not have: the row is the total of other nations than the value's."""


def to_arrow(result: "Result") -> pa.Table:
    """The tidy table."""
    table = tables.to_arrow(result.table)
    for column in result.table.columns:
        if isinstance(column, ValueColumn):
            place = table.schema.get_field_index(f"{column.name}__status")
            told = [status or NOT_APPLICABLE for status in table.column(place).to_pylist()]
            table = table.set_column(place, table.schema.field(place), pa.array(told, pa.string()))
    provenance = json.dumps(result.provenance, ensure_ascii=False).encode()
    return table.replace_schema_metadata({**table.schema.metadata, PROVENANCE_KEY: provenance})


def to_pandas(result: "Result") -> "pandas.DataFrame":
    """As pandas' nullable types; notes and provenance in `attrs`."""
    try:
        import pandas
    except ImportError:
        raise _lacking("pandas", "frames") from None
    types: dict[pa.DataType, Any] = {
        pa.int64(): pandas.Int64Dtype(),
        pa.float64(): pandas.Float64Dtype(),
        pa.bool_(): pandas.BooleanDtype(),
        pa.string(): pandas.StringDtype(),
    }
    frame: pandas.DataFrame = to_arrow(result).to_pandas(types_mapper=types.get)
    frame.attrs = {"notes": list(result.table.notes), "provenance": dict(result.provenance)}
    return frame


def to_polars(result: "Result") -> "polars.DataFrame":
    """As a polars data frame, which has no place for notes."""
    try:
        import polars
    except ImportError:
        raise _lacking("polars", "frames") from None
    frame = polars.from_arrow(to_arrow(result))
    assert isinstance(frame, polars.DataFrame)  # noqa: S101  # a table gives a frame, an array a series
    return frame


def _lacking(package: str, extra: str) -> ImportError:
    return ImportError(f"this needs {package}, which is not installed; install it, or concordat[{extra}]", name=package)
