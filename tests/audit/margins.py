"""How often 95% margins hold the true bounded statistic, over thousands of repetitions of the noise of either calculus.

Every repetition is a cell of its own in some table, with the same truth and noise of its own; two nations with
different records, and their total, are three cells more in each. The truth is worked out from the records.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from audit.losses import Floats
from audit.planted.mistakes import quantiles
from concordat_privacy.components import Component, Kind
from concordat_privacy.estimates import Row, tabulate
from concordat_privacy.merge import NodeAnswer
from concordat_privacy.plan import Plan, plan
from concordat_query.catalogue import Catalogue
from concordat_query.coverage import Coverage
from concordat_query.model import NANO, Calculus, Query
from concordat_query.text import read_sql
from fakes.catalogue import code, number, small_catalogue

DATASET = "road.casualties"
NATIONS = ("England", "Wales")
LOW, HIGH = 0.93, 0.97
FINE = 5
"""From this sigma on the lattice lets margins of what is linear be narrow: below, the next smaller margin may hold far
less than 95%."""
GIVEN = {40: 0.995, 10: 0.8}
"""From so many sigma of rows on, by the share of figures that must be given."""
HEIGHT = 200


@dataclass(frozen=True)
class Records:
    """Rows of one nation: ages within 0..100, heights within 0..200, and which are of women."""

    age: Floats
    height: Floats
    female: npt.NDArray[np.bool_]

    def __add__(self, other: "Records") -> "Records":
        return Records(*(np.concatenate(pair) for pair in zip(vars(self).values(), vars(other).values(), strict=True)))


@dataclass(frozen=True)
class Line:
    """One figure. `truth` is the textbook's; `narrow` says from how many sigma of rows on margins must not be wide:
    0 for what is linear, None where a divisor other than the rows may be near zero."""

    asked: str
    truth: Callable[[Records], float]
    narrow: float | None


def _moment(r: Records) -> Floats:
    found: Floats = np.cov(np.stack([r.age, r.height]), ddof=0)
    return found


LINES = (
    Line("COUNT(*)", lambda r: len(r.age), 0),
    Line("COUNTIF(sex = 'Female')", lambda r: r.female.sum(), 0),
    Line("COUNT(DISTINCT unit)", lambda r: len(r.age), 0),
    Line("SUM(age)", lambda r: r.age.sum(), 0),
    Line("2 * COUNT(*) - 3 * COUNTIF(sex = 'Female')", lambda r: 2 * len(r.age) - 3 * r.female.sum(), 0),
    Line("SUM(age) - 40 * COUNT(*)", lambda r: r.age.sum() - 40 * len(r.age), 0),
    Line("AVG(age)", lambda r: r.age.mean(), 10),
    Line("100 * COUNTIF(sex = 'Female') / COUNT(*)", lambda r: 100 * r.female.mean(), 10),
    Line("SUM(age) / COUNT(*)", lambda r: r.age.mean(), 10),
    Line("AVG(age) - AVG(height)", lambda r: r.age.mean() - r.height.mean(), 10),
    Line("AVG(age) * COUNT(*)", lambda r: r.age.sum(), 10),
    Line("MEDIAN(age)", lambda r: np.quantile(r.age, 0.5), None),
    Line("PERCENTILE_CONT(age, 0.9)", lambda r: np.quantile(r.age, 0.9), None),
    Line("AVG(age) / AVG(height)", lambda r: r.age.mean() / r.height.mean(), None),
    Line("VAR_POP(age)", lambda r: r.age.var(), 10),
    Line("VAR_SAMP(age)", lambda r: r.age.var(ddof=1), 10),
    Line("COVAR_POP(height, age)", lambda r: _moment(r)[0, 1], 10),
    Line("COVAR_SAMP(height, age)", lambda r: _moment(r)[0, 1] * len(r.age) / (len(r.age) - 1), 10),
    Line("STDDEV_POP(age)", lambda r: r.age.std(), None),
    Line("STDDEV_SAMP(age)", lambda r: r.age.std(ddof=1), None),
    Line("CORR(height, age)", lambda r: np.corrcoef(r.age, r.height)[0, 1], None),
    Line("REGR_SLOPE(height, age)", lambda r: _slope(r), None),
    Line("REGR_INTERCEPT(height, age)", lambda r: r.height.mean() - _slope(r) * r.age.mean(), None),
)
"""A further statistic is a further line."""


def _slope(r: Records) -> float:
    moment = _moment(r)
    return float(moment[0, 1] / moment[0, 0])


@dataclass(frozen=True)
class Level:
    """How fine the lattice is (sigma of a count, in steps) and how many sigma of rows there are."""

    sigma: float
    rows: float


LEVELS = (Level(0.7, 10), Level(5, 3), Level(5, 10), Level(5, 40), Level(50, 10), Level(50, 14), Level(50, 400))


@dataclass(frozen=True)
class Covered:
    """What was found of one line at one level: of the figures given, how many margins hold the truth."""

    line: Line
    calculus: Calculus
    level: Level
    given: float
    share: float
    least: float
    most: float
    """In the cell of the three where they do least and most often."""

    @property
    def ceiling(self) -> float:
        needs = self.line.narrow
        is_narrow = needs is not None and self.level.rows >= needs and (needs > 0 or self.level.sigma >= FINE)
        return HIGH if is_narrow else 1.0

    @property
    def fewest(self) -> float:
        """Of the figures asked for, so many must be given: with few rows, noise may leave nothing to divide by."""
        return next((least for rows, least in GIVEN.items() if self.level.rows >= rows), 0.0)

    @property
    def holds(self) -> bool:
        return self.given >= self.fewest and LOW <= self.share <= self.ceiling


AT_ONCE = 1_000
"""So many repetitions are cells of one query: of a percentile, more figures than a node would answer otherwise."""


def covered(line: Line, calculus: Calculus, level: Level, repetitions: int, seed: int = 0) -> Covered:
    """Asks for one figure so many times. Deterministic given the seed."""
    records = {nation: _records(index, round(level.rows * level.sigma)) for index, nation in enumerate(NATIONS)}
    truths = {nation: float(line.truth(own)) for nation, own in records.items()}
    truths["total"] = float(line.truth(records["England"] + records["Wales"]))
    chance = np.random.default_rng(seed)
    rows: list[Row] = []
    for begun in range(0, repetitions, AT_ONCE):
        size = min(AT_ONCE, repetitions - begun)
        rows += _asked(line.asked, calculus, level, size, records, chance, b"%d %d" % (seed, begun))
    held: dict[str, list[bool]] = {name: [] for name in truths}
    for row in rows:
        place = "total" if row.is_total else str(row.nation)
        (value,) = row.values
        if value is not None and value.estimate is not None:
            within = (value.margin or 0) + 1e-9 * abs(truths[place])
            held[place].append(abs(value.estimate - truths[place]) <= within)
    return pooled(line, calculus, level, held, len(rows))


def _asked(
    asked: str,
    calculus: Calculus,
    level: Level,
    repetitions: int,
    records: Mapping[str, Records],
    chance: np.random.Generator,
    seed: bytes,
) -> Sequence[Row]:
    """One query with a cell for every repetition; its noise is drawn from `chance`."""
    catalogue = _catalogue(repetitions)
    sql = f"SELECT nation, repetition, {asked} AS v FROM {DATASET} GROUP BY nation, repetition"  # noqa: S608
    question = read_sql(sql, catalogue)
    query = Query(question.dataset, question.keys, None, question.aggregates, NANO, 1, 1, calculus=calculus)
    planned = _planned(query, catalogue, level)
    answers = [_answer(planned, nation, own, chance) for nation, own in records.items()]
    return tabulate(catalogue, planned, question.presentation, answers, [], seed).rows


def pooled(line: Line, calculus: Calculus, level: Level, held: Mapping[str, list[bool]], asked: int) -> Covered:
    """Of so many figures asked for: `held` tells by cell of each that was given whether its margin holds the truth."""
    every = [each for cell in held.values() for each in cell]
    shares = [float(np.mean(cell)) for cell in held.values()]
    return Covered(line, calculus, level, len(every) / asked, float(np.mean(every)), min(shares), max(shares))


def _planned(asked: Query, catalogue: Catalogue, level: Level) -> Plan:
    """At the price at which what is counted, or added up, has the level's noise: its sigma in units of what one row
    may add. Statistics of several components have it for the first."""
    dataset = catalogue.dataset(asked.dataset)
    wanted, share = price_of(asked.calculus, level.sigma), plan(asked, dataset).components[0].price_nano
    return plan(replace(asked, price_nano=round(wanted * NANO * NANO / share)), dataset)


def price_of(calculus: Calculus, sigma: float) -> float:
    """In rho or epsilon, of noise of this standard deviation on what one unit moves by 1."""
    if calculus is Calculus.PURE:  # the variance is 1 / (2 sinh(epsilon / 2)**2)
        return 2 * math.asinh(math.sqrt(0.5) / sigma)
    return 1 / (2 * sigma**2)


def _catalogue(repetitions: int) -> Catalogue:
    content = small_catalogue().model_dump(mode="json")
    content["nations"] = content["nations"][:2]
    content["totals"] = []
    content["datasets"] = {DATASET: content["datasets"][DATASET]}
    content["datasets"][DATASET]["columns"] = [
        number("repetition", 1, repetitions, key=True, nullable=False),
        code("sex", "Male", "Female", nullable=False),
        number("age", 0, 100, nullable=False),
        number("height", 0, HEIGHT, nullable=False),
    ]
    content["datasets"][DATASET]["expected_units"] = {}
    return Catalogue.model_validate(content)


_AGES = (np.array([20, 20, 90, 35, 60]), np.array([0, 100, 50, 97, 99]))


def _records(nation: int, rows: int) -> Records:
    """Rows in turn from a few: what is true of them is true at any number."""
    place = np.arange(max(rows, 2))
    age = _AGES[nation][place % 5].astype(np.float64)
    height = np.minimum(HEIGHT, 60 + age * (1 + nation / 4) + 20 * (place % 3)).round()
    return Records(age, height, place % 3 == nation)


def _answer(planned: Plan, nation: str, records: Records, chance: np.random.Generator) -> NodeAnswer:
    vectors = {}
    for index, component in enumerate(planned.components):
        noise = quantiles(component.law, chance.random(component.length)).reshape(component.cells, -1)
        vectors[index] = (_exact(component, records) + noise).astype(np.int64).ravel()
    return NodeAnswer(f"node of {nation}", nation, Coverage(), vectors)


def _exact(component: Component, records: Records) -> int | npt.NDArray[np.int64]:
    """By the definitions of docs/proofs/components.md. The only condition asked for is of being female."""
    counted = np.ones(len(records.age), dtype=np.bool_) if component.filter is None else records.female
    centred: Mapping[str, Floats] = {"age": 2 * records.age - 100, "height": 2 * records.height - HEIGHT}
    values: Mapping[str, Floats] = {"age": records.age, "height": records.height}
    name = str(component.scalar)
    match component.kind:
        case Kind.ROWS | Kind.UNITS:
            each = np.ones(len(records.age))
        case Kind.SUM:
            each = values[name]
        case Kind.CENTRED:
            each = centred[name]
        case Kind.SQUARES:
            each = 2 * centred[name] ** 2 - {"age": 100, "height": HEIGHT}[name] ** 2
        case Kind.PRODUCTS:
            each = centred[name] * centred[str(component.other)]
        case Kind.CUMULATIVE:
            assert component.bins is not None
            counts = np.bincount(values[name][counted].astype(np.int64), minlength=component.bins.count)
            return component.bins.strategy.matrix @ counts
        case _:
            raise AssertionError(component.kind)
    return round(math.fsum(each[counted]))
