"""Results as HTML for notebooks: an accessible table, then legend, notes and cost."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from concordat_privacy.estimates import Value
from concordat_query.model import ValueColumn
from concordat_wire.excerpt import plain

from concordat_client import display
from concordat_client.records import Record, records

if TYPE_CHECKING:
    from concordat_client.result import Result

_NUMBERS = ' style="text-align: right; white-space: nowrap"'


def as_html(result: "Result") -> str:
    """The result as one HTML fragment. Every text in it is escaped."""
    dataset = result.catalogue.dataset(result.question.envelope.query.dataset)
    names = [column.name for column in result.table.columns]
    numbers = {column.name for column in result.table.columns if isinstance(column, ValueColumn)}
    values = zip(*(row.values for row in result.table.rows), strict=True)
    digits = [display.decimals([value for value in column if value is not None]) for column in values]
    lines = [_row(record, names, dict(zip(record.values, digits, strict=True))) for record in records(result)]
    notes = [*display.legend(result), *result.table.notes, display.cost(result)]
    return table(dataset.title, names, numbers, lines) + paragraphs(notes)


def table(caption: str, names: Sequence[str], numbers: Iterable[str], rows: Sequence[str]) -> str:
    """A table of rows that are HTML already; columns in `numbers` are set to the right."""
    heads = "".join(f'<th scope="col"{_NUMBERS if name in numbers else ""}>{escape(name)}</th>' for name in names)
    body = "".join(rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def paragraphs(texts: Sequence[str]) -> str:
    return "".join(f"<p>{escape(plain(text))}</p>" for text in texts)


def _row(record: Record, names: Sequence[str], digits: dict[str, int]) -> str:
    cells = [
        figure_cell(record.values[name], digits[name])
        if name in record.values
        else label_cell(display.key_text(record.labels[name]))
        for name in names
    ]
    style = ' style="font-weight: bold"' if not record.row.is_plain else ""
    return f"<tr{style}>{''.join(cells)}</tr>"


def label_cell(text: str) -> str:
    return f'<th scope="row" style="text-align: left">{escape(text)}</th>'


def figure_cell(value: Value | None, digits: int) -> str:
    """A figure with its marks, each explaining itself."""
    figure = display.figure_text(value, digits)
    parts = [escape(figure)] if figure else []
    parts += [f'<abbr title="{escape(why)}">{escape(mark)}</abbr>' for mark, why in display.marks_of(value)]
    return f"<td{_NUMBERS}>{' '.join(parts)}</td>"
