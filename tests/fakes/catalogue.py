"""A small catalogue: one data set of one row a unit, one of many rows a unit."""

from datetime import date
from decimal import Decimal
from typing import Any

from concordat_query.catalogue import Catalogue

NATIONS = ["England", "Wales", "Scotland", "Northern Ireland"]


def small_catalogue() -> Catalogue:
    return Catalogue.model_validate(
        {
            "version": 1,
            "title": "A small catalogue",
            "nations": [{"name": name, "gss": f"X{i}"} for i, name in enumerate(NATIONS)],
            "totals": [
                {"name": "United Kingdom", "gss": "K02000001", "nations": NATIONS},
                {"name": "Great Britain", "gss": "K03000001", "nations": NATIONS[:3]},
            ],
            "populations": {"people": {"description": "people"}, "patients": {"description": "patients"}},
            "datasets": {
                "road.casualties": {
                    "title": "Casualties",
                    "description": "One row a unit.",
                    "population": "people",
                    "unit": "casualty",
                    "unit_description": "one injury in one collision",
                    "max_rows_per_unit": 1,
                    "columns": [
                        number("year", 2014, 2016, key=True, nullable=False),
                        code("severity", "Fatal", "Serious", "Slight", nullable=False),
                        code("mode", "Pedestrian", "Pedal cycle", "Car", nullable=False),
                        code("sex", "Male", "Female"),
                        number("age", 0, 100),
                    ],
                    "expected_units": {"England": 10_000, "Wales": 1_000, "Scotland": 2_000, "Northern Ireland": 500},
                },
                "health.visits": {
                    "title": "Visits",
                    "description": "Many rows a unit.",
                    "population": "patients",
                    "unit": "patient",
                    "unit_description": "one patient",
                    "max_rows_per_unit": 20,
                    "columns": [
                        code("clinic", "A", "B", "C", "D", "E", "F", nullable=False),
                        code("sex", "Male", "Female", constant_within_unit=True),
                        number("cost", Decimal("-5.00"), Decimal("250.00"), decimals=2, nullable=False),
                        number("weight", 0, 300),
                    ],
                },
            },
        }
    )


def comparing(**how: str) -> Catalogue:
    """The small catalogue, in which columns of road.casualties compare across nations as said."""
    content: Any = small_catalogue().model_dump(mode="json")
    for column in content["datasets"]["road.casualties"]["columns"]:
        if column["name"] in how:
            column.update(
                across_nations=how[column["name"]], across_nations_note=f"Each measures {column['name']} anew"
            )
    return Catalogue.model_validate(content)


def enclosing(dataset: str, encloses: str) -> Catalogue:
    """The small catalogue, in which the unit of one data set encloses several of what is called so."""
    content: Any = small_catalogue().model_dump(mode="json")
    content["datasets"][dataset]["encloses"] = encloses
    return Catalogue.model_validate(content)


def code(name: str, *codes: str, **more: object) -> dict[str, object]:
    return {"name": name, "type": "code", "description": name, "codes": list(codes), **more}


def number(name: str, lower: int | Decimal, upper: int | Decimal, **more: object) -> dict[str, object]:
    return {"name": name, "type": "number", "description": name, "lower": lower, "upper": upper, **more}


def text(name: str, max_length: int = 40, **more: object) -> dict[str, object]:
    return {"name": name, "type": "text", "description": name, "max_length": max_length, **more}


def day(name: str, lower: date, upper: date, **more: object) -> dict[str, object]:
    return {"name": name, "type": "date", "description": name, "lower": lower, "upper": upper, **more}
