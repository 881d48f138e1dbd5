"""Each statistic's claims are attained, from the source on: by all of its components at once."""

import random
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import cast

import pytest
from audit.neighbours import AT_THE_BOUND, IN_EACH_CELL, extreme_units, with_unit
from audit.questions import ATTAINED_AT, STATISTICS
from audit.recorder import Record, excess, joint_price, record
from concordat_query.model import NANO, Calculus
from fakes.offline import OfflineNode, found, with_other_source
from fakes.plain_source import DATASET, contacts, random_sources
from fakes.spec_engines import ENGINES, Engine

NATION, NODE = "England", "node-england"
GRID_WASTE = 1.001
"""How much of a price may be lost to the grid on which scales lie."""

Records = Callable[[str, str], tuple[Record, Record]]


@pytest.fixture(scope="module", params=product(ENGINES, Calculus), ids=lambda pair: f"{pair[0].name}, {pair[1].value}")
def records(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Records:
    """What a question makes of a source without and with a unit of some kind."""
    engine, calculus = cast(tuple[Engine, Calculus], request.param)
    folder, sources = tmp_path_factory.mktemp("claims"), random_sources(0)
    federation = found(folder, engine, contacts(), DATASET, sources, calculus)
    units = extreme_units(NATION, random.Random(0))  # noqa: S311  # test data

    def imported(place: Path, kind: str) -> OfflineNode:
        source = with_unit(sources[NATION], units[kind])
        return with_other_source(place, engine, federation, NATION, DATASET, source)

    nodes = {kind: imported(folder / str(number), kind) for number, kind in enumerate((AT_THE_BOUND, IN_EACH_CELL))}

    def of(sql: str, kind: str) -> tuple[Record, Record]:
        signed = federation.question(sql).signed
        return record(federation.nodes[NODE], signed), record(nodes[kind], signed)

    return of


@pytest.mark.parametrize(
    ("keys", "groups", "rows", "kind"),
    [("area", 1, 1, AT_THE_BOUND), ("area", 1, 4, AT_THE_BOUND), ("site", 3, 1, IN_EACH_CELL)],
)
@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_unit_at_every_limit_attains_the_claims_of_all_components_and_the_price_of_them_together(
    records: Records, statistic: str, keys: str, groups: int, rows: int, kind: str
) -> None:
    options = f"epsilon = 8, max_groups_contributed = {groups}, max_rows_contributed = {rows}"
    select = statistic.format(x=ATTAINED_AT.get(statistic, "cost"), y="rate", c="cost = 250")
    sql = f"SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS ({options}) {keys}, {select} AS v FROM {DATASET} GROUP BY {keys}"  # noqa: S608
    left, right = records(sql, kind)
    moved = left.moved(right)
    assert not excess(moved, left.price)
    assert all(one.attains for one in moved)
    assert joint_price(moved) * GRID_WASTE > left.price / NANO
