"""Results as bytes for other tools: text, CSV, JSON, Parquet and Arrow, all but text made of the one tidy table."""

import csv
import io
import json
import math
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from concordat_client import display, tidy

if TYPE_CHECKING:
    from concordat_client.result import Result

BINARY = frozenset({"parquet", "arrow"})
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""What spreadsheets take for the start of a formula, full-width forms included."""


def to_csv(result: "Result") -> bytes:
    """RFC 4180 in UTF-8: a header, CRLF, nothing where there is no figure (the status says why), `inf` without bound.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    table = tidy.to_arrow(result)
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(map(_csv_cell, table.column_names))
    writer.writerows([_csv_cell(cell) for cell in row.values()] for row in table.to_pylist())
    return sink.getvalue().encode()


def _csv_cell(cell: object) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case str():
            return f"'{cell}" if cell.startswith(_FORMULA) else cell
        case _:
            return str(cell)


def to_json(result: "Result") -> bytes:
    """One object, as `document` tells, in strict JSON."""
    return (json.dumps(document(result), ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def document(result: "Result") -> dict[str, Any]:
    """Columns, rows, notes and provenance as JSON has them.

    A figure that there is not is null, its status says why; a margin that is null beside a figure has no bound.
    """
    table = tidy.to_arrow(result)
    return {
        "columns": [{"name": field.name, "type": str(field.type)} for field in table.schema],
        "rows": [{name: _json_cell(cell) for name, cell in row.items()} for row in table.to_pylist()],
        "notes": list(result.table.notes),
        "provenance": dict(result.provenance),
    }


def _json_cell(cell: object) -> object:
    if isinstance(cell, Decimal):
        return float(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def to_parquet(result: "Result") -> bytes:
    import pyarrow.parquet as pq  # slow to import, and rarely wanted

    sink = pa.BufferOutputStream()
    pq.write_table(tidy.to_arrow(result), sink)
    return bytes(sink.getvalue())


def to_arrow_file(result: "Result") -> bytes:
    """An Arrow IPC file, also known as Feather version 2."""
    table = tidy.to_arrow(result)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def to_text(result: "Result") -> bytes:
    return display.as_text(result).encode()


FORMATS: Mapping[str, Callable[["Result"], bytes]] = {
    "table": to_text,
    "csv": to_csv,
    "json": to_json,
    "parquet": to_parquet,
    "arrow": to_arrow_file,
}


def encode(result: "Result", form: str) -> bytes:
    """The result in one of FORMATS. The same result gives the same bytes with the same versions of the software."""
    return FORMATS[form](result)
