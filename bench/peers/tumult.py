"""Tumult Analytics on local Spark: its own count, sum, average, variance and median.

Alone under pure epsilon; in the programme under zCDP, its tightest, with the largest rho that the conversion of
Canonne, Kamath and Steinke keeps within epsilon and delta (it takes a rho and offers no conversion). Queries of several
statistics are as many queries, as its interface has it, each with an equal part of the budget.

Every repetition is a group of its own. Their exact aggregates are those of one copy of the records, computed once and
given to all; noise and all that follows it are Tumult's, cell by cell. Its medians, which look at the rows of a cell,
are drawn by the mechanism that it compiles the query to, one cell after another.
"""

import math
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

from peers.protocol import Answer, Ask, Figures, serve
from pyspark.sql import DataFrame, SparkSession
from tmlt.analytics import AddOneRow, KeySet, PureDPBudget, QueryBuilder, RhoZCDPBudget, Session
from tmlt.core.measurements.pandas_measurements.series import NoisyQuantile
from tmlt.core.transformations.spark_transformations.agg import CountGrouped, SumGrouped

COPY = "copy"
quantiles: list[NoisyQuantile] = []
"""All that were ever made, the last one last."""


def answers(ask: Ask) -> Answer:
    spark = _spark()
    records = spark.read.csv(str(ask.records), header=True)
    is_counted = set(ask.statistics) == {"count"}
    records = records.selectExpr(*ask.keys, *([] if is_counted else ["CAST(age AS BIGINT) AS age"])).dropna()
    data = records.selectExpr(f"CAST(0 AS BIGINT) AS {COPY}", "*").cache()
    numbers = spark.range(ask.repetitions).withColumnRenamed("id", COPY)
    cells = spark.createDataFrame(ask.cells, list(ask.keys))
    session = Session.from_dataframe(_budget(ask, math.inf), "records", data, protected_change=AddOneRow())
    builder = QueryBuilder("records").groupby(KeySet.from_dataframe(numbers.crossJoin(cells)))
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
        if statistic == "median":
            session._compile_and_get_info(queries[statistic]()._query_expr, each)
            found[statistic] = _medians(ask)
        else:
            found[statistic] = _figures(session.evaluate(queries[statistic](), each), ask)
    data.unpersist()
    return found


def _medians(ask: Ask) -> Figures:
    ages: dict[tuple[str, ...], list[int]] = {cell: [] for cell in ask.cells}
    for row in ask.rows():
        ages[tuple(row[key] for key in ask.keys)].append(int(row["age"]))
    series = [pd.Series(ages[cell]) for cell in ask.cells]
    return np.array([[quantiles[-1](cell) for cell in series] for _ in range(ask.repetitions)])


def _given_to_all(aggregated: Callable[[Any, Any], DataFrame]) -> Callable[[Any, Any], DataFrame]:
    """The exact aggregates of the one copy there is, for the groups of every other."""

    def given(transformation: Any, grouped: Any) -> DataFrame:
        found = aggregated(transformation, grouped)
        copies = grouped.group_keys.select(COPY).distinct()
        return copies.crossJoin(found.filter(f"{COPY} = 0").drop(COPY)).select(*found.columns)

    return given


def _kept(made: Callable[..., None]) -> Callable[..., None]:
    def make(measured: NoisyQuantile, /, *given: object, **named: object) -> None:
        quantiles.append(measured)
        made(measured, *given, **named)

    return make


CountGrouped.__call__ = _given_to_all(CountGrouped.__call__)
SumGrouped.__call__ = _given_to_all(SumGrouped.__call__)
NoisyQuantile.__init__ = _kept(NoisyQuantile.__init__)


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


def _figures(table: DataFrame, ask: Ask) -> Figures:
    place = {cell: index for index, cell in enumerate(ask.cells)}
    frame = table.toPandas()
    [value] = [name for name in frame.columns if name not in (COPY, *ask.keys)]
    where = [place[cell] for cell in zip(*(frame[key] for key in ask.keys), strict=True)]
    found = np.full((ask.repetitions, len(ask.cells)), np.nan)
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
