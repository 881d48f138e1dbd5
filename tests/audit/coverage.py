"""`make margins`: how often 95% margins hold the true bounded statistic, over 4,000 repetitions of the noise.

Prints, for every statistic and some expressions after the noise, a share for each level of noise and writes
build/margins.json. Exit status 1 where a share is below 93%, or above 97% where margins must not be wide.
"""

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path

from audit.margins import LEVELS, LINES, Covered, covered

REPETITIONS = 4000
BUILD = Path(__file__).parents[2] / "build"
LINE = "{:<46}" + "{:>13}" * len(LEVELS)


def main() -> int:
    print("Shares of figures whose 95% margin holds the truth, pooled over cells and repetitions; ! misses its bar.")
    print(LINE.format("sigma of a count, in lattice steps", *(f"{level.sigma:g}" for level in LEVELS)))
    print(LINE.format("rows, in sigma", *(f"{level.rows:g}" for level in LEVELS)))
    found: list[Covered] = []
    with ProcessPoolExecutor(2) as workers:
        pairs = list(product(range(len(LINES)), range(len(LEVELS))))
        for (line, level), shares in zip(pairs, workers.map(_shares, pairs), strict=True):
            one = Covered(LINES[line], LEVELS[level], *shares)
            found.append(one)
            if len(found) % len(LEVELS) == 0:
                row = found[-len(LEVELS) :]
                print(LINE.format(one.line.asked, *map(_shown, row)), flush=True)
    _write(found)
    missed = [one.line.asked for one in found if not one.holds]
    print(f"{len(missed)} bars are missed: {', '.join(missed)}" if missed else "Every bar holds.")
    return 1 if missed else 0


def _shares(pair: tuple[int, int]) -> tuple[float, float, float, float]:
    """A line holds a function, which does not travel between processes: it is named by its place."""
    one = covered(LINES[pair[0]], LEVELS[pair[1]], REPETITIONS)
    return one.given, one.share, one.least, one.most


def _shown(one: Covered) -> str:
    given = "" if one.given > 0.995 else f" of {one.given:.0%}"
    return f"{one.share:.1%}{'' if one.holds else '!'}{given}"


def _write(found: list[Covered]) -> None:
    BUILD.mkdir(exist_ok=True)
    content = [
        {
            "figure": one.line.asked,
            "sigma": one.level.sigma,
            "rows_in_sigma": one.level.rows,
            "share": one.share,
            "given": one.given,
            "least": one.least,
            "most": one.most,
            "ceiling": one.ceiling,
        }
        for one in found
    ]
    (BUILD / "margins.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
