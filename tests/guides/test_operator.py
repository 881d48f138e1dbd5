"""The operator's guide does what it says, from an empty folder to a node that serves and a refusal found in its log."""

import re
import shutil
import socket
from pathlib import Path

from guides.walk import ROOT, elsewhere, walk

PAGE = ROOT / "docs" / "guides" / "operator.md"


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def samples_at_free_ports(folder: Path) -> Path:
    """The samples as the page copies them, but for the ports: others on this machine may have those."""
    samples = folder / "deploy" / "samples"
    shutil.copytree(ROOT / "deploy" / "samples", samples)
    coordinator, node = free_ports(2)
    for path in samples.glob("*.toml"):
        path.write_text(path.read_text().replace(":7100", f":{coordinator}").replace(":7101", f":{node}"))
    return folder


def test_every_command_of_the_page_runs_and_prints_what_is_shown(tmp_path: Path) -> None:
    printed = walk(PAGE, samples_at_free_ports(tmp_path))
    assert sum("Charged in rho" in text for text in printed) == 2
    (quoted,) = re.findall(r"    reference  (\S+), in the log of node-england", "".join(printed))
    assert any(f"failed reference={quoted} reason=EDITION_UNAVAILABLE" in text for text in printed)


def test_only_the_installation_is_left_out_and_says_why() -> None:
    (left_out,) = elsewhere(PAGE.read_text())
    assert left_out.startswith("# Not run by the test, which has it installed: ")
