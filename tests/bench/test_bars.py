"""What a target that measures writes: one JSON array, every figure with the bar it is held against."""

import json
from pathlib import Path

from bars import Measure, percentile, ratio, write


def test_figures_are_written_as_one_array_with_whether_their_bars_hold(tmp_path: Path) -> None:
    write(
        [Measure("scan", 7.5, "ms"), ratio("to plain", 3.0, 3.0), ratio("to the floor", 4.1, 4.0)], tmp_path / "x.json"
    )
    assert json.loads((tmp_path / "x.json").read_text()) == [
        {"name": "scan", "value": 7.5, "unit": "ms", "bar": None, "holds": None},
        {"name": "to plain", "value": 3.0, "unit": "times", "bar": 3.0, "holds": True},
        {"name": "to the floor", "value": 4.1, "unit": "times", "bar": 4.0, "holds": False},
    ]


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentile([1.0, 2.0], 0.99) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 0.99) == 99.0
