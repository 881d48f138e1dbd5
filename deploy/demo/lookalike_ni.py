"""Look-alike PSNI records of Northern Ireland, 2016: integer codes, one table of casualties, one of collisions."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from published import Published

Ints = NDArray[np.int64]

YEAR = 2016
PEDESTRIAN, MOTORCYCLIST, CYCLIST = 5, 6, 7
DISTRICTS = ("BELC", "LISC", "ARND", "NEMD", "ARBC", "MIDU", "FERO", "DCST", "CCGL", "MEAN", "ANTN")
DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
EMPTY_OF_CASUALTIES = ("c_pcv", "c_pedinj", "c_vtype")
EMPTY_OF_COLLISIONS = (
    *("a_gd1", "a_gd2", "a_ctype", "a_speed", "a_jdet", "a_jcont", "a_pedhum", "a_pedphys"),
    *("a_light", "a_weat", "a_roadsc", "a_speccs", "a_chaz", "a_scene"),
)


def northern_ireland(rng: np.random.Generator, published: Published) -> dict[str, pa.Table]:
    """Both tables, by their files' names without the suffix."""
    reference, place = _collisions(rng, published.rows["Northern Ireland"], published.ni_collisions)
    severity, kind = _severity_and_class(rng, published)
    return {
        "northern_ireland_casualty": _casualties(rng, published, reference, place, severity, kind),
        "northern_ireland_collision": _collision_table(rng, reference, severity, published.ni_collisions),
    }


def _collisions(rng: np.random.Generator, casualties: int, collisions: int) -> tuple[Ints, Ints]:
    """Each casualty's collision (from 1) and its place in it (from 1): every collision has at least one."""
    extra = rng.integers(0, collisions, casualties - collisions)
    reference = np.sort(np.concatenate([np.arange(collisions), extra]))
    first = np.searchsorted(reference, np.arange(collisions))
    return reference + 1, np.arange(casualties) - first[reference] + 1


def _severity_and_class(rng: np.random.Generator, published: Published) -> tuple[Ints, Ints]:
    """Severity (1-3) and class (1-7) of every casualty.

    Pedestrians and cyclists get the severities of their like in Great Britain; all together make the published ones.
    """
    walking = _apportion(published.ni_pedestrians, published.gb_severity_2016["Pedestrian"])
    cycling = _apportion(published.ni_cyclists, published.gb_severity_2016["Cyclist"])
    others = np.array(published.ni_severity) - walking - cycling
    severity = np.concatenate([np.repeat((1, 2, 3), counts) for counts in (walking, cycling, others)])
    rest = rng.choice((1, 2, 3, 4, MOTORCYCLIST), size=int(others.sum()), p=(0.63, 0.01, 0.19, 0.13, 0.04))
    kind = np.concatenate([np.repeat((PEDESTRIAN, CYCLIST), (walking.sum(), cycling.sum())), rest])
    order = rng.permutation(len(kind))
    return severity[order], kind[order]


def _apportion(total: int, counts: tuple[int, int, int]) -> Ints:
    """`total` in the proportions of `counts`, the last taking what rounding leaves."""
    first, second, _ = np.rint(np.array(counts) * total / sum(counts)).astype(np.int64)
    return np.array([first, second, total - first - second])


def _casualties(
    rng: np.random.Generator, published: Published, reference: Ints, place: Ints, severity: Ints, kind: Ints
) -> pa.Table:
    size = len(kind)
    walking = kind == PEDESTRIAN
    detail_missing = rng.permutation(size) / size < published.ni_location_missing
    ages = rng.choice(np.arange(1, 10), size=size, p=(0.06, 0.05, 0.2, 0.2, 0.16, 0.15, 0.08, 0.095, 0.005))
    return pa.table(
        {
            "a_year": pa.array(np.full(size, YEAR)),
            "a_ref": pa.array(reference),
            "v_id": pa.array(np.where(walking, 0, place)),
            "c_id": pa.array(place),
            "c_class": pa.array(kind),
            "c_sex": pa.array(rng.integers(1, 3, size)),
            "c_agegroup": pa.array(ages),
            "c_sever": pa.array(severity),
            "c_loc": _detail(np.where(walking, rng.integers(2, 12, size), 1), detail_missing),
            "c_move": _detail(np.where(walking, rng.integers(2, 11, size), 1), detail_missing),
            "c_school": pa.nulls(size, pa.int64()),
            **{name: pa.nulls(size, pa.float64()) for name in EMPTY_OF_CASUALTIES},
        }
    )


def _detail(codes: Ints, missing: NDArray[np.bool_]) -> Any:
    """Codes as the source holds them: floating point, because some are missing."""
    return pa.array(codes.astype(np.float64), mask=missing)


def _collision_table(rng: np.random.Generator, reference: Ints, severity: Ints, collisions: int) -> pa.Table:
    worst = np.full(collisions, 3)
    np.minimum.at(worst, reference - 1, severity)
    days = rng.integers(0, 366, collisions)
    date = np.datetime64(f"{YEAR}-01-01") + days
    month = date.astype("datetime64[M]")
    numbers = {
        "a_day": (date - month).astype(np.int64) + 1,
        "a_month": month.astype(np.int64) % 12 + 1,
        "a_hour": rng.integers(0, 24, collisions),
        "a_min": rng.integers(0, 60, collisions),
    }
    return pa.table(
        {
            "a_year": pa.array(np.full(collisions, YEAR)),
            "a_ref": pa.array(np.arange(1, collisions + 1)),
            "a_District": pa.array(np.array(DISTRICTS)[rng.integers(0, len(DISTRICTS), collisions)]),
            "a_type": pa.array(worst.astype(np.float64)),
            "a_veh": pa.array(rng.integers(1, 4, collisions)),
            "a_cas": pa.array(np.bincount(reference - 1, minlength=collisions).astype(np.float64)),
            "a_wkday": pa.array(np.array(DAYS)[(days + 4) % 7]),  # 1 January 2016 was a Friday
            **{name: pa.array(values.astype(np.float64)) for name, values in numbers.items()},
            **{name: pa.nulls(collisions, pa.float64()) for name in EMPTY_OF_COLLISIONS},
        }
    )
