"""An import that is cut off anywhere leaves the former edition in force, and the next one clears up after it."""

# ruff: noqa: S311 - reproducible samples, not secrets

import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from concordat_node.importing import edition, publishing
from concordat_node.importing.build import import_dataset
from concordat_node.importing.mapping import Mapping, load
from concordat_node.importing.steps import Step
from concordat_query.errors import Reason, Refusal
from fakes import dirty_sources
from fakes.dirty_sources import content, dirty_catalogue, expected, random_records
from fakes.import_crash import import_killed_before

DATASET = "health.visits"
RECORDS = random_records(random.Random(1))
LATER = random_records(random.Random(2))


@pytest.fixture(scope="module")
def once_imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("once")
    (folder / "mapping.toml").write_text(dirty_sources.mapping_text())
    dirty_sources.write_sources(folder / "data", RECORDS)
    import_dataset(load(folder / "mapping.toml", dirty_catalogue()), folder / "data", folder / "state")
    return folder


@pytest.fixture
def mapping(tmp_path: Path, once_imported: Path) -> Mapping:
    """A mapping whose data were imported once."""
    shutil.copytree(once_imported, tmp_path, dirs_exist_ok=True)
    return load(tmp_path / "mapping.toml", dirty_catalogue())


def key(state: Path) -> bytes:
    return (state / "keys" / "patients.key").read_bytes()


def names(state: Path) -> set[str]:
    return {path.name for path in edition.folder(state, DATASET).iterdir()}


@pytest.mark.parametrize("step", list(Step), ids=lambda step: step.name)
def test_a_crash_before_any_step_leaves_the_former_edition_or_the_whole_new_one(
    tmp_path: Path, mapping: Mapping, step: Step
) -> None:
    data, state = tmp_path / "data", tmp_path / "state"
    former = edition.current(state, DATASET)
    dirty_sources.write_sources(data, LATER)

    assert import_killed_before(step, mapping.path, data, state) == -signal.SIGKILL

    in_force = edition.current(state, DATASET)
    edition.verify(in_force)
    edition.verify(former)
    whole = RECORDS if step is not Step.DONE else LATER
    assert content(in_force.path) == expected(whole, key(state))
    assert (in_force.id == former.id) == (step is not Step.DONE)

    import_dataset(mapping, data, state)
    assert content(edition.current(state, DATASET).path) == expected(LATER, key(state))
    published = {former.id, in_force.id, edition.current(state, DATASET).id}
    assert names(state) == {*published, "current", ".lock"}


def test_a_crash_in_the_first_import_leaves_none_in_force(tmp_path: Path, mapping: Mapping) -> None:
    shutil.rmtree(tmp_path / "state")
    import_killed_before(Step.SWITCH, mapping.path, tmp_path / "data", tmp_path / "state")
    with pytest.raises(Refusal) as caught:
        edition.current(tmp_path / "state", DATASET)
    assert caught.value.reason is Reason.EDITION_UNAVAILABLE
    import_dataset(mapping, tmp_path / "data", tmp_path / "state")
    assert names(tmp_path / "state") == {edition.current(tmp_path / "state", DATASET).id, "current", ".lock"}


def test_a_second_import_of_the_same_data_set_is_refused_while_one_runs(tmp_path: Path, mapping: Mapping) -> None:
    place = edition.folder(tmp_path / "state", DATASET)
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Refusal) as caught:
            import_dataset(mapping, tmp_path / "data", tmp_path / "state")
    assert caught.value.reason is Reason.IN_USE
    import_dataset(mapping, tmp_path / "data", tmp_path / "state")


def test_an_import_that_fails_leaves_nothing_behind(tmp_path: Path, mapping: Mapping) -> None:
    data, state = tmp_path / "data", tmp_path / "state"
    before = names(state)
    (data / "visit.parquet").write_bytes((data / "visit.parquet").read_bytes()[:-100])
    with pytest.raises(Refusal, match="not a Parquet file"):
        import_dataset(mapping, data, state)
    assert names(state) == before


FULL_DISK = """
import resource, sys
from pathlib import Path
from concordat_node.importing.build import import_dataset
from concordat_node.importing.mapping import load
from concordat_query.errors import Refusal
from fakes.dirty_sources import dirty_catalogue
mapping = load(Path(sys.argv[1]), dirty_catalogue())
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    import_dataset(mapping, Path(sys.argv[2]), Path(sys.argv[3]))
except Refusal as refusal:
    print(refusal.message)
"""


def test_a_full_disk_is_told_and_leaves_the_former_edition(tmp_path: Path, mapping: Mapping) -> None:
    data, state = tmp_path / "data", tmp_path / "state"
    former, before = edition.current(state, DATASET), names(state)
    tests = Path(dirty_sources.__file__).parent.parent
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", FULL_DISK, str(mapping.path), str(data), str(state)],
        cwd=tests, env={**os.environ, "PYTHONPATH": str(tests)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "disk is not full" in done.stdout
    assert edition.current(state, DATASET) == former
    assert names(state) == before


def test_a_lost_manifest_is_mended_by_importing_again(tmp_path: Path, mapping: Mapping) -> None:
    data, state = tmp_path / "data", tmp_path / "state"
    import_dataset(mapping, data, state)
    lost = edition.current(state, DATASET)
    (lost.path.parent / edition.MANIFEST).unlink()
    import_dataset(mapping, data, state)
    assert edition.current(state, DATASET).sequence == 2
    assert publishing.edition_id(lost.path.parent) in names(state)
