"""The engine process with a mistake planted: python engine.py SETTINGS MISTAKE."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from concordat_node.engine.__main__ import main
from concordat_node.engine.settings import EngineSettings
from mistakes import MISTAKES  # type: ignore[import-not-found]  # stands beside this file, which is run as a script

if __name__ == "__main__":
    MISTAKES[sys.argv[2]].in_engine(EngineSettings.from_argument(sys.argv[1]).node)
    main()
