"""`make audit`: whether two real nodes can be told apart by more than they claim, and whether mistakes are noticed.

Prints a row for each honest and each planted mechanism and writes build/audit.json. Exit status 1 where an honest one
goes beyond its claim or comes nowhere near it, and where a planted one is not caught.
"""

import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from audit import private_mechanisms
from audit.mechanisms import HONEST, PLANTED, Mechanism, Row, audit
from audit.nodes import Site, found_site
from audit.private_mechanisms import TextMechanism

BUILD = Path(__file__).parents[2] / "build"
LINE = "{:<62}{:>14}{:>16}{:>10}   {}"


def main() -> int:
    folder = BUILD / "audit"
    shutil.rmtree(folder, ignore_errors=True)
    print("Two nodes that differ by one unit in every group: what is proved of the loss from what they release.")
    print(LINE.format("mechanism", "claimed", "at least", "samples", "verdict"))
    rows = []
    for row in rows_of(folder):
        rows.append(row)
        print(LINE.format(*_shown(row)), flush=True)
    _write(rows, BUILD / "audit.json")
    shutil.rmtree(folder)
    failed = [row.mechanism.name for row in rows if not row.passes]
    print(f"{len(failed)} of {len(rows)} rows fail: {'; '.join(failed)}" if failed else "Every row is as it must be.")
    return 1 if failed else 0


def rows_of(folder: Path) -> Iterator[Row]:
    """All rows, each mistake in nodes of its own."""
    site = found_site(folder / "written")
    unimported = site.copied(folder / "unimported")
    site.imports()
    yield from _audited(site.copied(folder / "honest"), "", (*HONEST, *private_mechanisms.HONEST))
    planted_ones = sorted((*PLANTED, *private_mechanisms.PLANTED), key=_mistake)
    for number, (mistake, mechanisms) in enumerate(groupby(planted_ones, _mistake)):
        place = folder / f"planted-{number}"
        if mistake == "a clamp left out":
            planted = unimported.copied(place)
            planted.imports(mistake)
        else:
            planted = site.copied(place)
        yield from _audited(planted, mistake, mechanisms)


def _audited(site: Site, mistake: str, mechanisms: Iterable[Mechanism]) -> Iterator[Row]:
    with site.serving(mistake) as serving:
        for mechanism in mechanisms:
            if isinstance(mechanism, TextMechanism):
                yield private_mechanisms.audit(mechanism, serving)
            else:
                yield audit(mechanism, serving)


def _mistake(mechanism: Mechanism) -> str:
    return mechanism.mistake


def _shown(row: Row) -> tuple[str, str, str, str, str]:
    name = f"{row.mechanism.mistake}: {row.mechanism.name}" if row.mechanism.is_planted else row.mechanism.name
    if row.mechanism.is_planted:
        verdict = "caught" if row.verdict.refuted else "NOT CAUGHT"
    else:
        verdict = "BEYOND ITS CLAIM" if row.verdict.refuted else "holds" if row.is_seen else "TELLS NOTHING"
    unit, digits = row.mechanism.unit, 4 if row.mechanism.unit == "delta" else 3
    claimed, estimate = (f"{unit} {loss:.{digits}f}" for loss in (row.claimed, row.estimate))
    return name, claimed, estimate, f"{row.samples:,}", verdict


def _write(rows: list[Row], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    content = [asdict(row) | {"passes": row.passes} for row in rows]
    path.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
