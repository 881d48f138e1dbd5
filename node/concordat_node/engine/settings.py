"""What a node tells its engine at the start: places of files and limits. No query, no price, no figure."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from concordat_query.errors import Reason, Refusal

_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}


@dataclass(frozen=True)
class EngineSettings:
    """All paths are made absolute when the engine starts.

    The engine attaches the edition in force of every mapping's data set and, beside them, the `pinned` ones (by id):
    those that the node answers from until it starts again, whatever is imported, and those of charges still owed.
    `memory_limit` is DuckDB's, "2GB" for instance; the process as a whole may hold half a gigabyte more.
    """

    node: str
    ledger_public_key: bytes
    catalogue: Path
    mappings: tuple[Path, ...]
    state: Path
    memory_limit: str = "2GB"
    threads: int = 2
    spill_limit: str = "20GB"
    pinned: tuple[str, ...] = ()

    @property
    def memory_bytes(self) -> int:
        return size_in_bytes(self.memory_limit)

    @property
    def spill_bytes(self) -> int:
        return size_in_bytes(self.spill_limit)

    def to_argument(self) -> str:
        """One command line argument. It holds nothing secret: other users of the machine may see it."""
        return json.dumps(
            {
                "node": self.node,
                "ledger_public_key": base64.b64encode(self.ledger_public_key).decode(),
                "catalogue": str(self.catalogue.absolute()),
                "mappings": [str(path.absolute()) for path in self.mappings],
                "state": str(self.state.absolute()),
                "memory_limit": self.memory_limit,
                "threads": self.threads,
                "spill_limit": self.spill_limit,
                "pinned": list(self.pinned),
            }
        )

    @classmethod
    def from_argument(cls, argument: str) -> "EngineSettings":
        form = json.loads(argument)
        return cls(
            node=form["node"],
            ledger_public_key=base64.b64decode(form["ledger_public_key"]),
            catalogue=Path(form["catalogue"]),
            mappings=tuple(Path(path) for path in form["mappings"]),
            state=Path(form["state"]),
            memory_limit=form["memory_limit"],
            threads=form["threads"],
            spill_limit=form["spill_limit"],
            pinned=tuple(form["pinned"]),
        )


def size_in_bytes(text: str) -> int:
    """ "500MB" or "2GB" as bytes. Refuses anything else."""
    number, unit = text[:-2], text[-2:]
    if unit not in _UNITS or not number.isdecimal() or int(number) == 0:
        raise Refusal(Reason.WRONG_FILE, "a size is a whole number of MB, GB or TB: '2GB'", field="engine")
    return int(number) * _UNITS[unit]
