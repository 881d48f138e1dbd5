"""The table as people read it."""

from collections.abc import Sequence

from accuracy.compare import Row
from accuracy.errors import Error

WIDTH = 12


def show(found: Sequence[Row], sides: Sequence[str]) -> None:
    """Root mean squared errors side by side; under each the number of errors where it is below the others'."""
    for setting in dict.fromkeys(row.setting for row in found):
        print(f"\nSetting: {setting}. Root mean squared errors of values, and for medians of ranks")
        print(f"{'':27}" + "".join(f"{_short(side):>{WIDTH}}" for side in sides) + f"{'ratio':>9}{'at most':>9}  bar")
        for row in found:
            if row.setting == setting:
                print(_line(row, sides))
        fewest = min((error.errors for row in found for error in row.errors.values()), default=0)
        print(f"At least {fewest:,} errors a side; the ratio is to the best peer, 'at most' its upper 95% limit.")
        for remark in dict.fromkeys(row.remark for row in found if row.setting == setting and row.remark):
            print(f"  {remark}")


def _line(row: Row, sides: Sequence[str]) -> str:
    name = f"{row.line}: {row.statistic}"
    figures = "".join(f"{_shown(row.errors.get(side)):>{WIDTH}}" for side in sides)
    if row.ratio is None:
        return f"{name:27}{figures}{'-':>9}{'-':>9}  nothing to compare"
    verdict = "" if row.bar is None else f"{row.bar:g} {'holds' if row.holds else 'MISSED'}"
    return f"{name:27}{figures}{row.ratio.value:>9.3f}{row.ratio.upper:>9.3f}  {verdict} ({row.best})"


def _shown(error: Error | None) -> str:
    return "-" if error is None else f"{error.root:.4g}"


def _short(side: str) -> str:
    return side if len(side) < WIDTH else side.replace(" Polars", "").replace(" Analytics", "").replace(" SQL", "")
