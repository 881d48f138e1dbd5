"""The custodian's report of an import. Its numbers are data: they go to the person who runs the import and into a file
that only the node's own user can read, and appear in no Describe, metric, log or answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from concordat_node.importing import edition


@dataclass(frozen=True)
class ColumnReport:
    """Rows by what was wrong with this column's value, before repair, and what repair made of it."""

    missing: int
    unknown: int
    out_of_range: int
    outside_coverage: int
    """Values nulled because the mapping declares the column as not held for their row."""
    unknown_becomes: str
    out_of_range_becomes: str


@dataclass(frozen=True)
class Report:
    dataset: str
    edition: str
    rows_read: int
    rows_kept: int
    units_kept: int
    dropped: Mapping[str, int]
    """Rows left out, by reason; each row counts under the first that applies."""
    rows_trimmed: int
    """Rows left out because their unit has more than the catalogue's max_rows_per_unit."""
    rows_made_constant: int
    """Rows whose values in columns declared constant within a unit were replaced."""
    columns: Mapping[str, ColumnReport]
    ambiguous_parent_keys: Mapping[str, int]
    """By parent source: keys that occur more than once and therefore match nothing."""
    malformed_lines: Mapping[str, int]
    """By CSV source: lines that are no record."""


def write_toml(report: Report, path: Path) -> None:
    """Writes the report durably, readable by its owner only."""
    edition.write_durably(path, to_toml(report), 0o600)


def to_toml(report: Report) -> str:
    lines = ["# For the custodian alone: these numbers are data."]
    tables: list[tuple[str, Mapping[str, int | str]]] = []
    for field in fields(report):
        value = getattr(report, field.name)
        if field.name == "columns":
            tables += [(f"columns.{_key(name)}", vars(column)) for name, column in value.items()]
        elif isinstance(value, Mapping):
            tables.append((field.name, value))
        else:
            lines.append(_pair(field.name, value))
    for name, table in tables:
        lines += ["", f"[{name}]", *(_pair(_key(key), value) for key, value in table.items())]
    return "\n".join(lines) + "\n"


def to_text(report: Report) -> str:
    """The report as a custodian reads it. Columns without a fault are left out."""
    lines = [
        f"{report.dataset}: edition {report.edition} is in force.",
        "For the custodian alone: the numbers below are data.",
        _count("rows read", report.rows_read),
        *(_count(f"  dropped: {reason}", count) for reason, count in report.dropped.items() if count),
        _count("  trimmed: more rows than a unit may have", report.rows_trimmed),
        _count("rows kept", report.rows_kept),
        _count("units kept", report.units_kept),
    ]
    if report.rows_made_constant:
        lines.append(_count("rows made constant within their unit", report.rows_made_constant))
    for source, count in report.ambiguous_parent_keys.items():
        lines.append(_count(f"keys of {source} that occur twice: no match", count))
    for source, count in report.malformed_lines.items():
        lines.append(_count(f"lines of {source} that are no record", count))
    for name, column in report.columns.items():
        lines += _column_lines(name, column)
    return "\n".join(lines) + "\n"


def _column_lines(name: str, column: ColumnReport) -> list[str]:
    counts = (
        ("missing", column.missing),
        (f"not a value of the catalogue, {_outcome(column.unknown_becomes)}", column.unknown),
        (f"out of range, {_outcome(column.out_of_range_becomes)}", column.out_of_range),
        ("set to missing: declared as not held there", column.outside_coverage),
    )
    return [_count(f"{name}: {what}", count) for what, count in counts if count]


def _outcome(rule: str) -> str:
    return {"null": "set to missing", "drop": "row dropped", "clamp": "set to the nearest bound"}[rule]


def _count(what: str, count: int) -> str:
    return f"{what:<70} {count:>12,}"


def _key(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else _text(name)


def _pair(key: str, value: int | str) -> str:
    return f"{key} = {value}" if isinstance(value, int) else f"{key} = {_text(value)}"


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
