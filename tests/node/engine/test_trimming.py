"""Rows come in batches that know nothing of units; what is trimmed are whole units, whatever the batches."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import duckdb
import pyarrow as pa
import pytest
from concordat_node.engine import trimming
from concordat_node.engine.limits import Limits
from concordat_node.engine.trimming import trimmed
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = ["rowid", "_unit", "_hash", "_cell", "amount"]
KINDS = [pa.int64(), pa.int64(), pa.uint16(), pa.uint16(), pa.int16()]
Row = tuple[int, int, int, int, int]


class Batches:
    """A cursor whose result comes in these batches."""

    def __init__(self, batches: Sequence[Sequence[Row]]) -> None:
        self.batches = batches

    def execute(self, statement: str) -> "Batches":
        assert statement == "SELECT current_setting('threads')"
        return self

    def fetchall(self) -> list[tuple[int]]:
        return [(2,)]

    def sql(self, statement: str) -> "Batches":
        assert statement == "the rows"
        return self

    def to_arrow_reader(self, size: int) -> pa.RecordBatchReader:
        schema = pa.schema(list(zip(NAMES, KINDS, strict=True)))
        columns = [[list(column) for column in zip(*batch, strict=True)] or [[]] * 5 for batch in self.batches]
        return pa.RecordBatchReader.from_batches(
            schema,
            [
                pa.record_batch([pa.array(c, k) for c, k in zip(each, KINDS, strict=True)], schema=schema)
                for each in columns
            ],
        )


def _rows(sizes: Sequence[int]) -> list[Row]:
    units = [unit for unit, size in enumerate(sizes) for _ in range(size)]
    return [(place, unit, place * 7 % 5, place * 7 % 5, place) for place, unit in enumerate(units)]


def _tables(batches: Sequence[Sequence[Row]], limits: Limits) -> Iterator[pa.Table]:
    return trimmed(Batches(batches), "the rows", limits)  # type: ignore[arg-type]


def _amounts(tables: Iterator[pa.Table]) -> list[int]:
    return sorted(amount for table in tables for amount in table.column("amount").to_pylist())


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), max_size=8), st.lists(st.integers(0, 60), max_size=8), st.data())
def test_where_batches_end_does_not_matter(sizes: list[int], cuts: list[int], data: st.DataObject) -> None:
    rows = _rows(sizes)
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    batches = [rows[start:end] for start, end in pairwise(edges)]
    limits = data.draw(st.sampled_from([Limits(2, None), Limits(None, 1), Limits(3, 2)]))
    assert _amounts(_tables(batches, limits)) == _amounts(_tables([rows], limits))


def test_tables_have_whole_units_and_lack_what_was_for_choosing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trimming, "TABLE_BYTES", 1)
    rows = _rows([3] * 20)
    tables = list(_tables([rows[start : start + 7] for start in range(0, 60, 7)], Limits(2, 2)))
    units = [set(table.column("_unit").to_pylist()) for table in tables]
    assert len(tables) > 1
    assert set().union(*units) == set(range(20))
    assert sum(map(len, units)) == 20
    assert all(table.column_names == ["_unit", "_cell", "amount"] for table in tables)


@pytest.mark.parametrize("order", [[1, 0, 2, 3], [0, 2, 1, 3], [0, 0, 1, 2]])
@pytest.mark.parametrize("batch", [1, 4])
def test_rows_in_another_order_than_they_are_stored_in_stop_everything(order: list[int], batch: int) -> None:
    rows = [_rows([4])[place] for place in order]
    batches = [rows[start : start + batch] for start in range(0, 4, batch)]
    with pytest.raises(RuntimeError, match="out of order"):
        list(_tables(batches, Limits(1, 1)))


def test_a_unit_whose_rows_are_apart_stops_everything() -> None:
    rows = [(place, unit, 0, 0, 0) for place, unit in enumerate([0, 1, 0])]
    with pytest.raises(RuntimeError, match="out of order"):
        list(_tables([rows], Limits(1, 1)))


def test_duckdb_gives_rows_as_they_are_stored() -> None:
    connection = duckdb.connect(config={"threads": 2, "preserve_insertion_order": True})
    connection.execute("CREATE TABLE t AS SELECT range // 10 AS u FROM range(500_000)")
    sql = (
        "SELECT rowid, u AS _unit, 0::USMALLINT AS _hash, 0::USMALLINT AS _cell, rowid AS amount FROM t WHERE u % 3 > 0"
    )
    found = [table.num_rows for table in trimmed(connection.cursor(), sql, Limits(1, 2))]
    assert sum(found) == 2 * 33_333
