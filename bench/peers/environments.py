"""The peers: each in a virtual environment of its own, made when first needed and kept under build/peers."""

import hashlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BENCH = Path(__file__).parents[1]
KEPT = BENCH.parent / "build" / "peers"


@dataclass(frozen=True)
class Peer:
    """`module` is the module of this folder that speaks to it, `needs` the requirements that it is installed from."""

    name: str
    module: str
    needs: str
    arguments: tuple[str, ...] = ()
    is_shown_only: bool = False
    """Whether no bar is held against it: its user would have to do what it does not."""


PEERS = (
    Peer("OpenDP Polars", "opendp_polars", "opendp"),
    Peer("Tumult Analytics", "tumult", "tumult"),
    Peer("SmartNoise SQL", "smartnoise", "smartnoise"),
    Peer("PipelineDP", "pipelinedp", "pipelinedp"),
    Peer("OpenDP Polars by hand", "opendp_polars", "opendp", ("by-hand",), is_shown_only=True),
)


class Failed(Exception):
    """A peer could not be installed, or broke off. Says where to look."""


def interpreter(needs: str) -> Path:
    """The Python of the environment that holds these requirements; made anew when they change. Raises Failed."""
    requirements = Path(__file__).parent / "requirements" / f"{needs}.txt"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = KEPT / f"{needs}-{digest}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--no-compile"]
        log = folder / "install.log"
        with log.open("w") as file:
            done = subprocess.run(  # noqa: S603  # our own words
                [*command, "--require-hashes", "-r", str(requirements)], stdout=file, stderr=file, check=False
            )
        if done.returncode:
            raise Failed(f"{needs} could not be installed; see {log}")
        (folder / "complete").touch()
    return python


def asked(peer: Peer, asks: Sequence[Mapping[str, object]], folder: Path) -> dict[str, Any]:
    """What the peer told, as `peers.protocol` says it, after writing its figures into `folder`. Raises Failed."""
    folder.mkdir(parents=True)
    log = folder / "log"
    with log.open("w") as file:
        done = subprocess.run(  # noqa: S603  # our own words
            [str(interpreter(peer.needs)), "-m", f"peers.{peer.module}", *peer.arguments],
            input=json.dumps({"folder": str(folder), "asks": list(asks)}),
            env={**os.environ, "PYTHONPATH": str(BENCH), "PYTHONWARNINGS": "ignore"},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
            check=False,
        )
    if done.returncode:
        raise Failed(f"{peer.name} broke off; see {log}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
