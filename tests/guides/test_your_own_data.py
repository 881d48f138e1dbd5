"""The guide to data of one's own does what it says: every command runs, every piece of a file is the file's."""

import re
from pathlib import Path

import pytest
from guides.walk import ROOT, in_project, walk

PAGE = ROOT / "docs" / "guides" / "your-own-data.md"
EXAMPLE = ROOT / "deploy" / "examples" / "emergency"
PIECES = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)


def test_every_command_of_the_page_runs_and_prints_what_is_shown(tmp_path: Path) -> None:
    printed = walk(PAGE, in_project(tmp_path))
    assert sum("Charged in rho" in text for text in printed) == 3


@pytest.mark.parametrize("piece", PIECES, ids=range(len(PIECES)))
def test_every_piece_of_a_file_stands_in_one_of_the_examples_files(piece: str) -> None:
    assert any(piece in path.read_text() for path in EXAMPLE.rglob("*.toml"))


def test_the_page_has_its_pieces() -> None:
    assert len(PIECES) >= 8
