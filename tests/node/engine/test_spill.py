"""Temporary files of a dead engine are cleared away; those of a living one are not."""

import os
from pathlib import Path

from concordat_node.engine import spill


def test_each_engine_has_a_folder_of_its_own_that_only_its_owner_can_read(tmp_path: Path) -> None:
    first, second = spill.claim(tmp_path), spill.claim(tmp_path)
    assert first.folder != second.folder
    assert first.folder.stat().st_mode & 0o777 == 0o700
    assert first.folder.is_dir()
    os.close(first.descriptor)
    os.close(second.descriptor)


def test_what_a_dead_engine_left_is_removed_by_the_next(tmp_path: Path) -> None:
    dead, living = spill.claim(tmp_path), spill.claim(tmp_path)
    (dead.folder / "rows.tmp").write_text("rows")
    (living.folder / "rows.tmp").write_text("rows")
    os.close(dead.descriptor)
    newest = spill.claim(tmp_path)
    assert not dead.folder.exists()
    assert (living.folder / "rows.tmp").exists()
    assert newest.folder.is_dir()
    os.close(living.descriptor)
    os.close(newest.descriptor)
