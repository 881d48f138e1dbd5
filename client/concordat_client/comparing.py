"""The difference of two cells of a result, row by row where several are meant."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING

from concordat_privacy.comparison import Side, addends, difference
from concordat_privacy.estimates import Row, Status, Value
from concordat_privacy.released import over_all_texts
from concordat_privacy.standing import Standing, aggregates_of, standing
from concordat_query.catalogue import AcrossNations, CellKey
from concordat_query.comparability import touching
from concordat_query.errors import Reason, Refusal
from concordat_query.model import NationColumn, ValueColumn
from concordat_query.prose import sentence
from concordat_wire.answers import answers_seed
from concordat_wire.excerpt import plain
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from concordat_client import display, notebook
from concordat_client.records import Record, select, value_column

if TYPE_CHECKING:
    from concordat_client.result import Result

Cells = str | Mapping[str, object]
"""A nation's or total's name, or labels by column."""

Labels = Mapping[str, CellKey]

NOT_COMPARABLE: AcrossNations = "not comparable"
_CLOSE = 1e-9
_VERDICTS = {True: "may be noise alone", False: "more than noise", None: ""}


@dataclass(frozen=True)
class Compared:
    """Two cells. `difference` is left less right with its margin, as a figure; without one where a side has none.

    `labels` are those that both sides have in common; `may_be_noise` says whether the noise alone could explain the
    difference, at 95%, and is None where there is none.
    """

    labels: Mapping[str, CellKey]
    left: Value | None
    right: Value | None
    difference: Value
    may_be_noise: bool | None


@dataclass(frozen=True, repr=False)
class Comparison:
    """Differences of one value, left less right. Prints as a table; iterates over its rows."""

    value: str
    left: str
    right: str
    rows: tuple[Compared, ...]
    notes: tuple[str, ...]

    def __iter__(self) -> Iterator[Compared]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        return display.plain_text(self, display.TEXT_WIDTH)

    __repr__ = __str__

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        heads, numbers, lines = _cells(self)
        shown = RichTable(show_edge=False, pad_edge=False, header_style="bold", title_justify="left")
        for name in heads:
            shown.add_column(name, justify="right" if name in numbers else "left", no_wrap=name in numbers)
        for line in lines:
            shown.add_row(*map(Text, line))
        caption = Text(_caption(self), style="bold")
        yield Group(caption, shown, *(Text(line) for line in (*_legend(self), *_noted(self))))

    def _repr_html_(self) -> str:
        heads, numbers, lines = _cells(self)
        rows = [_html_row(line, heads, numbers) for line in lines]
        return notebook.table(_caption(self), heads, numbers, rows) + notebook.paragraphs(
            [*_legend(self), *_noted(self)]
        )


def compare(result: "Result", left: Cells, right: Cells, value: str | None, keys: Mapping[str, object]) -> Comparison:
    """Compares cells. Refuses what the result does not have, or what does not pair off."""
    place = value_column(result, value)
    one, other = _labels(result, left), _labels(result, right)
    if one.keys() != other.keys() or one.keys() & keys.keys():
        raise _wrong("both sides must name the same columns, each once")
    _check_comparable(result, place, one, other)
    pairs, alone = _paired(select(result, {**one, **keys}), select(result, {**other, **keys}), [*one, *keys])
    maker = _Maker(result, place)
    rows = tuple(maker.compared(a, b, labels) for labels, a, b in pairs)
    columns = [column for column in result.table.columns if isinstance(column, ValueColumn)]
    dropped = (_dropped(alone),) if alone else ()
    fixed = "".join(f", {name} {display.key_text(str(label))}" for name, label in keys.items())
    return Comparison(columns[place].name + fixed, _name(one), _name(other), rows, (*dropped, *result.table.notes))


def _labels(result: "Result", cells: Cells) -> Mapping[str, object]:
    if not isinstance(cells, str):
        return cells
    for column in result.table.columns:
        if isinstance(column, NationColumn):
            return {column.name: cells}
    raise _wrong(f"nations are merged in this result: to compare {cells!r}, group by nation")


def _check_comparable(result: "Result", place: int, left: Mapping[str, object], right: Mapping[str, object]) -> None:
    """Refuses to compare nations in what the catalogue says does not compare across nations."""
    nations = [column.name for column in result.table.columns if isinstance(column, NationColumn)]
    if not any(left.get(name) != right.get(name) for name in nations):
        return
    query = result.question.envelope.query
    column = [column for column in result.table.columns if isinstance(column, ValueColumn)][place]
    for touched in touching(
        query, result.catalogue.dataset(query.dataset), aggregates_of(column.value), NOT_COMPARABLE
    ):
        why = sentence(touched.across_nations_note.strip())
        raise Refusal(Reason.NOT_COMPARABLE, f"{touched.name} does not compare across nations: {why}")


def _name(labels: Mapping[str, object]) -> str:
    return ", ".join("(missing)" if label is None else str(label) for label in labels.values())


def _paired(
    left: Sequence[Record], right: Sequence[Record], named: Sequence[str]
) -> tuple[list[tuple[Labels, Record, Record]], int]:
    """Rows whose other labels agree, in the left's order, and how many have no counterpart."""
    sides = []
    for side in (left, right):
        rest = [{name: label for name, label in record.labels.items() if name not in named} for record in side]
        sides.append({tuple(labels.items()): record for labels, record in zip(rest, side, strict=True)})
        if len(sides[-1]) != len(side):
            raise _wrong("several rows have the same labels; they cannot be told apart")
    pairs = [(_frozen(rest), sides[0][rest], sides[1][rest]) for rest in sides[0] if rest in sides[1]]
    if not pairs:
        raise _wrong("no row of the one side has a counterpart on the other; name the columns that differ")
    return pairs, len(left) + len(right) - 2 * len(pairs)


