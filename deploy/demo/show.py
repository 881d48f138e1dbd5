"""A result on the screen as the client shows it, with the exact figures beside it."""

from concordat_client import Result, display
from concordat_privacy.estimates import Row
from concordat_query.model import ValueColumn
from questions import Question
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table as RichTable
from rich.text import Text
from truth import Truth

TRUTH = "truth: known only because this demo owns the data; no deployment shows it"


def side_by_side(question: Question, result: Result, truth: Truth) -> RenderableType:
    """Question, table with the truth beside it, legend, notes and cost."""
    parts: list[RenderableType] = [Panel(Text(question.sql), title=question.title, title_align="left")]
    parts.append(_with_truth(question, result, truth))
    parts.append(Text(f"* {TRUTH}", style="yellow"))
    parts += [Text(line, style="dim") for line in display.legend(result)]
    parts += [Text(f"Note: {note}") for note in result.table.notes]
    return Group(*parts, Text(display.cost(result)), Text())


def _with_truth(question: Question, result: Result, truth: Truth) -> RichTable:
    """The client's own table and, to its right, one column of exact figures per value."""
    shown = display.table(result)
    cells = list(zip(*(list(column.cells) for column in shown.columns), strict=True))
    names = [column.name for column in result.table.columns if isinstance(column, ValueColumn)]
    for name in names:
        shown.add_column(f"truth* of {name}", justify="right", style="yellow")
    beside = RichTable(*shown.columns, show_edge=False, pad_edge=False, header_style="bold")
    for row, line, layout in zip(result.table.rows, cells, shown.rows, strict=True):
        exact = _exact(question, result, truth, row)
        beside.add_row(*line, *exact, style=layout.style, end_section=layout.end_section)
    return beside


def _exact(question: Question, result: Result, truth: Truth, row: Row) -> list[str]:
    """Exact figures in words, with a decimal more than margins need; blank where the source has nothing."""
    figures = truth.of(question, row, tuple(map(str, result.question.envelope.query.keys)))
    return ["" if figure is None else _number(figure) for figure in figures]


def _number(figure: float) -> str:
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:,.4f}"
