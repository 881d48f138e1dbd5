"""OpenDP Polars: at most five rows a unit (keeping groups instead takes nearly twice as long)."""

import opendp.prelude as dp
import polars as pl
from peers.timing import BANDS, COST, GROUPS, REGIONS, WEIGHT, YEAR, source, tell

dp.enable_features("contrib")
BY = ["region", "band"]
MARGIN = dp.polars.Margin(by=BY, max_groups=len(REGIONS) * len(BANDS))
KEYS = pl.LazyFrame({"region": REGIONS}).join(pl.LazyFrame({"band": BANDS}), how="cross")
data = pl.scan_parquet(source() / "rows.parquet")
"""What is in memory would be copied with every release: that takes three times as long."""


def ask() -> pl.DataFrame:
    context = dp.Context.compositor(
        data=data,
        privacy_unit=dp.unit_of(contributions=1, identifier="id"),
        privacy_loss=dp.loss_of(rho=0.01),
        split_evenly_over=1,
        margins=[dp.polars.Margin(by=(), max_length=100_000_000), MARGIN],
    )
    query = context.query().filter(pl.col("year") == YEAR).truncate_per_group(GROUPS, keep="first").group_by(BY)
    cost, weight = (pl.col(name).fill_nan(0.0).fill_null(0.0) for name in ("cost", "weight"))
    asked = query.agg(dp.len(signed=True), cost.dp.sum(COST), weight.dp.sum(WEIGHT)).with_keys(KEYS)
    return asked.release().collect()


tell(ask)
