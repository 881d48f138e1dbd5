"""Results for people: a table with margins written ±, statuses with a legend, notes, and what it cost."""

import math
from decimal import Decimal

from concordat.v1 import coordinator_pb2
from concordat_privacy.accounting import epsilon_of
from concordat_privacy.estimates import Row, Status, Value
from concordat_query.catalogue import CellKey
from concordat_query.model import KeyColumn, NationColumn, OutputColumn, ValueColumn
from concordat_wire.excerpt import plain
from rich.console import Console, Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from concordat_client.result import Result

MARKS = {
    Status.PARTLY_HELD: ("[p]", "answered for the part that is held; see the notes"),
    Status.INCOMPLETE: ("[i]", "lacks a node that was lost after it was charged; run the same key again"),
    Status.NOT_HELD: ("[x]", "not held"),
    Status.UNAVAILABLE: ("[..]", "the node was lost after it was charged; run the same key again"),
    Status.NOT_COMPARABLE: ("[n]", "no total: not comparable across nations; see the notes"),
    Status.UNDEFINED: ("[-]", "the denominator is too close to zero to divide by"),
}
LOW_RELIABILITY = ("[u]", "low reliability: the margin is as large as the figure")


def as_text(result: Result, width: int = 120) -> str:
    """The result as plain text, as a terminal would show it without colours."""
    console = Console(width=width, no_color=True, highlight=False)
    with console.capture() as capture:
        console.print(render(result))
    return capture.get()


def render(result: Result) -> RenderableType:
    """The result as something that rich prints: table, legend, notes, cost."""
    parts: list[RenderableType] = [table(result)]
    parts += [Text(line, style="dim") for line in legend(result)]
    parts += [Text(f"Note: {note}") for note in result.table.notes]
    if not result.complete:
        parts += [Text(line) for line in lost(result)]
        parts.append(Text(f"Incomplete. To complete it at no further cost, add --key {result.idempotency_key}"))
    return Group(*parts, Text(cost(result)))


def lost(result: Result) -> list[str]:
    """Why each node that was lost gave nothing, and what its operator finds in the log."""
    return [
        f"{missing.node}: {failure_text(missing.failure)}" for missing in result.missing if missing.HasField("failure")
    ]


def failure_text(failure: coordinator_pb2.NodeFailure) -> str:
    quoted = f" (reference {failure.reference})" if failure.reference else ""
    return plain(f"{failure.reason}: {failure.message}{quoted}")


def table(result: Result) -> RichTable:
    """Keys to the left, figures with their margins to the right, totals set apart."""
    columns = result.table.columns
    shown = RichTable(show_edge=False, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column.name, justify="right" if isinstance(column, ValueColumn) else "left")
    digits = [decimals(values) for values in _value_columns(result)]
    for index, row in enumerate(result.table.rows):
        last_before_totals = index + 1 < len(result.table.rows) and not result.table.rows[index + 1].is_plain
        shown.add_row(
            *(Text(cell) for cell in _cells(row, columns, digits)),  # Text: a mark in brackets is no markup
            style="" if row.is_plain else "bold",
            end_section=last_before_totals and row.is_plain,
        )
    return shown


def _value_columns(result: Result) -> list[list[Value]]:
    count = sum(isinstance(column, ValueColumn) for column in result.table.columns)
    return [[value for row in result.table.rows if (value := row.values[index]) is not None] for index in range(count)]


def _cells(row: Row, columns: tuple[OutputColumn, ...], digits: list[int]) -> list[str]:
    cells = []
    position = 0
    for column in columns:
        match column:
            case NationColumn():
                cells.append(row.nation or "")
            case KeyColumn(_, key):
                cells.append("Total" if row.rolled[key] else key_text(row.keys[key]))
            case ValueColumn():
                cells.append(value_text(row.values[position], digits[position]))
                position += 1
    return cells


def key_text(key: CellKey) -> str:
    return "(missing)" if key is None else str(key)


def decimals(values: list[Value]) -> int:
    """How many decimals a column needs for its smallest margin to show two figures; none for whole numbers."""
    if all(isinstance(value.estimate, int) for value in values if value.estimate is not None):
        return 0
    margins = [value.margin for value in values if value.margin is not None and 0 < value.margin < math.inf]
    return max(0, min(8, 1 - math.floor(math.log10(min(margins))))) if margins else 4


def value_text(value: Value | None, digits: int) -> str:
    """One figure: estimate ± margin and its marks, or the status that stands instead."""
    if value is None:
        return ""
    mark = MARKS[value.status][0] if value.status in MARKS else ""
    if value.estimate is None:
        return mark
    margin = "" if value.margin is None else f" ± {number_text(value.margin, digits)}"
    low = LOW_RELIABILITY[0] if value.low_reliability else ""
    return " ".join(part for part in (f"{number_text(value.estimate, digits)}{margin}", mark, low) if part)


def number_text(number: float | Decimal, digits: int) -> str:
    return "∞" if number == math.inf else f"{number:,.{digits}f}"


def legend(result: Result) -> list[str]:
    """What the marks mean that this table uses."""
    values = [value for column in _value_columns(result) for value in column]
    used = {value.status for value in values}
    lines = [f"{mark} {meaning}" for status, (mark, meaning) in MARKS.items() if status in used]
    if any(value.low_reliability for value in values):
        lines.append(" ".join(LOW_RELIABILITY))
    return lines


def cost(result: Result) -> str:
    """What was spent where, in epsilon at the agreement's delta."""
    spent = [_in_rho(charge.node, charge.rho_nano) for charge in result.charges if charge.rho_nano]
    again = [charge for charge in result.charges if not charge.rho_nano]
    before = [_in_rho(charge.node, charge.signed_rho_nano) for charge in again if charge.signed_rho_nano]
    free = [charge.node for charge in again if not charge.signed_rho_nano]
    text = f"Cost: epsilon {result.question.epsilon:g} at most from each nation's own budget."
    if spent:
        text += f" Charged in rho: {', '.join(spent)}."
    if before:
        text += f" Charged before under this key, in rho: {', '.join(before)}."
    if free:
        text += f" Served again free: {', '.join(free)}."
    return text + " Margins (±) are 95% and due to the noise alone."


def _in_rho(node: str, rho_nano: int) -> str:
    return f"{node} {rho_nano / 1e9:.6f}"


def budget_text(spent: int, budget: int, delta: float) -> str:
    """A balance in words: how much of the whole epsilon is spent."""
    share = spent / budget if budget else 1.0
    return f"epsilon {epsilon_of(spent, delta):.2f} of {epsilon_of(budget, delta):.2f} spent ({share:.1%} of the rho)"
