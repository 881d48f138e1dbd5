"""The editions that a running node answers from: those in force when it started, watched for changes."""

from collections.abc import Iterable
from pathlib import Path

from concordat_query.errors import Reason, Refusal

from concordat_node.importing import edition
from concordat_node.importing.edition import EditionInfo


class Editions:
    """Every data set's edition, or why there is none. A new import takes effect when the node starts again."""

    def __init__(self, state: Path, datasets: Iterable[str]) -> None:
        """Reads each edition's file once, wholly, to see that it is what was imported."""
        self._state = state
        self._found = {dataset: _verified(state, dataset) for dataset in datasets}

    @property
    def ids(self) -> frozenset[str]:
        """Of every edition that queries may be charged for."""
        return frozenset(found.id for found in self._found.values() if isinstance(found, EditionInfo))

    def current(self, dataset: str) -> EditionInfo:
        """The edition in force. Refuses EDITION_UNAVAILABLE where it is missing or was touched since."""
        found = self._found.get(dataset)
        if found is None:
            raise Refusal(Reason.EDITION_UNAVAILABLE, f"this node has no mapping of {dataset!r}", field=dataset)
        if isinstance(found, Refusal):
            raise found
        return _untouched(found)

    def pinned(self, dataset: str, edition_id: str) -> EditionInfo:
        """The edition that a charge names, in force or not."""
        found = self._found.get(dataset)
        if isinstance(found, EditionInfo) and found.id == edition_id:
            return _untouched(found)
        return edition.find(self._state, dataset, edition_id)


def _untouched(info: EditionInfo) -> EditionInfo:
    if not edition.is_unchanged(info):
        raise Refusal(
            Reason.EDITION_UNAVAILABLE,
            f"edition of {info.dataset}: its file is missing or was changed while the node ran; "
            "restore it or import again, then start the node again",
            field=info.dataset,
        )
    return info


def _verified(state: Path, dataset: str) -> EditionInfo | Refusal:
    try:
        info = edition.current(state, dataset)
        edition.verify(info)
    except Refusal as refusal:
        return refusal
    return info
