"""Exact answers, read straight from the four local sources. Only the demo can do this, because it owns all the data.

Nothing here is shared with the nodes' mappings, so it checks them too.
"""

import itertools
from pathlib import Path

import duckdb
from concordat_privacy.estimates import Row
from concordat_query.catalogue import Catalogue
from lookalike import FILES
from questions import Question

CASUALTY = "casualty"
"""The table of all four sources: nation, year, mode, severity, age (NULL where unknown or not in the source)."""

GREAT_BRITAIN = """
SELECT $nation AS nation, CAST(accident_index[1:4] AS INTEGER) AS year,
    CASE casualty_type WHEN 'Cyclist' THEN 'Pedal cycle' ELSE casualty_type END AS mode,
    casualty_severity AS severity, CASE WHEN age_of_casualty <> -1 THEN age_of_casualty END AS age
FROM read_parquet($path)
"""
NORTHERN_IRELAND = """
SELECT $nation AS nation, a_year AS year,
    CASE c_class WHEN 5 THEN 'Pedestrian' WHEN 7 THEN 'Pedal cycle' ELSE 'other' END AS mode,
    ['Fatal', 'Serious', 'Slight'][c_sever] AS severity, NULL AS age
FROM read_parquet($path)
"""


class Truth:
    """An in-memory table of all four sources. `close` forgets it."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self._nations = _nations_by_label(catalogue)
        self._database = duckdb.connect()
        self._database.execute(
            f"CREATE TABLE {CASUALTY} (nation VARCHAR, year INTEGER, mode VARCHAR, severity VARCHAR, age INTEGER)"
        )
        for nation, (casualties, *_) in FILES.items():
            source = NORTHERN_IRELAND if nation == "Northern Ireland" else GREAT_BRITAIN
            self._database.execute(
                f"INSERT INTO {CASUALTY} {source}",
                {"nation": nation, "path": str(folder / casualties)},
            )

    def of(self, question: Question, row: Row, keys: tuple[str, ...]) -> tuple[float | None, ...]:
        """The exact figures of one row of a result, one per value column; None where there is nothing to divide by.

        `keys` names the row's keys. A row that names no nation is about all of them.
        """
        nations = self._nations[row.nation] if row.nation is not None else list(FILES)
        values = {name: str(value) for name, value in zip(keys, row.keys, strict=True)}
        found = self._database.execute(question.exact, {"nations": nations, **values}).fetchone()
        return tuple(found) if found else ()

    def close(self) -> None:
        self._database.close()


def _nations_by_label(catalogue: Catalogue) -> dict[str, list[str]]:
    """Which nations a row's label means: one nation, or any set of them by the name that totals give it."""
    names = [nation.name for nation in catalogue.nations]
    sets = itertools.chain.from_iterable(itertools.combinations(names, size) for size in range(1, len(names) + 1))
    return {catalogue.total_name(frozenset(chosen)): list(chosen) for chosen in sets}
