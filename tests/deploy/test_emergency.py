"""The example of a data set of one's own: four ways of recording become one, exactly, and what is broken is repaired.

The generator knows what happened; editions are compared with that, through nothing but plain Python.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import attendances as generator
import duckdb
import local_england
import local_northern_ireland
import local_scotland
import local_wales
import numpy as np
import pytest
from attendances import AGE_GROUP_STARTS, AGE_GROUPS, MISSING, NATIONS, Attendances
from concordat_node.importing import edition
from concordat_node.importing.build import import_dataset
from concordat_node.importing.mapping import load
from concordat_node.importing.report import Report
from concordat_query import agreement as agreements
from concordat_query import catalogue as catalogues
from concordat_query.coverage import Held, held_by_cell
from concordat_query.text import parse_condition
from layout import lay_out, mapping_path
from records import truth, write_records

EXAMPLE = Path(generator.__file__).parent
CATALOGUE = catalogues.load(EXAMPLE / "catalogue.toml")
NAME = "emergency.attendances"
DATASET = CATALOGUE.dataset(NAME)
LIMIT = DATASET.max_rows_per_unit
LOST = {
    "England": local_england.LOST,
    "Scotland": local_scotland.LOST,
    "Wales": local_wales.LOST,
    "Northern Ireland": local_northern_ireland.LOST,
}
Row = tuple[int | None, ...]
"""An edition's row in the catalogue's order of columns, without sex, which a unit's rows are made to agree in, and
without texts, whose numbers say nothing by themselves."""
Unit = tuple[Row, ...]
"""Its rows, sorted."""
COLUMNS = [column.name for column in DATASET.columns if column.name not in ("sex", "practice")]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("emergency")
    write_records(folder)
    return folder


@lru_cache
def imported(records: Path, nation: str) -> tuple[Path, Report]:
    """The file of a nation's edition, imported once, and the custodian's report."""
    state = records.parent / f"{records.name} {nation}"
    report = import_dataset(load(mapping_path(EXAMPLE, nation), CATALOGUE), records, state)
    return edition.current(state, NAME).path, report


def units_of(path: Path, columns: list[str]) -> list[Unit]:
    """The units of an edition: each its rows."""
    with duckdb.connect(path, read_only=True) as connection:
        found = connection.execute(f"SELECT unit, {', '.join(columns)} FROM rows").fetchall()  # noqa: S608
    return grouped(found)


def grouped(rows: list[tuple[int | None, ...]]) -> list[Unit]:
    by_unit: dict[int | None, list[Row]] = {}
    for unit, *values in rows:
        by_unit.setdefault(unit, []).append(tuple(values))
    return [tuple(sorted(rows, key=repr)) for rows in by_unit.values()]


def expected(nation: str, happened: Attendances, columns: list[str]) -> list[Unit]:
    """What an edition must hold of what happened, units of any size whole."""
    rows = in_catalogues_terms(nation, happened)
    return grouped([(row["patient"], *(row[name] for name in columns)) for row in rows])


def in_catalogues_terms(nation: str, happened: Attendances) -> Iterator[Mapping[str, int | None]]:
    northern_ireland = nation == "Northern Ireland"
    days = (generator.FIRST_DAY + happened.day).astype("datetime64[D]").astype(int)
    for place, day in enumerate(days.tolist()):
        stay, age = int(happened.stay[place]), int(happened.age[place])
        grouped_by = int(happened.age_at_start[place]) if northern_ireland else age
        too_long = None if northern_ireland else 1440
        yield {
            "patient": int(happened.patient[place]),
            "arrival_date": day,
            "attendance_category": int(happened.category[place]),
            "department_type": int(happened.department[place]),
            "minutes_in_department": None if stay == MISSING else stay if stay <= 1440 else too_long,
            "triage": known(happened.triage[place]),
            "arrival_mode": known(happened.ambulance[place]),
            "outcome": known(happened.outcome[place]),
            "sex": known(happened.sex[place]),
            "age": None if northern_ireland or age == MISSING else min(age, 100),
            "age_group": None if grouped_by == MISSING else sum(grouped_by >= s for s in AGE_GROUP_STARTS) - 1,
        }


def known(value: np.int64) -> int | None:
    return None if value == MISSING else int(value)


@pytest.mark.parametrize("nation", ["England", "Wales"])
def test_practices_are_the_patients_own_however_they_were_spaced(records: Path, nation: str) -> None:
    path, _ = imported(records, nation)
    with duckdb.connect(path, read_only=True) as connection:
        found = connection.execute(
            "SELECT text, count(DISTINCT unit) FROM rows LEFT JOIN text_practice ON practice = code GROUP BY text"
        ).fetchall()
    happened = truth()[nation]
    held = happened.take(np.isin(happened.department, (generator.MAJOR, generator.MINOR)) | (nation == "England"))
    of_patient = dict(zip(held.patient.tolist(), held.practice.tolist(), strict=True))
    wanted = Counter(None if own == MISSING else generator.PRACTICES[own] for own in of_patient.values())
    assert dict(found) == wanted
    assert min(count for text, count in found if text is not None) < 40 < max(count for _, count in found)


def test_the_generators_words_are_the_catalogues() -> None:
    codes = {column.name: column.codes for column in DATASET.columns}
    assert codes["attendance_category"] == generator.CATEGORIES
    assert codes["department_type"] == generator.DEPARTMENTS
    assert codes["triage"] == generator.TRIAGE
    assert codes["outcome"] == generator.OUTCOMES
    assert codes["sex"] == generator.SEXES
    assert codes["age_group"] == AGE_GROUPS


@pytest.mark.parametrize("nation", list(NATIONS))
def test_an_edition_holds_exactly_what_happened_patient_by_patient(records: Path, nation: str) -> None:
    path, _ = imported(records, nation)
    found, wanted = units_of(path, COLUMNS), expected(nation, truth()[nation], COLUMNS)
    assert len(found) == len(wanted)
    assert Counter(u for u in found if len(u) < LIMIT) == Counter(u for u in wanted if len(u) < LIMIT)


@pytest.mark.parametrize("nation", list(NATIONS))
def test_a_patient_of_more_attendances_than_the_catalogue_allows_keeps_as_many_of_their_own(
    records: Path, nation: str
) -> None:
    path, report = imported(records, nation)
    found = [unit for unit in units_of(path, COLUMNS) if len(unit) >= LIMIT]
    wanted = [unit for unit in expected(nation, truth()[nation], COLUMNS) if len(unit) >= LIMIT]
    assert [len(unit) for unit in found] == [LIMIT] * generator.FREQUENT
    assert sorted(len(unit) for unit in wanted) == [generator.FREQUENT_TIMES] * generator.FREQUENT
    for unit in found:
        assert sum(not Counter(unit) - Counter(whole) for whole in wanted) == 1, "its rows are of one patient"
    assert report.rows_trimmed == generator.FREQUENT * (generator.FREQUENT_TIMES - LIMIT)


def test_which_attendances_are_kept_depends_on_the_nodes_key_and_not_on_their_order(
    records: Path, tmp_path: Path
) -> None:
    path, _ = imported(records, "Wales")
    mapping = load(mapping_path(EXAMPLE, "Wales"), CATALOGUE)
    header, *lines = (records / local_wales.FILE).read_text().splitlines()
    (tmp_path / local_wales.FILE).write_text("\n".join([header, *reversed(lines)]))

    def kept_from(folder: Path) -> Counter[Unit]:
        import_dataset(mapping, folder, tmp_path / "state")
        return Counter(units_of(edition.current(tmp_path / "state", NAME).path, COLUMNS))

    forwards, backwards = kept_from(records), kept_from(tmp_path)
    assert forwards == backwards, "under one key the same rows are kept"
    assert forwards != Counter(units_of(path, COLUMNS)), "under another key others are"


@pytest.mark.parametrize("nation", list(NATIONS))
def test_a_patients_sex_is_one_that_was_recorded_for_them_on_all_their_rows(records: Path, nation: str) -> None:
    path, report = imported(records, nation)
    happened = truth()[nation]
    found = {len(set(unit)) for unit in units_of(path, ["sex"])}
    assert found == {1}
    agreeing = {True: 0, False: 0}
    for unit in expected(nation, happened, ["sex"]):
        agreeing[len(set(unit)) == 1] += 1
    assert agreeing[False] > 0
    assert report.rows_made_constant >= agreeing[False] - generator.FREQUENT, "a trimmed unit may happen to agree"
    alone = Counter(unit for unit in expected(nation, happened, ["sex"]) if len(unit) == 1)
    assert Counter(unit for unit in units_of(path, ["sex"]) if len(unit) == 1) == alone


@pytest.mark.parametrize("nation", list(NATIONS))
def test_rows_that_lack_what_a_record_needs_are_dropped_and_counted(records: Path, nation: str) -> None:
    _, report = imported(records, nation)
    reasons = {
        "token_person_id": "no unit id",
        "chi_pseudonym": "no unit id",
        "nhs_pseudonym": "no unit id",
        "hcn_pseudonym": "no unit id",
        "ec_department_type": "department_type: no usable value",
        "department_type": "department_type: no usable value",
        "unit_type": "department_type: no usable value",
        "ed_type": "department_type: no usable value",
        "arrival_date": "arrival_date: no usable value",
        "arrival_datetime": "arrival_date: no usable value",
    }
    lost = {reasons[column]: count for column, (count, _) in LOST[nation].items()}
    assert {reason: count for reason, count in report.dropped.items() if count} == lost
    assert report.rows_read == NATIONS[nation].attendances + sum(lost.values())
    assert report.malformed_lines == ({"attendance": local_wales.BROKEN_LINES} if nation == "Wales" else {})


def test_four_ways_of_recording_the_same_attendances_give_the_same_edition(tmp_path: Path) -> None:
    """But for age, which Northern Ireland's source does not hold, and stays beyond a day, which it never closes."""
    england = truth()["England"]
    common = (england.category == 0) & np.isin(england.department, (generator.MAJOR, generator.MINOR))
    happened = england.take(common & (england.stay <= 1440))
    write_records(tmp_path / "same", dict.fromkeys(NATIONS, happened))
    columns = [name for name in COLUMNS if name not in ("age", "age_group")]
    found = {}
    for nation in NATIONS:
        path, _ = imported(tmp_path / "same", nation)
        found[nation] = Counter(unit for unit in units_of(path, columns) if len(unit) < LIMIT)
    assert len(found["England"]) > 5_000
    for nation in NATIONS:
        assert found[nation] == found["England"], nation


