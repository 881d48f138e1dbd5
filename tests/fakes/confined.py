"""Run as a process of its own: confines itself as the engine does, tries what must not work, prints what happened.

python confined.py MEMORY_BYTES FILE_BYTES OPEN_DESCRIPTOR FOLDER
"""

import ctypes
import errno
import json
import mmap
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from concordat_node.engine.confinement import confine

_GET_PDEATHSIG, _GET_DUMPABLE, _GET_NO_NEW_PRIVS = 2, 3, 39


def attempt(deed: Callable[[], object]) -> str:
    """ "done", or the name of what stood in the way."""
    try:
        deed()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "OSError")
    except MemoryError:
        return "MemoryError"
    return "done"


def fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def write(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.write(b"x" * size)


def open_many(path: Path) -> None:
    files = [path.open("rb") for _ in range(300)]
    assert files


def thread() -> None:
    started = threading.Thread(target=lambda: None)
    started.start()
    started.join()


def connect() -> None:
    with socket.socket() as opened:
        opened.connect(("127.0.0.1", 9))


def flag(option: int) -> int:
    return int(ctypes.CDLL(None).prctl(option, 0, 0, 0, 0))


def death_signal() -> int:
    signal = ctypes.c_int()
    ctypes.CDLL(None).prctl(_GET_PDEATHSIG, ctypes.byref(signal), 0, 0, 0)
    return signal.value


def status(field: str) -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith(f"{field}:"))


def main() -> None:
    memory, size, descriptor, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    seen: dict[str, object] = {"descriptor before": attempt(lambda: os.fstat(descriptor))}
    enforced = confine(memory, size)
    small = folder / "small"
    seen |= {
        "descriptor": attempt(lambda: os.fstat(descriptor)),
        "TCP socket": attempt(lambda: socket.socket()),
        "UNIX socket": attempt(lambda: socket.socket(socket.AF_UNIX)),
        "socket pair": attempt(lambda: socket.socketpair()),
        "connection": attempt(connect),
        "fork": attempt(fork),
        "program": attempt(lambda: os.execv("/bin/true", ["true"])),  # noqa: S606  # must fail
        "spawn": attempt(lambda: os.posix_spawn("/bin/true", ["true"], {})),
        "thread": attempt(thread),
        "small file": attempt(lambda: write(small, 10)),
        "large file": attempt(lambda: write(folder / "large", size + 1)),
        "many files": attempt(lambda: open_many(small)),
        "memory": attempt(lambda: mmap.mmap(-1, 2 * memory, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "mode": oct(small.stat().st_mode & 0o777),
        "dumpable": flag(_GET_DUMPABLE),
        "no new privileges": flag(_GET_NO_NEW_PRIVS),
        "death signal": death_signal(),
        "capabilities": status("CapEff"),
        "devices": [line.split(":")[0].strip() for line in Path("/proc/self/net/dev").read_text().splitlines()[2:]],
        "enforced": sorted(enforced),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
