"""The demo's network: four imports side by side, then four nodes and a coordinator as processes of their own."""

import sys
import threading
from pathlib import Path

from layout import ANALYST, COORDINATOR, NODES, Layout, write_client, write_coordinator
from processes import Child, ChildFailed, stop_all

READY = r"^ready on (\S+:\d+)$"
IMPORT_SECONDS = 300.0
START_SECONDS = 60.0


class Network:
    """Owns every process it starts; `stop` ends them all, whatever happened."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._children: list[Child] = []
        self._server_ended = threading.Event()

    def import_editions(self) -> None:
        """Runs `concordat-node import` at all four nodes at once. Raises ChildFailed."""
        imports = [self._start(name, "concordat-node", "import", log="import.txt") for name in NODES]
        for child in imports:
            child.wait_end(IMPORT_SECONDS)

    def start_nodes(self) -> None:
        """Starts four nodes, waits until each says that it is ready, and tells the coordinator where they are."""
        nodes = {name: self._start(name, "concordat-node", "serve", READY) for name in NODES}
        addresses = {name: child.wait_ready(START_SECONDS)[0] for name, child in nodes.items()}
        write_coordinator(self._layout, addresses)

    def start_coordinator(self) -> None:
        """Starts the coordinator, waits until it is ready, and tells the analyst where it is."""
        child = self._start(COORDINATOR, "concordat-coordinator", "serve", READY)
        write_client(self._layout, child.wait_ready(START_SECONDS)[0])

    @property
    def client_config(self) -> Path:
        return self._layout.config(ANALYST)

    def check(self) -> None:
        """Raises ChildFailed for the first server that has ended."""
        for child in self._children:
            if child.serves and not child.running:
                raise child.failure("stopped serving")

    def wait_for_failure(self) -> None:
        """Returns never: raises ChildFailed when a server ends, or whatever interrupts the wait."""
        self._server_ended.wait()
        self.check()
        raise ChildFailed("a part of the network closed its output")

    def stop(self) -> None:
        stop_all(self._children)

    def _start(self, party: str, command: str, verb: str, ready: str = "", log: str = "log.txt") -> Child:
        path = Path(sys.executable).parent / command
        if not path.exists():
            raise ChildFailed(f"{path}: there is no such command; install the project into this environment first")
        arguments = [str(path), verb, "--config", str(self._layout.config(party))]
        ended = self._server_ended if ready else None
        child = Child(f"{party}: {command} {verb}", arguments, self._layout.folder(party) / log, ready, ended)
        self._children.append(child)
        return child
