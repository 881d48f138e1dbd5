"""CSV, one line at a time: what a line says never depends on another line.

A parser that lets quotes span lines, or guesses the format from the first rows, lets one person's record change how
another's is read. Here the format is declared, a record is a line, and a line that does not parse is left out.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

_BATCH = 50_000


@dataclass
class LineCount:
    """Counts the lines that were left out while `batches` is read."""

    malformed: int = field(default=0)


def header(path: Path, separator: str) -> list[str]:
    """The names in the first line. Raises ValueError if it is no header, OSError if the file cannot be read."""
    with path.open("rb") as file:
        first = file.readline().removeprefix(b"\xef\xbb\xbf")
    names = _fields(first, separator)
    if names is None or not all(names) or len({name.lower() for name in names if name}) != len(names):
        raise ValueError("the first line must name every column, each once")
    return [name for name in names if name]


def batches(path: Path, separator: str, names: list[str], count: LineCount) -> Iterator[pa.RecordBatch]:
    """Every line after the header as text columns; an empty field is NULL. Empty lines are passed over."""
    schema = pa.schema([(name, pa.string()) for name in names])
    rows: list[list[str | None]] = []
    with path.open("rb") as file:
        file.readline()
        for line in file:
            fields = _fields(line, separator)
            if fields is None or len(fields) != len(names):
                count.malformed += bool(line.strip())
                continue
            rows.append(fields)
            if len(rows) == _BATCH:
                yield _batch(rows, schema)
                rows = []
    yield _batch(rows, schema)


def _fields(line: bytes, separator: str) -> list[str | None] | None:
    """A line's fields, or None if it is no CSV: bad UTF-8, quotes that do not close, text after a closing quote."""
    try:
        text = line.decode().rstrip("\r\n")
        if '"' not in text and "\r" not in text:
            return [part or None for part in text.split(separator)]
        found = list(csv.reader([text], delimiter=separator, strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    return [part or None for part in found[0]] if len(found) == 1 else None


def _batch(rows: list[list[str | None]], schema: pa.Schema) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.RecordBatch.from_arrays([pa.array(column, pa.string()) for column in columns], schema=schema)
