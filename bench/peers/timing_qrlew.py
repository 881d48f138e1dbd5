"""Qrlew: its rewriting of the query into SQL that bounds and adds noise, run by DuckDB; rewriting is timed, too."""

import duckdb
import sqlalchemy
from peers.timing import BANDS, COST, GROUPS, REGIONS, ROWS, WEIGHT, YEAR, source, tell
from pyqrlew import Dataset, Dialect, Relation

SQL = (
    "SELECT region, band, COUNT(id) AS n, SUM(cost) AS costs, SUM(weight) AS weights FROM visits "  # noqa: S608
    f"WHERE visited = {YEAR} GROUP BY region, band"
)
COLUMNS = "id INTEGER, visited INTEGER, region TEXT, band TEXT, cost REAL, weight REAL"

connection = duckdb.connect()
connection.execute("SET threads = 2")
connection.execute(
    "CREATE TABLE visits AS SELECT id, year AS visited, region, band, CAST(cost AS DOUBLE) AS cost, "
    "CAST(weight AS DOUBLE) AS weight FROM read_parquet($file)",
    {"file": str(source() / "rows.parquet")},
)
# It learns a schema from a database that SQLAlchemy reads; one row in the same columns serves for that.
engine = sqlalchemy.create_engine("sqlite://")
with engine.begin() as empty:
    empty.exec_driver_sql(f"CREATE TABLE visits ({COLUMNS})")
    empty.exec_driver_sql("INSERT INTO visits VALUES (1, 1, 'region 0', 'band 0', 0, 0)")
dataset = Dataset.from_database("bench", engine)
for column, bounds in {"cost": COST, "weight": WEIGHT, "visited": (1, 5)}.items():
    dataset = dataset.with_range(None, "visits", column, *bounds)
for column, values in {"region": REGIONS, "band": BANDS}.items():
    dataset = dataset.with_possible_values(None, "visits", column, values)


def ask() -> list[object]:
    relation = Relation.from_query(SQL, dataset)
    private = relation.rewrite_with_differential_privacy(
        dataset, [("visits", [], "id")], {"epsilon": 1.0, "delta": 1e-6}, max_multiplicity=GROUPS * ROWS
    )
    return list(connection.execute(private.relation().to_query(Dialect.PostgreSql)).fetchall())


tell(ask)
