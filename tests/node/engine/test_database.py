"""What no statement can do once DuckDB is locked. The engine is given no SQL: this is the second wall."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from concordat_node.engine.database import open_locked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spill").mkdir()
    (tmp_path / "it's.csv").write_text("a,b\n1,2\n")
    with duckdb.connect(tmp_path / "it's an edition.duckdb") as connection:
        connection.execute("CREATE TABLE rows AS SELECT range AS unit, hash(range) AS row_key FROM range(1_000_000)")
    with duckdb.connect(tmp_path / "other.duckdb") as connection:
        connection.execute("CREATE TABLE rows AS SELECT 1")
    return tmp_path


@pytest.fixture
def locked(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_locked(
        {"edition0": folder / "it's an edition.duckdb"},
        spill=folder / "spill",
        spill_limit="50MB",
        memory_limit="20MB",
        threads=1,
    )
    yield connection
    connection.close()


def test_the_edition_can_be_read(locked: duckdb.DuckDBPyConnection) -> None:
    assert locked.execute("SELECT count(*) FROM edition0.rows").fetchone() == (1_000_000,)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{folder}/it''s.csv')",
        "SELECT * FROM '{folder}/it''s.csv'",
        "SELECT * FROM read_text('{folder}/it''s.csv')",
        "SELECT * FROM sniff_csv('{folder}/it''s.csv')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_parquet('http://127.0.0.1:9/x')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "COPY edition0.rows TO '{folder}/out.parquet'",
        "EXPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/other.duckdb' AS other",
        "ATTACH '{folder}/new.duckdb' AS new",
        "INSTALL httpfs",
        "LOAD httpfs",
        "LOAD '{folder}/other.duckdb'",
        "CREATE PERSISTENT SECRET s (TYPE s3)",
        "SET enable_external_access = true",
        "SET threads = 8",
        "SET memory_limit = '1TB'",
        "RESET lock_configuration",
        "INSERT INTO edition0.rows VALUES (1, 1)",
        "UPDATE edition0.rows SET unit = 0",
        "DELETE FROM edition0.rows",
        "CREATE TABLE edition0.copied AS SELECT 1",
        "SELECT * FROM locked_out",
    ],
)
def test_no_statement_reaches_beyond_the_edition(
    locked: duckdb.DuckDBPyConnection, folder: Path, statement: str
) -> None:
    locked_out = pa.table({"a": [1]})  # DuckDB would find it by its name, if it were let
    before = sorted(folder.rglob("*"))
    with pytest.raises(duckdb.Error):
        locked.execute(statement.format(folder=folder))
    assert sorted(folder.rglob("*")) == before
    assert locked_out is not None


def test_work_that_exceeds_memory_spills_and_stops_at_the_limit(
    locked: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    window = "SELECT max(n) FROM (SELECT row_number() OVER (PARTITION BY unit // 7 ORDER BY row_key) AS n FROM {rows})"
    assert locked.execute(window.format(rows="edition0.rows")).fetchone() == (7,)
    with pytest.raises(duckdb.OutOfMemoryException, match="max_temp_directory_size"):
        locked.execute(window.format(rows="(SELECT r.* FROM edition0.rows r, range(40))"))
    assert sum(path.stat().st_size for path in (folder / "spill").iterdir()) <= 50_000_000


def test_a_file_that_is_no_database_is_not_opened(folder: Path) -> None:
    with pytest.raises(duckdb.Error):
        open_locked({"edition0": folder / "it's.csv"}, spill=folder, spill_limit="1GB", memory_limit="20MB", threads=1)
