"""Attendances as they happened, before any nation writes them down: what the four files are made from.

Everything here is invented and means nothing of any nation, patient or hospital; the shares were chosen so that a
comparison has something to show. What a nation's own way of recording makes of it stands in local_*.py. Tests hold the
nodes' editions against these arrays.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

FIRST_DAY = np.datetime64("2023-04-01")
DAYS = 366
"""The financial year 2023-24, with a leap day."""
CATEGORIES = ("Unplanned", "Planned follow-up")
MAJOR, SPECIALTY, MINOR, WALK_IN = range(4)
DEPARTMENTS = ("Major emergency department", "Single specialty department", "Minor injury unit", "Walk-in centre")
TRIAGE = ("Immediate", "Very urgent", "Urgent", "Standard", "Non-urgent")
OUTCOMES = ("Admitted", "Transferred", "Discharged", "Left before completion", "Died")
SEXES = ("Female", "Male")
AGE_GROUPS = ("0-4", "5-17", "18-34", "35-49", "50-64", "65-79", "80 and over")
AGE_GROUP_STARTS = (0, 5, 18, 35, 50, 65, 80)
MISSING = -1
PRACTICES = tuple(
    f"{place} {kind}"
    for kind in ("Surgery", "Medical Centre", "Health Centre", "Group Practice")
    for place in (
        "Abbey", "Bridge Street", "Castle Hill", "Elm Road", "Forge Lane", "Green Lane", "High Street", "Kiln House",
        "Lakeside", "Market Place", "Mill Road", "Northgate", "Old Dairy", "Park View", "Quayside", "Riverside",
        "Station Road", "The Limes", "Victoria", "Woodlands",
    )
)  # fmt: skip
"""Names of general practices. None is public: which there are stands in the records alone."""


@dataclass(frozen=True)
class Attendances:
    """Arrays of one length, one place an attendance. Names are indexes into the tuples above, MISSING where unknown."""

    patient: Ints
    day: Ints
    """From FIRST_DAY."""
    minute: Ints
    """Of the day of arrival."""
    stay: Ints
    """Minutes in the department. Some are longer than a day."""
    category: Ints
    department: Ints
    triage: Ints
    ambulance: Ints
    outcome: Ints
    sex: Ints
    """As recorded at this attendance: a few patients' differ from one to the next."""
    age: Ints
    """At arrival."""
    age_at_start: Ints
    """On FIRST_DAY."""

    def __len__(self) -> int:
        return len(self.patient)

    @property
    def practice(self) -> Ints:
        """The patient's general practice, MISSING for one in fifty. It follows from who the patient is: large practices
        come first."""
        share = np.modf(self.patient * 0.6180339887498949)[0]
        return np.where(self.patient % 50 == 0, MISSING, (len(PRACTICES) * share**6).astype(np.int64))

    def take(self, places: Ints | NDArray[np.bool_]) -> Self:
        return type(self)(**{field.name: getattr(self, field.name)[places] for field in fields(self)})


@dataclass(frozen=True)
class Nation:
    """What steers a nation's draws."""

    attendances: int
    departments: tuple[float, float, float, float]
    """Shares, in the order of DEPARTMENTS."""
    planned: float
    """Share of planned follow-ups that the nation's own records hold."""
    median_stay: float
    """In major departments, in minutes. A third of it elsewhere."""


NATIONS: Mapping[str, Nation] = {
    "England": Nation(20_000, (0.64, 0.02, 0.24, 0.10), 0.02, 185),
    "Scotland": Nation(4_000, (0.78, 0.0, 0.22, 0.0), 0.0, 165),
    "Wales": Nation(3_000, (0.75, 0.0, 0.25, 0.0), 0.05, 200),
    "Northern Ireland": Nation(2_000, (0.80, 0.08, 0.12, 0.0), 0.0, 230),
}
FREQUENT = 3
"""Patients of each nation with FREQUENT_TIMES attendances: more than the catalogue lets one patient have."""
FREQUENT_TIMES = 40


def attendances_of(rng: np.random.Generator, nation: Nation) -> Attendances:
    """A nation's year, in no order."""
    size = nation.attendances
    patient = _patients(rng, size)
    department = rng.choice(4, size=size, p=nation.departments)
    triage = rng.choice(5, size=size, p=(0.02, 0.15, 0.38, 0.38, 0.07))
    day = rng.integers(0, DAYS, size)
    age_at_start, age, sex = _people(rng, patient, day)
    median = np.where(department == MAJOR, nation.median_stay, nation.median_stay / 3) * (1.3 - 0.1 * triage)
    stay = np.rint(np.exp(rng.normal(np.log(median), 0.75))).astype(np.int64)
    return Attendances(
        patient=patient,
        day=day,
        minute=rng.integers(0, 1440, size),
        stay=_with_gaps(rng, stay, 0.01),
        category=(rng.random(size) < nation.planned).astype(np.int64),
        department=department,
        triage=_with_gaps(rng, triage, 0.04),
        ambulance=_with_gaps(rng, (rng.random(size) < np.where(triage < 2, 0.6, 0.15)).astype(np.int64), 0.02),
        outcome=_with_gaps(rng, rng.choice(5, size=size, p=(0.24, 0.03, 0.67, 0.055, 0.005)), 0.01),
        sex=sex,
        age=age,
        age_at_start=age_at_start,
    )


def _patients(rng: np.random.Generator, size: int) -> Ints:
    """Whose attendance each is: most patients come once, a few very often."""
    times = np.concatenate([np.full(FREQUENT, FREQUENT_TIMES), np.minimum(rng.geometric(0.65, size), 25)])
    return rng.permutation(np.repeat(np.arange(len(times)), times)[:size])


def _people(rng: np.random.Generator, patient: Ints, day: Ints) -> tuple[Ints, Ints, Ints]:
    """Age on the first day, age at arrival and sex: a patient's own, seen from each attendance."""
    people = int(patient.max()) + 1
    start = (rng.beta(1.1, 1.4, people) * 105).astype(np.int64)
    birthday = rng.integers(0, DAYS, people)
    unknown = rng.random(people) < 0.005
    sex = _with_gaps(rng, rng.integers(0, 2, people), 0.01)[patient]
    mistyped = (rng.random(len(patient)) < 0.004) & (sex != MISSING)
    age = start[patient] + (day >= birthday[patient])
    return (
        np.where(unknown[patient], MISSING, start[patient]),
        np.where(unknown[patient], MISSING, age),
        np.where(mistyped, 1 - sex, sex),
    )


def _with_gaps(rng: np.random.Generator, values: Ints, share: float) -> Ints:
    return np.where(rng.random(len(values)) < share, MISSING, values)
