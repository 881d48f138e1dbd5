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
    Peer("SmartNoise SQL", "smartnoise", "smartnoise"),
    Peer("PipelineDP", "pipelinedp", "pipelinedp"),
    Peer("OpenDP Polars by hand", "opendp_polars", "opendp", ("by-hand",), is_shown_only=True),
    Peer("Tumult Analytics", "tumult", "tumult"),
)


class Failed(Exception):
    """A peer could not be installed. Says where to look."""


def interpreter(needs: str) -> Path:
    """The Python of the environment that holds these requirements; made anew when they change. Raises Failed."""
    requirements = Path(__file__).parent / "requirements" / f"{needs}.txt"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = KEPT / f"{needs}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
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


def asked(peer: Peer, asks: Sequence[Mapping[str, object]]) -> list[Path]:
    """A folder for each ask, with what the peer answered as `peers.protocol` says it; empty where it broke off.

    Answers are kept: a peer is asked anew when its module, its requirements, the question or the records change.
    Raises Failed where it could not be installed.
    """
    folders = [KEPT / "figures" / _digest(peer, ask) for ask in asks]
    missing = [
        {**ask, "folder": str(folder)}
        for ask, folder in zip(asks, folders, strict=True)
        if not (folder / "told.json").exists()
    ]
    if missing:
        python = interpreter(peer.needs)
        with log_of(peer).open("w") as file:
            subprocess.run(  # noqa: S603  # our own words
                [str(python), "-m", f"peers.{peer.module}", *peer.arguments],
                input=json.dumps(missing),
                cwd=KEPT,
                env={**os.environ, "PYTHONPATH": str(BENCH), "PYTHONWARNINGS": "ignore"},
                stdout=file,
                stderr=file,
                text=True,
                check=False,
            )
    return folders


def log_of(peer: Peer) -> Path:
    """What the peer said while it worked."""
    return KEPT / f"{peer.name.replace(' ', '-')}.log"


def _digest(peer: Peer, ask: Mapping[str, object]) -> str:
    here = Path(__file__).parent
    files = [
        here / f"{peer.module}.py",
        here / "protocol.py",
        here / "requirements" / f"{peer.needs}.txt",
        Path(str(ask["records"])),
    ]
    told = [json.dumps({**ask, "records": ""}, sort_keys=True).encode(), " ".join(peer.arguments).encode()]
    parts = [hashlib.sha256(part).digest() for part in (*told, *(file.read_bytes() for file in files))]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]
