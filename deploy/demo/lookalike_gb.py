"""Look-alike Stats19 records of England, Scotland and Wales: labels, one row a casualty, 2009-2016."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from published import SEVERITIES, Published

Ints = NDArray[np.int64]

NATIONS = ("England", "Scotland", "Wales")
YEARS = range(2009, 2017)
FIRST_YEAR_WITH_AGE = 2014
FIRST_YEAR_WITH_DECILE = 2015
MISSING = "Data missing or out of range"
TYPES = ("Pedestrian", "Cyclist")
SEXES = ("Male", "Female", MISSING)
BANDS = (
    *("0 - 5", "6 - 10", "11 - 15", "16 - 20", "21 - 25", "26 - 35", "36 - 45"),
    *("46 - 55", "56 - 65", "66 - 75", "Over 75", MISSING),
)
BAND_STARTS = (0, 6, 11, 16, 21, 26, 36, 46, 56, 66, 76)
LOCATIONS = (
    "Crossing on pedestrian crossing facility",
    "Crossing in zig-zag approach lines",
    "Crossing in zig-zag exit lines",
    "Crossing elsewhere within 50m. of pedestrian crossing",
    "In carriageway, crossing elsewhere",
    "On footway or verge",
    "On refuge, central island or central reservation",
    "In centre of carriageway - not on refuge, island or central reservation",
    "In carriageway, not crossing",
    "Unknown or other",
    "Not a Pedestrian",
)
MOVEMENTS = (
    "Crossing from driver's nearside",
    "Crossing from nearside - masked by parked or stationary vehicle",
    "Crossing from driver's offside",
    "Crossing from offside - masked by  parked or stationary vehicle",
    "In carriageway, stationary - not crossing  (standing or playing)",
    "In carriageway, stationary - not crossing  (standing or playing) - masked by parked or stationary vehicle",
    "Walking along in carriageway, facing traffic",
    "Walking along in carriageway, back to traffic",
    "Unknown or other",
    "Not a Pedestrian",
)
HOME_AREAS = ("Urban area", "Small town", "Rural", MISSING)
DECILES = (
    *("Most deprived 10%", "More deprived 10-20%", "More deprived 20-30%", "More deprived 30-40%"),
    *("More deprived 40-50%", "Less deprived 40-50%", "Less deprived 30-40%", "Less deprived 20-30%"),
    *("Less deprived 10-20%", "Least deprived 10%", MISSING),
)
# Stats19's public list of police force codes, by nation.
FORCES = {
    "England": (
        *("01", "03", "04", "05", "06", "07", "10", "11", "12", "13", "14", "16", "17", "20", "21", "22", "23"),
        *("30", "31", "32", "33", "34", "35", "36", "37", "40", "41", "42", "43", "44", "45", "46", "47", "48"),
        *("50", "52", "53", "54", "55"),
    ),
    "Scotland": ("91", "92", "93", "94", "95", "96", "97", "98"),
    "Wales": ("60", "61", "62", "63"),
}


@dataclass(frozen=True)
class Cases:
    """Casualties of one nation in order of year: three arrays of one length. `kind` and `severity` are indexes."""

    year: Ints
    kind: Ints
    severity: Ints


def great_britain(rng: np.random.Generator, published: Published) -> dict[str, pa.Table]:
    """One table a nation, by its file's name without the suffix."""
    counts = np.array([published.gb_severity_2016[kind] for kind in TYPES]).ravel()
    dealt = rng.permutation(np.repeat(np.arange(6), counts))
    ends = np.cumsum([published.in_scope_2016[nation] for nation in NATIONS])
    hands = np.split(dealt, ends[:-1])
    return {
        nation.lower(): _table(rng, nation, _cases(rng, published.rows[nation], hand, counts / counts.sum()), published)
        for nation, hand in zip(NATIONS, hands, strict=True)
    }


