"""One value column as a chart with 95% error bars. Nothing is ranked, and what has no figure says why."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from concordat_privacy.estimates import Value
from concordat_query.errors import Reason, Refusal
from concordat_query.model import ValueColumn

from concordat_client import display
from concordat_client.records import Record, records, value_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform

    from concordat_client.result import Result

MOST_ROWS = 80
_WIDTH, _ROW, _HEAD = 8.0, 0.3, 1.1
"""Inches: a figure's width, a row's height, and what title and axis take."""

_SINGLE, _TOTAL, _MARK = "#12436D", "#6B7276", "#801650"
"""Dark enough on white for small text; told apart by place and words as well."""


def chart(result: "Result", value: str | None) -> "Figure":
    """The figure. Totals stand below on an axis of their own, so that they dwarf nothing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            "this needs matplotlib, which is not installed; install it, or concordat[chart]", name="matplotlib"
        ) from None
    place = value_column(result, value)
    panels = _panels(list(records(result)))
    sizes = [len(rows) for _, rows in panels]
    if sum(sizes) > MOST_ROWS:
        raise Refusal(
            Reason.MALFORMED_REQUEST, f"more than {MOST_ROWS} rows cannot be read in one chart; ask for fewer cells"
        )
    height = _ROW * sum(sizes) + _HEAD * len(panels) + 0.6
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=[_ROW * size + _HEAD / 2 for size in sizes])
    for axis, (title, rows) in zip(axes[:, 0], panels, strict=True):
        _draw(axis, title, rows, [row.row.values[place] for row in rows])
    figure.suptitle(_title(result, place), x=0.01, ha="left", fontsize=11)
    figure.supxlabel(_footing(result, place), x=0.01, ha="left", fontsize=8)
    return figure


def alternative_text(result: "Result", value: str | None) -> str:
    """The chart in words: what it shows, then every row with its figure, margin and marks."""
    place = value_column(result, value)
    rows = list(records(result))
    texts = _texts([row.row.values[place] for row in rows])
    lines = [f"{_label(row)}: {text}" for row, text in zip(rows, texts, strict=True)]
    return f"{_title(result, place)}. {'; '.join(lines)}. {' '.join(_footing(result, place).splitlines())}"


def _panels(rows: list[Record]) -> list[tuple[str, list[Record]]]:
    """Rows of cells, and below them those that sum over nations or keys."""
    totals = [row for row in rows if row.is_total or row.summed]
    singles = [row for row in rows if not (row.is_total or row.summed)]
    panels = [("", singles), ("Totals (an axis of their own)" if singles else "Totals", totals)]
    return [(title, own) for title, own in panels if own] or [("", [])]


def _draw(axis: "Axes", title: str, rows: Sequence[Record], values: Sequence[Value | None]) -> None:
    """One panel: bars from zero for counts and whole sums, points for the rest, a mark where there is no figure."""
    whole = all(isinstance(value.estimate, int) for value in values if value is not None and value.estimate is not None)
    colour = _TOTAL if title else _SINGLE
    for place, (value, text) in enumerate(zip(values, _texts(values), strict=True)):
        if value is None or value.estimate is None or value.margin is None:
            _write(axis, 0.01, place, text, axis.get_yaxis_transform(), _MARK)
            continue
        margin = value.margin if math.isfinite(value.margin) else 0
        if whole:
            axis.barh(place, value.estimate, height=0.6, color=colour, alpha=0.45)
        axis.errorbar(value.estimate, place, xerr=margin, fmt="o", color=colour, capsize=3, markersize=4)
        _write(axis, 1.01, place, text, axis.get_yaxis_transform(), "black")
    axis.set_yticks(range(len(rows)), [_label(row) for row in rows])
    axis.set_ylim(len(rows) - 0.4, -0.6)  # the table's order, from the top
    axis.xaxis.set_major_formatter(lambda tick, _: f"{tick:,.10g}")
    axis.grid(axis="x", linewidth=0.4)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    if whole:
        axis.axvline(0, color="black", linewidth=0.8)
    axis.set_title(title, loc="left", fontsize=9)


def _write(axis: "Axes", x: float, y: float, text: str, transform: "Transform", colour: str) -> None:
    axis.text(x, y, text, transform=transform, va="center", fontsize=8, color=colour)


def _texts(values: Sequence[Value | None]) -> list[str]:
    """Each figure with its margin and marks; marks are followed by their meaning where there is no figure."""
    digits = display.decimals([value for value in values if value is not None])
    texts = []
    for value in values:
        words = "; ".join(f"{mark} {why}" for mark, why in display.marks_of(value))
        shown = value is not None and value.estimate is not None
        texts.append(display.value_text(value, digits) if shown else words)
    return texts


def _label(row: Record) -> str:
    return ", ".join(display.key_text(label) for label in row.labels.values()) or "all"


def _title(result: "Result", place: int) -> str:
    columns = [column.name for column in result.table.columns if isinstance(column, ValueColumn)]
    dataset = result.catalogue.dataset(result.question.envelope.query.dataset)
    return f"{dataset.title}: {columns[place]}"


def _footing(result: "Result", place: int) -> str:
    values = [row.values[place] for row in result.table.rows]
    given = [value for value in values if value is not None and value.estimate is not None]
    texts = ["Error bars: 95%, due to the noise alone."]
    if any(value.margin == math.inf for value in given):
        texts.append("Where no bar is drawn (± ∞) no bound holds.")
    return "\n".join([" ".join(texts), *display.legend_of(given)])
