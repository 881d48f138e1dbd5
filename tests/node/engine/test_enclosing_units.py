"""Where units enclose several of the population's own, one of these moves no figure further than is charged for.

Neighbouring sources differ by one row: a casualty of a collision, or here a visit of a patient.
"""

# ruff: noqa: S311 - reproducible samples, not secrets

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from concordat.v1.engine_pb2 import EngineResponse
from concordat_node.engine.holdings import open_holdings
from concordat_node.engine.release import Failed, release
from concordat_node.engine.scans import scans
from concordat_node.importing import edition
from concordat_node.importing.build import import_dataset
from concordat_node.importing.mapping import load
from concordat_privacy.plan import Plan, plan
from concordat_privacy.profile import plan_profile
from concordat_query.model import Aggregate, Comparator, Comparison, Condition, Scalar, Statistic
from fakes import dirty_sources
from fakes.catalogue import enclosing, small_catalogue
from fakes.dirty_sources import Content, Record, content, random_records, token_of
from fakes.engine import COUNT, VISITS, FakeNode, query
from fakes.profiles import exact_profile, profile_request

MALE = Comparison("sex", Comparator.EQUAL, "Male")
STATISTICS = (
    COUNT,
    Aggregate(Statistic.COUNT_UNITS),
    Aggregate(Statistic.COUNT_ROWS, filter=MALE),
    Aggregate(Statistic.SUM, "cost"),
    Aggregate(Statistic.VAR_SAMP, "cost"),
    Aggregate(Statistic.CORR, "cost", other="dose"),
    Aggregate(Statistic.PERCENTILE_CONT, "dose", fraction=Decimal("0.5")),
)
GOOD: Record = {
    "pid": "", "clinic": "A", "year": 2011, "sex": "Male", "born": "1950", "cost": "0", "units": 1,
    "factor": "1", "divisor": 2, "ward": 1, "moved": 0, "status": "final",
}  # fmt: skip
LOWEST, MIDDLE, HIGHEST = "-5.00", "122.50", "250.00"
"""The bounds of `cost`, and what lies halfway."""


@dataclass
class Source:
    """A node's source, imported anew for every list of records under one key. A patient encloses visits."""

    folder: Path
    max_rows: int

    def __post_init__(self) -> None:
        self.catalogue = dirty_sources.dirty_catalogue(self.max_rows, encloses="visit")
        self.dataset = self.catalogue.dataset(VISITS)

    def imported(self, records: Sequence[Record]) -> Path:
        (self.folder / "mapping.toml").write_text(dirty_sources.mapping_text())
        self.mapping = load(self.folder / "mapping.toml", self.catalogue)
        dirty_sources.write_sources(self.folder / "data", records)
        import_dataset(self.mapping, self.folder / "data", self.folder / "state")
        return edition.current(self.folder / "state", VISITS).path

    def plan(
        self, keys: Sequence[Scalar], statistics: Sequence[Aggregate], groups: int, rows: int, where: Condition | None
    ) -> Plan:
        asked = query(VISITS, keys, statistics, where, max_groups=groups, max_rows=rows)
        return plan(asked, self.dataset)

    def exact(self, planned: Plan, path: Path) -> list[list[int]]:
        """What the engine adds its noise to, by its own statements."""
        vectors = [[0] * component.length for component in planned.components]
        coverage, everything = self.mapping.coverage, range(len(planned.components))
        with duckdb.connect(path, read_only=True) as connection:
            asked = scans(planned, self.dataset, coverage, everything, edition.TABLE)
            for index, place, value in asked.read(connection):
                vectors[index][place] += value
        return vectors

    def token(self, pid: object) -> tuple[int, int]:
        return token_of((self.folder / "state" / "keys" / "patients.key").read_bytes(), str(pid))


Vectors = Sequence[Sequence[int]]


def moved_in_l1(one: Vectors, other: Vectors) -> list[int]:
    """The L1 distance of each vector."""
    return [sum(abs(a - b) for a, b in zip(*pair, strict=True)) for pair in zip(one, other, strict=True)]


def moved(one: Vectors, other: Vectors) -> list[int]:
    """The squared L2 distance of each vector."""
    return [sum((a - b) ** 2 for a, b in zip(left, right, strict=True)) for left, right in zip(one, other, strict=True)]


def without(content: Content, token: tuple[int, int]) -> Content:
    return {each: rows for each, rows in content.items() if each != token}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("max_rows", [1, 3, 50])
