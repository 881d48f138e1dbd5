"""England's file, after the technical output of the Emergency Care Data Set (NHS England): one Parquet table.

The codes of acuity, arrival mode, discharge status and destination are SNOMED CT concepts that the data set's public
code lists name; of each list only some are used. Modelled loosely: column names, and that one person has one token.
Local quirks: dates and times of day apart, times as text; a departure may be typed before the arrival; age 999 for
unknown; acuity 0 where none was given.
"""

from datetime import date

import numpy as np
import pyarrow as pa
from attendances import MISSING, PRACTICES, Attendances
from local_tools import Times, arrivals, departures, drawn, text_of, with_lost_rows

FILE = "ecds_attendances.parquet"
DEPARTMENTS = ("01", "02", "03", "04")
CATEGORIES = (("1", "1", "1", "2", "3"), ("4",))
ACUITY = ("1064891000000107", "1064911000000105", "1064901000000108", "1077241000000103", "1077251000000100")
ARRIVAL_MODES = (
    ("1048071000000103", "1048061000000105", "1048001000000106"),  # own transport, public transport, police
    ("1048031000000100", "1048041000000109", "1048021000000102", "1048051000000107"),  # ambulances, helicopter
)
LEFT = ("1066301000000103", "1066311000000101", "1066321000000107")
TREATED = "182992009"
DESTINATIONS = (
    ("306706006", "1066331000000109", "1066391000000105"),  # ward, short stay ward, intensive care
    ("19712007",),  # transfer to another hospital
    ("306689006", "306691003", "306694006"),  # home, residential home, nursing home
    ("306689006",),
    ("305398007",),  # mortuary
)
LEFT_INDEX = 3
LOST: dict[str, tuple[int, object]] = {
    "token_person_id": (45, None),
    "ec_department_type": (30, "00"),
    "arrival_date": (60, date(2024, 4, 1)),  # the next year's, sent with this one's
}


def england(rng: np.random.Generator, attendances: Attendances) -> pa.Table:
    arrival = arrivals(attendances)
    departure, missing = departures(attendances)
    mistyped = missing & (rng.random(len(attendances)) < 0.5)
    departure = np.where(mistyped, arrival - 60, departure)
    missing = missing & ~mistyped
    left = attendances.outcome == LEFT_INDEX
    status = [
        code if gone else TREATED
        for code, gone in zip(rng.choice(LEFT, len(attendances)).tolist(), left.tolist(), strict=True)
    ]
    age = np.where(attendances.age == MISSING, 999, attendances.age)
    table = pa.table(
        {
            "token_person_id": [f"EN{patient:08d}" for patient in attendances.patient.tolist()],
            "ec_department_type": text_of(attendances.department, DEPARTMENTS),
            "ec_attendance_category": drawn(rng, attendances.category, CATEGORIES),
            "arrival_date": pa.array(arrival.astype("datetime64[D]")),
            "arrival_time": _clock(arrival),
            "departure_date": pa.array(departure.astype("datetime64[D]"), mask=missing),
            "departure_time": pa.array(_clock(departure), mask=missing),
            "age_at_arrival": pa.array(age, pa.int16()),
            "stated_gender": text_of(attendances.sex, ("2", "1"), "9"),
            "ec_acuity_snomed_ct": text_of(attendances.triage, ACUITY, "0"),
            "ec_arrival_mode_snomed_ct": drawn(rng, attendances.ambulance, ARRIVAL_MODES),
            "ec_discharge_status_snomed_ct": status,
            "discharge_destination_snomed_ct": drawn(rng, attendances.outcome, DESTINATIONS),
            "gp_practice_name": text_of(attendances.practice, PRACTICES, "NOT REGISTERED"),
            "ec_chief_complaint_snomed_ct": pa.nulls(len(attendances), pa.string()),
        }
    )
    return with_lost_rows(rng, table, LOST)


def _clock(times: Times) -> list[str]:
    return [f"{text[11:16]}:00" for text in np.datetime_as_string(times, unit="m").tolist()]
