"""Plants known mistakes one at a time, in a copy of the tree, and runs the test that must notice: `make mutants`.

A mistake is caught where its named test fails; not where it passes, and not where the copy can no longer be loaded.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mutants.mistakes import MISTAKES, Mistake

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("proto", "query", "privacy", "wire", "node", "coordinator", "client")
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "build", "dist", ".*_cache", "__pycache__", ".hypothesis")
FAILED = 1
"""Pytest's exit code where tests ran and some failed; a tree that does not load has another."""

SEED = 1
"""Of random examples: a mistake is caught in every run or in none."""


@dataclass(frozen=True)
class Trial:
    """What a test said of the tree with a mistake in it."""

    mistake: Mistake
    code: int
    output: str

    @property
    def is_caught(self) -> bool:
        return self.code == FAILED


def planted(mistake: Mistake) -> Trial:
    """Runs the named test on a copy of the tree with the mistake in it."""
    with tempfile.TemporaryDirectory(prefix="concordat-mutant-") as folder:
        tree = copied(Path(folder))
        path = tree / mistake.file
        path.write_text(changed(path.read_text(), mistake))
        return Trial(mistake, *run(tree, [mistake.test]))


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(ROOT, folder / "tree", ignore=LEFT_OUT))


def changed(text: str, mistake: Mistake) -> str:
    """Raises ValueError unless what is to be changed stands there exactly once."""
    if text.count(mistake.original) != 1:
        raise ValueError(f"{mistake.file} holds {text.count(mistake.original)} times: {mistake.original!r}")
    return text.replace(mistake.original, mistake.planted)


def run(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Pytest's exit code and output on a tree, whose packages stand before those of the environment."""
    paths = os.pathsep.join(str(tree / package) for package in PACKAGES)
    options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", f"--hypothesis-seed={SEED}"]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    done = subprocess.run(  # noqa: S603  # our own words
        command, cwd=tree, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def main() -> int:
    """Prints one row a mistake. Exits with 1 unless all are caught, or where a named test fails without a mistake."""
    parser = argparse.ArgumentParser(description="Plants known mistakes and runs the tests that must notice.")
    parser.add_argument("words", nargs="*", help="only mistakes in whose name one of these words stands")
    words = parser.parse_args().words
    chosen = [each for each in MISTAKES if not words or any(word in each.name for word in words)]
    with tempfile.TemporaryDirectory(prefix="concordat-mutant-") as folder:
        code, output = run(copied(Path(folder)), sorted({each.test for each in chosen}))
    if code:
        print(output, "The named tests do not pass without a mistake either.", sep="\n")
        return 1
    width = max(len(each.name) for each in chosen)
    missed = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for trial in pool.map(planted, chosen):
            verdict = "caught" if trial.is_caught else "MISSED" if trial.code == 0 else f"not run ({trial.code})"
            missed += not trial.is_caught
            print(f"{trial.mistake.name:{width}}  {verdict:8}  {trial.mistake.test}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} mistakes caught.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
