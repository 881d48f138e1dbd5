"""A profile counts what its words say, and one unit's rows in the source move no vector further than it claims."""

# ruff: noqa: S311 - reproducible samples, not secrets

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from concordat_node.importing import edition
from concordat_node.importing.build import import_dataset
from concordat_node.importing.edition import Loss
from concordat_node.importing.mapping import load
from concordat_privacy.laws import Sensitivity
from concordat_privacy.profile import Losing, ProfilePlan, Subject, plan_profile
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.model import Comparator, Comparison
from fakes import dirty_sources
from fakes.catalogue import small_catalogue
from fakes.dirty_sources import Record, content, random_records
from fakes.editions import Row, build_edition
from fakes.engine import VISITS
from fakes.profiles import Vectors, exact_profile, expected_profile, profile_request

KEYS = ("clinic", "sex", "year")
GOOD: Record = {
    "pid": "heavy", "clinic": "A", "year": 2010, "sex": "Male", "born": "1950", "cost": "12.5", "units": 1,
    "factor": "1", "divisor": 2, "ward": 1, "moved": 0, "status": "final",
}  # fmt: skip


@dataclass
class Source:
    """A node's source, imported anew for every list of records under one key."""

    folder: Path
    max_rows: int

    def __post_init__(self) -> None:
        self.dataset = dirty_sources.dirty_catalogue(self.max_rows).dataset(VISITS)

    def path(self, records: Sequence[Record]) -> Path:
        (self.folder / "mapping.toml").write_text(dirty_sources.mapping_text())
        mapping = load(self.folder / "mapping.toml", dirty_sources.dirty_catalogue(self.max_rows))
        dirty_sources.write_sources(self.folder / "data", records)
        import_dataset(mapping, self.folder / "data", self.folder / "state")
        return edition.current(self.folder / "state", VISITS).path

    def plan(self, keys: Sequence[str], max_groups: int, max_rows: int) -> ProfilePlan:
        asked = profile_request(self.dataset, VISITS, keys, max_groups=max_groups, max_rows=max_rows)
        return plan_profile(asked, self.dataset)

    def units(self, path: Path) -> dict[tuple[int, int], tuple[Loss, Sequence[Row]]]:
        names = [column.name for column in self.dataset.columns]
        found: dict[tuple[int, int], tuple[Loss, Sequence[Row]]] = {}
        for token, rows in content(path).items():
            (losses,) = {values[0] for values in rows.values()}
            found[token] = (Loss(losses or 0), [dict(zip(names, values[1:], strict=True)) for values in rows.values()])
        return found


def moved(plan: ProfilePlan, one: Vectors, other: Vectors) -> dict[Subject | str, Sensitivity]:
    """How far each vector moved, by subject or key."""
    return {
        vector.key or vector.subject: Sensitivity(
            l1=sum(abs(a - b) for a, b in zip(left, right, strict=True)),
            squared=sum((a - b) ** 2 for a, b in zip(left, right, strict=True)),
        )
        for vector, left, right in zip(plan.vectors, one, other, strict=True)
    }


def claimed(plan: ProfilePlan) -> dict[Subject | str, Sensitivity]:
    return {vector.key or vector.subject: vector.sensitivity for vector in plan.vectors}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("max_rows", [1, 3, 50])
def test_one_units_rows_in_the_source_move_each_vector_within_its_claim(
    tmp_path: Path, seed: int, max_rows: int
) -> None:
    chance = random.Random(seed)
    source, records = Source(tmp_path, max_rows), random_records(chance)
    whole = source.path(records)
    plans = [source.plan(keys, k, c) for keys in (KEYS, ("clinic",), ()) for k, c in ((1, 1), (2, 1), (1, 2))]
    before = [exact_profile(plan, source.dataset, whole) for plan in plans]
    for plan, exact in zip(plans, before, strict=True):
        assert exact == expected_profile(plan, source.dataset, source.units(whole))
    pid = chance.choice(sorted({str(record["pid"]) for record in records if record["pid"] is not None}))
    without = source.path([record for record in records if record["pid"] != pid])
    for plan, exact in zip(plans, before, strict=True):
        distances = moved(plan, exact, exact_profile(plan, source.dataset, without))
        for name, limit in claimed(plan).items():
            assert distances[name].l1 <= limit.l1
            assert distances[name].squared <= limit.squared


