"""How a finished draft becomes the edition in force: durable and atomic, so that a crash leaves the former one.

A draft is a folder `.import-<id>`. It is renamed to `<id>`, then `current` is replaced; between the two the edition
exists but is not in force, which its sequence number tells. The next import clears away what a crash left behind.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from concordat_query.errors import Reason, Refusal

from concordat_node.importing import edition
from concordat_node.importing.edition import Manifest

_DRAFT = ".import-"


@contextmanager
def exclusive(state: Path, dataset: str) -> Iterator[Path]:
    """The data set's folder, held by this process alone. Refuses while another import of it runs."""
    place = edition.folder(state, dataset)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(place / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Refusal(
            Reason.IN_USE, f"another import of {dataset} is running at this node; wait for it to end", field=dataset
        ) from None
    try:
        yield place
    finally:
        os.close(descriptor)


def clear_leftovers(state: Path, dataset: str) -> None:
    """Removes drafts and editions that were never in force. Call under `exclusive`."""
    place = edition.folder(state, dataset)
    (place / f"{edition.CURRENT}.new").unlink(missing_ok=True)
    for draft in place.glob(f"{_DRAFT}*"):
        _remove(draft)
    in_force = _sequence(state, dataset)
    for candidate in _editions(place):
        if _never_published(candidate, dataset, in_force):
            _remove(candidate)


def new_draft(state: Path, dataset: str) -> Path:
    """An empty folder, its owner's only, to build an edition in."""
    draft = edition.folder(state, dataset) / f"{_DRAFT}{secrets.token_hex(16)}"
    draft.mkdir(mode=0o700)
    return draft


def edition_id(draft: Path) -> str:
    """The id that a draft will have as an edition."""
    return draft.name.removeprefix(_DRAFT)


def seal(draft: Path, state: Path, dataset: str, definition_sha256: str, mapping_sha256: str) -> Manifest:
    """Makes the draft's database read-only and durable and writes its manifest."""
    database = draft / edition.DATABASE
    database.chmod(0o400)
    edition.sync(database)
    manifest = Manifest(
        id=edition_id(draft),
        dataset=dataset,
        sequence=_sequence(state, dataset) + 1,
        definition_sha256=definition_sha256,
        mapping_sha256=mapping_sha256,
        content_sha256=edition.file_sha256(database),
        salt=secrets.token_hex(32),
        size=database.stat().st_size,
    )
    edition.write_manifest(manifest, draft / edition.MANIFEST)
    edition.sync(draft)
    return manifest


def publish(draft: Path, manifest: Manifest, before_switch: Callable[[], None] = lambda: None) -> None:
    """Renames the sealed draft into place and puts it in force. `before_switch` runs between the two."""
    place = draft.parent
    draft.rename(place / manifest.id)
    edition.sync(place)
    before_switch()
    pointer = place / f"{edition.CURRENT}.new"
    edition.write_durably(pointer, manifest.id + "\n", 0o600)
    pointer.replace(place / edition.CURRENT)
    edition.sync(place)


def _sequence(state: Path, dataset: str) -> int:
    """The sequence number of the edition in force; 0 if there is none.

    Where its manifest is lost, the highest that any edition has: a new import must mend what was damaged.
    """
    edition_id = edition.current_id(state, dataset)
    if edition_id is None:
        return 0
    place = edition.folder(state, dataset)
    known = _sequence_of(place / edition_id, dataset)
    return (
        known
        if known is not None
        else max((_sequence_of(other, dataset) or 0 for other in _editions(place)), default=0)
    )


def _never_published(candidate: Path, dataset: str, in_force: int) -> bool:
    sequence = _sequence_of(candidate, dataset)
    return sequence is not None and sequence > in_force


def _sequence_of(candidate: Path, dataset: str) -> int | None:
    try:
        return edition.read_manifest(candidate / edition.MANIFEST, dataset).sequence
    except Refusal:
        return None


def _editions(place: Path) -> list[Path]:
    return [child for child in place.iterdir() if child.is_dir() and child.name.isalnum()]


def _remove(folder: Path) -> None:
    shutil.rmtree(folder)
