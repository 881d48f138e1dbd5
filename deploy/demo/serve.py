"""Runs the four nodes and the coordinator that prepare.py laid out, until Ctrl-C. A node without an edition refuses.

python serve.py BUILD
"""

import argparse
import signal
import sys
from pathlib import Path

from concordat_query import catalogue as catalogues
from concordat_query.errors import ConcordatError
from layout import COORDINATOR, Layout
from network import Network
from processes import ChildFailed


def main() -> int:
    build = _arguments().build
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both end the network the same, clean way
    try:
        _serve(Layout(build, catalogues.load(build / COORDINATOR / "catalogue.toml")))
    except (ChildFailed, ConcordatError) as error:
        print(f"The network failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.")
    return 0


def _serve(layout: Layout) -> None:
    network = Network(layout)
    try:
        network.start_nodes()
        network.start_coordinator()
        print(f"The network is up; ask with --config {network.client_config}. Ctrl-C stops it.", flush=True)
        network.wait_for_failure()
    finally:
        network.stop()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("build", type=Path, help="the folder that prepare.py made")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
