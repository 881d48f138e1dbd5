"""`make bench-accuracy`: our errors beside those of other engines, on the same records, unit, bounds and keys.

Prints a table for each setting and writes build/bench-accuracy.json. Exit status 1 if a bar is missed, could not be
held against anything, or a peer is lost.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from accuracy import ours
from accuracy.asked import BOUNDS, KEYS, LINES, SETTINGS, Line, Setting
from accuracy.compare import Row, Side, rows
from accuracy.records import Records, by_cell, pooled
from accuracy.report import show
from peers.environments import PEERS, Failed, Peer, asked, log_of

BUILD = Path(__file__).parents[2] / "build"
OURS = "Concordat"
Told = Mapping[tuple[str, str], Side]
"""By line and setting."""


def main() -> int:
    arguments = _arguments()
    build = BUILD / "bench-accuracy"
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    lines = [line for line in LINES if not arguments.lines or line.name in arguments.lines]
    records = pooled(build)
    print(f"Records: {'the published ones' if records.is_real else 'look-alikes'}, Great Britain 2016", flush=True)
    told = [_peer(peer, lines, records) for peer in PEERS if not arguments.peers or peer.name in arguments.peers]
    own = _own(lines, records, build)
    found = []
    for setting in SETTINGS:
        for line in lines:
            key = (line.name, setting.name)
            ages = by_cell(records.everybody if line.counts_all else records.known_ages, line.keys, line.every_cell)
            found += list(rows(line, setting, own[key], [peer[key] for peer in told], ages))
    show(found, [OURS, *(next(iter(peer.values())).name for peer in told)])
    _write(found, records, BUILD / "bench-accuracy.json")
    lost = sorted({side.name for peer in told for side in peer.values() if side.is_lost})
    return verdict(found, lost, is_whole=not arguments.peers and not arguments.lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", nargs="+", choices=[peer.name for peer in PEERS], help="only these")
    parser.add_argument("--lines", nargs="+", choices=[line.name for line in LINES], help="only these")
    return parser.parse_args()


def _own(lines: Sequence[Line], records: Records, build: Path) -> Told:
    begun = time.monotonic()
    found = {}
    for setting in SETTINGS:
        federation = ours.federation(build / f"ours-{setting.name}", records.everybody, setting)
        for line in lines:
            try:
                side = Side(OURS, "population", ours.figures(federation, line, setting))
            except ours.NotYet as reason:
                side = Side(OURS, "population", {}, f"not yet: {reason}")
            found[line.name, setting.name] = side
    print(f"  {OURS}: {time.monotonic() - begun:.0f} s", flush=True)
    return found


def _peer(peer: Peer, lines: Sequence[Line], records: Records) -> Told:
    begun = time.monotonic()
    keys = {(line.name, setting.name): _ask(line, setting, records) for setting in SETTINGS for line in lines}
    try:
        folders = asked(peer, list(keys.values()))
    except Failed as failed:
        print(f"  {failed}", flush=True)
        return {key: _lost(peer, str(failed)) for key in keys}
    print(f"  {peer.name}: {time.monotonic() - begun:.0f} s", flush=True)
    return {key: _side(peer, folder) for key, folder in zip(keys, folders, strict=True)}


def _side(peer: Peer, folder: Path) -> Side:
    if not (folder / "told.json").exists():
        return _lost(peer, f"it broke off; see {log_of(peer)}")
    told = json.loads((folder / "told.json").read_text())
    figures = {statistic: np.load(folder / f"{statistic}.npy") for statistic in told["statistics"]}
    return Side(peer.name, told["variance"], figures, told["why_not"], peer.is_shown_only)


def _lost(peer: Peer, why: str) -> Side:
    return Side(peer.name, "", {}, why, peer.is_shown_only, is_lost=True)


def _ask(line: Line, setting: Setting, records: Records) -> dict[str, object]:
    return {
        "line": line.name,
        "setting": setting.name,
        "records": str(records.everybody if line.counts_all else records.known_ages),
        "keys": {key: KEYS[key] for key in line.keys},
        "statistics": line.statistics,
        "bounds": BOUNDS,
        "repetitions": line.repetitions(setting),
        "epsilon": setting.epsilon,
        "delta": setting.delta,
        "total": setting.total,
    }


def _write(found: Sequence[Row], records: Records, path: Path) -> None:
    told = [{**asdict(row), "holds": row.holds} for row in found]
    path.write_text(json.dumps({"records": "real" if records.is_real else "look-alike", "rows": told}, indent=1) + "\n")


def verdict(found: Sequence[Row], lost: Sequence[str], is_whole: bool) -> int:
    """Prints it. The exit status: 0 only where every bar was held against everybody asked for, and holds."""
    missed = [row for row in found if row.holds is False]
    unheld = [row for row in found if row.ratio is None]
    if missed or unheld or lost:
        told = [f"{len(missed)} bars missed", f"{len(unheld)} comparisons not made"]
        print(", ".join([*told, *(f"{name} lost" for name in lost)]) + ".")
        return 1
    print("All bars hold." if is_whole else "All bars hold of what was asked.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
