"""What a peer is asked and how it answers: read from standard input, figures into files, where they are to standard output.

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
    """Answers all that standard input asks; a text in place of figures says why the peer cannot.

    `variance` tells whether its variances are those of a "population" or of a "sample".
    """
    task = json.load(sys.stdin)
    folder = Path(task["folder"])
    told = []
    for number, asked in enumerate(task["asks"]):
        ask = Ask(**{**asked, "records": Path(asked["records"]), "bounds": tuple(asked["bounds"])})
        print(f"{ask.line}, {ask.setting}", file=sys.stderr, flush=True)
        told.append({"line": ask.line, "setting": ask.setting, **_written(folder / str(number), ask, answers(ask))})
    print(json.dumps({"version": version, "variance": variance, "answers": told}), flush=True)


def _written(path: Path, ask: Ask, answer: Answer | str) -> dict[str, object]:
    if isinstance(answer, str):
        return {"files": {}, "why_not": answer}
    files = {}
    for statistic, figures in answer.items():
        if figures.ndim != 2 or figures.shape[1] != len(ask.cells):
            raise ValueError(f"{ask.line}, {statistic}: the figures have the shape {figures.shape}")
        files[statistic] = f"{path}-{statistic}.npy"
        np.save(files[statistic], figures)
    return {"files": files, "why_not": ""}


def batches(repetitions: int, size: int) -> Iterator[int]:
    """How many repetitions are made at a time."""
    while repetitions > 0:
        yield min(repetitions, size)
        repetitions -= size
