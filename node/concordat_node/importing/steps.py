"""The steps of an import, in order. Whoever imports is told each one before it begins; a crash may come at any."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

import duckdb
from concordat_query.errors import Reason, Refusal


class Step(Enum):
    """The value is what people are told. It holds no number: progress is shown where a report may not be."""

    CLEAR = "clearing away whatever an interrupted import left behind"
    OPEN = "opening the sources"
    TRY_OUT = "trying the mapping out on empty tables"
    CONVERT = "mapping, converting and repairing rows"
    ORDER = "ordering each unit's rows"
    LIMIT = "holding each unit to the catalogue's limits"
    WRITE = "writing the edition"
    REPORT = "writing the custodian's report"
    SEAL = "hashing the edition"
    PLACE = "putting the edition into its place"
    SWITCH = "putting the edition in force"
    DONE = "done"


HowFar = Callable[[], float | None]
"""The share of a step that is done, from 0 to 1, or None where that is not known. May be asked from any thread."""
Progress = Callable[[Step, HowFar], None]
_NO_SPACE = ("No space left", "max_temp_directory_size")


def not_known() -> None:
    """How far a step is that cannot tell."""


class Statements:
    """How far a step of `count` SQL statements is on `connection`: those done, and DuckDB's word on the next."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, count: int) -> None:
        self._connection = connection
        self._count = count
        self.done = 0

    def how_far(self) -> float | None:
        try:
            percent = self._connection.query_progress()  # below 0 where it does not know
        except duckdb.Error:
            return None
        return min(1.0, (self.done + max(0.0, percent) / 100) / self._count)


@contextmanager
def without_values(step: Step) -> Iterator[None]:
    """Turns DuckDB's errors, whose messages may quote the data, into refusals that say what to do."""
    try:
        yield
    except duckdb.Error as error:
        raise Refusal(Reason.IMPORT_FAILED, f"{step.value}: {_advice(error)}", field=step.name.lower()) from None
    except OSError as error:
        what = error.strerror or "the system refused"
        raise Refusal(
            Reason.IMPORT_FAILED,
            f"{step.value}: {what}; free or repair the node's state folder",
            field=step.name.lower(),
        ) from None


def _advice(error: duckdb.Error) -> str:
    if isinstance(error, duckdb.OutOfMemoryException):
        return "memory or spill space ran out; raise engine.memory_limit or free space in the node's state folder"
    if isinstance(error, duckdb.IOException) or any(sign in str(error) for sign in _NO_SPACE):
        return "a file could not be read or written; check that the sources are whole and the disk is not full"
    return f"DuckDB could not go on ({type(error).__name__}); check that the sources are whole"
