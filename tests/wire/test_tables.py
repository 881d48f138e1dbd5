"""Tables as Arrow, there and back over IPC."""

import json
import math
from decimal import Decimal

import pyarrow as pa
import pytest
from concordat_privacy.estimates import Row, Status, Table, Value
from concordat_query.model import AggregateRef, Arithmetic, KeyColumn, NationColumn, Operator, ValueColumn
from concordat_wire.tables import NOTES_KEY, from_ipc, to_arrow, to_ipc

COLUMNS = (
    NationColumn("nation"),
    ValueColumn("casualties", AggregateRef(0)),
    KeyColumn("how_bad", 1),
    ValueColumn("share", Arithmetic(Operator.DIVIDE, AggregateRef(0), AggregateRef(1))),
)
NOT_HELD = Value(None, None, Status.NOT_HELD, low_reliability=False)


def table(*rows: Row) -> Table:
    return Table(COLUMNS, rows, ("Great Britain: Northern Ireland holds no age",))


def row(nation: str, casualties: Value | None, share: Value | None, *, is_total: bool = False) -> Row:
    return Row(nation, is_total, ("Car", "Slight"), (casualties, share), (False, False))


COUNT = Value(40, 7, Status.OK, low_reliability=False)
SHARE = Value(0.25, math.inf, Status.PARTLY_HELD, low_reliability=True)


def test_columns_stand_in_the_order_asked_for_each_value_with_margin_status_and_reliability() -> None:
    arrow = to_arrow(table(row("Wales", COUNT, SHARE)))
    assert arrow.to_pylist() == [
        {
            "nation": "Wales",
            "nation__is_total": False,
            "casualties": 40,
            "casualties__margin": 7,
            "casualties__status": "ok",
            "casualties__low_reliability": False,
            "how_bad": "Slight",
            "share": 0.25,
            "share__margin": math.inf,
            "share__status": "partly held",
            "share__low_reliability": True,
        }
    ]


def test_whole_figures_stay_whole_and_others_are_doubles() -> None:
    schema = to_arrow(table(row("Wales", COUNT, SHARE), row("Scotland", NOT_HELD, NOT_HELD))).schema
    types = [schema.field(name).type for name in ("casualties", "casualties__margin", "share", "share__margin")]
    assert types == [pa.int64(), pa.int64(), pa.float64(), pa.float64()]


def test_a_value_not_held_is_null_with_its_status_and_one_that_does_not_apply_has_none() -> None:
    arrow = to_arrow(table(row("Great Britain", NOT_HELD, None, is_total=True)))
    [only] = arrow.to_pylist()
    assert (only["casualties"], only["casualties__status"]) == (None, "not held")
    assert (only["share"], only["share__status"], only["share__low_reliability"]) == (None, None, None)
    assert only["nation__is_total"] is True


def test_zero_is_a_figure_and_not_a_status() -> None:
    zero = Value(0, 7, Status.OK, low_reliability=True)
    [only] = to_arrow(table(row("Wales", zero, zero))).to_pylist()
    assert (only["casualties"], only["casualties__status"]) == (0, "ok")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ((Decimal(2014), Decimal(2015), None), [2014, 2015, None]),
        ((Decimal("0.5"), Decimal("1.0"), None), [Decimal("0.5"), Decimal("1.0"), None]),
        (("Car", None, "Bus"), ["Car", None, "Bus"]),
        ((None, None, None), [None, None, None]),
    ],
)
def test_keys_keep_their_kind(keys: tuple[str | Decimal | None, ...], expected: list[object]) -> None:
    rows = tuple(Row(None, False, (key,), (), (False,)) for key in keys)
    arrow = to_arrow(Table((KeyColumn("key", 0),), rows, ()))
    assert arrow.column("key").to_pylist() == expected


def test_ipc_brings_back_the_same_table_with_its_notes() -> None:
    original = table(row("Wales", COUNT, SHARE))
    arrow = from_ipc(to_ipc(original))
    assert arrow.equals(to_arrow(original))
    assert json.loads(arrow.schema.metadata[NOTES_KEY]) == list(original.notes)


def test_a_key_that_is_summed_over_is_null_and_told_from_one_that_is_missing() -> None:
    rows = tuple(Row(None, False, (key, "Fatal"), (), (False, False)) for key in ("x", None))
    total = Row(None, False, (None, "Fatal"), (), (True, False))
    columns = (KeyColumn("a", 0), KeyColumn("b", 1), KeyColumn("again", 0))
    arrow = to_arrow(Table(columns, (*rows, total), (), rollup=(0,)))
    assert arrow.column_names == ["a", "a__is_total", "b", "again", "again__is_total"]
    assert arrow.column("a").to_pylist() == ["x", None, None]
    assert arrow.column("a__is_total").to_pylist() == arrow.column("again__is_total").to_pylist()
    assert arrow.column("a__is_total").to_pylist() == [False, False, True]


def test_a_table_without_rows_keeps_its_columns() -> None:
    arrow = from_ipc(to_ipc(table()))
    assert (arrow.num_rows, arrow.num_columns) == (0, 11)
