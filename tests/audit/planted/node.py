"""`concordat-node` with a mistake planted: python node.py MISTAKE COMMAND...

For the audit alone, which must notice. Nothing in the product knows of it: the command is patched before it runs, and
so is the engine that it starts.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from concordat_node.engine import process
from concordat_node.engine.settings import EngineSettings
from mistakes import MISTAKES  # type: ignore[import-not-found]  # stands beside this file, which is run as a script

ENGINE = Path(__file__).parent / "engine.py"


def main() -> None:
    name, *arguments = sys.argv[1:]
    honest = process.command

    def command(settings: EngineSettings) -> tuple[str, ...]:
        executable, isolated, unwritten, *_, argument = honest(settings)
        return (executable, isolated, unwritten, str(ENGINE), argument, name)

    process.command = command
    MISTAKES[name].in_command()
    from concordat_node.cli import main as run

    run(arguments)


if __name__ == "__main__":
    main()
