"""An edition as it lies on disk: where it is, what its manifest says, whether it is still what was imported.

    <state>/editions/<data set>/current            the id of the edition in force
    <state>/editions/<data set>/<id>/edition.duckdb   one table `rows`, never written again
    <state>/editions/<data set>/<id>/manifest.toml
    <state>/editions/<data set>/<id>/report.toml      the custodian's alone

Table `rows`, sorted by unit and row_key: `unit` (dense ordinal, BIGINT; units with few rows come first), `unit_rows`
(rows of that unit), `unit_losses` (what import cut off of that unit, bits of `Loss`), `token_hi` and `token_lo`
(UBIGINT, the unit's 128-bit token), `row_key` (UBIGINT, a keyed hash that orders a unit's rows), `cubes` (bit i: the
row counts in the catalogue's cube i), then every column of the catalogue in its order as the smallest integer type:
codes by index, numbers in fixed point, texts by their place among all texts of the column in the order of code points,
NULL as NULL. Each column of texts has a table `text_<name>`: `code` (that place) and `text`. A text's code follows from
the texts of all units, so nothing that leaves may depend on it. Outside the node an edition is its random id and a
salted commitment.
"""

import hashlib
import os
import tomllib
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

from concordat_query.catalogue import Column, Dataset
from concordat_query.errors import Reason, Refusal

DATABASE = "edition.duckdb"
MANIFEST = "manifest.toml"
REPORT = "report.toml"
CURRENT = "current"
TABLE = "rows"
FORMAT = 4
"""Of the table and the manifest. An edition of another format is imported again."""
_INTEGERS = (
    ("UTINYINT", 0, 2**8 - 1),
    ("TINYINT", -(2**7), 2**7 - 1),
    ("USMALLINT", 0, 2**16 - 1),
    ("SMALLINT", -(2**15), 2**15 - 1),
)


class Loss(IntFlag):
    """What an edition lacks of one unit, from that unit's own rows."""

    ROW = 1
    """It had more rows than the catalogue's max_rows_per_unit."""
    CLAMPED = 2
    """A value in one of its kept rows, as it was read, lay beyond the bounds and was set to the nearest."""


@dataclass(frozen=True)
class Fingerprint:
    """What the file system says of a file. Two equal ones, taken in one place, mean that nobody wrote between."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


@dataclass(frozen=True)
class Manifest:
    """What an import writes beside an edition. Hashes are SHA-256 in hex.

    `sequence` counts the imports of the data set: an edition with a higher one than that in force was never published.
    """

    id: str
    dataset: str
    sequence: int
    definition_sha256: str
    mapping_sha256: str
    content_sha256: str
    salt: str
    size: int
    format: int = FORMAT

    @property
    def commitment(self) -> bytes:
        """SHA-256 over the secret salt and the content's digest: tells nothing, but only this content fits it."""
        return hashlib.sha256(bytes.fromhex(self.salt) + bytes.fromhex(self.content_sha256)).digest()


@dataclass(frozen=True)
class EditionInfo:
    """An edition found on disk. `fingerprint` is that of the file as it was found."""

    id: str
    dataset: str
    sequence: int
    definition_sha256: str
    mapping_sha256: str
    content_sha256: str
    commitment: bytes
    path: Path
    fingerprint: Fingerprint


def text_table(column: str) -> str:
    """The table of a column's texts."""
    return f"text_{column}"


def column_type(column: Column) -> str:
    """The smallest DuckDB integer type that holds a column as editions store it."""
    if column.type == "text":
        return "INTEGER"
    for name, lowest, highest in _INTEGERS:
        if lowest <= column.fixed_lower and column.fixed_upper <= highest:
            return name
    return "BIGINT" if column.fixed_upper >= 2**31 else "INTEGER"


def table_ddl(dataset: Dataset, name: str = TABLE) -> str:
    """CREATE TABLE for an edition of this data set."""
    columns = [
        "unit BIGINT NOT NULL",
        "unit_rows INTEGER NOT NULL",
        "unit_losses UTINYINT NOT NULL",
        "token_hi UBIGINT NOT NULL",
        "token_lo UBIGINT NOT NULL",
        "row_key UBIGINT NOT NULL",
        "cubes UTINYINT NOT NULL",
        *(f'"{column.name}" {column_type(column)}' for column in dataset.columns),
    ]
    return f"CREATE TABLE {name} ({', '.join(columns)})"


