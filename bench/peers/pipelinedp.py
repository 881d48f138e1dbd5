"""PipelineDP on its local backend: its own COUNT, SUM, MEAN, VARIANCE and PERCENTILE.

Alone with Laplace noise. In the programme with Gaussian noise under its PLD accountant, the tightest it has, where it
takes the metrics; VARIANCE and PERCENTILE it allows under the naive accountant only, where Laplace noise is the better
one (no delta to split). The backend repeats the last step, which draws the noise, many times over.
"""

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from typing import Any

import numpy as np
import pipeline_dp
from peers.protocol import Answer, Ask, serve

Metrics = pipeline_dp.Metrics
METRICS = {
    "count": Metrics.COUNT,
    "sum": Metrics.SUM,
    "mean": Metrics.MEAN,
    "variance": Metrics.VARIANCE,
    "median": Metrics.PERCENTILE(50),
}
FIELDS = {"median": "percentile_50"}
UNDER_PLD = {"count", "sum", "mean"}


class Repeating(pipeline_dp.LocalBackend):  # type: ignore[misc]  # it brings no types
    """The local backend, but that metrics are computed from the same accumulators as often as asked."""

    def __init__(self, repetitions: int) -> None:
        super().__init__()
        self._repetitions = repetitions

    def map_values(self, col: Iterable[Any], fn: Callable[[Any], Any], stage_name: str = "") -> Iterable[Any]:
        if stage_name != "Compute DP metrics":
            return super().map_values(col, fn, stage_name)  # type: ignore[no-any-return]
        return ((key, [fn(value) for _ in range(self._repetitions)]) for key, value in col)


def answers(ask: Ask) -> Answer | str:
    rows = [(index, tuple(row[key] for key in ask.keys), int(row["age"])) for index, row in enumerate(_rows(ask))]
    accountant, noise = _accountant(ask)
    engine = pipeline_dp.DPEngine(accountant, Repeating(ask.repetitions))
    lower, upper = ask.bounds
    params = pipeline_dp.AggregateParams(
        metrics=[METRICS[statistic] for statistic in ask.statistics],
        noise_kind=noise,
        max_partitions_contributed=1,
        max_contributions_per_partition=1,
        min_value=lower,
        max_value=upper,
        budget_weight=len(ask.statistics) if _is_naive(ask) and not ask.is_pure else 1,
    )
    extractors = pipeline_dp.DataExtractors(
        privacy_id_extractor=lambda row: row[0],
        partition_extractor=lambda row: row[1],
        value_extractor=lambda row: row[2],
    )
    result = engine.aggregate(rows, params, extractors, public_partitions=ask.cells)
    accountant.compute_budgets()
    found = dict(result)
    return {
        statistic: np.array(
            [[getattr(each, FIELDS.get(statistic, statistic)) for each in found[cell]] for cell in ask.cells]
        ).T
        for statistic in ask.statistics
    }


def _rows(ask: Ask) -> Iterator[dict[str, str]]:
    for row in ask.rows():
        yield {**row, "age": row["age"] or str(ask.bounds[0])}


def _is_naive(ask: Ask) -> bool:
    return ask.is_pure or not set(ask.statistics) <= UNDER_PLD


def _accountant(ask: Ask) -> tuple[Any, Any]:
    laplace, gaussian = pipeline_dp.NoiseKind.LAPLACE, pipeline_dp.NoiseKind.GAUSSIAN
    if _is_naive(ask):
        accountant = pipeline_dp.NaiveBudgetAccountant(ask.epsilon, 0)
        if not ask.is_pure:  # the rest of the programme
            accountant.request_budget(laplace.convert_to_mechanism_type(), weight=ask.total - len(ask.statistics))
        return accountant, laplace
    accountant = pipeline_dp.PLDBudgetAccountant(ask.epsilon, ask.delta, pld_discretization=1e-3)
    noisy = 2 if "mean" in ask.statistics else len(ask.statistics)  # a mean has the count and the sum of its query
    others = round(noisy / ask.share) - noisy
    accountant.request_budget(gaussian.convert_to_mechanism_type(), weight=1 / noisy, count=others)
    return accountant, gaussian


if __name__ == "__main__":
    serve(version("pipeline-dp"), answers)
