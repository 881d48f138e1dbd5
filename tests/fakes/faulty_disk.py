"""A disk that fails at the n-th write or sync, and forgets what was not synced when the power goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

NAME = "faulty"


class FaultyDisk(apsw.VFS):
    """SQLite's default file system while it is in use. Counts from 1; 0 never fails."""

    def __init__(self, *, fail_write: int = 0, fail_sync: int = 0, for_good: bool = False) -> None:
        super().__init__(NAME, "unix", makedefault=True)
        self.fail_write = fail_write
        self.fail_sync = fail_sync
        self.for_good = for_good
        self.writes = 0
        self.syncs = 0
        self.broken = False
        self.durable: dict[Path, bytes] = {}
        """What each file held when it was last synced."""

    def xOpen(  # noqa: N802  # as apsw names it
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.durable.pop(Path(filename), None)

    def lose_power(self, folder: Path) -> None:
        """Leaves of SQLite's files in a folder exactly what was synced."""
        for file in [*folder.glob("*-wal"), *folder.glob("*-shm"), *folder.glob("*.db")]:
            file.unlink()
        for file, content in self.durable.items():
            file.write_bytes(content)

    def count_write(self) -> bool:
        """Whether this write fails."""
        self.writes += 1
        return self._fails(self.writes == self.fail_write)

    def count_sync(self) -> bool:
        """Whether this sync fails."""
        self.syncs += 1
        return self._fails(self.syncs == self.fail_sync)

    def _fails(self, now: bool) -> bool:
        failing = now or (self.broken and self.for_good)
        self.broken = self.broken or now
        return failing


class _File(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._disk = disk
        self._path = Path(name.filename() if isinstance(name, apsw.URIFilename) else str(name))

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self._disk.count_write():
            super().xWrite(data[: len(data) // 2], offset)  # a torn write
            raise apsw.IOError("the disk failed to write")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        if self._disk.count_sync():
            raise apsw.IOError("the disk failed to sync")
        super().xSync(flags)
        # Read through SQLite: closing another descriptor of the file would drop this process's locks on it.
        self._disk.durable[self._path] = self.xRead(self.xFileSize(), 0)


@contextmanager
def faulty_disk(*, fail_write: int = 0, fail_sync: int = 0, for_good: bool = False) -> Iterator[FaultyDisk]:
    disk = FaultyDisk(fail_write=fail_write, fail_sync=fail_sync, for_good=for_good)
    try:
        yield disk
    finally:
        disk.unregister()
        apsw.set_default_vfs("unix")
