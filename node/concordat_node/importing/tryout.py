"""Tries a mapping out on empty tables that have its sources' columns.

All that can be wrong with a mapping for these columns (a function of numbers given a text, keys of two types) shows
here, where DuckDB's own message can hold no value, and before any row is read.
"""

# ruff: noqa: S608 - the SQL is made of checked expressions, integers and quoted names, never of text as given

import duckdb
from concordat_query.errors import Reason, Refusal

from concordat_node.importing.mapping import Mapping
from concordat_node.importing.pipeline import from_sql
from concordat_node.importing.restricted_sql import Join

_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT"}
)


def try_out(connection: duckdb.DuckDBPyConnection, mapping: Mapping) -> None:
    """Refuses with the mapping's key and column at fault."""
    statement = mapping.statement
    for join in statement.joins:
        for name, expression in join.keys:
            _check_key(connection, mapping, join, name, expression)
    relation = from_sql(statement, "blank")
    for name, expression in statement.columns.items():
        _run(connection, mapping, f"select: column {name}", f"SELECT TRY({expression}) FROM {relation}")
    _run(connection, mapping, "unit_id", f"SELECT TRY({statement.unit_id}) FROM {relation}")
    if statement.where is not None:
        _run(connection, mapping, "select: WHERE", f"SELECT 1 FROM {relation} WHERE TRY({statement.where})")


def _check_key(connection: duckdb.DuckDBPyConnection, mapping: Mapping, join: Join, name: str, expression: str) -> None:
    """Both sides of a join must have one type: a cast between two could fail on a value, or hide a match."""
    key = f"select: LEFT JOIN {join.source}"
    before = from_sql(mapping.statement, "blank", until=join.alias)
    given = _type(connection, mapping, key, f"SELECT {expression} AS k FROM {before}")
    wanted = _type(connection, mapping, key, f'SELECT "{name}" AS k FROM blank."{join.source}"')
    if given != wanted and not {given, wanted} <= _INTEGERS:
        message = f"key {name!r} is {wanted} in the parent and {given} here; cast this side to {wanted}"
        raise _fault(mapping, key, message)


def _type(connection: duckdb.DuckDBPyConnection, mapping: Mapping, key: str, query: str) -> str:
    try:
        return str(connection.execute(f"DESCRIBE {query}").fetchall()[0][1])
    except duckdb.Error as error:
        raise _fault(mapping, key, _first_line(error)) from None


def _run(connection: duckdb.DuckDBPyConnection, mapping: Mapping, key: str, query: str) -> None:
    try:
        connection.execute(query).fetchall()
    except duckdb.Error as error:
        raise _fault(mapping, key, _first_line(error)) from None


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]


def _fault(mapping: Mapping, key: str, what: str) -> Refusal:
    place = f"{mapping.path}: {key}"
    return Refusal(Reason.WRONG_TYPE, f"{place}: {what}", field=place)
