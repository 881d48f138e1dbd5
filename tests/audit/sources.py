"""Two sources that differ by one unit in every group, and the public definition of what they hold.

Groups are 100 times 100 values that are constant within a unit, so a unit is in one of them and each is a trial of its
own. The unit that only one source has is over every limit: twice as many rows in a cell and twice as many groups as
most queries let count, values beyond their bounds.

Private texts are trials of their own as well: 8,000 that some writers in both sources share, one writer more in one of
the sources; and 40,000 writers, in that source alone, with texts that nobody else has.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from concordat_query.catalogue import Catalogue
from concordat_query.model import Calculus
from fakes.catalogue import code, number, text

TEXTS = "audit.texts"
CALCULI = {"audit.events": Calculus.GAUSSIAN, "audit.events_pure": Calculus.PURE, TEXTS: Calculus.GAUSSIAN}
"""How the account of each data set counts. The first two hold the same."""
POPULATIONS = {"audit.events": "subjects", "audit.events_pure": "subjects_in_epsilon", TEXTS: "writers"}
NATIONS = {"node-without": "Without", "node-with": "With"}
"""By node. Only the second has the units in question."""

SIDE = 100
PICKS = ("first", "second")
ROWS_A_PICK = 2
SHARED, SHARING, ALONE, OF_ONE = 8_000, 14, 40_000, 2
"""So many texts have so many writers in both sources; so many writers have texts of their own, so many each."""

_EVENTS: dict[str, Any] = {
    "unit_id": "id",
    "sources": {"source": {"path": "source.csv"}},
    "select": "SELECT block, place, pick, amount, weight, spare FROM source",
    "repair": {"amount": {"out_of_range": "clamp"}, "weight": {"out_of_range": "clamp"}},
}
MAPPINGS: dict[str, dict[str, Any]] = {
    "audit.events": _EVENTS,
    "audit.events_pure": _EVENTS,
    TEXTS: {
        "unit_id": "id",
        "sources": {"texts": {"path": "texts.csv"}},
        "select": "SELECT word, shared, amount, number, spare FROM texts",
        "repair": {"amount": {"out_of_range": "clamp"}},
    },
}


def catalogue() -> Catalogue:
    return Catalogue.model_validate(
        {
            "version": 1,
            "title": "What the audit asks about",
            "nations": [{"name": nation, "gss": f"X{index}"} for index, nation in enumerate(NATIONS.values())],
            "populations": {name: {"description": name} for name in POPULATIONS.values()},
            "datasets": {
                name: _texts(population) if name == TEXTS else _events(population)
                for name, population in POPULATIONS.items()
            },
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


def _texts(population: str) -> dict[str, object]:
    return {
        "title": "Texts",
        "description": "Texts.",
        "population": population,
        "unit": "writer",
        "unit_description": "one writer",
        "max_rows_per_unit": 4,
        "columns": [
            text("word", 12, nullable=False),
            code("shared", "no", "yes", nullable=False),
            number("amount", 0, 100, nullable=False),
            number("number", 0, SHARING, nullable=False),
            number("spare", 0, 9, nullable=False),
        ],
    }


def write_sources(folder: Path, *, with_unit: bool) -> None:
    """source.csv: in every group one subject that both sources have, the same everywhere; in one of them also the
    subject in question. texts.csv: the same for texts."""
    lines = ["id,block,place,pick,amount,weight,spare", *_ordinary()]
    if with_unit:
        lines += _extreme()
    (folder / "source.csv").write_text("\n".join(lines) + "\n")
    words = ["id,word,shared,amount,number,spare", *_sharing()]
    if with_unit:
        words += [*_one_more(), *_alone()]
    (folder / "texts.csv").write_text("\n".join(words) + "\n")


def _ordinary() -> Iterator[str]:
    for block, place in _groups():
        yield f"o-{block}-{place},b{block},{place},{PICKS[0]},50,,0"


def _extreme() -> Iterator[str]:
    for block, place in _groups():
        for pick in PICKS:
            yield from [f"x-{block}-{place},b{block},{place},{pick},150,-450,0"] * ROWS_A_PICK


def _groups() -> Iterator[tuple[int, int]]:
    return ((block, place) for block in range(SIDE) for place in range(SIDE))


def _sharing() -> Iterator[str]:
    """`number` tells the writers of a text apart: WHERE chooses how many there are."""
    for text_number in range(SHARED):
        for writer in range(SHARING):
            yield f"s-{text_number}-{writer},{shared_text(text_number)},yes,50,{writer},0"


def _one_more() -> Iterator[str]:
    for text_number in range(SHARED):
        yield from [f"x-{text_number},{shared_text(text_number)},yes,150,0,0"] * 4


def _alone() -> Iterator[str]:
    """Two rows for each text: a threshold on rows would be nearer."""
    for writer in range(ALONE):
        for own in range(OF_ONE):
            yield from [f"a-{writer},{text_alone(writer, own)},no,0,0,0"] * 2


def shared_text(number: int) -> str:
    return f"s{number:05}"


def text_alone(writer: int, own: int) -> str:
    return f"a{writer:05} {own}"


def writer_of(text: str) -> int:
    return int(text[1:6])
