"""Which private texts are released, and the edition's rows with these alone told apart.

A unit counts in at most k texts, those of the lowest hash of its secret token and the text. Texts are chosen among the
rows that WHERE keeps, by looking at one unit's rows only. A text's code decides nothing: it depends on other units.
"""

# ruff: noqa: S608  # the text holds integers, names from the catalogue and nothing that an analyst wrote

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from concordat_privacy import noise
from concordat_privacy.components import constant_within_unit
from concordat_privacy.private_keys import Selection
from concordat_query.catalogue import Dataset
from concordat_query.model import Condition
from numpy.typing import NDArray

from concordat_node.engine.sql import condition_sql

BATCH = 50_000
"""Texts whose counts are held, and given noise, at a time."""
_FEW = 32

Integers = NDArray[np.int64]
Counts = tuple[Integers, Integers]
"""Codes of texts, and how many units count in each."""


@dataclass(frozen=True)
class Choice:
    """The `codes` of the texts that are released, in order, and how many there are that are not."""

    codes: list[int]
    hidden: int


def counted(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[Counts]:
    """The rows of `counts_sql`, batch by batch, while the statement runs. Read to the end before another one."""
    for batch in connection.cursor().sql(sql).to_arrow_reader(BATCH):
        codes, units = (column.to_numpy().astype(np.int64) for column in batch.columns)
        yield codes, units


@dataclass(frozen=True)
class TextKey:
    """A query's key that is a column of private texts, in the edition's table `rows`, with its table of `texts`."""

    column: str
    selection: Selection
    rows: str
    texts: str

    def counts_sql(self, dataset: Dataset, kept: Condition | None) -> str:
        """For each text that a kept row has: its code and how many units count in it."""
        name, most = f'"{self.column}"', self.selection.texts
        where = f"{name} IS NOT NULL" + ("" if kept is None else f" AND {condition_sql(dataset, kept)}")
        reachable = 1 if constant_within_unit(self.column, dataset) else dataset.max_rows_per_unit
        if most >= reachable:
            return f"SELECT {name}, count(DISTINCT unit) FROM {self.rows} WHERE {where} GROUP BY {name}"
        pairs = (
            f"SELECT unit, {name} AS _code, any_value(token_hi) AS _hi, any_value(token_lo) AS _lo "
            f"FROM {self.rows} WHERE {where} GROUP BY unit, _code"
        )
        rank = "row_number() OVER (PARTITION BY unit ORDER BY hash(hash(_hi, _lo, text)), text)"
        chosen = f"SELECT _code FROM ({pairs}) JOIN {self.texts} ON code = _code QUALIFY {rank} <= {most}"
        return f"SELECT _code, count(*) FROM ({chosen}) GROUP BY _code"

    def released(self, counts: Iterable[Counts]) -> Choice:
        """The texts whose noisy count reaches the threshold: of too many those with the largest.

        No more is held than a batch and what may still be released. How much noise is drawn follows from the data:
        docs/security-properties.md lists it.
        """
        found, kept = 0, (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
        for codes, units in counts:
            found += len(codes)
            (drawn,) = noise.draw_all([(self.selection.law, len(codes))])
            noisy = units + drawn
            enough = noisy >= self.selection.threshold
            kept = self._largest(np.append(kept[0], codes[enough]), np.append(kept[1], noisy[enough]))
        return Choice(sorted(kept[0].tolist()), found - len(kept[0]))

    def _largest(self, codes: Integers, noisy: Integers) -> Counts:
        """As many as may be released; of equal counts the lower codes."""
        first = np.lexsort((codes, -noisy))[: self.selection.most]
        return codes[first], noisy[first]

    def words_sql(self, codes: Sequence[int]) -> str:
        """The texts of these codes, of which there is one at least, in the order of code points."""
        return f"SELECT text FROM {self.texts} WHERE code IN ({', '.join(map(str, codes))}) ORDER BY code"

    def told_apart(self, codes: Sequence[int]) -> str:
        """The edition's rows, a text being its place among these codes, and all others the place after the last.

        Without a join: rows must come in the order in which they are stored.
        """
        name = f'"{self.column}"'
        place = f"CASE WHEN {name} IS NOT NULL THEN {_place(name, codes, 0, len(codes))} END"
        return f"(SELECT rowid, * REPLACE ({place} AS {name}) FROM {self.rows})"


def _place(name: str, codes: Sequence[int], first: int, other: int) -> str:
    """Where a code stands among the sorted `codes`, counted from `first`; `other` where it does not. Halved until few
    are left, since DuckDB looks a list through one by one."""
    if not codes:
        return str(other)
    if len(codes) <= _FEW:
        return f"coalesce(list_position([{', '.join(map(str, codes))}], {name}) - 1 + {first}, {other})"
    middle = len(codes) // 2
    below, above = (
        _place(name, part, start, other) for part, start in ((codes[:middle], first), (codes[middle:], first + middle))
    )
    return f"CASE WHEN {name} < {codes[middle]} THEN {below} ELSE {above} END"
