"""Lays out four nodes, a coordinator and an analyst around a data set of one's own, on this machine.

python prepare.py SUBJECT RECORDS BUILD. SUBJECT holds catalogue.toml, terms.toml and mappings/<nation>.toml (with
<nation>.<name>.toml for further data sets), RECORDS the files that the mappings name; BUILD is made and gets a folder
for each party. To try things out: the keys and the authority are for development.
"""

import argparse
import shutil
import sys
from pathlib import Path

from concordat_query.errors import ConcordatError
from layout import lay_out


def main() -> int:
    arguments = _arguments()
    if arguments.build.exists():
        print(f"{arguments.build} is there already; remove it, or name another folder", file=sys.stderr)
        return 1
    try:
        layout = lay_out(arguments.build, arguments.records, arguments.subject)
    except (ConcordatError, OSError) as error:
        shutil.rmtree(arguments.build, ignore_errors=True)  # it was not there before
        print(f"Not laid out: {error}", file=sys.stderr)
        return 1
    for folder in sorted(layout.root.iterdir()):
        print(folder)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("subject", type=Path, help="folder of catalogue.toml, terms.toml and mappings")
    parser.add_argument("records", type=Path, help="folder of the files that the mappings name")
    parser.add_argument("build", type=Path, help="folder to make")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
