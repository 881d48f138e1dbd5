"""Opens a mapping's local sources for reading, checks that they have the columns it reads, and locks everything else.

Sources become views (Parquet, DuckDB) or staged tables (CSV) in schema `source`, and empty tables of the same columns
in schema `blank`, on which a mapping is tried out: what fails there fails on no one's data.
"""

# ruff: noqa: S608 - the SQL is made of checked expressions, integers and quoted names, never of text as given

from collections.abc import Mapping as Table
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
from concordat_query.errors import Reason, Refusal

from concordat_node.importing import csv_lines
from concordat_node.importing.mapping import ROWS_AS_PARENT, Mapping, Source


@dataclass(frozen=True)
class Opened:
    """What was opened: each source's columns with their types, and how many lines of CSV were left out."""

    types: Table[str, Table[str, str]]
    malformed_lines: Table[str, int]


def connect(memory_limit: str, threads: int, spill: Path, spill_limit: str) -> duckdb.DuckDBPyConnection:
    """A connection for one import: nothing is fetched, nothing is remembered, dates know no local time.

    DuckDB would compute what two expressions share only once, outside the TRY that each stands in: one row's overflow
    would then fail the whole import.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "allow_persistent_secrets": False,
            "disabled_optimizers": "common_subexpressions",
            "memory_limit": memory_limit,
            "threads": threads,
            "temp_directory": str(spill),
            "max_temp_directory_size": spill_limit,
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = true")  # counts how far a statement is, for whoever asks
    connection.execute("SET enable_progress_bar_print = false")
    connection.execute("CREATE SCHEMA source")
    connection.execute("CREATE SCHEMA blank")
    return connection


def open_sources(connection: duckdb.DuckDBPyConnection, mapping: Mapping, data: Path) -> Opened:
    """Opens every source of the mapping. Refuses with the source at fault; a message never holds a value."""
    types: dict[str, dict[str, str]] = {}
    malformed: dict[str, int] = {}
    for join in mapping.statement.joins:
        _check_parent(mapping, join.source, data)
    for name, source in mapping.sources.items():
        place = f"{mapping.path}: sources.{name}"
        path = data / source.path
        _check_file(path, place)
        try:
            if path.suffix == ".csv":
                malformed[name] = _stage_csv(connection, name, path, source.separator)
            else:
                _view(connection, name, path, source)
            types[name] = _columns(connection, name)
        except (duckdb.Error, OSError, ValueError):
            raise _fault(place, f"{path} {_expectation(source)}") from None
        _check_columns(types[name], mapping.statement.reads[name], place, path)
        connection.execute(f"CREATE TABLE blank.{_name(name)} AS SELECT * FROM source.{_name(name)} LIMIT 0")
    return Opened(types, malformed)


def lock(connection: duckdb.DuckDBPyConnection, mapping: Mapping, data: Path) -> None:
    """From here on nothing is opened but the sources, and no setting changes."""
    paths = [str(data / source.path) for source in mapping.sources.values()]
    connection.execute("SET allowed_paths = ?", [paths])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _name(name: str) -> str:
    return f'"{name}"'


def _view(connection: duckdb.DuckDBPyConnection, name: str, path: Path, source: Source) -> None:
    if source.table is None:
        relation = f"read_parquet([{literal(str(path))}])"
    else:
        connection.execute(f"ATTACH {literal(str(path))} AS {_name('file_' + name)} (READ_ONLY)")
        _demand_table(connection, "file_" + name, source.table)
        quoted = '"' + source.table.replace('"', '""') + '"'
        relation = f"{_name('file_' + name)}.{quoted}"
    connection.execute(f"CREATE VIEW source.{_name(name)} AS SELECT * FROM {relation}")


def _demand_table(connection: duckdb.DuckDBPyConnection, database: str, table: str) -> None:
    """A view would let SQL outside the mapping's language stand behind the mapping. Raises ValueError."""
    found = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main' "
        "AND lower(table_name) = lower(?)",
        [database, table],
    ).fetchone()
    if found != (1,):
        raise ValueError("not a table")


def _stage_csv(connection: duckdb.DuckDBPyConnection, name: str, path: Path, separator: str) -> int:
    names = csv_lines.header(path, separator)
    count = csv_lines.LineCount()
    schema = pa.schema([(column, pa.string()) for column in names])
    reader = pa.RecordBatchReader.from_batches(schema, csv_lines.batches(path, separator, names, count))
    connection.register("csv_lines", reader)
    connection.execute(f"CREATE TABLE source.{_name(name)} AS SELECT * FROM csv_lines")
    connection.unregister("csv_lines")
    return count.malformed


def _columns(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    rows = connection.execute(f"DESCRIBE source.{_name(name)}").fetchall()
    return {str(row[0]).lower(): str(row[1]) for row in rows}


def _check_file(path: Path, place: str) -> None:
    try:
        with path.open("rb"):
            return
    except FileNotFoundError:
        raise _fault(place, f"there is no file {path}; put it into the node's data folder or correct `path`") from None
    except OSError as error:
        raise _fault(place, f"{path} cannot be read: {error.strerror}") from None


def _check_parent(mapping: Mapping, parent: str, data: Path) -> None:
    """Whatever names they go by: links to one file are one file."""
    rows, joined = mapping.sources[mapping.statement.fact], mapping.sources[parent]
    paths = [data / source.path for source in (rows, joined)]
    is_one = all(path.exists() for path in paths) and paths[0].samefile(paths[1])
    if is_one and (rows.table or "").lower() == (joined.table or "").lower():
        raise _fault(f"{mapping.path}: sources.{parent}", ROWS_AS_PARENT)


def _check_columns(columns: Table[str, str], read: frozenset[str], place: str, path: Path) -> None:
    if missing := sorted(read - set(columns)):
        # The first line of a CSV without a header is a record: it is not repeated.
        known = "what its first line names" if path.suffix == ".csv" else ", ".join(columns)
        raise Refusal(Reason.UNKNOWN_COLUMN, f"{place}: it has no column {missing[0]!r}; it has: {known}", field=place)


def _expectation(source: Source) -> str:
    if source.table is not None:
        return f"is not a DuckDB file that holds table {source.table!r}"
    if source.path.endswith(".csv"):
        return "is not a CSV file in UTF-8 whose first line names every column once"
    return "is not a Parquet file that can be read"


def _fault(place: str, what: str) -> Refusal:
    return Refusal(Reason.WRONG_FILE, f"{place}: {what}", field=place)