def folder(state: Path, dataset: str) -> Path:
    """Where a data set's editions are."""
    return state / "editions" / dataset


def fingerprint(path: Path) -> Fingerprint:
    """Raises FileNotFoundError."""
    found = path.stat()
    return Fingerprint(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def current(state: Path, dataset: str) -> EditionInfo:
    """The edition in force. Refuses with EDITION_UNAVAILABLE if there is none, or it is not as it was imported."""
    edition_id = current_id(state, dataset)
    if edition_id is None:
        raise _unavailable(dataset, "nothing has been imported; run `concordat-node import`")
    return find(state, dataset, edition_id)


def current_id(state: Path, dataset: str) -> str | None:
    """The id of the edition in force, if there is one."""
    try:
        return (folder(state, dataset) / CURRENT).read_text().strip()
    except FileNotFoundError:
        return None


def find(state: Path, dataset: str, edition_id: str) -> EditionInfo:
    """An edition by its id, in force or not. Compares the file's size only: `verify` reads all of it."""
    if not edition_id.isalnum():
        raise _unavailable(dataset, "the edition's id is malformed")
    place = folder(state, dataset) / edition_id
    manifest = read_manifest(place / MANIFEST, dataset)
    try:
        found = fingerprint(place / DATABASE)
    except FileNotFoundError:
        raise _unavailable(dataset, "the edition's file is missing; restore it or import again") from None
    if found.size != manifest.size or manifest.id != edition_id or manifest.dataset != dataset:
        raise _changed(dataset)
    return EditionInfo(
        id=manifest.id,
        dataset=dataset,
        sequence=manifest.sequence,
        definition_sha256=manifest.definition_sha256,
        mapping_sha256=manifest.mapping_sha256,
        content_sha256=manifest.content_sha256,
        commitment=manifest.commitment,
        path=place / DATABASE,
        fingerprint=found,
    )


def verify(info: EditionInfo) -> None:
    """Reads the whole file and refuses with EDITION_UNAVAILABLE if it is not what was imported."""
    try:
        intact = file_sha256(info.path) == info.content_sha256
    except FileNotFoundError:
        raise _unavailable(info.dataset, "the edition's file is missing; restore it or import again") from None
    if not intact:
        raise _changed(info.dataset)


def is_unchanged(info: EditionInfo) -> bool:
    """Whether the file is still the one that was found: cheap enough for every query."""
    try:
        return fingerprint(info.path) == info.fingerprint
    except FileNotFoundError:
        return False


def require(info: EditionInfo, definition_sha256: str, mapping_sha256: str) -> None:
    """Refuses an edition that was imported under another definition or mapping than those now in force."""
    if info.definition_sha256 != definition_sha256:
        raise _unavailable(info.dataset, "it was imported under another definition in the catalogue; import again")
    if info.mapping_sha256 != mapping_sha256:
        raise _unavailable(info.dataset, "it was imported through another version of the mapping; import again")


def read_manifest(path: Path, dataset: str) -> Manifest:
    try:
        content = tomllib.loads(path.read_text())
        if content.get("format") != FORMAT:
            raise _unavailable(dataset, "it was imported by another version of this software; import again")
        return Manifest(**content)
    except FileNotFoundError:
        raise _unavailable(dataset, "the edition's manifest is missing; restore it or import again") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError):
        raise _changed(dataset) from None


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Writes the manifest durably, readable by its owner only."""
    lines = [
        f"{name} = {value}" if isinstance(value, int) else f'{name} = "{value}"'
        for name, value in vars(manifest).items()
    ]
    write_durably(path, "\n".join(lines) + "\n", 0o400)


def write_durably(path: Path, text: str, mode: int) -> None:
    """Creates a file that survives a crash once this returns. Raises FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Makes a finished file, or a folder's list of names, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unavailable(dataset: str, what: str) -> Refusal:
    return Refusal(Reason.EDITION_UNAVAILABLE, f"edition of {dataset}: {what}", field=dataset)


def _changed(dataset: str) -> Refusal:
    return _unavailable(dataset, "it is not as it was imported; restore it or import again")
