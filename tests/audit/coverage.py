"""`make margins`: how often 95% margins hold the true bounded statistic, over 4,000 repetitions of the noise.

Prints, for every statistic and some expressions after the noise, a share for each level of noise of either calculus and
writes build/margins.json. Exit status 1 where a share is below 93%, or above 97% where margins must not be wide.
"""

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path

from audit.hidden import HIDDEN, hidden_covered
from audit.margins import LEVELS, LINES, Covered, Line, covered
from concordat_query.model import Calculus

REPETITIONS = 4000
ROWS: list[tuple[Line, Calculus]] = [
    *((line, Calculus.GAUSSIAN) for line in (*LINES, HIDDEN)),
    *((line, Calculus.PURE) for line in LINES),  # which has no private keys
]
BUILD = Path(__file__).parents[2] / "build"
LINE = "{:<46}" + "{:>13}" * len(LEVELS)


def main() -> int:
    print("Shares of figures whose 95% margin holds the truth, pooled over cells and repetitions; ! misses its bar.")
    found: list[Covered] = []
    with ProcessPoolExecutor(2) as workers:
        pairs = list(product(range(len(ROWS)), range(len(LEVELS))))
        for (place, level), shares in zip(pairs, workers.map(_shares, pairs), strict=True):
            line, calculus = ROWS[place]
            if not found or found[-1].calculus is not calculus:
                _print_head(calculus)
            found.append(Covered(line, calculus, LEVELS[level], *shares))
            if len(found) % len(LEVELS) == 0:
                row = found[-len(LEVELS) :]
                print(LINE.format(line.asked, *map(_shown, row)), flush=True)
    _write(found)
    missed = [f"{one.line.asked} ({one.calculus.value})" for one in found if not one.holds]
    print(f"{len(missed)} bars are missed: {', '.join(missed)}" if missed else "Every bar holds.")
    return 1 if missed else 0


def _print_head(calculus: Calculus) -> None:
    print(f"\nNoise of the {calculus.value} calculus")
    print(LINE.format("sigma of a count, in lattice steps", *(f"{level.sigma:g}" for level in LEVELS)))
    print(LINE.format("rows, in sigma", *(f"{level.rows:g}" for level in LEVELS)))


def _shares(pair: tuple[int, int]) -> tuple[float, float, float, float]:
    """A line holds a function, which does not travel between processes: it is named by its place."""
    (line, calculus), level = ROWS[pair[0]], LEVELS[pair[1]]
    one = hidden_covered(level, REPETITIONS) if line is HIDDEN else covered(line, calculus, level, REPETITIONS)
    return one.given, one.share, one.least, one.most


def _shown(one: Covered) -> str:
    given = "" if one.given > 0.995 else f" of {one.given:.0%}"
    return f"{one.share:.1%}{'' if one.holds else '!'}{given}"


def _write(found: list[Covered]) -> None:
    BUILD.mkdir(exist_ok=True)
    content = [
        {
            "figure": one.line.asked,
            "calculus": one.calculus.value,
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
