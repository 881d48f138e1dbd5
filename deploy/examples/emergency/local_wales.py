"""Wales's file, after the Emergency Department Data Set (NHS Wales Data Dictionary): one CSV.

Modelled loosely: column names and most codes. Invented, to have something that a mapping must not overlook: triage
counts upwards to the most urgent, against the data dictionary. Local quirks: times as 31/03/2024 23:59, a few of them
impossible; planned follow-ups stand among the rest; names are spaced widely; some lines are broken.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
from attendances import MINOR, MISSING, PRACTICES, Attendances
from local_tools import Times, arrivals, departures, drawn, text_of, with_lost_rows

FILE = "edds_attendances.csv"
OUTCOMES = (("01", "02"), ("03",), ("04", "05", "06"), ("07",), ("08",))
LOST: dict[str, tuple[int, object]] = {"nhs_pseudonym": (9, None), "unit_type": (6, "unknown")}
BROKEN_LINES = 7


def wales(rng: np.random.Generator, attendances: Attendances) -> pa.Table:
    departure, missing = departures(attendances)
    impossible = rng.random(len(attendances)) < 0.5
    left = np.where(missing, np.where(impossible, "31/02/2024 10:00", ""), _day_first(departure))
    table = pa.table(
        {
            "nhs_pseudonym": [f"W-{patient:07d}" for patient in attendances.patient.tolist()],
            "unit_type": np.where(attendances.department == MINOR, "Other A&E/MIU", "Major A&E").tolist(),
            "attendance_category": drawn(rng, attendances.category, (("1", "1", "3"), ("2",))),
            "administrative_arrival": _day_first(arrivals(attendances)),
            "administrative_end": [text or None for text in left.tolist()],
            "age": [None if age == MISSING else str(age) for age in attendances.age.tolist()],
            "sex": text_of(attendances.sex, ("F", "M"), "U"),
            "triage_category": text_of(attendances.triage, ("5", "4", "3", "2", "1")),
            "mode_of_arrival": drawn(rng, attendances.ambulance, (("03", "04", "99"), ("01", "02"))),
            "outcome": drawn(rng, attendances.outcome, OUTCOMES),
            "registered_practice": text_of(attendances.practice, [name.replace(" ", "  ") for name in PRACTICES]),
        }
    )
    return with_lost_rows(rng, table, LOST)


def write_csv(table: pa.Table, path: Path) -> None:
    """One line a record, and a few lines that break off."""
    columns = [column.to_pylist() for column in table.columns]
    lines = [",".join(value or "" for value in row) for row in zip(*columns, strict=True)]
    broken = [line[: len(line) // 2] for line in lines[:BROKEN_LINES]]
    path.write_text("\n".join([",".join(table.column_names), *lines, *broken]) + "\n")


def _day_first(times: Times) -> list[str]:
    texts = np.datetime_as_string(times, unit="m").tolist()
    return [f"{text[8:10]}/{text[5:7]}/{text[:4]} {text[11:16]}" for text in texts]