def _cases(rng: np.random.Generator, rows: int, last_year: Ints, shares: NDArray[np.float64]) -> Cases:
    """The year 2016 as dealt, the years before it drawn in its image."""
    earlier = rows - len(last_year)
    year = np.sort(rng.integers(YEARS[0], YEARS[-1], earlier))
    mix = np.concatenate([rng.choice(6, size=earlier, p=shares), last_year])
    return Cases(np.concatenate([year, np.full(len(last_year), YEARS[-1])]), mix // 3, mix % 3)


def _table(rng: np.random.Generator, nation: str, cases: Cases, published: Published) -> pa.Table:
    size = len(cases.year)
    walking = cases.kind == 0
    passenger = ~walking & (rng.random(size) < 0.004)
    collision, reference = _collisions(rng, cases.year, published.most_in_one_collision)
    age = _ages(rng, size)
    band = np.where(age < 0, len(BANDS) - 1, np.searchsorted(BAND_STARTS, age, side="right") - 1)
    home = rng.choice(len(HOME_AREAS), size=size, p=(0.75, 0.06, 0.06, 0.13))
    no_age = cases.year < FIRST_YEAR_WITH_AGE
    no_decile = cases.year < FIRST_YEAR_WITH_DECILE
    empty = pa.nulls(size, pa.string())
    return pa.table(
        {
            "accident_index": _accident_index(rng, nation, cases.year, collision),
            "vehicle_reference": pa.array(np.where(walking, 1, reference), pa.int32()),
            "casualty_reference": pa.array(reference, pa.int32()),
            "casualty_class": _labels(
                ("Driver or rider", "Passenger", "Pedestrian"), np.where(walking, 2, passenger.astype(np.int64))
            ),
            "sex_of_casualty": _labels(SEXES, rng.choice(3, size=size, p=(0.65, 0.3495, 0.0005))),
            "age_band_of_casualty": _labels(BANDS, band),
            "casualty_severity": _labels(SEVERITIES, cases.severity),
            "pedestrian_location": _labels(LOCATIONS, np.where(walking, rng.integers(0, 10, size), 10)),
            "pedestrian_movement": _labels(MOVEMENTS, np.where(walking, rng.integers(0, 9, size), 9)),
            "car_passenger": empty,
            "bus_or_coach_passenger": empty,
            "pedestrian_road_maintenance_worker": empty,
            "casualty_type": _labels(TYPES, cases.kind),
            "casualty_home_area_type": _labels(HOME_AREAS, home),
            "age_of_casualty": pa.array(age, pa.int64(), mask=no_age),
            "casualty_imd_decile": _labels(DECILES, _deciles(rng, nation, size), no_decile),
        }
    )


def _collisions(rng: np.random.Generator, year: Ints, most: int) -> tuple[Ints, Ints]:
    """Which collision each casualty belongs to (0, 1, ...) and its place in it (from 1).

    Most stand alone; no collision spans two years or has more than `most` casualties.
    """
    starts = rng.random(len(year)) < 0.97
    starts[0] = True
    starts[1:] |= year[1:] != year[:-1]
    starts[::most] = True  # a bound that needs no look at the runs
    collision = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    return collision, np.arange(len(year)) - first[collision] + 1


def _accident_index(rng: np.random.Generator, nation: str, year: Ints, collision: Ints) -> pa.Array:
    """Thirteen characters: year, police force, seven of the collision's own."""
    forces = FORCES[nation]
    weights = rng.dirichlet(np.full(len(forces), 2.0))
    force = rng.choice(len(forces), size=int(collision[-1]) + 1, p=weights)[collision]
    serial = pc.utf8_lpad(pc.cast(pa.array(collision), pa.string()), 7, "0")
    return pc.binary_join_element_wise(pc.cast(pa.array(year), pa.string()), _labels(forces, force), serial, "")


def _ages(rng: np.random.Generator, size: int) -> Ints:
    """A made-up shape: a broad hump of adults, a smaller one of children. -1 is unknown, here for one in fifty."""
    adults = np.clip(rng.gamma(5.0, 6.0, size) + 12, 0, 99)
    children = np.clip(rng.normal(11, 4, size), 0, 99)
    age = np.where(rng.random(size) < 0.2, children, adults).astype(np.int64)
    return np.where(rng.random(size) < 0.02, -1, age)


def _deciles(rng: np.random.Generator, nation: str, size: int) -> Ints:
    """Known, in effect, in England only."""
    known = rng.random(size) < (0.85 if nation == "England" else 0.0)
    return np.where(known, rng.integers(0, 10, size), 10)


def _labels(labels: tuple[str, ...], index: Ints, missing: NDArray[np.bool_] | None = None) -> Any:
    """Labels by index, NULL where missing, as plain strings."""
    return pc.take(pa.array(labels), pa.array(index, pa.int64(), mask=missing))
