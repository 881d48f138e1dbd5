"""Measured figures and the bars they are held against, printed and written as one JSON array."""

import json
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measure:
    """One figure. `bar` is the largest value allowed, None where the figure only explains another."""

    name: str
    value: float
    unit: str
    bar: float | None = None

    @property
    def holds(self) -> bool | None:
        return None if self.bar is None else self.value <= self.bar


def milliseconds(name: str, seconds: float, bar: float | None = None) -> Measure:
    return Measure(name, round(seconds * 1e3, 3), "ms", bar)


def ratio(name: str, value: float, bar: float) -> Measure:
    return Measure(name, round(value, 3), "times", bar)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, once."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def percentile(samples: Sequence[float], share: float) -> float:
    """A percentile of the samples, by the nearest rank."""
    ordered = sorted(samples)
    return ordered[max(1, math.ceil(share * len(ordered))) - 1]


median = statistics.median


def show(measure: Measure) -> None:
    bar = "" if measure.bar is None else f"   bar {measure.bar:g}: {'holds' if measure.holds else 'MISSED'}"
    print(f"  {measure.name:<58} {measure.value:>10.3f} {measure.unit}{bar}", flush=True)


def write(measures: Sequence[Measure], path: Path) -> None:
    """Writes build/bench.json: one array of {name, value, unit, bar, holds}."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(measure), "holds": measure.holds} for measure in measures]
    path.write_text(json.dumps(rows, indent=1) + "\n")
