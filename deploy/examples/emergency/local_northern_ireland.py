"""Northern Ireland's file, after an extract of a departmental system: one table of a DuckDB file, labels throughout.

Modelled loosely, all of it: there is no public record layout; types 1 to 3 and Manchester triage by colour are those
that the Department of Health's bulletins on emergency care (collection EC1) speak of. Local quirks: minutes were
counted already, -1 where they are unknown; no age, but a band of financial years of birth; planned reviews are left
out of the extract.
"""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from attendances import AGE_GROUP_STARTS, MISSING, Attendances
from local_tools import arrivals, drawn, text_of, with_lost_rows

FILE, TABLE = "ed_extract.duckdb", "attendance"
COLOURS = ("Red", "Orange", "Yellow", "Green", "Blue")
BIRTH_BANDS = (
    *("2018/19 or later", "2005/06-2017/18", "1988/89-2004/05", "1973/74-1987/88"),
    *("1958/59-1972/73", "1943/44-1957/58", "1942/43 or earlier"),
)
"""Financial years of birth of those who were 0-4, 5-17 and so on, on 1 April 2023."""
OUTCOMES = (
    *("Admitted to this hospital", "Transferred to another hospital", "Discharged home", "Did not wait"),
    "Died in department",
)
LOST: dict[str, tuple[int, object]] = {"hcn_pseudonym": (5, None), "ed_type": (4, 9)}


def northern_ireland(rng: np.random.Generator, attendances: Attendances) -> pa.Table:
    start = attendances.age_at_start
    band = np.where(start == MISSING, MISSING, np.searchsorted(AGE_GROUP_STARTS, start, side="right") - 1)
    table = pa.table(
        {
            "hcn_pseudonym": [f"{patient:010d}" for patient in attendances.patient.tolist()],
            "ed_type": pa.array(attendances.department + 1, pa.int8()),
            "review": rng.choice(("New", "New", "Unplanned review"), len(attendances)).tolist(),
            "arrived": pa.array(arrivals(attendances).astype("datetime64[us]")),
            "minutes": pa.array(attendances.stay, pa.int32()),
            "birth_band": text_of(band, BIRTH_BANDS, "Not known"),
            "sex": text_of(attendances.sex, ("Female", "Male"), "Unknown"),
            "mts_colour": text_of(attendances.triage, COLOURS, "White"),
            "arrival_mode": drawn(rng, attendances.ambulance, (("Walked in", "Car", "Taxi"), ("NIAS",))),
            "outcome": text_of(attendances.outcome, OUTCOMES),
        }
    )
    return with_lost_rows(rng, table, LOST)


def write_duckdb(table: pa.Table, path: Path) -> None:
    path.unlink(missing_ok=True)
    with duckdb.connect(path) as database:
        database.register("made", table)
        database.execute(f"CREATE TABLE {TABLE} AS SELECT * FROM made")  # noqa: S608  # a name of this file
