"""The catalogue file: what is refused, what follows from it, and what its hash stands for."""

import copy
import hashlib
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from concordat_query.catalogue import Catalogue, Column, load
from concordat_query.errors import Reason, Refusal
from concordat_query.files import content_bytes
from fakes.catalogue import code, comparing, enclosing, number, small_catalogue, text
from pydantic import ValidationError

CATALOGUE = small_catalogue()
TOML = """
version = 1
title = "Tiny"
[[nations]]
name = "Wales"
gss = "W92000004"
[populations.people]
description = "people"
[datasets."road.casualties"]
title = "t"
description = "d"
population = "people"
unit = "casualty"
unit_description = "one injury"
max_rows_per_unit = 1
[[datasets."road.casualties".columns]]
name = "cost"
type = "number"
description = "pounds"
lower = -0.5
upper = 12.25
decimals = 2
"""


def read(folder: Path, text: str) -> Catalogue:
    path = folder / "catalogue.toml"
    path.write_text(text)
    return load(path)


def test_a_file_is_read(tmp_path: Path) -> None:
    column = read(tmp_path, TOML).dataset("road.casualties").column("cost")
    assert (column.lower, column.upper, column.fixed_lower, column.fixed_upper) == (
        Decimal("-0.5"),
        Decimal("12.25"),
        -50,
        1225,
    )


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("version = 1", "version = 0", "version"),
        ('title = "Tiny"', 'title = "Tiny"\ncolour = "red"', "colour"),
        ('unit = "casualty"', 'unit = "Casualty 1"', "unit"),
        ('population = "people"', 'population = "animals"', "unknown population"),
        ("max_rows_per_unit = 1", "max_rows_per_unit = 0", "max_rows_per_unit"),
        ("lower = -0.5", "lower = 13", "lower < upper"),
        ("lower = -0.5", "", "lower < upper"),
        ("decimals = 2", "decimals = 7", "decimals"),
        ("decimals = 2", "decimals = 1", "decimals"),
        ("decimals = 2", "key = 3", "key"),
        ('name = "cost"', 'name = "nation"', "attribute of nodes"),
        ("upper = 12.25", "upper = 99999999", "2**31"),
        ("version = 1", "version = ", "TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    assert old in TOML
    with pytest.raises(Refusal) as refused:
        read(tmp_path, TOML.replace(old, new, 1))
    assert refused.value.reason is Reason.WRONG_FILE
    assert place in refused.value.message
    assert "catalogue.toml" in refused.value.field


@pytest.mark.parametrize(
    ("old", "new", "unknown"),
    [
        ("version = 1", "verison = 1", "verison"),
        ('unit = "casualty"', 'unti = "casualty"', "datasets.road.casualties.unti"),
        ("max_rows_per_unit = 1", "max_rows = 1\nmax_rows_per_unit = 0", "datasets.road.casualties.max_rows"),
    ],
)
def test_a_misspelt_key_is_named_before_anything_that_follows_from_it(
    tmp_path: Path, old: str, new: str, unknown: str
) -> None:
    assert old in TOML
    with pytest.raises(Refusal, match="there is no such key") as refused:
        read(tmp_path, TOML.replace(old, new, 1))
    assert f"catalogue.toml: {unknown}: " in refused.value.message
    assert refused.value.field.endswith(f"catalogue.toml: {unknown}")


def test_a_misspelt_key_is_told_with_the_key_that_it_may_have_meant(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"verison: there is no such key.*still missing: version$"):
        read(tmp_path, TOML.replace("version", "verison", 1))


@pytest.mark.parametrize(("make", "told"), [(Path.mkdir, "cannot be read"), (Path.touch, "missing|required")])
def test_what_is_no_file_of_text_is_refused(tmp_path: Path, make: Callable[[Path], None], told: str) -> None:
    make(tmp_path / "catalogue.toml")
    with pytest.raises(Refusal, match=told):
        load(tmp_path / "catalogue.toml")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").write_bytes('title = "Té"'.encode("latin-1"))
    with pytest.raises(Refusal, match="UTF-8"):
        load(tmp_path / "catalogue.toml")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no such file"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    "definition",
    [
        code("mode"),
        code("mode", "A", "A"),
        {**code("mode", "A"), "lower": 1},
        {**number("age", 0, 9), "codes": ["A"]},
        number("age", 0, 10_000, key=True),
        number("age", 5, 5),
        code("Mode", "A"),
        code("holder", "A"),
        code("mode", "A", across_nations="not comparable"),
        code("mode", "A", across_nations="with caveat", across_nations_note="  "),
        code("mode", "A", across_nations_note="A note on nothing."),
        code("mode", "A", across_nations="perhaps", across_nations_note="A note."),
        code("mode", "A", since=0),
    ],
)
def test_an_inconsistent_column_is_refused(definition: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Column.model_validate(definition)


def test_domains_are_in_stored_order_with_missing_last() -> None:
    sex = Column.model_validate(code("sex", "Male", "Female"))
    assert sex.domain == ("Male", "Female", None)
    assert sex.stored_domain == (0, 1, None)
    dose = Column.model_validate({**number("dose", Decimal("-0.1"), Decimal("0.1"), nullable=False), "decimals": 1})
    assert dose.domain == (Decimal("-0.1"), Decimal("0.0"), Decimal("0.1"))
    assert dose.stored_domain == (-1, 0, 1)
    assert len(dose.domain) == dose.fixed_upper - dose.fixed_lower + 1


def test_codes_may_be_keys_and_numbers_only_where_they_say_so() -> None:
    assert Column.model_validate(code("sex", "Male")).may_be_key
    assert not Column.model_validate({**code("sex", "Male"), "key": False}).may_be_key
    assert not Column.model_validate(number("age", 0, 9)).may_be_key
    assert Column.model_validate(number("age", 0, 9, key=True)).may_be_key


def test_every_column_is_constant_where_a_unit_has_one_row() -> None:
    assert CATALOGUE.dataset("road.casualties").constant_within_unit("sex")
    visits = CATALOGUE.dataset("health.visits")
    assert visits.constant_within_unit("sex")
    assert not visits.constant_within_unit("clinic")


def test_totals_are_named_for_exactly_their_nations() -> None:
    assert CATALOGUE.total_name(frozenset({"England", "Wales", "Scotland", "Northern Ireland"})) == "United Kingdom"
    assert CATALOGUE.total_name(frozenset({"England", "Wales", "Scotland"})) == "Great Britain"
    assert CATALOGUE.total_name(frozenset({"Wales", "England"})) == "England and Wales"


def test_a_total_without_a_name_is_called_by_its_nations() -> None:
    unnamed = frozenset({"Northern Ireland", "England", "Scotland"})
    assert CATALOGUE.total_name(unnamed) == "England, Scotland and Northern Ireland"


def test_the_hash_follows_the_content_and_not_the_layout(tmp_path: Path) -> None:
    first = read(tmp_path, TOML)
    assert read(tmp_path, "# a comment\n" + TOML.replace(" = ", "=")).sha256 == first.sha256
    assert read(tmp_path, TOML.replace("12.25", "12.24")).sha256 != first.sha256


def test_the_hash_does_not_follow_the_order_of_tables(tmp_path: Path) -> None:
    animals = '[populations.animals]\ndescription = "animals"\n'
    people = '[populations.people]\ndescription = "people"\n'
    assert people in TOML
    one, other = (read(tmp_path, TOML.replace(people, tables)) for tables in (animals + people, people + animals))
    assert one.sha256 == other.sha256


def test_a_data_sets_hash_changes_with_its_definition_alone() -> None:
    content = CATALOGUE.model_dump(mode="json")
    other = copy.deepcopy(content)
    other["datasets"]["health.visits"]["columns"][0]["codes"].append("G")
    changed = Catalogue.model_validate(other)
    assert changed.sha256 != CATALOGUE.sha256
    for name, same in [("road.casualties", True), ("health.visits", False)]:
        before, after = CATALOGUE.dataset(name), changed.dataset(name)
        assert (before.definition_sha256 == after.definition_sha256) is same


def change(version: int, day: int) -> dict[str, object]:
    return {"version": version, "date": date(2026, 3, day), "what": "Something."}


def versioned(version: int, *changes: dict[str, object], since: int = 1) -> Catalogue:
    content: Any = CATALOGUE.model_dump(mode="json")
    content.update(version=version, history=changes)
    content["datasets"]["road.casualties"]["columns"][0]["since"] = since
    return Catalogue.model_validate(content)


def test_a_history_ends_with_its_catalogues_own_version() -> None:
    assert [entry.version for entry in versioned(4, change(1, 1), change(4, 1), since=4).history] == [1, 4]
    assert versioned(1).history == ()


@pytest.mark.parametrize(
    ("version", "changes"),
    [
        (2, []),
        (2, [change(1, 1)]),
        (1, [change(1, 1), change(2, 2)]),
        (3, [change(2, 1), change(2, 2), change(3, 3)]),
        (3, [change(2, 1), change(1, 2), change(3, 3)]),
        (2, [change(1, 2), change(2, 1)]),
    ],
)
def test_a_history_that_does_not_ascend_to_the_version_is_refused(version: int, changes: list[Any]) -> None:
    with pytest.raises(ValidationError, match="history"):
        versioned(version, *changes)


def test_a_column_of_a_version_yet_to_come_is_refused() -> None:
    with pytest.raises(ValidationError, match="yet to come"):
        versioned(2, change(2, 1), since=3)


def test_what_compares_is_part_of_the_hash() -> None:
    assert comparing(mode="not comparable").sha256 != comparing(mode="with caveat").sha256 != CATALOGUE.sha256


def test_unknown_names_are_refused_with_what_there_is() -> None:
    with pytest.raises(Refusal, match=r"road\.casualties, health\.visits") as refused:
        CATALOGUE.dataset("road.accidents")
    assert refused.value.reason is Reason.UNKNOWN_DATASET
    with pytest.raises(Refusal, match="severity") as refused:
        CATALOGUE.dataset("road.casualties").column("colour")
    assert refused.value.reason is Reason.UNKNOWN_COLUMN


@pytest.mark.parametrize(
    ("where", "value"),
    [(("totals", 0, "nations"), ["France"]), (("datasets", "road.casualties", "expected_units"), {"France": 3})],
)
def test_names_of_nations_must_be_known(where: tuple[Any, ...], value: object) -> None:
    content: Any = CATALOGUE.model_dump(mode="json")
    inner = content
    for step in where[:-1]:
        inner = inner[step]
    inner[where[-1]] = value
    with pytest.raises(ValidationError, match="unknown nation"):
        Catalogue.model_validate(content)


def test_the_bytes_that_the_hash_is_taken_over_are_read_back_as_the_same_catalogue() -> None:
    content = small_catalogue().model_dump(mode="json")
    days = {"type": "date", "lower": date(2016, 2, 28), "upper": date(2017, 1, 1)}
    content["datasets"]["road.casualties"]["columns"][1] = {"name": "day", "description": "day", **days}
    catalogue = Catalogue.model_validate(content)
    assert Catalogue.model_validate_json(content_bytes(catalogue)) == catalogue
    assert hashlib.sha256(content_bytes(catalogue)).hexdigest() == catalogue.sha256


def with_second(**changed: object) -> Catalogue:
    """The small catalogue with road.collisions, about the people of road.casualties unless it is changed to another."""
    content: Any = small_catalogue().model_dump(mode="json")
    collisions = {**content["datasets"]["road.casualties"], "unit": "collision", "encloses": "casualty", **changed}
    content["datasets"]["road.collisions"] = collisions
    return Catalogue.model_validate(content)


def test_data_sets_of_one_population_are_charged_for_the_same_unit() -> None:
    assert with_second().dataset("road.collisions").encloses == "casualty"
    with_second(unit="casualty", encloses=None)
    with_second(encloses=None, population="patients", unit="patient")
    for wrong in ({"encloses": None}, {"encloses": "vehicle"}):
        with pytest.raises(ValidationError, match="is charged for one 'casualty'"):
            with_second(**wrong)


def test_a_unit_does_not_enclose_itself() -> None:
    with pytest.raises(ValidationError, match="not the unit itself"):
        with_second(encloses="collision")


def test_what_a_unit_encloses_is_part_of_the_definition() -> None:
    plain, other = small_catalogue(), enclosing("health.visits", "visit")
    assert plain.dataset("health.visits").definition_sha256 != other.dataset("health.visits").definition_sha256


@pytest.mark.parametrize(
    ("cube", "told"),
    [
        ({"keys": ["practice"]}, "'practice', whose texts are private"),
        ({"keys": ["sex", "practice"]}, "'practice', whose texts are private"),
        ({"keys": ["sex"], "for_each": ["practice"]}, "'practice', whose texts are private"),
        ({"keys": ["cost"]}, "'cost', which cannot be a group key"),
        ({"keys": ["age"]}, "'age', which is no column"),
        ({"keys": ["sex"], "for_each": ["sex"]}, "a column twice"),
        ({"keys": [], "for_each": ["day"]}, "more than 100 combinations of day"),
    ],
)
def test_a_cube_that_no_query_or_not_every_import_could_have_is_refused(cube: dict[str, Any], told: str) -> None:
    def declaring(*cubes: dict[str, Any], max_rows: int = 5) -> Catalogue:
        content = CATALOGUE.model_dump(mode="json")
        content["datasets"] = {"health.visits": content["datasets"]["health.visits"]}
        content["datasets"]["health.visits"] |= {
            "max_rows_per_unit": max_rows,
            "columns": [
                text("practice"),
                code("sex", "Female", "Male"),
                number("cost", 0, 9),
                number("day", 0, 100, key=True),
            ],
            "cubes": [{"max_groups": 1, "max_rows": 1} | each for each in cubes],
        }
        return Catalogue.model_validate(content)

    declaring({"keys": ["sex", "day"]})
    with pytest.raises(ValidationError, match=told):
        declaring(cube)
    with pytest.raises(ValidationError, match="units of several rows"):
        declaring({"keys": ["sex"]}, max_rows=1)
