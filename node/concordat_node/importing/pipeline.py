"""The SQL of an import, step by step. Each step is a function of one unit's rows.

    converted   one row per source row: token, repaired values, faults, why it is dropped if it is
    ordered     rows that stay: their rank among their unit's rows by all mapped values, and the keyed hash of it
    limited     constant columns made constant, coverage applied again, each row's position in its unit by that hash
    edition     rows within the limit, with dense ordinals, sorted

Rows of a unit that agree in all mapped values, and in whether one of them was clamped, are interchangeable, so ties in
the rank change nothing.
"""

# ruff: noqa: S608 - the SQL is made of checked expressions, integers and quoted names, never of text as given

from collections.abc import Sequence

import duckdb
from concordat_query.catalogue import Dataset

from concordat_node.engine.sql import condition_sql
from concordat_node.importing import edition, tokens
from concordat_node.importing.conversion import ColumnPlan, Fault, absent_columns_sql
from concordat_node.importing.edition import Loss
from concordat_node.importing.mapping import Mapping
from concordat_node.importing.marking import UNMARKED
from concordat_node.importing.restricted_sql import Join, Statement

_KEPT, _LEFT_OUT, _NO_UNIT, _NOT_HELD, _UNUSABLE = 0, 1, 2, 3, 10
_UNIT = "token_hi, token_lo"


def drop_reasons(plans: Sequence[ColumnPlan]) -> dict[int, str]:
    """What each code in `converted._dropped` means."""
    return {
        _LEFT_OUT: "left out by the mapping's WHERE",
        _NO_UNIT: "no unit id",
        **{_UNUSABLE + plan.index: f"{plan.column.name}: no usable value" for plan in plans},
        _NOT_HELD: "outside what the mapping declares to hold",
    }


def from_sql(statement: Statement, schema: str, until: str | None = None) -> str:
    """FROM and its joins over the sources in `schema`, up to the join called `until`, without it."""
    parts = [f'{schema}."{statement.fact}" AS "{statement.alias}"']
    for join in statement.joins:
        if join.alias == until:
            break
        on = " AND ".join(f'TRY({expression}) = "{join.alias}"."{name}"' for name, expression in join.keys)
        parts.append(f'LEFT JOIN {_unique(statement, join, schema)} AS "{join.alias}" ON {on}')
    return " ".join(parts)


def _unique(statement: Statement, join: Join, schema: str) -> str:
    """The parent's rows whose key occurs once: no key can multiply rows, an ambiguous one matches nothing."""
    keys = [name for name, _ in join.keys]
    others = sorted(statement.reads[join.source] - set(keys))
    columns = ", ".join([*(f'"{name}"' for name in keys), *(f'first("{name}") AS "{name}"' for name in others)])
    by = ", ".join(f'"{name}"' for name in keys)
    return f'(SELECT {columns} FROM {schema}."{join.source}" GROUP BY {by} HAVING count(*) = 1)'


def convert(mapping: Mapping, plans: Sequence[ColumnPlan]) -> list[str]:
    """Makes `converted`. $1 and $2 are the padded keys of the tokens."""
    statement = mapping.statement
    raw = [
        # An empty id names nobody, whatever kind of file it stands in; as an id it would make one unit of many.
        f"NULLIF(TRY_CAST(TRY({statement.unit_id}) AS VARCHAR), '') AS _unit",
        f"{f'TRY({statement.where})' if statement.where else 'true'} AS _included",
        *(plan.raw_sql() for plan in plans),
    ]
    layer = f"SELECT {', '.join(raw)} FROM {from_sql(statement, 'source')}"
    layer = _over(layer, [f"{tokens.token_sql('_unit', '$1', '$2')} AS _token", *(plan.fixed_sql() for plan in plans)])
    layer = _over(layer, [plan.fault_sql() for plan in plans])
    layer = _over(layer, [plan.repaired_sql() for plan in plans])
    layer = _over(layer, [*_outside(mapping), *absent_columns_sql(mapping.definition, plans), _dropped(mapping, plans)])
    kept = [
        f"{tokens.high_half('_token')} AS token_hi",
        f"{tokens.low_half('_token')} AS token_lo",
        *_covered_columns(mapping),
        *(plan.fault for plan in plans),
        *(f"_outside_{column.name}" for column in mapping.definition.columns),
        f"{_clamped(plans)} AS _clamped",
        "_dropped",
    ]
    return [f"CREATE TABLE converted AS SELECT {', '.join(kept)} FROM ({layer})"]