def _dropped(rows: int) -> str:
    return (
        "1 row has no counterpart and is not compared."
        if rows == 1
        else f"{rows} rows have no counterpart and are not compared."
    )


def _frozen(labels: tuple[tuple[str, CellKey], ...]) -> Labels:
    return MappingProxyType(dict(labels))


class _Maker:
    """Makes differences of one value column from the result's noisy components."""

    def __init__(self, result: "Result", place: int) -> None:
        question = result.question
        self._result, self._place = result, place
        values = tuple(column for column in result.table.columns if isinstance(column, ValueColumn))
        self._catalogue, self._plan, answers = over_all_texts(result.catalogue, question.plan, result.merged)
        self._standing: Standing = standing(self._catalogue, self._plan, values, answers, result.absent)
        self._seed = answers_seed(signed.answer for signed in result.answers)

    def compared(self, left: Record, right: Record, labels: Labels) -> Compared:
        one, other = left.row.values[self._place], right.row.values[self._place]
        for figure in (one, other):
            if figure is None or figure.estimate is None:
                status = Status.NOT_HELD if figure is None else figure.status
                return Compared(labels, one, other, Value(None, None, status, low_reliability=False), None)
        assert one is not None  # noqa: S101  # both have figures
        assert other is not None  # noqa: S101
        found = difference(
            self._standing.values[self._place].value,
            self._standing.answers,
            self._side(left.row),
            self._side(right.row),
            self._seed,
        )
        if not (_same(found.left, one) and _same(found.right, other)):
            raise _wrong(
                "these figures are not sums of cells as this comparison knows them; it cannot tell their noise"
            )
        status = next((side.status for side in (one, other) if side.status is not Status.OK), Status.OK)
        return Compared(labels, one, other, Value(found.estimate, found.margin, status, False), found.may_be_noise)

    def _side(self, row: Row) -> Side:
        keys = list(zip(row.keys, row.rolled, strict=True))
        return addends(self._catalogue, self._plan, self._standing, self._place, row.nation, keys)


def _same(figure: float | None, value: Value) -> bool:
    return figure is not None and value.estimate is not None and math.isclose(figure, value.estimate, rel_tol=_CLOSE)


def _caption(comparison: Comparison) -> str:
    return f"{comparison.value}: {comparison.left} less {comparison.right}"


def _cells(comparison: Comparison) -> tuple[list[str], set[str], list[list[str]]]:
    """Heads, which of them are of numbers, and the rows' texts."""
    rows = comparison.rows
    names = list(rows[0].labels)
    sides: list[list[Value | None]] = [
        [row.left for row in rows],
        [row.right for row in rows],
        [row.difference for row in rows],
    ]
    columns = [[display.key_text(row.labels[name]) for row in rows] for name in names]
    columns += [display.figures(side) for side in sides]
    columns.append([_VERDICTS[row.may_be_noise] for row in rows])
    heads = [comparison.left, comparison.right, "difference"]
    return [*names, *heads, "at 95%"], set(heads), [list(line) for line in zip(*columns, strict=True)]


def _html_row(line: Sequence[str], heads: Sequence[str], numbers: set[str]) -> str:
    cells = [
        f"<td>{escape(text)}</td>" if name in numbers or name == heads[-1] else notebook.label_cell(text)
        for name, text in zip(heads, line, strict=True)
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _legend(comparison: Comparison) -> list[str]:
    return display.legend_of([side for row in comparison.rows for side in (row.left, row.right, row.difference)])


def _noted(comparison: Comparison) -> list[str]:
    texts = ["Margins (±) are 95% and due to the noise alone, each for one comparison."]
    if len(comparison.rows) > 1:
        texts[0] += " Of twenty comparisons one goes beyond its margin by noise alone."
    return texts + [f"Note: {plain(note)}" for note in comparison.notes]


def _wrong(message: str) -> Refusal:
    return Refusal(Reason.MALFORMED_REQUEST, message)
