"""A query that a cube answers has the result that it has without: the marks are the plain formulation's choice."""

from decimal import Decimal

import duckdb
import pytest
from concordat_node.engine import cubes
from concordat_node.importing import edition, marking
from concordat_privacy.plan import plan
from concordat_query.catalogue import Cube, Dataset
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.model import Aggregate, Comparator, Comparison, Condition, Statistic
from fakes.catalogue import small_catalogue
from fakes.editions import Row
from fakes.engine import COUNT, VISITS, query
from fakes.scans import FakeTable, Units
from hypothesis import given, settings
from hypothesis import strategies as st

BARE = small_catalogue().dataset(VISITS)
FEMALE: Condition = Comparison("sex", Comparator.EQUAL, "Female")
AGGREGATES = (
    COUNT,
    Aggregate(Statistic.COUNT_UNITS),
    Aggregate(Statistic.VAR_SAMP, "weight"),
    Aggregate(Statistic.SUM, "cost", Comparison("weight", Comparator.GREATER, Decimal(100))),
    Aggregate(Statistic.PERCENTILE_CONT, "weight", fraction=Decimal("0.5")),
)
COVERAGES = [Coverage(), Coverage(columns=(ColumnCoverage("sex", rows=Comparison("clinic", Comparator.EQUAL, "A")),))]


def _units() -> st.SearchStrategy[Units]:
    row = st.fixed_dictionaries(
        {"clinic": st.integers(0, 5), "cost": st.integers(-500, 25_000), "weight": st.none() | st.integers(0, 300)}
    )
    unit = st.tuples(st.sampled_from([None, 0, 1]), st.lists(row, min_size=1, max_size=20))
    return st.lists(unit.map(lambda each: [{**row, "sex": each[0]} for row in each[1]]), max_size=4)


def _cubes() -> st.SearchStrategy[Cube]:
    return st.builds(
        Cube,
        keys=st.permutations(["clinic", "sex"]).flatmap(
            lambda names: st.sampled_from([(), tuple(names[:1]), tuple(names)])
        ),
        max_groups=st.integers(1, 7),
        max_rows=st.integers(1, 5),
    ).flatmap(lambda cube: st.sampled_from([cube, *_for_each(cube)]))


def _for_each(cube: Cube) -> list[Cube]:
    free = [name for name in ("clinic", "sex") if name not in cube.keys]
    return [cube.model_copy(update={"for_each": tuple(names)}) for names in (free, free[:1]) if names]


def _dataset(*declared: Cube) -> Dataset:
    return Dataset.model_validate({**BARE.model_dump(), "cubes": [cube.model_dump() for cube in declared]})


def _marked(dataset: Dataset, units: Units, coverage: Coverage) -> FakeTable:
    table = FakeTable(duckdb.connect(":memory:", config={"threads": 1}), dataset)
    table.fill(units)
    table.connection.execute("ALTER TABLE rows RENAME TO unmarked")
    table.connection.execute("ATTACH ':memory:' AS edition")
    table.connection.execute(edition.table_ddl(dataset, f"edition.{edition.TABLE}"))
    marking.write_marked(table.connection, dataset, coverage)
    table.connection.execute("USE edition")
    return table


@settings(max_examples=30, deadline=None)
@given(_units(), st.lists(_cubes(), min_size=1, max_size=3), st.sampled_from(COVERAGES))
def test_answers_from_a_cube_are_those_of_the_rows_that_the_rules_choose(
    units: Units, declared: list[Cube], coverage: Coverage
) -> None:
    dataset = _dataset(*declared)
    table = _marked(dataset, units, coverage)
    for cube in declared:
        for where in cubes.conditions(cube, dataset):
            asked = query(VISITS, cube.keys, AGGREGATES, where, max_groups=cube.max_groups, max_rows=cube.max_rows)
            assert cubes.serving(asked, dataset) is not None
            planned = plan(asked, dataset)
            assert table.exact(planned, coverage) == table.expected(planned, units, coverage)


def test_answers_come_from_the_marks_where_there_are_some() -> None:
    cube = Cube(keys=("clinic",), max_groups=1, max_rows=1)
    units: Units = [[{"clinic": clinic, "sex": 0, "cost": 0} for clinic in range(6)]] * 3
    table = _marked(_dataset(cube), units, Coverage())
    planned = plan(query(VISITS, ("clinic",), [COUNT]), table.dataset)
    assert sum(map(sum, table.exact(planned))) == 3
    table.connection.execute("UPDATE rows SET cubes = 0")
    assert sum(map(sum, table.exact(planned))) == 0


def test_rows_stay_in_their_order_however_many_are_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marking, "CHUNK", 7)
    units: list[list[Row]] = [[{"clinic": clinic % 6, "sex": 0, "cost": 0} for clinic in range(9)] for _ in range(5)]
    table = _marked(_dataset(Cube(keys=("clinic",), max_groups=2, max_rows=1)), units, Coverage())
    found = table.connection.execute("SELECT unit, row_key, cubes FROM rows").fetchall()
    assert len(found) == 45
    assert [row[:2] for row in found] == sorted(row[:2] for row in found)
    assert sum(row[2] for row in found) == 10


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_which_rows_are_marked_depends_on_their_own_unit_alone(gone: int) -> None:
    units: list[list[Row]] = [[{"clinic": clinic % 6, "sex": 0, "cost": 0} for clinic in range(9)] for _ in range(3)]
    dataset = _dataset(Cube(keys=("clinic",), max_groups=2, max_rows=1))
    without: list[list[Row]] = [[] if number == gone else rows for number, rows in enumerate(units)]
    sql = "SELECT unit, row_key, cubes FROM rows"
    with_it = [row for row in _marked(dataset, units, Coverage()).connection.execute(sql).fetchall() if row[0] != gone]
    assert _marked(dataset, without, Coverage()).connection.execute(sql).fetchall() == with_it