@pytest.mark.parametrize(
    ("where", "held"),
    [
        ("attendance_category = 'Planned follow-up'", {"England": Held.ALL, "Wales": Held.PART}),
        ("department_type = 'Walk-in centre'", {"England": Held.ALL}),
        ("department_type = 'Single specialty department'", {"England": Held.ALL, "Northern Ireland": Held.PART}),
        (
            "attendance_category = 'Unplanned' AND department_type = 'Major emergency department'",
            dict.fromkeys(NATIONS, Held.ALL),
        ),
    ],
)
def test_what_a_nation_does_not_hold_is_declared(where: str, held: Mapping[str, Held]) -> None:
    condition = parse_condition(where, DATASET)
    for nation in NATIONS:
        coverage = load(mapping_path(EXAMPLE, nation), CATALOGUE).coverage
        assert held_by_cell(DATASET, coverage, condition, (), ["triage"]) == [held.get(nation, Held.NOTHING)], nation


def test_every_known_difference_is_declared() -> None:
    def words(nation: str, column: str) -> str:
        return load(mapping_path(EXAMPLE, nation), CATALOGUE).coverage.of(column).difference

    assert "person stated" in words("England", "sex")
    assert "not part" in words("Scotland", "attendance_category")
    assert "ambulance outside" in words("Wales", "minutes_in_department")
    assert "turned round" in words("Wales", "triage")
    assert "nobody closed" in words("Northern Ireland", "minutes_in_department")
    assert "years of birth" in words("Northern Ireland", "age_group")


