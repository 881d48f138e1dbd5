"""What a confined process cannot do, tried from inside one."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fakes import confined

MEMORY, FILE = 300_000_000, 1_000_000

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such confinement")
KNOWS_SYSTEM_CALLS = platform.machine() in ("x86_64", "aarch64")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("confined")
    inherited = os.open(folder, os.O_RDONLY)
    arguments = [str(MEMORY), str(FILE), str(inherited), str(folder)]
    try:
        done = subprocess.run(  # noqa: S603  # our own script
            [sys.executable, "-I", str(Path(confined.__file__)), *arguments],
            pass_fds=[inherited],
            stdout=subprocess.PIPE,
            check=True,
        )
    finally:
        os.close(inherited)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_descriptors_that_were_left_open_are_closed(seen: dict[str, Any]) -> None:
    assert (seen["descriptor before"], seen["descriptor"]) == ("done", "EBADF")


@pytest.mark.skipif(not KNOWS_SYSTEM_CALLS, reason="the filter is not written for this processor")
@pytest.mark.parametrize("deed", ["TCP socket", "UNIX socket", "socket pair", "connection", "fork", "program", "spawn"])
def test_no_socket_can_be_opened_and_no_program_started(seen: dict[str, Any], deed: str) -> None:
    if "system calls" not in seen["enforced"]:
        pytest.skip("this kernel offers no filter of system calls")
    assert seen[deed] == "EPERM"


def test_there_is_no_network_where_the_kernel_gives_namespaces(seen: dict[str, Any]) -> None:
    if "network namespace" not in seen["enforced"]:
        pytest.skip("this kernel gives no network namespace")
    assert set(seen["devices"]) <= {"lo"}


def test_threads_and_small_files_still_work(seen: dict[str, Any]) -> None:
    assert (seen["thread"], seen["small file"]) == ("done", "done")


def test_memory_file_sizes_and_open_files_are_bounded(seen: dict[str, Any]) -> None:
    assert (seen["memory"], seen["large file"], seen["many files"]) == ("ENOMEM", "EFBIG", "EMFILE")


def test_files_are_the_owners_only_and_there_is_no_core_dump(seen: dict[str, Any]) -> None:
    assert (seen["mode"], seen["core"]) == ("0o600", [0, 0])


def test_privileges_are_gone_for_ever_and_memory_is_not_readable_from_outside(seen: dict[str, Any]) -> None:
    assert (seen["no new privileges"], seen["dumpable"]) == (1, 0)
    assert int(seen["capabilities"], 16) == 0


def test_the_process_is_killed_when_its_parent_dies(seen: dict[str, Any]) -> None:
    assert seen["death signal"] == 9
