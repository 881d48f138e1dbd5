"""The table that people see: every figure with its margin of error and a status, from the nodes' noisy components."""

from dataclasses import dataclass

from concordat_query.catalogue import CellKey
from concordat_query.model import OutputColumn

from concordat_privacy.status import Status

__all__ = ["Row", "Status", "Table", "Value"]


@dataclass(frozen=True)
class Value:
    """One figure. `estimate` is an int for counts and whole sums, None where the status says why there is none.

    `margin` is half the width of the 95% interval due to the noise alone; infinite where the noise may have turned a
    divisor to zero. `low_reliability`: the margin is at least as large as the figure itself.
    """

    estimate: float | int | None
    margin: float | int | None
    status: Status
    low_reliability: bool


@dataclass(frozen=True)
class Row:
    """One row: `keys` in `query.keys` order, one value for each ValueColumn of the presentation.

    `nation` names a nation or, with `is_total`, what the nations added up are called; None where nations are merged.
    """

    nation: str | None
    is_total: bool
    keys: tuple[CellKey, ...]
    values: tuple[Value | None, ...]


@dataclass(frozen=True)
class Table:
    """`columns` as the presentation lists them; `notes` say in words what the figures leave out."""

    columns: tuple[OutputColumn, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
