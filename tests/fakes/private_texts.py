"""Patients and their general practices, whose names are private: two nations, without noise."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from concordat_query.catalogue import Catalogue
from fakes.catalogue import code, number, text
from fakes.offline import OfflineFederation, Source, fixed_secret, found
from fakes.spec_engines import DuckDB

DATASET = "care.visits"
UNIT, PRACTICE, SEX, AGE = range(4)
Record = tuple[str, str, str, str]
"""Unit, practice, sex, age, as a source has them."""


def visits(
    max_rows: int = 5, *, constant: bool = False, nullable: bool = True, encloses: str | None = None
) -> Catalogue:
    return Catalogue.model_validate(
        {
            "version": 1,
            "title": "Visits",
            "nations": [{"name": name, "gss": f"X{index}"} for index, name in enumerate(("England", "Wales"))],
            "populations": {"patients": {"description": "patients"}},
            "datasets": {
                DATASET: {
                    "title": "Visits",
                    "description": "Visits.",
                    "population": "patients",
                    "unit": "patient",
                    "unit_description": "one patient",
                    "encloses": encloses,
                    "max_rows_per_unit": max_rows,
                    "columns": [
                        text("practice", 40, nullable=nullable, constant_within_unit=constant),
                        code("sex", "Female", "Male"),
                        number("age", 0, 100),
                    ],
                }
            },
        }
    )


def federation(folder: Path, sources: Mapping[str, Sequence[Record]], catalogue: Catalogue) -> OfflineFederation:
    """Each nation's records, imported. Noise is zero: a practice is shown where its patients reach the threshold."""
    folder.mkdir(parents=True, exist_ok=True)
    by_nation = {nation: source(nation, rows) for nation, rows in sources.items()}
    return found(folder, DuckDB(), catalogue, DATASET, by_nation)


def source(nation: str, rows: Sequence[Record]) -> Source:
    mapping: Mapping[str, object] = {
        "unit_id": "id",
        "sources": {"visits": {"path": "visits.csv"}},
        "select": "SELECT practice, sex, age FROM visits",
    }
    return Source(mapping, {"visits.csv": csv_text(rows)}, fixed_secret(nation))


def csv_text(rows: Sequence[Record]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "practice", "sex", "age"), *rows])
    return written.getvalue()


def patients(practice: str, count: int, sex: str = "Male", start: int = 0, rows: int = 1) -> list[Record]:
    """So many patients of one practice, with as many rows each."""
    return [(f"{practice}-{start + number}", practice, sex, "40") for number in range(count) for _ in range(rows)]
