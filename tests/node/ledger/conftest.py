import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from concordat_node.ledger.ledger import Ledger
from fakes.ledgers import FakeClock, memory_folder, open_ledger


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that costs no disk."""
    with tempfile.TemporaryDirectory(dir=memory_folder()) as name:
        yield Path(name)


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "state" / "ledger.db"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ledger(path: Path, clock: FakeClock) -> Iterator[Ledger]:
    with open_ledger(path, clock=clock) as ledger:
        yield ledger
