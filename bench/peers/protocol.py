"""What a peer is asked and how it answers: read from standard input, figures into files.

A peer runs in an environment of its own, so this module needs nothing but NumPy.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Figures = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ask:
    """One query, many times over. `setting` is "alone" (pure epsilon, one query) or "programme" (one of `total`
    statistics under one epsilon and delta).

    `keys` are columns with their public values; the cells are their product, the last key running fastest.
    `statistics` are "count", "sum", "mean", "variance" and "median", of `age` within `bounds` but for "count", which
    counts rows. `records` is a CSV file without missing values in what is asked.
    """

    line: str
    setting: str
    records: Path
    keys: dict[str, list[str]]
    statistics: list[str]
    bounds: tuple[int, int]
    repetitions: int
    epsilon: float
    delta: float
    total: int

    @property
    def is_pure(self) -> bool:
        return self.setting == "alone"

    @property
    def share(self) -> float:
        """How much of the whole budget this query may spend: each of the programme's statistics has an equal part."""
        return 1.0 if self.is_pure else len(self.statistics) / self.total

    @property
    def cells(self) -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = [()]
        for values in self.keys.values():
            found = [(*cell, value) for cell in found for value in values]
        return found

    def rows(self) -> list[dict[str, str]]:
        with self.records.open(newline="") as file:
            return list(csv.DictReader(file))


Answer = Mapping[str, Figures]
"""For each statistic the estimates, [repetition, cell]. NaN where there is none."""


def serve(version: str, answers: Callable[[Ask], Answer | str], variance: str = "population") -> None:
    """Answers all that standard input asks, each into a folder of its own: told.json says what is there.

    A text in place of figures says why the peer cannot. `variance` tells whether its variances are those of a
    "population" or of a "sample".
    """
    for asked in json.load(sys.stdin):
        folder = Path(asked.pop("folder"))
        ask = Ask(**{**asked, "records": Path(asked["records"]), "bounds": tuple(asked["bounds"])})
        print(f"{ask.line}, {ask.setting}", file=sys.stderr, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        told = {"version": version, "variance": variance, **_written(folder, ask, answers(ask))}
        (folder / "told.json").write_text(json.dumps(told))


def _written(folder: Path, ask: Ask, answer: Answer | str) -> dict[str, object]:
    if isinstance(answer, str):
        return {"statistics": [], "why_not": answer}
    for statistic, figures in answer.items():
        if figures.ndim != 2 or figures.shape[1] != len(ask.cells):
            raise ValueError(f"{ask.line}, {statistic}: the figures have the shape {figures.shape}")
        np.save(folder / f"{statistic}.npy", figures)
    return {"statistics": list(answer), "why_not": ""}


def batches(repetitions: int, size: int) -> Iterator[int]:
    """How many repetitions are made at a time."""
    while repetitions > 0:
        yield min(repetitions, size)
        repetitions -= size
