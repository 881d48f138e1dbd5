"""SmartNoise SQL over SQLite: at most five rows a unit, the only bound that it has."""

import csv
import sqlite3

from peers.timing import COST, GROUPS, WEIGHT, YEAR, source, tell
from snsql import Privacy, from_connection

SQL = (
    "SELECT region, band, COUNT(*) AS n, SUM(cost) AS costs, SUM(weight) AS weights FROM s.visits "  # noqa: S608
    f"WHERE visited = {YEAR} GROUP BY region, band"  # it cannot parse a column called year
)
TABLE = {
    "row_privacy": False,
    "max_ids": GROUPS,
    "sample_max_ids": True,
    "censor_dims": False,
    "clamp_counts": False,
    "clamp_columns": True,
    "id": {"type": "int", "private_id": True},
    "visited": {"type": "int", "lower": 1, "upper": 5},
    "region": {"type": "string"},
    "band": {"type": "string"},
    "cost": {"type": "float", "lower": COST[0], "upper": COST[1]},
    "weight": {"type": "float", "lower": WEIGHT[0], "upper": WEIGHT[1]},
}

connection = sqlite3.connect(":memory:")
connection.execute("ATTACH ':memory:' AS s")
connection.execute("CREATE TABLE s.visits (id INT, visited INT, region TEXT, band TEXT, cost REAL, weight REAL)")
with (source() / "rows.csv").open(newline="") as file:
    rows = csv.reader(file)
    next(rows)
    connection.executemany("INSERT INTO s.visits VALUES (?, ?, ?, ?, ?, ?)", rows)
reader = from_connection(
    connection,
    engine="sqlite",
    privacy=Privacy(epsilon=0.1, delta=1e-6),
    metadata={"": {"s": {"visits": TABLE}}},
)
tell(lambda: reader.execute(SQL))
