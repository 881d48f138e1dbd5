"""Tumult Analytics on local Spark: its own count, sum, average, variance and median.

Alone under pure epsilon; in the programme under zCDP, its tightest, with the largest rho that the conversion of Canonne,
Kamath and Steinke keeps within epsilon and delta (it takes a rho and offers no conversion). Queries of several
statistics are as many queries, as its interface has it, each with an equal part of the budget.

Each query answers for many copies of the records at once, told apart by a further key: cells are independent, and the
noise does not depend on how many there are.
"""

import math
import os
import sys
from importlib.metadata import version
from typing import Any

import numpy as np

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

from peers.protocol import Answer, Ask, Figures, batches, serve
from pyspark.sql import SparkSession
from tmlt.analytics import AddOneRow, KeySet, PureDPBudget, QueryBuilder, RhoZCDPBudget, Session

COPIES = 200
COPY = "copy"


def answers(ask: Ask) -> Answer:
    spark = _spark()
    copies = min(COPIES, ask.repetitions)
    records = spark.read.csv(str(ask.records), header=True)
    is_counted = set(ask.statistics) == {"count"}
    records = records.selectExpr(*ask.keys, *([] if is_counted else ["CAST(age AS BIGINT) AS age"])).dropna()
    numbers = spark.range(copies).withColumnRenamed("id", COPY)
    data = records.crossJoin(numbers).repartition(2).cache()
    cells = spark.createDataFrame(ask.cells, list(ask.keys))
    session = Session.from_dataframe(_budget(ask, math.inf), "records", data, protected_change=AddOneRow())
    builder = QueryBuilder("records").groupby(KeySet.from_dataframe(cells.crossJoin(numbers)))
    lower, upper = ask.bounds
    queries = {
        "count": builder.count,
        "sum": lambda: builder.sum("age", lower, upper),
        "mean": lambda: builder.average("age", lower, upper),
        "variance": lambda: builder.variance("age", lower, upper),
        "median": lambda: builder.median("age", lower, upper),
    }
    each = _budget(ask, _whole(ask) * ask.share / len(ask.statistics))
    found: dict[str, Figures] = {}
    for statistic in ask.statistics:
        parts = [
            _figures(session.evaluate(queries[statistic](), each), ask, copies)[:size]
            for size in batches(ask.repetitions, copies)
        ]
        found[statistic] = np.concatenate(parts)
    data.unpersist()
    return found


def _spark() -> SparkSession:
    settings = {
        "spark.driver.memory": "6g",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def _figures(table: Any, ask: Ask, copies: int) -> Figures:
    place = {cell: index for index, cell in enumerate(ask.cells)}
    frame = table.toPandas()
    [value] = [name for name in frame.columns if name not in (COPY, *ask.keys)]
    where = [place[cell] for cell in zip(*(frame[key] for key in ask.keys), strict=True)]
    found = np.full((copies, len(ask.cells)), np.nan)
    found[frame[COPY].to_numpy(), where] = frame[value].to_numpy(dtype=np.float64)
    return found


def _budget(ask: Ask, value: float) -> Any:
    return PureDPBudget(value) if ask.is_pure else RhoZCDPBudget(value)


def _whole(ask: Ask) -> float:
    if ask.is_pure:
        return ask.epsilon
    low, high = 0.0, 10.0
    for _ in range(60):
        rho = (low + high) / 2
        low, high = (rho, high) if _epsilon(rho, ask.delta) <= ask.epsilon else (low, rho)
    return low


def _epsilon(rho: float, delta: float) -> float:
    """Canonne, Kamath, Steinke 2020, proposition 12, at the best of many orders."""
    orders = 1 + np.geomspace(1e-3, 1e3, 20_001)
    epsilons = orders * rho + np.log1p(-1 / orders) + (-math.log(delta) - np.log(orders)) / (orders - 1)
    return float(epsilons.min())


if __name__ == "__main__":
    serve(version("tmlt-analytics"), answers, variance="sample")
