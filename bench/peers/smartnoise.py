"""SmartNoise SQL: its SQL, its own COUNT, SUM, AVG and VAR; it has no percentiles.

Noise is Laplace's, its default. In the programme its own odometer (heterogeneous composition after Kairouz, Oh and
Viswanath) finds the largest epsilon a column at which the whole stays within the total; with its Gaussian mechanism,
whose delta has to be split over all columns, the noise is four times as large. The exact aggregates are computed once
and handed in as `pre_aggregated`, many times over: each row gets noise of its own.
"""

import math
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from peers.protocol import Answer, Ask, serve
from snsql import Privacy, from_connection
from snsql.sql._mechanisms import laplace
from snsql.sql.odometer import OdometerHeterogeneous

SQL = {"count": "COUNT(*)", "sum": "SUM(age)", "mean": "AVG(age)", "variance": "VAR(age)"}

_make = laplace.make_laplace


@lru_cache
def _made_once(scale: float) -> Any:
    domain = laplace.dp.atom_domain(T=float, nan=False)
    return _make(domain, laplace.dp.absolute_distance(T=float), scale)


laplace.make_laplace = lambda _domain, _metric, scale: _made_once(scale)  # it builds the same one for each value


def answers(ask: Ask) -> Answer | str:
    asked = [statistic for statistic in ask.statistics if statistic in SQL]
    if asked != ask.statistics:
        return "it has no percentiles"
    records = pd.read_csv(ask.records, dtype=dict.fromkeys(ask.keys, str))
    names = ", ".join(ask.keys)
    sql = SQL if len(asked) == 1 else SQL | {"count": "COUNT(age)"}  # the count that its means divide by
    values = ", ".join(f"{sql[statistic]} AS {statistic}_of_it" for statistic in asked)
    query = f"SELECT {names}, {values} FROM s.records GROUP BY {names}"  # noqa: S608  # our own words
    columns = len([mechanism for mechanism in _mechanisms(_reader(records, ask, 1.0), query) if mechanism])
    reader = _reader(records, ask, _epsilon(ask, columns))
    reader.get_privacy_cost(query)
    subquery, _ = reader._rewrite(query)
    header, *exact = reader._get_reader(subquery)._execute_ast(subquery)
    given = [header, *(row for _ in range(ask.repetitions) for row in exact)]
    _, *released = reader.execute(query, pre_aggregated=given)
    return _arranged(ask, asked, released, len(exact))


def _arranged(ask: Ask, asked: list[str], released: list[list[Any]], rows: int) -> Answer:
    """Its keys are those that the data hold: a cell that nobody is in is missing, which counts as an answer of 0."""
    place = {cell: index for index, cell in enumerate(ask.cells)}
    where = [place[tuple(str(key) for key in row[: len(ask.keys)])] for row in released[:rows]]
    found = {}
    for column, statistic in enumerate(asked, start=len(ask.keys)):
        figures = np.zeros((ask.repetitions, len(ask.cells)))
        figures[:, where] = np.array([row[column] for row in released], dtype=np.float64).reshape(-1, rows)
        found[statistic] = figures
    return found


def _mechanisms(reader: Any, query: str) -> list[Any]:
    subquery, _ = reader._rewrite(query)
    return list(reader._get_mechanisms(subquery))


def _epsilon(ask: Ask, columns: int) -> float:
    """The epsilon of each noisy column: within the query's alone, within the programme's by the odometer."""
    if ask.is_pure:
        return ask.epsilon / columns
    steps = math.ceil(columns / ask.share)
    low, high = 0.0, ask.epsilon
    for _ in range(60):
        middle = (low + high) / 2
        odometer = OdometerHeterogeneous(Privacy(epsilon=middle, delta=0.0))
        odometer.tol = ask.delta
        for _ in range(steps):
            odometer.spend(Privacy(epsilon=middle, delta=0.0))
        low, high = (middle, high) if odometer.spent[0] <= ask.epsilon else (low, middle)
    return low


def _reader(records: pd.DataFrame, ask: Ask, epsilon: float) -> Any:
    lower, upper = ask.bounds
    table = {
        "row_privacy": True,
        "censor_dims": False,  # the keys are public
        "clamp_counts": False,
        "clamp_columns": True,
        "rows": len(records),
        **{name: {"type": "string"} for name in ask.keys},
        "age": {"type": "int", "lower": lower, "upper": upper, "nullable": False},
    }
    return from_connection(
        records, privacy=Privacy(epsilon=epsilon, delta=ask.delta), metadata={"": {"s": {"records": table}}}
    )


if __name__ == "__main__":
    serve(version("smartnoise-sql"), answers)
