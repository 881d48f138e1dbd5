"""Published figures on the four nations' road casualties: the only facts that look-alike records are made from.

Sources: Department for Transport, reported road casualties (Stats19), and Police Service of Northern Ireland, injury
road traffic collision statistics; both under the Open Government Licence v3.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SEVERITIES = ("Fatal", "Serious", "Slight")


@dataclass(frozen=True)
class Published:
    rows: Mapping[str, int]
    """Rows of each nation's casualty file."""
    in_scope_2016: Mapping[str, int]
    """Pedestrians and pedal cyclists injured in 2016."""
    gb_severity_2016: Mapping[str, tuple[int, int, int]]
    """Fatal, serious, slight in Great Britain 2016, by Stats19's casualty type."""
    ni_severity: tuple[int, int, int]
    """Fatal, serious, slight in Northern Ireland 2016, all road users."""
    ni_pedestrians: int
    ni_cyclists: int
    ni_collisions: int
    ni_location_missing: float
    """Share of Northern Ireland's pedestrians without location and movement."""
    most_in_one_collision: int


PUBLISHED = Published(
    rows={"England": 317_565, "Scotland": 21_714, "Wales": 11_862, "Northern Ireland": 9_591},
    in_scope_2016={"England": 38_335, "Scotland": 2_452, "Wales": 1_240, "Northern Ireland": 1_061},
    gb_severity_2016={"Pedestrian": (448, 5_140, 17_962), "Cyclist": (102, 3_397, 14_978)},
    ni_severity=(68, 828, 8_695),
    ni_pedestrians=731,
    ni_cyclists=330,
    ni_collisions=6_225,
    ni_location_missing=0.74,
    most_in_one_collision=26,
)