def test_one_row_of_the_source_moves_every_component_within_what_is_charged_for(
    tmp_path: Path, seed: int, max_rows: int
) -> None:
    chance = random.Random(seed)
    source, records = Source(tmp_path, max_rows), random_records(chance)
    plans = [
        source.plan(keys, STATISTICS, groups, rows, where)
        for keys in ((), ("clinic",), ("sex",), ("clinic", "year"))
        for groups, rows in ((1, 1), (2, 1), (1, 3), (30, 50))
        for where in (None, Comparison("year", Comparator.GREATER, Decimal(2010)))
    ]
    plans = chance.sample(plans, 8)
    profiles = [
        plan_profile(profile_request(source.dataset, VISITS, keys, max_groups=k, max_rows=c), source.dataset)
        for keys, k, c in (((), 1, 1), (("clinic", "sex", "year"), 2, 1), (("clinic",), 1, 2))
    ]
    whole = source.imported(records)
    before = [source.exact(each, whole) for each in plans]
    told = [exact_profile(each, source.dataset, whole, source.mapping.coverage) for each in profiles]
    held = content(whole)
    numbers = [number for number, record in enumerate(records) if record["pid"] is not None]
    for number in chance.sample(numbers, 2):
        path = source.imported([record for rank, record in enumerate(records) if rank != number])
        token = source.token(records[number]["pid"])
        assert without(content(path), token) == without(held, token)
        for planned, exact in zip(plans, before, strict=True):
            claimed = [component.sensitivity.squared for component in planned.components]
            assert all(a <= b for a, b in zip(moved(exact, source.exact(planned, path)), claimed, strict=True))
            in_l1 = [component.sensitivity.l1 for component in planned.components]
            assert all(a <= b for a, b in zip(moved_in_l1(exact, source.exact(planned, path)), in_l1, strict=True))
        for profile, figures in zip(profiles, told, strict=True):
            now = exact_profile(profile, source.dataset, path, source.mapping.coverage)
            claimed = [vector.sensitivity.squared for vector in profile.vectors]
            assert all(a <= b for a, b in zip(moved(figures, now), claimed, strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_a_whole_unit_of_the_source_moves_a_component_by_half_of_that_at_most(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    source, records = Source(tmp_path, 3), random_records(chance)
    plans = [source.plan(keys, STATISTICS, 2, 3, None) for keys in ((), ("clinic",), ("sex",), ("clinic", "year"))]
    whole = source.imported(records)
    before = [source.exact(each, whole) for each in plans]
    for pid in chance.sample(sorted({str(each["pid"]) for each in records if each["pid"]}), 3):
        path = source.imported([record for record in records if record["pid"] != pid])
        for planned, exact in zip(plans, before, strict=True):
            claimed = [component.sensitivity.squared // 4 for component in planned.components]
            assert all(a <= b for a, b in zip(moved(exact, source.exact(planned, path)), claimed, strict=True))


def alternating(pid: str, one: str, other: str) -> list[Record]:
    """A unit of six rows whose cost is `one` and `other` by turns in the order of their ranks."""
    places = [(clinic, year) for clinic in ("A", "B", "C's") for year in (2011, 2012)]
    return [
        GOOD | {"pid": pid, "clinic": clinic, "year": year, "cost": (one, other)[rank % 2]}
        for rank, (clinic, year) in enumerate(places)
    ]


def turned(source: Source, one: str, other: str) -> list[Record]:
    """A unit of which, by luck of its hashes, import keeps the rows of `one`, and of `other` without its first row."""
    every = [alternating(f"patient {number}", one, other) for number in range(120)]
    before = content(source.imported([row for rows in every for row in rows]))
    after = content(source.imported([row for rows in every for row in rows[1:]]))
    cost = 1 + [column.name for column in source.dataset.columns].index("cost")
    fixed = {each: source.dataset.column("cost").fixed(Decimal(each)) for each in (one, other)}
    for rows in every:
        token = source.token(rows[0]["pid"])
        kept = [{values[cost] for values in found[token].values()} for found in (before, after)]
        if kept == [{fixed[one]}, {fixed[other]}]:
            return rows
    raise AssertionError("luck ran out: take more units")


@pytest.mark.parametrize(("keys", "groups", "rows"), [((), 1, 3), (("clinic",), 3, 1), (("sex",), 1, 3)])
@pytest.mark.parametrize(
    ("one", "other", "place"),
    [(LOWEST, HIGHEST, 1), (HIGHEST, MIDDLE, 2)],
    ids=["the centred sum", "the squares"],
)
def test_twice_the_bound_is_attained_where_one_row_less_turns_round_which_rows_count(
    tmp_path: Path, keys: Sequence[str], groups: int, rows: int, one: str, other: str, place: int
) -> None:
    source = Source(tmp_path, 3)
    planned = source.plan(keys, [Aggregate(Statistic.VAR_POP, "cost")], groups, rows, None)
    unit = turned(source, one, other)
    others = random_records(random.Random(9))
    with_it = source.exact(planned, source.imported(others + unit))
    exact = source.exact(planned, source.imported(others + unit[1:]))
    assert moved(with_it, exact)[place] == planned.components[place].sensitivity.squared
    assert moved_in_l1(with_it, exact)[place] == planned.components[place].sensitivity.l1
    alone = source.exact(planned, source.imported(others))
    assert 4 * moved(with_it, alone)[place] == planned.components[place].sensitivity.squared


def test_the_engine_demands_the_whole_charge_and_draws_noise_for_twice_the_units_bound(tmp_path: Path) -> None:
    node = FakeNode(tmp_path, catalogue=enclosing(VISITS, "visit"))
    info = node.publish(VISITS, [[{"clinic": 1, "sex": 0, "cost": 5}]])
    asked = query(VISITS, ("clinic",), price_nano=400_000_000)
    holdings = open_holdings(node.settings())
    (component,) = release(node.request(asked, info), holdings)
    plain = plan(query(VISITS, ("clinic",), price_nano=100_000_000), small_catalogue().dataset(VISITS))
    assert component.scale == plain.components[0].scale
    assert node.price(asked) == 400_000_000
    request = node.request(asked, info)
    request.receipt.CopyFrom(node.receipt(asked, info, price_nano=100_000_000))
    with pytest.raises(Failed) as caught:
        release(request, holdings)
    assert caught.value.failure == EngineResponse.FAILURE_RECEIPT
