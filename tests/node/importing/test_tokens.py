"""Tokens are HMAC-SHA256 under a key that is made once, kept to its owner and never shown."""

# ruff: noqa: S608 - SQL written in this file

import hmac
import stat
from pathlib import Path

import duckdb
import pytest
from concordat_node.importing.tokens import PopulationKey, high_half, low_half, population_key, row_key_sql, token_sql
from concordat_query.errors import Refusal


@pytest.mark.parametrize("unit", ["", "a", "é" * 40, "x" * 1000, "2016/1/2/3", "a\0b"])
def test_a_token_is_the_hmac_of_the_unit_id(unit: str) -> None:
    key = PopulationKey(bytes(range(32)))
    query = f"SELECT {token_sql('$3', '$1', '$2')}"
    with duckdb.connect() as connection:
        found = connection.execute(query, [*key.token_pads, unit]).fetchall()
    assert found == [(hmac.new(key.secret, unit.encode(), "sha256").hexdigest(),)]


def test_a_unit_without_an_id_has_no_token() -> None:
    with duckdb.connect() as connection:
        query = f"SELECT {token_sql('CAST(NULL AS VARCHAR)', '$1', '$2')}"
        assert connection.execute(query, list(PopulationKey(bytes(32)).token_pads)).fetchall() == [(None,)]


def test_halves_are_the_first_128_bits() -> None:
    digest = "ffffffffffffffff0000000000000001" + "a" * 32
    with duckdb.connect() as connection:
        query = f"SELECT {high_half('$1')}, {low_half('$1')}"
        assert connection.execute(query, [digest]).fetchall() == [(2**64 - 1, 1)]


def test_row_keys_differ_by_token_rank_and_secret() -> None:
    rows = "(VALUES (1, 2, 1), (1, 2, 2), (2, 1, 1), (12, 1, 1)) AS rows(high, low, rank)"
    query = f"SELECT {row_key_sql('high::UBIGINT', 'low::UBIGINT', 'rank', '$1')} FROM {rows}"
    with duckdb.connect() as connection:
        here = connection.execute(query, [b"a" * 32]).fetchall()
        there = connection.execute(query, [b"b" * 32]).fetchall()
    assert len({*here, *there}) == 8


def test_a_population_key_is_made_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    first = population_key(tmp_path, "road.injuries")
    path = tmp_path / "keys" / "road.injuries.key"
    assert population_key(tmp_path, "road.injuries") == first
    assert population_key(tmp_path, "patients") != first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_bytes()) == 32
    assert sorted(file.name for file in path.parent.iterdir()) == ["patients.key", "road.injuries.key"]


def test_a_key_shows_nothing_of_itself(tmp_path: Path) -> None:
    key = population_key(tmp_path, "patients")
    assert repr(key) == "PopulationKey()"


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    population_key(tmp_path, "patients")
    (tmp_path / "keys" / "patients.key").chmod(0o640)
    with pytest.raises(Refusal, match="chmod 600"):
        population_key(tmp_path, "patients")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "keys" / "patients.key"
    path.parent.mkdir()
    path.write_bytes(b"k" * length)
    path.chmod(0o600)
    with pytest.raises(Refusal, match="32 bytes"):
        population_key(tmp_path, "patients")
