"""A result's rows as small records, and how one of them is found by its keys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TYPE_CHECKING

from concordat_privacy.estimates import Row, Value
from concordat_query.catalogue import CellKey
from concordat_query.errors import Reason, Refusal
from concordat_query.model import KeyColumn, NationColumn, ValueColumn

if TYPE_CHECKING:
    from concordat_client.result import Result

TOTAL = "Total"
"""How a key that is summed over is shown and asked for."""


@dataclass(frozen=True)
class Record:
    """One row. `labels` and `values` go by the names of the result's columns, in their order.

    A label is a nation's or a total's name, a code, a Decimal, a date, None where the source lacks the value, or
    "Total" for a key in `summed`. `is_total`: nations are added up. A value is None where it does not apply to the row.
    """

    labels: Mapping[str, CellKey]
    values: Mapping[str, Value | None]
    is_total: bool
    summed: frozenset[str]
    row: Row = field(repr=False)

    def __getitem__(self, name: str) -> CellKey | Value:
        """A label or value by its column's name. Raises KeyError."""
        return self.labels[name] if name in self.labels else self.values[name]


def records(result: "Result") -> Iterator[Record]:
    """All rows, in the table's order."""
    columns = result.table.columns
    values = [column.name for column in columns if isinstance(column, ValueColumn)]
    keys = {column.name: column.key for column in columns if isinstance(column, KeyColumn)}
    for row in result.table.rows:
        summed = frozenset(name for name, place in keys.items() if row.rolled[place])
        labels: dict[str, CellKey] = {}
        for column in columns:
            if isinstance(column, NationColumn):
                labels[column.name] = row.nation
            elif isinstance(column, KeyColumn):
                labels[column.name] = TOTAL if column.name in summed else row.keys[keys[column.name]]
        figures = dict(zip(values, row.values, strict=True))
        yield Record(MappingProxyType(labels), MappingProxyType(figures), row.is_total, summed, row)


def select(result: "Result", wanted: Mapping[str, object]) -> list[Record]:
    """The rows that have all these labels, at least one. Refuses a column or label that there is not."""
    found = list(records(result))
    for name, label in wanted.items():
        known = [column.name for column in result.table.columns if not isinstance(column, ValueColumn)]
        if name not in known:
            there = f"there are: {', '.join(known)}" if known else "there are none"
            raise _wrong(f"no column {name!r} tells this result's rows apart; {there}")
        labels = dict.fromkeys(record.labels[name] for record in found)
        found = [record for record in found if _same(record.labels[name], label)]
        if not found:
            listed = ", ".join("(missing)" if other is None else str(other) for other in labels)
            raise _wrong(f"no row has {label!r} as {name}; rows here have: {listed or 'nothing'}")
    return found


def value_column(result: "Result", name: str | None) -> int:
    """A value column's place among the value columns: the one of that name, or the only one there is."""
    names = [column.name for column in result.table.columns if isinstance(column, ValueColumn)]
    if name is None and len(names) == 1:
        return 0
    if name is None or name not in names:
        what = "the result has several values" if name is None else f"there is no value {name!r}"
        raise _wrong(f"{what}; name one with value=: {', '.join(names)}")
    return names.index(name)


def cell(result: "Result", value: str | None, wanted: Mapping[str, object]) -> Value:
    """One figure. Refuses what names no row, or several."""
    place = value_column(result, value)
    found = select(result, wanted)
    if len(found) > 1:
        left = [name for name in found[0].labels if name not in wanted]
        raise _wrong(f"{len(found)} rows are meant; tell them apart by {' and '.join(left)}")
    figure = found[0].row.values[place]
    if figure is None:
        raise _wrong("this value does not apply to that row: it is the total of other nations")
    return figure


def _same(label: CellKey, wanted: object) -> bool:
    """Numbers go by what they are worth, dates also by how they are written (2016-01-31)."""
    if isinstance(label, date) and isinstance(wanted, str):
        return label.isoformat() == wanted
    if isinstance(label, Decimal) and wanted is not None and not isinstance(wanted, bool):
        try:
            return label == Decimal(str(wanted))
        except InvalidOperation:
            return False
    return label == wanted


def _wrong(message: str) -> Refusal:
    return Refusal(Reason.MALFORMED_REQUEST, message)
