"""The house itself: what a clone may hold, and that each role runs on what it installs."""

import importlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = [ROOT / folder for folder in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]]
LOCK_FILES = [ROOT / "requirements" / name for name in ("run.txt", "test.txt")]
REGISTRY_HOSTS = ["py" + "pi.org", "python" + "hosted.org", "registry.np" + "mjs", "np" + "mjs.com", "deb" + "ian.org"]
"""Pieced together, so that this file names none."""
MEBIBYTE = 1024 * 1024


def tracked_files() -> list[Path]:
    """Every file under version control that stands in the tree."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git clone")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout  # noqa: S603
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def names_in(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=\[ ;]", line)[0].replace("_", "-").lower() for line in requirements}


def locked_names(path: Path) -> set[str]:
    return {line.split("==")[0] for line in path.read_text().splitlines() if re.match(r"[a-z0-9]", line)}


def test_no_file_is_large() -> None:
    assert [path for path in tracked_files() if path.stat().st_size > MEBIBYTE] == []


def test_no_file_names_a_package_registry() -> None:
    naming = [
        (str(path.relative_to(ROOT)), host)
        for path in tracked_files()
        for host in REGISTRY_HOSTS
        if host.encode() in path.read_bytes()
    ]
    assert naming == []


def test_every_package_is_typed_and_named_after_the_product() -> None:
    assert len(PACKAGES) == 7
    assert [path for path in PACKAGES if not (path / "py.typed").is_file()] == []
    assert all(path.name.split("_")[0] == "concordat" for path in PACKAGES)


@pytest.mark.parametrize("path", LOCK_FILES, ids=lambda path: path.name)
def test_a_lock_file_pins_every_package_by_hash_and_holds_no_address(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"://|--index|--find-links|@ ", text)
    pinned = [entry for entry in re.split(r"\n(?=[a-z0-9])", text) if not entry.startswith("#")]
    assert pinned
    assert [entry for entry in pinned if not re.match(r"[a-z0-9.-]+==\S+.* \\\n    --hash=sha256:", entry)] == []


def test_the_lock_files_hold_what_the_project_asks_for() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    groups = PROJECT["dependency-groups"]
    run = names_in([*PROJECT["project"]["dependencies"], *extras["node"], *extras["coordinator"], *groups["build"]])
    assert run <= locked_names(LOCK_FILES[0])
    assert names_in(groups["dev"]) <= locked_names(LOCK_FILES[1])


@pytest.mark.parametrize("command", sorted(PROJECT["project"]["scripts"]))
def test_every_command_has_its_entry_point(command: str) -> None:
    module, function = PROJECT["project"]["scripts"][command].split(":")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize(
    ("entry_point", "not_installed"),
    [
        ("concordat_client.cli", ["apsw", "duckdb", "opendp", "grpc_health", "grpc_reflection"]),
        ("concordat_coordinator.cli", ["apsw", "duckdb", "opendp"]),
    ],
)
def test_a_role_needs_nothing_that_it_does_not_install(entry_point: str, not_installed: list[str]) -> None:
    program = f"import sys; sys.modules.update(dict.fromkeys({not_installed})); import {entry_point}"
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    assert outcome.returncode == 0, outcome.stderr


def test_make_help_lists_every_target_that_people_call() -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    told = subprocess.run([make, "help"], cwd=ROOT, capture_output=True, check=True, text=True).stdout  # noqa: S603
    listed = re.findall(r"^  make (\S+)", told, re.MULTILINE)
    measured = ["audit", "margins", "mutants", "bench", "bench-accuracy", "bench-peers"]
    assert listed == ["help", "demo", "test", "check", *measured, "proto", "lock", "clean"]


def test_continuous_integration_can_be_started() -> None:
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
