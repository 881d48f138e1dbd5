"""The demo's network: four imports side by side, then four nodes and a coordinator as processes of their own."""

import sys
from pathlib import Path
from typing import NoReturn

from layout import ANALYST, COORDINATOR, NODES, Layout, write_client, write_coordinator
from processes import Child, ChildFailed, Endings, next_ended, stop_all

READY = r"^ready on (\S+:\d+)$"
IMPORT_SECONDS = 300.0
START_SECONDS = 60.0


class Network:
    """Owns every process it starts; `stop` ends them all, whatever happened."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._children: list[Child] = []
        self._ended_servers = Endings()

    def import_editions(self) -> None:
        """Runs `concordat-node import` at all four nodes at once. Raises ChildFailed."""
        ended = Endings()
        for name in NODES:
            self._start(name, "concordat-node", "import", log="import.txt", ended=ended)
        for _ in NODES:
            next_ended(ended, IMPORT_SECONDS).wait_end(0)

    def start_nodes(self) -> None:
        """Starts four nodes, waits until each says that it is ready, and tells the coordinator where they are."""
        nodes = {name: self._serve(name, "concordat-node") for name in NODES}
        addresses = {name: child.wait_ready(START_SECONDS)[0] for name, child in nodes.items()}
        write_coordinator(self._layout, addresses)

    def start_coordinator(self) -> None:
        """Starts the coordinator, waits until it is ready, and tells the analyst where it is."""
        child = self._serve(COORDINATOR, "concordat-coordinator")
        write_client(self._layout, child.wait_ready(START_SECONDS)[0])

    @property
    def client_config(self) -> Path:
        return self._layout.config(ANALYST)

    def check(self) -> None:
        """Raises ChildFailed for the first server that has ended."""
        for child in self._children:
            if child.serves and not child.running:
                raise child.failure("stopped serving")

    def wait_for_failure(self) -> NoReturn:
        """Never returns: raises ChildFailed when a server ends, or whatever interrupts the wait."""
        raise self._ended_servers.get().failure("stopped serving")

    def stop(self) -> None:
        stop_all(self._children)

    def _serve(self, party: str, command: str) -> Child:
        return self._start(party, command, "serve", READY, ended=self._ended_servers)

    def _start(
        self, party: str, command: str, verb: str, ready: str = "", log: str = "log.txt", *, ended: Endings
    ) -> Child:
        path = Path(sys.executable).parent / command
        if not path.exists():
            raise ChildFailed(f"{path}: there is no such command; install the project into this environment first")
        arguments = [str(path), verb, "--config", str(self._layout.config(party))]
        child = Child(f"{party}: {command} {verb}", arguments, self._layout.folder(party) / log, ready, ended)
        self._children.append(child)
        return child