def test_the_terms_make_an_agreement_about_every_column(records: Path, tmp_path: Path) -> None:
    layout = lay_out(tmp_path / "network", records, EXAMPLE)
    agreement = agreements.load(layout.folder("analyst") / "agreement.toml")
    permission = agreement.permission(NAME)
    assert agreement.catalogue_sha256 == CATALOGUE.sha256
    assert permission.columns == tuple(DATASET.by_name)
    assert permission.keys == tuple(column.name for column in DATASET.columns if column.may_be_key)
    assert DATASET.population in agreement.populations
    for node in agreement.parties:
        sources = load(layout.folder(node.node) / "mapping.toml", CATALOGUE).sources.values()
        data = layout.folder(node.node) / "data"
        assert {path.name for path in data.iterdir()} == {source.path for source in sources}, "no other nation's"


def test_the_records_are_the_same_every_time(records: Path, tmp_path: Path) -> None:
    write_records(tmp_path)
    for name in (local_england.FILE, local_scotland.FILE, local_wales.FILE):
        assert (tmp_path / name).read_bytes() == (records / name).read_bytes()


def test_expected_units_are_within_a_tenth_of_what_happened() -> None:
    for nation, happened in truth().items():
        assert DATASET.expected_units[nation] == pytest.approx(len(set(happened.patient.tolist())), rel=0.1)
