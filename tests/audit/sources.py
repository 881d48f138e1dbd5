"""Two sources that differ by one unit in every group, and the public definition of what they hold.

Groups are 100 times 100 values that are constant within a unit, so a unit is in one of them and each is a trial of its
own. The unit that only one source has is over every limit: twice as many rows in a cell and twice as many groups as
most queries let count, values beyond their bounds.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from concordat_query.catalogue import Catalogue
from concordat_query.model import Calculus
from fakes.catalogue import code, number

CALCULI = {"audit.events": Calculus.GAUSSIAN, "audit.events_pure": Calculus.PURE}
"""How the account of each data set counts. Both hold the same."""
POPULATIONS = {"audit.events": "subjects", "audit.events_pure": "subjects_in_epsilon"}
NATIONS = {"node-without": "Without", "node-with": "With"}
"""By node. Only the second has the units in question."""

SIDE = 100
PICKS = ("first", "second")
ROWS_A_PICK = 2
MAPPING: dict[str, Any] = {
    "unit_id": "id",
    "sources": {"source": {"path": "source.csv"}},
    "select": "SELECT block, place, pick, amount, weight, spare FROM source",
    "repair": {"amount": {"out_of_range": "clamp"}, "weight": {"out_of_range": "clamp"}},
}


def catalogue() -> Catalogue:
    return Catalogue.model_validate(
        {
            "version": 1,
            "title": "What the audit asks about",
            "nations": [{"name": nation, "gss": f"X{index}"} for index, nation in enumerate(NATIONS.values())],
            "populations": {name: {"description": name} for name in POPULATIONS.values()},
            "datasets": {name: _events(population) for name, population in POPULATIONS.items()},
        }
    )


def _events(population: str) -> dict[str, object]:
    return {
        "title": "Events",
        "description": "Events.",
        "population": population,
        "unit": "subject",
        "unit_description": "one subject",
        "max_rows_per_unit": len(PICKS) * ROWS_A_PICK,
        "columns": [
            code("block", *(f"b{n}" for n in range(SIDE)), nullable=False, constant_within_unit=True),
            number("place", 0, SIDE - 1, key=True, nullable=False, constant_within_unit=True),
            code("pick", *PICKS, nullable=False),
            number("amount", 0, 100, nullable=False),
            number("weight", -200, 100),
            number("spare", 0, 9, nullable=False),
        ],
    }


def write_source(folder: Path, *, with_unit: bool) -> None:
    """source.csv: in every group one subject that both sources have, the same everywhere; in one of them also the
    subject in question."""
    lines = ["id,block,place,pick,amount,weight,spare", *_ordinary()]
    if with_unit:
        lines += _extreme()
    (folder / "source.csv").write_text("\n".join(lines) + "\n")


def _ordinary() -> Iterator[str]:
    for block, place in _groups():
        yield f"o-{block}-{place},b{block},{place},{PICKS[0]},50,,0"


def _extreme() -> Iterator[str]:
    for block, place in _groups():
        for pick in PICKS:
            yield from [f"x-{block}-{place},b{block},{place},{pick},150,-450,0"] * ROWS_A_PICK


def _groups() -> Iterator[tuple[int, int]]:
    return ((block, place) for block in range(SIDE) for place in range(SIDE))
