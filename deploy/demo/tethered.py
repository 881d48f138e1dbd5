"""Runs a command that ends when its parent does: python tethered.py PARENT_PID COMMAND...

On Linux the kernel sends SIGTERM when the parent dies, however it dies. The command replaces this process. Elsewhere
the command runs untethered and only the parent's own clean-up stops it.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != int(parent):  # it died before the kernel was told
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606  # no shell is what is wanted


if __name__ == "__main__":
    main()
