"""What is audited: what is asked of the two nodes, and with which mistake planted, if any.

A further statistic is a further line. Everything is derived from the plan and from what the nodes say they charged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Protocol

import numpy as np
from audit.judging import Verdict, judge, smallest_admitted
from audit.losses import Floats, Shifted, Tradeoff, gaussian, laplace, shifts_of
from audit.nodes import Serving
from audit.sources import CALCULI
from concordat.v1 import node_pb2
from concordat_privacy.plan import Plan, plan
from concordat_privacy.sensitivity import law_for
from concordat_query.catalogue import Catalogue
from concordat_query.model import NANO, Calculus, Query
from concordat_query.text import read_sql

SAMPLES = 40_000
"""From each node, half of them to judge by."""
TRIALS = 10_000
"""Of one query, each in a group of its own."""


@dataclass(frozen=True)
class Mechanism:
    """One row of the report. `select` is asked by `keys` at `price`, in rho or epsilon; where `folded`, the key `pick`
    tells no trials apart and half of the places are left out. An honest one must be proved to lose at least the part
    `least` of what it claims: else it would hold whatever it did."""

    name: str
    select: str
    price: float
    mistake: str = ""
    keys: str = "block; place"
    where: str = ""
    folded: bool = False
    max_rows: int = 1
    dataset: str = "audit.events"
    least: float = 0.7

    @property
    def calculus(self) -> Calculus:
        return CALCULI[self.dataset]

    @property
    def unit(self) -> str:
        """What its loss is counted in."""
        return "epsilon" if self.calculus is Calculus.PURE else "rho"

    @property
    def is_planted(self) -> bool:
        return bool(self.mistake)

    def queries(self, public: Catalogue) -> list[Query]:
        """Questions that differ in a condition which every row satisfies: each is charged and has noise of its own."""
        trials = TRIALS // 2 if self.folded else TRIALS
        return [self._query(public, number) for number in range(SAMPLES // trials)]

    def _query(self, public: Catalogue, number: int) -> Query:
        terms = [f"spare <= {number}", *([self.where] if self.where else [])]
        names = [f"{key} AS k{index}" for index, key in enumerate(self.keys.split("; "))]
        by = ", ".join(f"k{index}" for index in range(len(names)))
        items = ", ".join([*names, *(f"{one} AS v{i}" for i, one in enumerate(self.select.split("; ")))])
        sql = f"SELECT {items} FROM {self.dataset} WHERE {' AND '.join(terms)} GROUP BY {by}"  # noqa: S608  # made up here
        asked = read_sql(sql, public)
        price = round(self.price * NANO)
        query = Query(self.dataset, asked.keys, asked.where, asked.aggregates, price, 1, self.max_rows)
        return replace(query, calculus=self.calculus)


class Claim(Protocol):
    """What an answer claims of all its figures together."""

    @property
    def loss(self) -> float:
        """In rho or epsilon."""

    @property
    def is_pure(self) -> bool: ...

    def tradeoff(self, loss: float) -> Tradeoff:
        """Of noise of that loss."""


@dataclass(frozen=True)
class InRho:
    """Discrete Gaussian noise of these scales, for the most that one unit may move."""

    coordinates: tuple[Shifted, ...]
    is_pure: ClassVar[bool] = False

    @property
    def loss(self) -> float:
        return sum(each.rho for each in self.coordinates)

    def tradeoff(self, loss: float) -> Tradeoff:
        """Of noise in the same proportions."""
        return gaussian(self.coordinates, (self.loss / loss) ** 0.5)


@dataclass(frozen=True)
class InEpsilon:
    """Discrete Laplace noise of these scales, for the most that one unit may move."""

    coordinates: tuple[Shifted, ...]
    is_pure: ClassVar[bool] = True

    @property
    def loss(self) -> float:
        return sum(each.epsilon for each in self.coordinates)

    def tradeoff(self, loss: float) -> Tradeoff:
        """Of noise in the same proportions."""
        return laplace(self.coordinates, self.loss / loss)


@dataclass(frozen=True)
class Row:
    """What was found of one mechanism. `estimate` is what the samples prove that the loss is at least."""

    mechanism: Mechanism
    claimed: float
    estimate: float
    samples: int
    verdict: Verdict

    @property
    def passes(self) -> bool:
        """An honest mechanism must keep its claim and be seen to lose something, a planted one must be caught."""
        return self.verdict.refuted if self.mechanism.is_planted else not self.verdict.refuted and self.is_seen

    @property
    def is_seen(self) -> bool:
        """Whether enough of the loss is proved for the row to tell anything."""
        return self.estimate >= self.mechanism.least * self.claimed


def audit(mechanism: Mechanism, serving: Serving) -> Row:
    """Asks both nodes and judges what they release."""
    public = serving.site.catalogue
    queries = mechanism.queries(public)
    plans = [plan(query, public.dataset(mechanism.dataset)) for query in queries]
    answers = serving.ask(queries)
    without, with_it = (
        np.concatenate([_trials(mechanism, *pair) for pair in zip(plans, answers[node], strict=True)])
        for node in ("node-without", "node-with")
    )
    return judged(mechanism, without, with_it, _claim(plans[0], paid_for(answers)))


def judged(mechanism: Mechanism, without: Floats, with_it: Floats, claim: Claim) -> Row:
    """What the trials of both nodes prove."""
    verdict = judge(without, with_it, claim.tradeoff(claim.loss), claim.is_pure)
    estimate = smallest_admitted(verdict, claim.tradeoff, claim.loss)
    return Row(mechanism, claim.loss, estimate, len(without), verdict)


def paid_for(answers: Mapping[str, Sequence[node_pb2.Answer]]) -> int:
    """What each of the answers says that it was charged: all the same."""
    (paid,) = {answer.price_nano for one in answers.values() for answer in one}
    return paid


def _claim(planned: Plan, paid: int) -> Claim:
    """The noise of the smallest scale whose price was charged, each component having its share of it."""
    calculus, coordinates = planned.query.calculus, []
    for component in planned.components:
        share = component.price_nano * paid // planned.query.price_nano
        scale, moved = law_for(calculus, component.sensitivity, share).scale, component.sensitivity
        shifts = (moved.l1,) if calculus is Calculus.PURE else shifts_of(moved.squared)
        coordinates += [Shifted(shift, scale) for shift in shifts]
    if calculus is not Calculus.PURE:
        return claimed_in_rho(coordinates, paid)
    claim = InEpsilon(tuple(coordinates))
    _check_sold(claim, paid)
    return claim


def claimed_in_rho(coordinates: Sequence[Shifted], paid: int) -> InRho:
    """Raises ValueError where noise of these scales costs more than the nano-rho that was paid for it."""
    claim = InRho(tuple(coordinates))
    _check_sold(claim, paid)
    return claim


def _check_sold(claim: Claim, paid: int) -> None:
    if claim.loss * NANO > paid * (1 + 1e-6):
        raise ValueError(f"what costs {claim.loss:.6f} was sold for {paid / NANO:.6f}")


def _trials(mechanism: Mechanism, planned: Plan, answer: node_pb2.Answer) -> Floats:
    """Trials by figures: the figures of a trial are those of all components, in all cells of the folded keys."""
    shape = [len(domain) for domain in planned.domains]
    kept = _kept_axes(mechanism, planned)
    trials = int(np.prod([shape[axis] for axis in kept]))
    vectors = []
    for component in answer.components:
        values = np.array(component.values, dtype=np.float64).reshape(*shape, -1)
        vectors.append(np.moveaxis(values, kept, range(len(kept))).reshape(trials, -1))
    return np.concatenate(vectors, axis=1)


def _kept_axes(mechanism: Mechanism, planned: Plan) -> list[int]:
    """The canonical query sorts its keys; the folded one is the column `pick`."""
    return [axis for axis, key in enumerate(planned.query.keys) if not (mechanism.folded and key == "pick")]


PAIRED = partial(
    Mechanism, keys="block; DIV(place, 2); pick", where="MOD(place, 2) = 0", folded=True, select="COUNT(*)", price=0.5
)
PURE = partial(Mechanism, dataset="audit.events_pure", price=1.0)
HONEST = (
    Mechanism("COUNT(*), rho 0.5", "COUNT(*)", 0.5),
    Mechanism("COUNT(*), rho 1", "COUNT(*)", 1.0),
    Mechanism("COUNT(*) of two rows a unit", "COUNT(*)", 0.5, max_rows=2),
    Mechanism("COUNT(DISTINCT unit)", "COUNT(DISTINCT unit)", 1.0),
    Mechanism("SUM", "SUM(amount)", 0.5),
    Mechanism("AVG: two components", "AVG(amount)", 1.0),
    Mechanism("VAR_SAMP: three components", "VAR_SAMP(amount)", 1.0),
    Mechanism("CORR: six components", "CORR(amount, weight)", 1.0),
    Mechanism("MEDIAN: eleven counts", "MEDIAN(DIV(100 - amount, 10))", 1.0),
    Mechanism("five statistics", "COUNT(*); AVG(amount); STDDEV_POP(amount); COUNT(weight); SUM(weight)", 1.0),
    PAIRED("COUNT(*), one of two groups", least=0.25),  # which of them, the other samples do not tell
    PURE("COUNT(*), epsilon 1", "COUNT(*)"),
    PURE("AVG, epsilon 1: two components", "AVG(amount)"),
)
PLANTED = (
    Mechanism("COUNT(*), rho 0.5", "COUNT(*)", 0.5, mistake="noise 10% too small"),
    Mechanism("COUNT(*), rho 1", "COUNT(*)", 1.0, mistake="noise 10% too small"),
    Mechanism("AVG", "AVG(amount)", 1.0, mistake="noise 10% too small"),
    PURE("COUNT(*), epsilon 1", "COUNT(*)", mistake="noise 10% too small"),
    PURE("AVG, epsilon 1: two components", "AVG(amount)", mistake="noise 10% too small"),
    Mechanism("AVG", "AVG(weight)", 1.0, mistake="one noise for all components"),
    Mechanism("COUNT(*)", "COUNT(*)", 0.5, mistake="half the price charged"),
    Mechanism("SUM", "SUM(amount)", 0.5, mistake="a clamp left out"),
    Mechanism("COUNT(*)", "COUNT(*)", 0.5, mistake="row cap skipped"),
    PAIRED("COUNT(*) in two groups", mistake="one group more"),
)