def order(dataset: Dataset, plans: Sequence[ColumnPlan]) -> list[str]:
    """Makes `ordered`. $1 is the secret of row keys."""
    columns = ", ".join(_names(dataset))
    values = ", ".join(f"{plan.name} NULLS LAST" for plan in plans)
    key = tokens.row_key_sql("token_hi", "token_lo", "_rank", "$1")
    return [
        f"""CREATE TABLE ordered AS SELECT {_UNIT}, {columns}, _clamped, _rank, {key} AS row_key FROM (
            SELECT *, row_number() OVER (PARTITION BY {_UNIT} ORDER BY {values}, _clamped) AS _rank
            FROM converted WHERE _dropped = {_KEPT})"""
    ]


def limit(mapping: Mapping, plans: Sequence[ColumnPlan]) -> list[str]:
    """Makes `limited`: `_position` counts a unit's rows from 1 in the order in which they are kept."""
    dataset = mapping.definition
    by_hash = f"PARTITION BY {_UNIT} ORDER BY row_key, _rank"
    constant = [f'"{name}"' for name in _constant_columns(dataset, plans)]
    changed = " OR ".join(f"{name} IS DISTINCT FROM first_value({name}) OVER w" for name in constant) or "false"
    replaced = ", ".join(f"first_value({name}) OVER w AS {name}" for name in constant)
    everything = f"* REPLACE ({replaced})" if replaced else "*"
    made_constant = f"SELECT {everything}, {changed} AS _changed FROM ordered WINDOW w AS ({by_hash})"
    columns = ", ".join(_covered_columns(mapping))
    return [
        f"""CREATE TABLE limited AS
            SELECT *, row_number() OVER ({by_hash}) AS _position
            FROM (SELECT {_UNIT}, {columns}, _clamped, _rank, row_key, _changed
                  FROM (SELECT *, {", ".join(_outside(mapping))} FROM ({made_constant})) WHERE {_inside(mapping)})""",
    ]


def write(dataset: Dataset) -> list[str]:
    """Fills the attached database `edition`, or `unmarked` where rows are to be marked on their way there."""
    texts = [column.name for column in dataset.columns if column.type == "text"]
    columns = ", ".join(
        f'_text_{c.name}.code AS "{c.name}"' if c.name in texts else f'"{c.name}"' for c in dataset.columns
    )
    joined = " ".join(
        f'LEFT JOIN edition.{edition.text_table(name)} AS _text_{name} ON _text_{name}.text = "{name}"'
        for name in texts
    )
    within = f"_position <= {dataset.max_rows_per_unit}"
    losses = f"""CASE WHEN count(*) > {dataset.max_rows_per_unit} THEN {Loss.ROW:d} ELSE 0 END
        | CASE WHEN bool_or(_clamped AND {within}) THEN {Loss.CLAMPED:d} ELSE 0 END"""
    target = UNMARKED if dataset.cubes else f"edition.{edition.TABLE}"
    return [
        edition.table_ddl(dataset, f"edition.{edition.TABLE}"),
        *([edition.table_ddl(dataset, UNMARKED)] if dataset.cubes else []),
        f"""CREATE TABLE units AS
            SELECT {_UNIT}, row_number() OVER (ORDER BY unit_rows, {_UNIT}) - 1 AS unit, unit_rows, unit_losses
            FROM (SELECT {_UNIT}, count(*) FILTER (WHERE {within}) AS unit_rows, {losses} AS unit_losses
                  FROM limited GROUP BY {_UNIT})""",
        *(_texts(name, within) for name in texts),
        f"""INSERT INTO {target}
            SELECT unit, unit_rows, unit_losses, {_UNIT}, row_key, 0, {columns}
            FROM (SELECT * FROM limited WHERE {within}) JOIN units USING ({_UNIT}) {joined}
            ORDER BY unit, row_key, _rank""",
    ]


def _texts(name: str, within: str) -> str:
    """The table of a column's texts: those of the rows that stay."""
    return f"""CREATE TABLE edition.{edition.text_table(name)} AS
        SELECT CAST(row_number() OVER (ORDER BY text) - 1 AS INTEGER) AS code, text
        FROM (SELECT DISTINCT "{name}" AS text FROM limited WHERE {within} AND "{name}" IS NOT NULL)"""


