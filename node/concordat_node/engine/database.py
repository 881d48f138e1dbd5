"""DuckDB over editions attached read-only, locked so that no statement can reach a file, an extension or a setting."""

from collections.abc import Mapping
from pathlib import Path

import duckdb


def open_locked(
    editions: Mapping[str, Path], *, spill: Path, spill_limit: str, memory_limit: str, threads: int
) -> duckdb.DuckDBPyConnection:
    """A connection in which each edition is attached under its name (letters and digits) and nothing else can be.

    Raises duckdb.Error where a file is not a database; the message must not leave the process.
    """
    connection = duckdb.connect(":memory:")
    for name, path in editions.items():
        connection.execute(f"ATTACH {_text(str(path))} AS {name} (READ_ONLY)")
    for setting, value in _lockdown(spill, spill_limit, memory_limit, threads):
        connection.execute(f"SET {setting} = {value}")
    return connection


def _lockdown(spill: Path, spill_limit: str, memory_limit: str, threads: int) -> list[tuple[str, str]]:
    """Settings in the order in which they must be made: the last one forbids any further one."""
    return [
        ("autoinstall_known_extensions", "false"),
        ("autoload_known_extensions", "false"),
        ("allow_community_extensions", "false"),
        ("allow_persistent_secrets", "false"),
        ("enable_logging", "false"),
        ("preserve_insertion_order", "true"),  # rows of a unit are read in the order in which they are stored
        ("memory_limit", _text(memory_limit)),
        ("threads", str(threads)),
        ("temp_directory", _text(str(spill))),
        ("max_temp_directory_size", _text(spill_limit)),
        ("enable_external_access", "false"),
        ("lock_configuration", "true"),
    ]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
