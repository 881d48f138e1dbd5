"""The five source files that tests of the demo read: look-alikes, and the real ones where the environment has them."""

import os
from pathlib import Path

import pytest
from lookalike import write_lookalike


@pytest.fixture(scope="session")
def lookalike_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lookalike")
    write_lookalike(folder)
    return folder


@pytest.fixture(scope="session")
def real_folder() -> Path:
    """The published records. Skips where CONCORDAT_REAL_DATA does not name them."""
    if "CONCORDAT_REAL_DATA" not in os.environ:
        pytest.skip("CONCORDAT_REAL_DATA is not set")
    return Path(os.environ["CONCORDAT_REAL_DATA"])


@pytest.fixture(params=["lookalike", "real"], scope="session")
def records(request: pytest.FixtureRequest) -> Path:
    """Either kind of records, one after the other: what holds of one must hold of the other."""
    folder: Path = request.getfixturevalue(f"{request.param}_folder")
    return folder