def counts(connection: duckdb.DuckDBPyConnection, mapping: Mapping, plans: Sequence[ColumnPlan]) -> dict[str, int]:
    """The custodian's figures, by what they count."""
    found = _row_of(connection, _converted_counts(plans))
    limit = mapping.definition.max_rows_per_unit
    found |= _row_of(
        connection,
        {
            "SELECT": f"""count(*) FILTER (_position <= {limit}) AS rows_kept,
                count(*) FILTER (_position = 1) AS units_kept,
                count(*) FILTER (_position > {limit}) AS rows_trimmed,
                count(*) FILTER (_changed) AS rows_made_constant,
                (SELECT count(*) FROM ordered) - count(*) AS lost_to_constancy""",
            "FROM": "limited",
        },
    )
    found[f"dropped {_NOT_HELD}"] += found["lost_to_constancy"]
    for join in mapping.statement.joins:
        by = ", ".join(f'"{name}"' for name, _ in join.keys)
        twice = f'(SELECT 1 FROM source."{join.source}" GROUP BY {by} HAVING count(*) > 1)'
        found |= _row_of(connection, {"SELECT": f'count(*) AS "ambiguous {join.alias}"', "FROM": twice})
    return found


def _converted_counts(plans: Sequence[ColumnPlan]) -> dict[str, str]:
    included = f"_dropped <> {_LEFT_OUT}"
    items = ["count(*) AS rows_read"]
    items += [f'count(*) FILTER (_dropped = {code}) AS "dropped {code}"' for code in drop_reasons(plans)]
    for plan in plans:
        for name, fault in (
            ("missing", Fault.MISSING),
            ("unknown", Fault.UNKNOWN),
            ("out_of_range", Fault.OUT_OF_RANGE),
        ):
            items.append(f'count(*) FILTER ({included} AND {plan.fault} = {fault:d}) AS "{name} {plan.index}"')
        outside = f"_dropped = {_KEPT} AND _outside_{plan.column.name}"
        items.append(f'count(*) FILTER ({outside}) AS "outside {plan.index}"')
    return {"SELECT": ", ".join(items), "FROM": "converted"}


def _row_of(connection: duckdb.DuckDBPyConnection, query: dict[str, str]) -> dict[str, int]:
    done = connection.execute(f"SELECT {query['SELECT']} FROM {query['FROM']}")
    names = [str(item[0]) for item in done.description or []]
    row = done.fetchall()[0]
    return {name: int(value) for name, value in zip(names, row, strict=True)}


def _over(layer: str, columns: Sequence[str]) -> str:
    return f"SELECT *, {', '.join(columns)} FROM ({layer})"


def _clamped(plans: Sequence[ColumnPlan]) -> str:
    """Whether the row has a value that was set to its nearest bound and is held."""
    flags = [
        f"({plan.fault} = {Fault.OUT_OF_RANGE:d} AND NOT _outside_{plan.column.name})"
        for plan in plans
        if plan.repair.out_of_range == "clamp"
    ]
    return " OR ".join(flags) or "false"


def _names(dataset: Dataset) -> list[str]:
    return [f'"{column.name}"' for column in dataset.columns]


def _dropped(mapping: Mapping, plans: Sequence[ColumnPlan]) -> str:
    unusable = " ".join(f"WHEN {plan.unusable_sql()} THEN {_UNUSABLE + plan.index}" for plan in plans)
    return f"""CAST(CASE
        WHEN _included IS NOT TRUE THEN {_LEFT_OUT} WHEN _unit IS NULL THEN {_NO_UNIT} {unusable}
        WHEN NOT {_inside(mapping)} THEN {_NOT_HELD} ELSE {_KEPT}
    END AS USMALLINT) AS _dropped"""


def _inside(mapping: Mapping) -> str:
    """Whether a row is declared to be held."""
    rows = mapping.coverage.rows
    return "true" if rows is None else f"({condition_sql(mapping.definition, rows)} IS TRUE)"


def _outside(mapping: Mapping) -> list[str]:
    """For every column of the catalogue, whether its value is declared as not held for this row."""
    flags = []
    for column in mapping.definition.columns:
        rows = mapping.coverage.of(column.name).rows
        held = "true" if rows is None else f"({condition_sql(mapping.definition, rows)} IS TRUE)"
        value = f'"{column.name}" IS NOT NULL AND ' if rows is not None else ""
        flags.append(f"{value}NOT {held} AS _outside_{column.name}")
    return flags


def _covered_columns(mapping: Mapping) -> list[str]:
    """Every column of the catalogue, NULL where it is declared as not held."""
    return [
        f'CASE WHEN NOT _outside_{column.name} THEN "{column.name}" END AS "{column.name}"'
        for column in mapping.definition.columns
    ]


def _constant_columns(dataset: Dataset, plans: Sequence[ColumnPlan]) -> list[str]:
    """Held columns declared constant within a unit. Where a unit has one row, there is nothing to make constant."""
    if dataset.max_rows_per_unit == 1:
        return []
    return [plan.column.name for plan in plans if plan.column.constant_within_unit]
