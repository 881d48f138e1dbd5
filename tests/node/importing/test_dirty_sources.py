"""Whatever the sources hold, an edition holds exactly what the rules say, unit by unit."""

# ruff: noqa: S311 - reproducible samples, not secrets

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from concordat_node.importing import edition
from concordat_node.importing.build import Resources, import_dataset
from concordat_node.importing.mapping import Mapping, load
from fakes import dirty_sources
from fakes.dirty_sources import Content, Record, content, expected, random_records, token_of

DATASET = "health.visits"


class Node:
    """A node's folders. Every import is of the records given, under the key made at the first."""

    def __init__(self, folder: Path, max_rows: int = dirty_sources.MAX_ROWS) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.max_rows = max_rows

    def mapping(self) -> Mapping:
        path = self.folder / "mapping.toml"
        path.write_text(dirty_sources.mapping_text())
        return load(path, dirty_sources.dirty_catalogue(self.max_rows))

    def imported(self, records: Sequence[Record], resources: Resources | None = None) -> Content:
        dirty_sources.write_sources(self.folder / "data", records)
        import_dataset(self.mapping(), self.folder / "data", self.state, resources or Resources())
        return content(edition.current(self.state, DATASET).path)

    @property
    def key(self) -> bytes:
        return (self.state / "keys" / "patients.key").read_bytes()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("max_rows", [1, 3, 50])
def test_an_edition_holds_what_the_rules_say_of_random_dirty_records(tmp_path: Path, seed: int, max_rows: int) -> None:
    records = random_records(random.Random(seed))
    node = Node(tmp_path, max_rows)
    found = node.imported(records)
    assert found == expected(records, node.key, max_rows)
    assert found


@pytest.mark.parametrize("seed", range(100, 108))
def test_a_unit_taken_out_of_the_source_changes_no_row_of_any_other_unit(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    records = random_records(chance)
    node = Node(tmp_path)
    whole = node.imported(records)
    pid = chance.choice(sorted({str(record["pid"]) for record in records if record["pid"] is not None}))
    without = node.imported([record for record in records if record["pid"] != pid])
    assert without == {token: rows for token, rows in whole.items() if token != token_of(node.key, pid)}


@pytest.mark.parametrize("seed", range(200, 202))
def test_rows_without_a_unit_id_change_nothing(tmp_path: Path, seed: int) -> None:
    records = random_records(random.Random(seed))
    node = Node(tmp_path)
    assert node.imported(records) == node.imported([record for record in records if record["pid"] is not None])


@pytest.mark.parametrize("seed", range(300, 302))
def test_neither_the_order_of_rows_nor_threads_nor_memory_change_an_edition(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    records = random_records(chance, units=40)
    node = Node(tmp_path)
    first = node.imported(records, Resources(threads=1))
    chance.shuffle(records)
    assert node.imported(records, Resources(memory_limit="300MB", threads=4)) == first


def test_another_population_key_chooses_other_tokens_and_rows(tmp_path: Path) -> None:
    records = random_records(random.Random(1))
    here, there = Node(tmp_path / "here"), Node(tmp_path / "there")
    here.folder.mkdir()
    there.folder.mkdir()
    assert not set(here.imported(records)) & set(there.imported(records))


def test_an_empty_source_gives_an_empty_edition(tmp_path: Path) -> None:
    assert Node(tmp_path).imported([]) == {}


def test_a_column_that_is_not_held_is_missing_everywhere(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.imported(random_records(random.Random(5)))
    for rows in content(edition.current(node.state, DATASET).path).values():
        assert {values[-1] for values in rows.values()} == {None}


def test_resources_bound_an_import_only_in_speed(tmp_path: Path) -> None:
    node = Node(tmp_path)
    records = random_records(random.Random(6))
    assert node.imported(records) == node.imported(records, replace(Resources(), threads=1, spill_limit="1GB"))
