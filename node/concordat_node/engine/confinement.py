"""What the operating system takes away from the engine before it loads anything that could go wrong.

Always: no core dumps, few open files, bounded memory and file sizes, a umask that shares nothing. On Linux also: no new
privileges, no capabilities, memory that other processes of the same user cannot read, death with the node's service.
Where the kernel lets it: a network namespace with nothing in it, and no sockets or new programs at all. Reading files
that the node's user may read is not prevented; DuckDB is locked by `database`, and the engine is given no SQL.
"""

import ctypes
import os
import resource
import signal
import sys

from concordat_node.engine import seccomp

HEADROOM = 512 * 10**6
"""Bytes beyond DuckDB's own limit: Python, the libraries, and what DuckDB allocates outside its limit."""
MAX_FILES = 128

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_CAPABILITY_VERSION_3 = 0x20080522


def confine(memory_bytes: int, file_bytes: int) -> frozenset[str]:
    """Gives up what the engine does not need, in this process and for ever. Must run before any thread is started.

    `memory_bytes` bounds the process's private memory, `file_bytes` any one file it writes. Returns what of the parts
    that depend on the kernel is in force: "network namespace", "system calls". Raises OSError where a part that every
    Linux offers fails.
    """
    os.umask(0o077)
    os.closerange(3, 65536)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, MAX_FILES)
    _limit(resource.RLIMIT_FSIZE, file_bytes)
    if sys.platform != "linux":
        return frozenset()
    _limit(resource.RLIMIT_DATA, memory_bytes)
    return _confine_on_linux(ctypes.CDLL(None, use_errno=True))


def _limit(kind: int, amount: int) -> None:
    """Lowers a limit, soft and hard, and leaves a lower one as it is."""
    _, hard = resource.getrlimit(kind)
    lowest = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    resource.setrlimit(kind, (lowest, lowest))


def _confine_on_linux(libc: ctypes.CDLL) -> frozenset[str]:
    _demand(libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    _demand(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    enforced = set()
    if libc.unshare(_CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        enforced.add("network namespace")
    _drop_capabilities(libc)
    _demand(libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))
    if seccomp.install(libc):
        enforced.add("system calls")
    return frozenset(enforced)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _demand(libc.capset(ctypes.byref(header), ctypes.byref(nothing)))


def _demand(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), "the engine cannot be confined")
