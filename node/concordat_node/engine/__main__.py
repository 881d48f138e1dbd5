"""The engine process: `python -m concordat_node.engine SETTINGS`, started by `process.Engine` and by nothing else."""

import sys

from concordat_node.engine.confinement import HEADROOM, confine
from concordat_node.engine.settings import EngineSettings


def main() -> None:
    settings = EngineSettings.from_argument(sys.argv[1])
    confine(settings.memory_bytes + HEADROOM, settings.spill_bytes)
    from concordat_node.engine.main import serve  # loads the libraries, which must start their threads confined

    serve(settings)


if __name__ == "__main__":
    main()
