"""Scotland's file, after the episode records of the A&E datamart (Public Health Scotland, A&E2): one Parquet table.

Modelled loosely: column names, the codes of arrival mode and discharge destination. Local quirks: two timestamps;
triage 99 for not recorded; planned returns are not submitted at all; two kinds of department only.
"""

from datetime import datetime

import numpy as np
import pyarrow as pa
from attendances import MINOR, MISSING, Attendances
from local_tools import arrivals, departures, drawn, text_of, with_lost_rows

FILE = "ae2_episodes.parquet"
DESTINATIONS = (("10", "11"), ("12",), ("02", "03"), ("06",), ("01",))
LOST: dict[str, tuple[int, object]] = {
    "chi_pseudonym": (12, ""),
    "department_type": (8, "GP"),
    "arrival_datetime": (15, datetime(2023, 3, 31, 23, 30)),  # the year before's, whose stay ended in this one
}


def scotland(rng: np.random.Generator, attendances: Attendances) -> pa.Table:
    departure, missing = departures(attendances)
    unknown_age = attendances.age == MISSING
    table = pa.table(
        {
            "chi_pseudonym": [f"S{patient:09d}" for patient in attendances.patient.tolist()],
            "department_type": np.where(attendances.department == MINOR, "MIU", "ED").tolist(),
            "attendance_category": rng.choice(("01", "01", "03"), len(attendances)).tolist(),
            "arrival_datetime": pa.array(arrivals(attendances).astype("datetime64[us]")),
            "discharge_datetime": pa.array(departure.astype("datetime64[us]"), mask=missing),
            "patient_age": pa.array(attendances.age, pa.int16(), mask=unknown_age),
            "patient_sex": text_of(attendances.sex, ("2", "1"), "0"),
            "triage_category": text_of(attendances.triage, ("1", "2", "3", "4", "5"), "99"),
            "arrival_mode": drawn(rng, attendances.ambulance, (("03", "04", "05"), ("01", "02"))),
            "discharge_destination": drawn(rng, attendances.outcome, DESTINATIONS),
            "referral_source": rng.choice(("01", "02", "03"), len(attendances)).tolist(),
        }
    )
    return with_lost_rows(rng, table, LOST)
