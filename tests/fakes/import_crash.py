"""An import in a process of its own that is killed, as by a power cut, just before a step.

python import_crash.py <mapping> <data> <state> <step>
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from concordat_node.importing.build import import_dataset
from concordat_node.importing.mapping import load
from concordat_node.importing.steps import HowFar, Step
from fakes.dirty_sources import dirty_catalogue


def import_killed_before(step: Step, mapping: Path, data: Path, state: Path) -> int:
    """Runs an import that dies before `step`. Returns the process's exit status."""
    arguments = [str(mapping), str(data), str(state), step.name]
    tests = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-m", "fakes.import_crash", *arguments]
    return subprocess.run(command, cwd=tests, check=False, stderr=subprocess.DEVNULL).returncode  # noqa: S603


def _main(mapping: str, data: str, state: str, last: str) -> None:
    def progress(step: Step, how_far: HowFar) -> None:
        if step.name == last:
            os.kill(os.getpid(), signal.SIGKILL)

    import_dataset(load(Path(mapping), dirty_catalogue()), Path(data), Path(state), progress=progress)


if __name__ == "__main__":
    _main(*sys.argv[1:])
