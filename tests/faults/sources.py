"""Dirty deliveries: sources in which something is wrong, imported as the operator does it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from concordat_node.importing import edition
from concordat_node.importing.report import Report
from concordat_query.errors import ConcordatError
from fakes.engine import CASUALTIES
from faults.scene import HEADER, RECORDS, Do, Scene, Told

Write = Callable[[Path], object]
Count = Callable[[Report], int]


def imports(name: str, write: Write, counted: Count, expected: int = 1) -> Do:
    """Imports what `write` makes and serves it. The custodian's report must count what was wrong."""

    async def do(scene: Scene) -> Told:
        write(scene.delivery(name))
        report, steps = scene.import_anew(scene.wales)
        assert counted(report) == expected, report
        await scene.restart()
        assert edition.current(scene.wales.settings.state, CASUALTIES).id == report.edition
        return Told(None, None, steps)

    return do


def fails_to_import(name: str, write: Write) -> Do:
    """Imports what `write` makes, which is refused. The former edition stays in force."""

    async def do(scene: Scene) -> Told:
        former = edition.current(scene.wales.settings.state, CASUALTIES)
        write(scene.delivery(name))
        try:
            scene.import_anew(scene.wales)
        except ConcordatError as error:
            assert edition.current(scene.wales.settings.state, CASUALTIES) == former
            return Told(None, error.reason, error.message)
        return Told(None, None, "it was imported")

    return do


# CSV


def csv(*records: str | bytes, header: str = HEADER) -> Write:
    """Good records, then these."""
    lines = [header, *RECORDS, *records]
    return raw(b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines))


def raw(content: bytes) -> Write:
    return lambda path: path.write_bytes(content)


def no_file(path: Path) -> None:
    """Nothing was delivered."""


# Parquet


def parquet(columns: Mapping[str, Any]) -> Write:
    """Two good records whose columns are replaced by these."""
    good: dict[str, Any] = {
        "id": ["zebra-1", "zebra-2"],
        "year": [2014, 2016],
        "severity": ["Fatal", "Slight"],
        "mode": ["Car", "Car"],
        "sex": ["Male", "Female"],
        "age": [20.0, 30.0],
    }
    return lambda path: pq.write_table(pa.table({**good, **columns}), path)


def torn_parquet(path: Path) -> None:
    parquet({})(path)
    path.write_bytes(path.read_bytes()[:-50])


def text_that_is_no_utf8(*values: bytes) -> pa.Array:
    """A column of text that a careless program wrote: its bytes are not looked at here."""
    return pa.StringArray.from_buffers(len(values), *_buffers(values))


def _buffers(values: Sequence[bytes]) -> tuple[pa.Buffer, pa.Buffer]:
    binary = pa.array(list(values), pa.binary())
    _, offsets, data = binary.buffers()
    return offsets, data


# What the report counts


def missing(column: str) -> Count:
    return lambda report: report.columns[column].missing


def unknown(column: str) -> Count:
    return lambda report: report.columns[column].unknown


def out_of_range(column: str) -> Count:
    return lambda report: report.columns[column].out_of_range


def dropped(why: str) -> Count:
    return lambda report: report.dropped[why]


def trimmed(report: Report) -> int:
    return report.rows_trimmed


def malformed(report: Report) -> int:
    return report.malformed_lines["source"]


def read(report: Report) -> int:
    return report.rows_read
