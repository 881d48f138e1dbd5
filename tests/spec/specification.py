"""How cases are written: a sentence, what is asked, what is answered or why it is refused.

`¦` in a refused text stands where the refusal must point. It is taken out before the text is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
from concordat_privacy.estimates import Row, Table
from concordat_query.errors import Reason, SqlRefusal
from concordat_query.model import KeyColumn, NationColumn, OutputColumn
from fakes.offline import OfflineFederation
from spec.stays import DATASET, letters

MARK = "¦"
ALL = "(all)"
"""Stands in a total for the key that it sums over."""
FROM = f"FROM {DATASET}"

Shown = str | int | float | date | None
Refused = tuple[str, Reason, str]
"""The text with its mark, the reason, and words of the message that say what to do."""


def sentences(cases: Mapping[str, Sequence[object]]) -> pytest.MarkDecorator:
    """One test for each sentence: what is `written`, and what it `gives`."""
    return pytest.mark.parametrize(
        ("written", "gives"), [pytest.param(*case, id=sentence) for sentence, case in cases.items()]
    )


def refusals(cases: Mapping[str, Refused]) -> pytest.MarkDecorator:
    """One test for each sentence that says what is refused."""
    return pytest.mark.parametrize("refused", [pytest.param(case, id=sentence) for sentence, case in cases.items()])


@dataclass(frozen=True)
class Specification:
    """The federation that the cases ask."""

    federation: OfflineFederation

    def rows(self, condition: str) -> str:
        """The letters of the rows, of both nations, for which WHERE takes the condition to be true."""
        return letters(self._only(f"SELECT SUM(mark) AS marks {FROM} WHERE {condition}"))

    def groups(self, key: str) -> dict[Shown, str]:
        """For every value of a group key, in order, the letters of its rows."""
        table = self.federation.table(f"SELECT {key} AS k, SUM(mark) AS marks {FROM} GROUP BY k")
        return {_shown(row.keys[0]): letters(_whole(row)) for row in table.rows}

    def figure(self, selected: str) -> Shown:
        """The one figure of a query without GROUP BY; what stands after the selected item may follow it."""
        found = self.answer(f"SELECT {selected}" if FROM in selected else f"SELECT {selected} {FROM}")
        return found[0][0]

    def answer(self, sql: str) -> list[tuple[Shown, ...]]:
        """The table's rows as it shows them: no figure stands as the status that says why."""
        table = self.federation.table(sql)
        return [_row(table, row) for row in table.rows]

    def statuses(self, sql: str) -> list[tuple[Shown, ...]]:
        """The table's rows with the status of every figure in its place."""
        table = self.federation.table(sql)
        return [_row(table, row, statuses=True) for row in table.rows]

    def margins(self, sql: str) -> list[float]:
        """The margins of error of all figures, row by row."""
        values = (value for row in self.federation.table(sql).rows for value in row.values if value is not None)
        return [float(value.margin) for value in values if value.margin is not None]

    def names(self, selected: str) -> list[str]:
        """What the columns of the table are called."""
        return [column.name for column in self.federation.table(f"SELECT {selected} {FROM}").columns]

    def notes(self, sql: str) -> str:
        return " ".join(self.federation.table(sql).notes)

    def check_refused(self, refused: Refused) -> None:
        """The text is refused for that reason, at that place, with those words."""
        marked, reason, advice = refused
        with pytest.raises(SqlRefusal) as raised:
            self.federation.table(marked.replace(MARK, ""))
        text, offset, message = raised.value.text, raised.value.offset, raised.value.message
        assert (raised.value.reason, text[:offset] + MARK + text[offset:]) == (reason, marked), message
        assert advice in message, message

    def _only(self, sql: str) -> int:
        (row,) = self.federation.table(sql).rows
        return _whole(row)


def nearly(rows: Sequence[tuple[Shown, ...]]) -> list[tuple[Shown, ...]]:
    """Rows with figures as `answer` gives them: doubles to 12 digits."""
    return [tuple(_rounded(value) for value in row) for row in rows]


def _rounded(value: Shown) -> Shown:
    return float(f"{value:.12g}") if isinstance(value, float) else value


def _whole(row: Row) -> int:
    (value,) = row.values
    assert value is not None
    assert isinstance(value.estimate, int)
    return value.estimate


def _row(table: Table, row: Row, *, statuses: bool = False) -> tuple[Shown, ...]:
    values = iter(row.values)
    return tuple(_cell(column, row, values, statuses=statuses) for column in table.columns)


def _cell(column: OutputColumn, row: Row, values: object, *, statuses: bool) -> Shown:
    if isinstance(column, NationColumn):
        return row.nation
    if isinstance(column, KeyColumn):
        return ALL if row.rolled[column.key] else _shown(row.keys[column.key])
    value = next(values)  # type: ignore[call-overload]
    if value is None:
        return None
    return str(value.status) if statuses or value.estimate is None else _rounded(value.estimate)


def _shown(value: object) -> Shown:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    assert value is None or isinstance(value, str | int | float | date)
    return value
