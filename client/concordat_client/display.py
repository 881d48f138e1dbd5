"""Results for people: a table with margins written ±, statuses with a legend, notes, and what it cost."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from concordat.v1 import coordinator_pb2
from concordat_privacy.accounting import WORD_OF, Currency
from concordat_privacy.enclosing import protection
from concordat_privacy.estimates import Status, Value
from concordat_privacy.prices import currency_of
from concordat_query.catalogue import CellKey
from concordat_query.model import OutputColumn, ValueColumn
from concordat_wire.excerpt import plain
from rich.console import Console, Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from concordat_client.records import records

if TYPE_CHECKING:
    from concordat_client.result import Result

MARKS = {
    Status.PARTLY_HELD: ("[part]", "answered for the part that is held; see the notes"),
    Status.INCOMPLETE: ("[incomplete]", "lacks a node that was lost after it was charged; run the same key again"),
    Status.NOT_HELD: ("[x]", "not available: not held"),
    Status.SUPPRESSED: ("[c]", "suppressed: too few there for this value to be shown; it is within (other)"),
    Status.PARTLY_SUPPRESSED: ("[c part]", "lacks the nodes at which too few have this value for it to be shown"),
    Status.UNAVAILABLE: ("[lost]", "the node was lost after it was charged; run the same key again"),
    Status.NOT_COMPARABLE: ("[incomparable]", "no total: not comparable across nations; see the notes"),
    Status.UNDEFINED: ("[undefined]", "the denominator is too close to zero to divide by"),
}
"""Shorthand of the Government Statistical Service where it has one for the matter, else a word."""

LOW_RELIABILITY = ("[u]", "low reliability: the margin is as large as the figure")
NOT_APPLICABLE = ("[z]", "not applicable: the row is the total of other nations than this figure's")
TEXT_WIDTH = 120
_BETWEEN = 3
"""Characters between two columns."""


def as_text(result: "Result", width: int = TEXT_WIDTH) -> str:
    """The result as plain text, as a terminal of that width would show it without colours."""
    return plain_text(render(result, width), width)


def plain_text(shown: RenderableType, width: int) -> str:
    """What rich would print, without colours or blanks at the ends of lines."""
    console = Console(width=width, no_color=True, highlight=False, color_system=None)
    with console.capture() as capture:
        console.print(shown)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def render(result: "Result", width: int = TEXT_WIDTH) -> RenderableType:
    """The result as something that rich prints: table, legend, notes, cost.

    Where the values do not fit into the width beside the keys, the table goes on below with the keys repeated.
    """
    parts: list[RenderableType] = []
    for values in _blocks(result, width):
        parts += [table(result, values), Text("")]
    parts[-1:] = [Text(line, style="dim") for line in legend(result)]
    parts += [Text(f"Note: {plain(note)}") for note in result.table.notes]
    if not result.complete:
        parts += [Text(line) for line in lost(result)]
        parts.append(Text(f"Incomplete. To complete it at no further cost, add --key {result.idempotency_key}"))
    return Group(*parts, Text(cost(result)))


def lost(result: "Result") -> list[str]:
    """Why each node that was lost gave nothing, and what its operator finds in the log."""
    return [
        f"{missing.node}: {failure_text(missing.failure)}" for missing in result.missing if missing.HasField("failure")
    ]


def failure_text(failure: coordinator_pb2.NodeFailure) -> str:
    quoted = f" (reference {failure.reference})" if failure.reference else ""
    return plain(f"{failure.reason}: {failure.message}{quoted}")


def table(result: "Result", values: Sequence[int] | None = None) -> RichTable:
    """Keys to the left, figures with their margins to the right, totals set apart.

    `values` are the places of the value columns to show; all of them by default.
    """
    shown = RichTable(show_edge=False, pad_edge=False, header_style="bold")
    columns = [(column, _to_the_right(column, cells)) for column, cells in _columns(result, values)]
    for column, cells in columns:
        if isinstance(column, ValueColumn):
            shown.add_column(f"{column.name:>{len(cells[0]) if cells else 0}}", no_wrap=True, overflow="fold")
        else:
            shown.add_column(column.name, overflow="fold")
    rows = result.table.rows
    for index, row in enumerate(rows):
        last_before_totals = index + 1 < len(rows) and not rows[index + 1].is_plain
        shown.add_row(
            *(Text(cells[index]) for _, cells in columns),  # Text: a mark in brackets is no markup
            style="" if row.is_plain else "bold",
            end_section=last_before_totals and row.is_plain,
        )
    return shown


def _to_the_right(column: OutputColumn, cells: list[str]) -> list[str]:
    """A value's cells as wide as its heading. rich's own justifying would drop the blanks where others have marks."""
    width = max([len(column.name), *map(len, cells)]) if isinstance(column, ValueColumn) else 0
    return [f"{cell:>{width}}" for cell in cells]


def _columns(result: "Result", values: Sequence[int] | None) -> list[tuple[OutputColumn, list[str]]]:
    """The columns to show with their cells as text."""
    found: list[tuple[OutputColumn, list[str]]] = []
    rows = list(records(result))
    place = 0
    for column in result.table.columns:
        if not isinstance(column, ValueColumn):
            found.append((column, [key_text(row.labels[column.name]) for row in rows]))
        else:
            if values is None or place in values:
                found.append((column, figures([row.row.values[place] for row in rows])))
            place += 1
    return found


def _blocks(result: "Result", width: int) -> list[list[int]]:
    """The places of the value columns, as many in each block as fit beside the keys: at least one."""
    columns = _columns(result, None)
    widths = [max(map(len, [column.name, *cells])) + _BETWEEN for column, cells in columns]
    keys = sum(own for own, (column, _) in zip(widths, columns, strict=True) if not isinstance(column, ValueColumn))
    blocks: list[list[int]] = [[]]
    used = keys - _BETWEEN
    values = [own for own, (column, _) in zip(widths, columns, strict=True) if isinstance(column, ValueColumn)]
    for place, own in enumerate(values):
        if blocks[-1] and used + own > width:
            blocks.append([])
            used = keys - _BETWEEN
        blocks[-1].append(place)
        used += own
    return blocks


def key_text(key: CellKey) -> str:
    return "(missing)" if key is None else plain(str(key))


def decimals(values: Sequence[Value]) -> int:
    """How many decimals a column needs for its smallest margin to show two figures; none for whole numbers."""
    if all(isinstance(value.estimate, int) for value in values if value.estimate is not None):
        return 0
    margins = [value.margin for value in values if value.margin is not None and 0 < value.margin < math.inf]
    return max(0, min(8, 1 - math.floor(math.log10(min(margins))))) if margins else 4


def figures(values: Sequence[Value | None]) -> list[str]:
    """A column's cells: one number of decimals, and estimates, margins and marks each below one another."""
    digits = decimals([value for value in values if value is not None])
    parts = [_parts(value, digits) for value in values]
    estimate, margin, mark = (max(len(part[place]) for part in parts) for place in range(3)) if parts else (0, 0, 0)
    lines = []
    for number, width, marks in parts:
        middle = (
            f"{number:>{estimate}} ± {width:>{margin}}" if number else " " * (estimate + bool(margin) * (3 + margin))
        )
        lines.append(f"{middle} {marks:<{mark}}" if mark and estimate else f"{middle}{marks:<{mark}}")
    return lines


