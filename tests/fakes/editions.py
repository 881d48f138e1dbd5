"""Editions built from plain rows, published as an import publishes them."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
from concordat_node.importing import edition, publishing
from concordat_node.importing.edition import EditionInfo, Loss
from concordat_query.catalogue import Dataset

Row = Mapping[str, int | None]
"""One row as editions store it: codes by index, numbers in fixed point. Columns left out are NULL."""


def build_edition(
    state: Path,
    name: str,
    dataset: Dataset,
    units: Sequence[Sequence[Row]],
    *,
    mapping_sha256: str = "0" * 64,
    losses: Mapping[int, Loss] = {},
) -> EditionInfo:
    """Publishes an edition of these units' rows. Tokens and row keys are made up, the same every time.

    `losses` says of units, by number, what an import would have cut off.
    """
    records = []
    for unit, rows in enumerate(units):
        token = hashlib.sha256(f"unit {unit}".encode()).digest()
        hi, lo = int.from_bytes(token[:8]), int.from_bytes(token[8:16])
        for rank, row in enumerate(rows):
            key = int.from_bytes(hashlib.sha256(token + bytes([rank])).digest()[:8])
            values = [row.get(column.name) for column in dataset.columns]
            records.append([unit, len(rows), losses.get(unit, Loss(0)), hi, lo, key, 0, *values])
    records.sort(key=lambda record: (record[0], record[5]))  # as an import writes them: by unit and row_key
    draft = _draft(state, name, dataset, records)
    manifest = publishing.seal(draft, state, name, dataset.definition_sha256, mapping_sha256)
    publishing.publish(draft, manifest)
    return edition.current(state, name)


def _draft(state: Path, name: str, dataset: Dataset, records: list[list[int | None]]) -> Path:
    edition.folder(state, name).mkdir(parents=True, exist_ok=True)
    draft = publishing.new_draft(state, name)
    with duckdb.connect(draft / edition.DATABASE) as connection:
        connection.execute(edition.table_ddl(dataset))
        if records:
            marks = ", ".join("?" for _ in records[0])
            connection.executemany(f"INSERT INTO {edition.TABLE} VALUES ({marks})", records)  # noqa: S608
    return draft