def heavy(count: int, **values: Sequence[object]) -> list[Record]:
    """One unit's rows: `count` of them, taking the values given in turn."""
    return [GOOD | {name: given[rank % len(given)] for name, given in values.items()} for rank in range(count)]


@pytest.mark.parametrize(
    ("max_rows", "rows", "keys", "limits", "expected"),
    [
        # Every row of another clinic and year: all that sizes and rows can move.
        (3, heavy(3, clinic=["A", "B", "C's"], year=[2010, 2011, 2012]), KEYS, (2, 1),
         {Subject.UNITS: 1, Subject.ROWS: 9, "clinic": 3, "sex": 1, "year": 3}),
        # Fewer rows than values.
        (2, heavy(2, clinic=["A", "B"]), ("clinic",), (1, 1), {"clinic": 2, Subject.ROWS: 4}),
        # One row a unit: whatever was cut off, at most two entries.
        (1, heavy(3, year=[1066]), KEYS, (1, 1), {Subject.UNITS: 1, Subject.LOSSES: 2, "clinic": 1}),
        # Over every limit at once.
        (50, heavy(90, clinic=["A", "B"], year=[1066]), KEYS, (1, 1), {Subject.LOSSES: 4, Subject.ROWS: 2500}),
        # Rows enough for a row over or a group over, not for both.
        (2, heavy(9, clinic=["A"], year=[1066]), KEYS, (1, 1), {Subject.LOSSES: 3}),
    ],
)  # fmt: skip
def test_each_claim_is_attained(
    tmp_path: Path,
    max_rows: int,
    rows: list[Record],
    keys: Sequence[str],
    limits: tuple[int, int],
    expected: dict[Subject | str, int],
) -> None:
    source = Source(tmp_path, max_rows)
    others = random_records(random.Random(3))
    plan = source.plan(keys, *limits)
    with_it = exact_profile(plan, source.dataset, source.path(others + rows))
    distances = moved(plan, with_it, exact_profile(plan, source.dataset, source.path(others)))
    for name, squared in expected.items():
        assert distances[name] == claimed(plan)[name], name
        assert distances[name].squared == squared, name


@pytest.mark.parametrize(("count", "losing"), [(3, set()), (4, {Losing.ROW_AT_IMPORT})])
def test_a_unit_at_the_limit_loses_nothing_and_one_over_it_does(
    tmp_path: Path, count: int, losing: set[Losing]
) -> None:
    source = Source(tmp_path, 3)
    plan = source.plan(("clinic",), 1, 2)
    exact = exact_profile(plan, source.dataset, source.path(heavy(count, clinic=["A"])))
    index = [vector.subject for vector in plan.vectors].index(Subject.LOSSES)
    lost = {name for name, figure in zip(plan.losses, exact[index], strict=True) if figure}
    assert lost == losing | {Losing.ROW_IN_CELL}  # three rows are kept, two would be


def test_keys_count_only_where_they_are_held_and_what_import_cut_off_counts_everywhere(tmp_path: Path) -> None:
    dataset = small_catalogue().dataset(VISITS)
    units: list[list[Row]] = [
        [{"clinic": c, "sex": s, "cost": 5, "weight": None} for c in clinics]
        for s, clinics in ((0, (0, 0, 1)), (1, (2,)), (None, (3, 4, 4, 4)), (0, (5, 5)))
    ]
    losses = {1: Loss.ROW, 2: Loss.ROW | Loss.CLAMPED}
    held = Coverage(columns=(ColumnCoverage("sex", rows=Comparison("clinic", Comparator.EQUAL, "A")),))
    info = build_edition(tmp_path, VISITS, dataset, units, losses=losses)
    plan = plan_profile(profile_request(dataset, VISITS, ("clinic", "sex")), dataset)
    exact = exact_profile(plan, dataset, info.path, held)
    given = {number: (losses.get(number, Loss(0)), rows) for number, rows in enumerate(units)}
    assert exact == expected_profile(plan, dataset, given, held)
    assert exact == [[4], [10], [2, 1, 1, 0], [1, 1, 1, 1, 1, 1], [1, 0, 0]]


def test_an_empty_edition_is_all_zeros(tmp_path: Path) -> None:
    source = Source(tmp_path, 3)
    plan = source.plan(KEYS, 1, 1)
    assert exact_profile(plan, source.dataset, source.path([])) == [[0] * v.length for v in plan.vectors]
