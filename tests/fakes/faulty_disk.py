"""A disk that fails at the n-th write or sync, and forgets what was not synced when the power goes.

A failed sync is the worst kind that real systems know: the pages stay readable until the power goes, and later syncs
report success without ever writing them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import apsw

T = TypeVar("T")


class FaultyDisk(apsw.VFS):
    """SQLite's default file system while it is in use. Counts from 1; 0 never fails."""

    def __init__(self, *, fail_write: int = 0, fail_sync: int = 0, for_good: bool = False) -> None:
        super().__init__("faulty", "unix", makedefault=True)
        self.fail_write = fail_write
        self.fail_sync = fail_sync
        self.for_good = for_good
        self.writes = 0
        self.syncs = 0
        self.broken = False
        self.durable: dict[Path, bytes] = {}
        """What stands on the disk itself."""
        self.unsynced: dict[Path, list[tuple[int, bytes]]] = {}
        """Writes that the next sync of the file makes durable: (offset, data)."""

    def xOpen(  # noqa: N802  # as apsw names it
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.durable.pop(Path(filename), None)
        self.unsynced.pop(Path(filename), None)

    def lose_power(self, folder: Path) -> None:
        """Leaves of SQLite's files in a folder exactly what is durable."""
        for file in [*folder.glob("*-wal"), *folder.glob("*-shm"), *folder.glob("*.db")]:
            file.unlink()
        for file, content in self.durable.items():
            if file.parent == folder:
                file.write_bytes(content)

    def copy(self, source: Path, target: Path) -> None:
        """Lets `target` be `source` as a process finds it that starts now; what is not durable there is not here."""
        target.mkdir()
        for file in [*source.glob("*-wal"), *source.glob("*.db")]:
            (target / file.name).write_bytes(file.read_bytes())
        self.durable.update(_moved(self.durable, source, target))
        self.unsynced.update(_moved(self.unsynced, source, target))

    def written(self, file: Path, offset: int, data: bytes) -> None:
        self.unsynced.setdefault(file, []).append((offset, data))

    def truncated(self, file: Path, size: int) -> None:
        self.durable[file] = self.durable.get(file, b"")[:size]
        self.unsynced[file] = [(offset, data) for offset, data in self.unsynced.get(file, []) if offset < size]

    def synced(self, file: Path) -> None:
        content = bytearray(self.durable.get(file, b""))
        for offset, data in self.unsynced.pop(file, []):
            content.extend(bytes(max(0, offset + len(data) - len(content))))
            content[offset : offset + len(data)] = data
        self.durable[file] = bytes(content)

    def write_fails(self) -> bool:
        self.writes += 1
        return self._fails(self.writes == self.fail_write)

    def sync_fails(self) -> bool:
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
        torn = self._disk.write_fails()
        done = data[: len(data) // 2] if torn else data
        super().xWrite(done, offset)
        self._disk.written(self._path, offset, bytes(done))
        if torn:
            raise apsw.IOError("the disk failed to write")

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._disk.truncated(self._path, newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        if self._disk.sync_fails():
            self._disk.unsynced.pop(self._path, None)
            raise apsw.IOError("the disk failed to sync")
        super().xSync(flags)
        self._disk.synced(self._path)


def _moved(files: Mapping[Path, T], source: Path, target: Path) -> dict[Path, T]:
    return {target / file.name: value for file, value in files.items() if file.parent == source}


@contextmanager
def faulty_disk(*, fail_write: int = 0, fail_sync: int = 0, for_good: bool = False) -> Iterator[FaultyDisk]:
    disk = FaultyDisk(fail_write=fail_write, fail_sync=fail_sync, for_good=for_good)
    try:
        yield disk
    finally:
        disk.unregister()
        apsw.set_default_vfs("unix")
