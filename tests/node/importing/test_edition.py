"""An edition is what was imported, or it is refused."""

import os
import stat
from pathlib import Path

import duckdb
import pytest
from concordat_node.importing import edition
from concordat_query.errors import Reason, Refusal
from fakes.catalogue import small_catalogue
from fakes.editions import build_edition

NAME = "health.visits"
DATASET = small_catalogue().dataset(NAME)
UNITS = [[{"clinic": 0, "cost": 100}], [{"clinic": 5, "cost": -500, "sex": 1}, {"clinic": 2, "cost": 25000}]]


def refused(state: Path) -> Refusal:
    with pytest.raises(Refusal) as caught:
        edition.current(state, NAME)
    assert caught.value.reason is Reason.EDITION_UNAVAILABLE
    return caught.value


def test_an_edition_is_found_by_its_id_and_as_the_one_in_force(tmp_path: Path) -> None:
    first = build_edition(tmp_path, NAME, DATASET, UNITS)
    second = build_edition(tmp_path, NAME, DATASET, UNITS)
    assert edition.current(tmp_path, NAME) == second
    assert edition.find(tmp_path, NAME, first.id) == first
    assert (first.sequence, second.sequence) == (1, 2)
    edition.verify(first)


def test_two_editions_of_the_same_content_share_neither_id_nor_commitment(tmp_path: Path) -> None:
    first = build_edition(tmp_path, NAME, DATASET, UNITS)
    second = build_edition(tmp_path, NAME, DATASET, UNITS)
    assert first.id != second.id
    assert first.commitment != second.commitment
    assert len(first.commitment) == 32


def test_a_data_set_never_imported_is_refused_with_what_to_do(tmp_path: Path) -> None:
    assert "concordat-node import" in refused(tmp_path).message


def test_a_missing_file_or_manifest_is_refused(tmp_path: Path) -> None:
    info = build_edition(tmp_path, NAME, DATASET, UNITS)
    info.path.rename(tmp_path / "aside")
    assert "missing" in refused(tmp_path).message
    assert not edition.is_unchanged(info)
    with pytest.raises(Refusal):
        edition.verify(info)
    (tmp_path / "aside").rename(info.path)
    (info.path.parent / edition.MANIFEST).unlink()
    assert "manifest is missing" in refused(tmp_path).message


@pytest.mark.parametrize("text", ["", "id = 1", "not toml [", 'id = "x"\nunknown = 1'])
def test_a_damaged_manifest_is_refused(tmp_path: Path, text: str) -> None:
    info = build_edition(tmp_path, NAME, DATASET, UNITS)
    manifest = info.path.parent / edition.MANIFEST
    manifest.chmod(0o600)
    manifest.write_text(text)
    refused(tmp_path)


def test_a_file_of_another_size_is_refused_at_once(tmp_path: Path) -> None:
    info = build_edition(tmp_path, NAME, DATASET, UNITS)
    info.path.chmod(0o600)
    with info.path.open("ab") as file:
        file.write(b"x")
    assert "not as it was imported" in refused(tmp_path).message


def test_one_changed_byte_is_found_by_verifying_and_by_the_fingerprint(tmp_path: Path) -> None:
    info = build_edition(tmp_path, NAME, DATASET, UNITS)
    assert edition.is_unchanged(info)
    info.path.chmod(0o600)
    with info.path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    assert not edition.is_unchanged(info)
    with pytest.raises(Refusal) as caught:
        edition.verify(edition.current(tmp_path, NAME))
    assert caught.value.reason is Reason.EDITION_UNAVAILABLE


@pytest.mark.parametrize("edition_id", ["../other", "", "a/b", "."])
def test_an_id_cannot_name_a_place_elsewhere(tmp_path: Path, edition_id: str) -> None:
    with pytest.raises(Refusal):
        edition.find(tmp_path, NAME, edition_id)


def test_an_edition_of_another_definition_or_mapping_is_refused(tmp_path: Path) -> None:
    info = build_edition(tmp_path, NAME, DATASET, UNITS, mapping_sha256="a" * 64)
    edition.require(info, DATASET.definition_sha256, "a" * 64)
    with pytest.raises(Refusal, match="definition"):
        edition.require(info, "b" * 64, "a" * 64)
    with pytest.raises(Refusal, match="mapping"):
        edition.require(info, DATASET.definition_sha256, "b" * 64)


def test_nobody_else_can_read_and_nobody_can_write_an_edition(tmp_path: Path) -> None:
    info = build_edition(tmp_path, NAME, DATASET, UNITS)
    assert stat.S_IMODE(info.path.stat().st_mode) == 0o400
    assert stat.S_IMODE((info.path.parent / edition.MANIFEST).stat().st_mode) == 0o400
    assert stat.S_IMODE(info.path.parent.stat().st_mode) == 0o700


def test_columns_take_the_smallest_integer_that_holds_their_domain(tmp_path: Path) -> None:
    info = build_edition(tmp_path, NAME, DATASET, UNITS)
    with duckdb.connect(info.path, read_only=True) as connection:
        types = {row[0]: row[1] for row in connection.execute("DESCRIBE rows").fetchall()}
        rows = connection.execute("SELECT unit, unit_rows, clinic, cost, weight FROM rows").fetchall()
    assert [types[name] for name in ("clinic", "sex", "cost", "weight")] == [
        "UTINYINT",
        "UTINYINT",
        "SMALLINT",
        "USMALLINT",
    ]
    assert rows == [(0, 1, 0, 100, None), (1, 2, 5, -500, None), (1, 2, 2, 25000, None)]
