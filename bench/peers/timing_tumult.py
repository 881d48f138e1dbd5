"""Tumult Analytics on local Spark: at most five rows a unit (bounding groups takes four times as long)."""

import os
import sys

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

from peers.timing import BANDS, COST, GROUPS, REGIONS, WEIGHT, YEAR, source, tell
from pyspark.sql import SparkSession
from tmlt.analytics import AddRowsWithID, KeySet, MaxRowsPerID, QueryBuilder, RhoZCDPBudget, Session

builder = SparkSession.builder.master("local[2]").config("spark.driver.memory", "6g")
builder = builder.config("spark.sql.shuffle.partitions", "2").config("spark.ui.enabled", "false")
spark = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
data = spark.read.parquet(str(source() / "rows.parquet")).fillna(0.0).cache()
data.count()
keys = KeySet.from_dict({"region": REGIONS, "band": BANDS})
session = Session.from_dataframe(
    RhoZCDPBudget(float("inf")), "visits", data, protected_change=AddRowsWithID("id", "people")
)
query = QueryBuilder("visits").filter(f"year = {YEAR}").enforce(MaxRowsPerID(GROUPS)).groupby(keys)
asked = [query.count(), query.sum("cost", *COST), query.sum("weight", *WEIGHT)]


def ask() -> object:
    return [session.evaluate(each, RhoZCDPBudget(0.003)).collect() for each in asked]


tell(ask)