def value_text(value: Value | None, digits: int) -> str:
    """One figure by itself: estimate ± margin and its marks, or the mark that stands instead."""
    return " ".join(part for part in (figure_text(value, digits), _parts(value, digits)[2]) if part)


def figure_text(value: Value | None, digits: int) -> str:
    """Estimate ± margin without marks; empty where there is no figure."""
    number, margin, _ = _parts(value, digits)
    return f"{number} ± {margin}" if number else ""


def _parts(value: Value | None, digits: int) -> tuple[str, str, str]:
    """Estimate, margin and marks; the first two empty where there is no figure."""
    marks = " ".join(mark for mark, _ in marks_of(value))
    if value is None or value.estimate is None or value.margin is None:
        return "", "", marks
    return number_text(value.estimate, digits), number_text(value.margin, digits), marks


def marks_of(value: Value | None) -> list[tuple[str, str]]:
    """The marks of one figure, each with its meaning."""
    if value is None:
        return [NOT_APPLICABLE]
    status = [MARKS[value.status]] if value.status in MARKS else []
    return [*status, LOW_RELIABILITY] if value.low_reliability else status


def number_text(number: float | Decimal, digits: int) -> str:
    """With commas between thousands; no zero with a sign."""
    text = "∞" if number == math.inf else f"{number:,.{digits}f}"
    return text.lstrip("-") if not text.strip("-0.") else text


def legend(result: "Result") -> list[str]:
    """What the marks mean that this table uses."""
    return legend_of([value for row in result.table.rows for value in row.values])


def legend_of(values: Sequence[Value | None]) -> list[str]:
    """What the marks of these figures mean."""
    used = {marks for value in values for marks in marks_of(value)}
    return [" ".join(marks) for marks in (*MARKS.values(), LOW_RELIABILITY, NOT_APPLICABLE) if marks in used]


def cost(result: "Result") -> str:
    """What was spent where, in epsilon at the agreement's delta."""
    spent = [_priced(charge.node, charge.price_nano) for charge in result.charges if charge.price_nano]
    again = [charge for charge in result.charges if not charge.price_nano]
    before = [_priced(charge.node, charge.signed_nano) for charge in again if charge.signed_nano]
    free = [charge.node for charge in again if not charge.signed_nano]
    word = WORD_OF[result.question.envelope.query.calculus]
    text = f"Cost: epsilon {result.question.epsilon:g} at most from each nation's own budget."
    if told := _protection(result):
        text += f" {told}"
    if spent:
        text += f" Charged in {word}: {', '.join(spent)}."
    if before:
        text += f" Charged before under this key, in {word}: {', '.join(before)}."
    if deltas := {max(charge.delta_e15, charge.signed_delta_e15 or 0) for charge in result.charges} - {0}:
        text += f" The private key cost delta {max(deltas) / 1e15:g} beside at each node charged."
    if free:
        text += f" Served again free: {', '.join(free)}."
    return text + " Margins (±) are 95% and due to the noise alone."


def _protection(result: "Result") -> str:
    query = result.question.envelope.query
    dataset = result.catalogue.dataset(query.dataset)
    return protection(query.price_nano, currency_of(result.agreement, dataset.population), dataset)


def _priced(node: str, nano: int) -> str:
    return f"{node} {nano / 1e9:.6f}"


def private_keys_text(spent_e15: int, budget_e15: int) -> str:
    """What private keys spent of delta, in words: the whole spend is at this and the delta of epsilon together."""
    return f"; private keys: delta {spent_e15 / 1e15:.3g} of {budget_e15 / 1e15:.3g} spent beside" if budget_e15 else ""


def budget_text(spent: int, budget: int, currency: Currency) -> str:
    """A balance in words: how much of the whole epsilon is spent."""
    share = spent / budget if budget else 1.0
    spoken, whole = (f"{currency.epsilon_of(nano):.2f}" for nano in (spent, budget))
    return f"epsilon {spoken} of {whole} spent ({share:.1%} of the {currency.word})"
