"""Children of the demo say when they are ready, fail in words, and never outlive it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import Child, ChildFailed, Endings, next_ended, stop_all

READY = r"ready (\S+)"
STAYS = "import time; print('ready 127.0.0.1:5', flush=True); time.sleep(600)"
DEMO = Path(__file__).parents[2] / "deploy" / "demo"


def start(tmp_path: Path, code: str, ready: str = "", ended: Endings | None = None) -> Child:
    return Child("a child", [sys.executable, "-c", code], tmp_path / "log.txt", ready, ended)


def test_a_child_is_ready_when_its_ready_line_is_out(tmp_path: Path) -> None:
    child = start(tmp_path, STAYS, READY)
    try:
        assert child.wait_ready(30) == ("127.0.0.1:5",)
        assert child.running
    finally:
        stop_all([child])
    assert not child.running
    assert (tmp_path / "log.txt").read_text() == "ready 127.0.0.1:5\n"


def test_a_child_that_ends_before_it_is_ready_fails_with_its_last_words(tmp_path: Path) -> None:
    child = start(tmp_path, "import sys; print('no key file'); sys.exit(7)", READY)
    with pytest.raises(ChildFailed, match=r"a child did not get ready and ended with status 7.*\n    no key file"):
        child.wait_ready(30)


def test_a_command_that_fails_is_reported_with_its_status_and_last_words(tmp_path: Path) -> None:
    child = start(tmp_path, "import sys; [print('line', i) for i in range(99)]; sys.exit(2)")
    with pytest.raises(ChildFailed, match="ended with status 2") as failure:
        child.wait_end(30)
    assert str(failure.value).endswith("line 98")
    assert "line 1\n" not in str(failure.value)


def test_a_command_that_ends_well_is_no_failure(tmp_path: Path) -> None:
    start(tmp_path, "print('done')").wait_end(30)


def test_children_are_heard_of_in_the_order_in_which_they_end(tmp_path: Path) -> None:
    ended = Endings()
    server = start(tmp_path, STAYS, READY, ended)
    server.wait_ready(30)
    quick = start(tmp_path, "raise SystemExit(3)", ended=ended)
    assert next_ended(ended, 30) is quick
    assert server.running
    server.ask_to_stop()
    assert next_ended(ended, 30) is server
    assert not server.running
    stop_all([server, quick])


def test_waiting_for_an_end_that_does_not_come_fails_in_words() -> None:
    with pytest.raises(ChildFailed, match=r"nothing has ended within 0\.01 seconds"):
        next_ended(Endings(), 0.01)


def test_stopping_a_child_ends_what_it_started_even_if_that_ignores_sigterm(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    code = (
        "import subprocess, sys\n"
        f"inner = subprocess.Popen([sys.executable, '-c', {stubborn!r}], stdout=subprocess.PIPE)\n"
        "inner.stdout.readline()\n"
        "print('ready', inner.pid, flush=True)\n"
        "inner.wait()"
    )
    child = start(tmp_path, code, READY)
    [inner] = child.wait_ready(30)
    stop_all([child])
    wait_until_gone(int(inner))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_a_child_does_not_outlive_a_demo_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        f"sys.path.insert(0, {str(DEMO)!r})\n"
        "from pathlib import Path\n"
        "from processes import Child\n"
        f"child = Child('c', [sys.executable, '-c', {STAYS!r}], Path('log'), 'ready')\n"
        "child.wait_ready(30)\n"
        "print(child._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", code]
    demo = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    assert demo.returncode == -signal.SIGKILL
    wait_until_gone(int(demo.stdout))


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while is_running(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether there is such a process, other than one that ended and waits to be collected by whoever adopted it."""
    try:
        os.kill(pid, 0)
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
