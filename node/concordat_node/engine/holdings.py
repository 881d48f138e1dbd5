"""What the engine knows by itself: the catalogue, what this node declares to hold, and its editions.

All of it is read once, from the node's own files, before the first request.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from concordat_query import catalogue as catalogues
from concordat_query.catalogue import Dataset
from concordat_query.coverage import Coverage
from concordat_query.errors import Refusal

from concordat_node.engine import database, spill
from concordat_node.engine.settings import EngineSettings
from concordat_node.importing import edition
from concordat_node.importing import mapping as mappings
from concordat_node.importing.edition import EditionInfo
from concordat_node.importing.mapping import Mapping as DatasetMapping

SMALL = 16 * 2**20
"""Bytes of an edition's file. Scanning less is over sooner than a second thread has been woken."""


@dataclass(frozen=True)
class Holding:
    """One edition, verified whole when the engine started, and the table it is attached as."""

    name: str
    dataset: Dataset
    coverage: Coverage
    edition: EditionInfo
    table: str
    """With `texts_of`, names of tables as SQL."""
    connection: duckdb.DuckDBPyConnection

    def texts_of(self, column: str) -> str:
        """The table of a column's texts."""
        return self.table.removesuffix(edition.TABLE) + edition.text_table(column)


@dataclass(frozen=True)
class Holdings:
    """`by_edition` holds each edition under its id."""

    node: str
    ledger_public_key: bytes
    catalogue_sha256: str
    by_edition: Mapping[str, Holding]


def open_holdings(settings: EngineSettings) -> Holdings:
    """Reads the node's files and locks the databases. Refuses what is malformed.

    An edition that is missing, changed, or of another definition or mapping is left out: queries on it fail.
    """
    catalogue = catalogues.load(settings.catalogue)
    loaded = [mappings.load(path, catalogue) for path in settings.mappings]
    found = [(mapping, info) for mapping in loaded for info in _editions(settings, mapping)]
    folder = spill.claim(settings.state).folder
    small = [each for each in found if each[1].fingerprint.size < SMALL]
    large = [each for each in found if each[1].fingerprint.size >= SMALL]
    opened = [*_opened(small, settings, folder, threads=1), *_opened(large, settings, folder, settings.threads)]
    by_edition = {holding.edition.id: holding for holding in opened}
    return Holdings(settings.node, settings.ledger_public_key, catalogue.sha256, by_edition)


def _opened(
    found: Sequence[tuple[DatasetMapping, EditionInfo]], settings: EngineSettings, folder: Path, threads: int
) -> list[Holding]:
    """The editions in a locked database of their own. How many threads scan them changes no result."""
    if not found:
        return []
    connection = database.open_locked(
        {f"edition{number}": info.path for number, (_, info) in enumerate(found)},
        spill=folder,
        spill_limit=settings.spill_limit,
        memory_limit=settings.memory_limit,
        threads=threads,
    )
    return [
        Holding(
            mapping.dataset,
            mapping.definition,
            mapping.coverage,
            info,
            f"edition{number}.{edition.TABLE}",
            connection,
        )
        for number, (mapping, info) in enumerate(found)
    ]


def _editions(settings: EngineSettings, mapping: DatasetMapping) -> Iterator[EditionInfo]:
    current = edition.current_id(settings.state, mapping.dataset)
    for edition_id in dict.fromkeys([*([current] if current else []), *settings.pinned]):
        try:
            info = edition.find(settings.state, mapping.dataset, edition_id)
            edition.require(info, mapping.definition.definition_sha256, mapping.mapping_sha256)
            edition.verify(info)
        except Refusal:
            continue
        yield info
