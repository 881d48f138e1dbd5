"""OpenDP's Polars front end: its own len, sum, mean and median; it has no variance.

Alone under pure epsilon; in the programme under zCDP, its tightest: the largest rho at which OpenDP's own conversion
stays within epsilon and delta. With "by-hand" as argument it is asked for the parts of means and variances instead
(counts, centred sums, centred squares less half their largest value), which its user would have to put together.

Each release answers for many copies of the records at once, told apart by a further key: cells are independent, and
the noise does not depend on how many there are.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import opendp.prelude as dp
import polars as pl
from peers.protocol import Answer, Ask, Figures, batches, serve

COPIES = 100
dp.enable_features("contrib")
BY_HAND = "by-hand" in sys.argv[1:]
PLACE, COPY = "place", "copy"


def answers(ask: Ask) -> Answer | str:
    if BY_HAND and not {"mean", "variance"} & set(ask.statistics):
        return "nothing to put together"
    if not BY_HAND and "variance" in ask.statistics:
        return "it has no variance"
    expressions = _by_hand(ask) if BY_HAND else _its_own(ask, ask.statistics)
    with tempfile.TemporaryDirectory() as folder:
        data = _copies(ask, Path(folder))
        measurement = _context(ask, data).query().group_by(COPY, *ask.keys).agg(*expressions.values()).resolve()
        released = [_released(measurement, data, ask, size) for size in batches(ask.repetitions, COPIES)]
    columns = {name: np.concatenate([each[name] for each in released]) for name in expressions}
    return {statistic: _put_together(statistic, columns, ask) for statistic in ask.statistics}


def _its_own(ask: Ask, statistics: Sequence[str]) -> dict[str, Any]:
    lower, upper = ask.bounds
    age = pl.col("age").fill_null((lower + upper) // 2)  # none is missing; it wants to be sure
    all_of_it: dict[str, Any] = {
        "count": dp.len(signed=True),
        "sum": age.dp.sum((lower, upper)),
        "mean": age.dp.mean((lower, upper)),
        "median": age.dp.median(list(range(lower, upper + 1))),
    }
    return {statistic: all_of_it[statistic].alias(statistic) for statistic in statistics}


def _by_hand(ask: Ask) -> dict[str, Any]:
    lower, upper = ask.bounds
    middle, half = (lower + upper) // 2, (upper - lower) // 2
    centred = pl.col("age").fill_null(middle) - middle
    most = half * half // 2
    parts = {"count": dp.len(signed=True), "centred": centred.dp.sum((-half, half))}
    if "variance" in ask.statistics:
        parts["squares"] = (centred * centred - most).dp.sum((-most, most))
    if "median" in ask.statistics:
        parts |= _its_own(ask, ["median"])
    return {name: expression.alias(name) for name, expression in parts.items()}


def _put_together(statistic: str, columns: Mapping[str, Figures], ask: Ask) -> Figures:
    if not BY_HAND or statistic in ("count", "median"):
        return columns[statistic]
    middle, half = sum(ask.bounds) // 2, (ask.bounds[1] - ask.bounds[0]) // 2
    rows, mean = np.maximum(1, columns["count"]), columns["centred"] / np.maximum(1, columns["count"])
    if statistic == "sum":
        return columns["centred"] + middle * columns["count"]
    if statistic == "mean":
        return middle + mean
    return (columns["squares"] + half * half // 2 * columns["count"]) / rows - mean**2


def _copies(ask: Ask, folder: Path) -> pl.LazyFrame:
    """Read from a file: what is in memory would be copied with every release."""
    records = pl.read_csv(ask.records, schema_overrides=dict.fromkeys(ask.keys, pl.String))
    records = records.select(*ask.keys, *(["age"] if set(ask.statistics) != {"count"} else []))
    copies = pl.DataFrame({COPY: range(min(COPIES, ask.repetitions))})
    records.join(copies, how="cross").write_parquet(folder / "records.parquet")
    return pl.scan_parquet(folder / "records.parquet")


def _context(ask: Ask, data: pl.LazyFrame) -> dp.Context:
    whole = ask.epsilon if ask.is_pure else _rho(ask.epsilon, ask.delta)
    loss = dp.loss_of(epsilon=whole) if ask.is_pure else dp.loss_of(rho=whole)
    weights = [1.0] if ask.is_pure else [ask.share, 1 - ask.share]
    return dp.Context.compositor(
        data=data,
        privacy_unit=dp.unit_of(contributions=1),
        privacy_loss=loss,
        split_by_weights=weights,
        margins=[
            dp.polars.Margin(by=(), max_length=100_000 * COPIES),
            dp.polars.Margin(by=[COPY, *ask.keys], invariant="keys"),
        ],
    )


@lru_cache
def _rho(epsilon: float, delta: float) -> float:
    """The largest rho whose conversion by OpenDP stays within: searched from below."""
    gaussian = dp.m.make_gaussian(dp.atom_domain(T="i64"), dp.absolute_distance(T=float), scale=1.0)
    profile = dp.c.make_fix_delta(dp.c.make_zCDP_to_approxDP(gaussian), delta)
    low, high = 0.0, 10.0
    for _ in range(60):
        rho = (low + high) / 2
        low, high = (rho, high) if profile.map((2 * rho) ** 0.5)[0] <= epsilon else (low, rho)
    return low


def _released(measurement: Any, data: pl.LazyFrame, ask: Ask, size: int) -> dict[str, Figures]:
    """Cells that the data lack are missing from the answer: an answer of 0."""
    place = pl.DataFrame([*ask.cells], schema=list(ask.keys), orient="row").with_row_index(PLACE)
    table = measurement(data).collect().join(place, on=list(ask.keys)).filter(pl.col(COPY) < size)
    where = (table[COPY].to_numpy(), table[PLACE].to_numpy())
    found = {}
    for name in table.columns:
        if name not in (COPY, PLACE, *ask.keys):
            found[name] = np.zeros((size, len(ask.cells)))
            found[name][where] = table[name].to_numpy()
    return found


if __name__ == "__main__":
    serve(version("opendp"), answers)
