"""What the four nations' records have in common: columns of text by index, times, and rows that must go."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from attendances import FIRST_DAY, MISSING, Attendances, Ints
from numpy.typing import NDArray

Times = NDArray[np.datetime64]


def text_of(values: Ints, texts: Sequence[str | None], missing: str | None = None) -> list[str | None]:
    """Each value's text; `missing` where it is MISSING."""
    return [missing if value == MISSING else texts[value] for value in values.tolist()]


def drawn(rng: np.random.Generator, values: Ints, texts: Sequence[Sequence[str]]) -> list[str | None]:
    """Each value as one of its several local codes, by chance; None where it is MISSING."""
    picks = rng.random(len(values)).tolist()
    return [
        None if value == MISSING else texts[value][int(pick * len(texts[value]))]
        for value, pick in zip(values.tolist(), picks, strict=True)
    ]


def arrivals(attendances: Attendances) -> Times:
    days: Times = (FIRST_DAY + attendances.day).astype("datetime64[m]")
    return days + attendances.minute


def departures(attendances: Attendances) -> tuple[Times, NDArray[np.bool_]]:
    """Times of departure, and where they are missing."""
    missing = attendances.stay == MISSING
    return arrivals(attendances) + np.where(missing, 0, attendances.stay), missing


def with_lost_rows(rng: np.random.Generator, table: pa.Table, lost: Mapping[str, tuple[int, object]]) -> pa.Table:
    """The table and, among its rows, copies that lack what a record needs: by column, how many and what stands there.

    Import must drop exactly these.
    """
    parts = [table]
    for column, (count, instead) in lost.items():
        copies = table.take(pa.array(rng.integers(0, table.num_rows, count)))
        place = table.schema.get_field_index(column)
        field = table.schema.field(place)
        parts.append(copies.set_column(place, field, pa.array([instead] * count, field.type)))
    whole = pa.concat_tables(parts)
    return whole.take(pa.array(rng.permutation(whole.num_rows)))
