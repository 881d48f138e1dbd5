"""What a node tells to a question, and what its engine knew when it did: the noise is set aside, all else is real."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from unittest import mock

import numpy as np
import numpy.typing as npt
from concordat.v1 import engine_pb2, node_pb2, query_pb2
from concordat_node.engine import main
from concordat_node.engine import release as releasing
from concordat_node.importing.edition import EditionInfo
from concordat_privacy import noise
from concordat_privacy.laws import Law, Mechanism, Sensitivity
from concordat_privacy.plan import Plan, plan
from concordat_query.catalogue import CellKey, Dataset
from concordat_query.errors import Refusal
from concordat_query.model import NANO, Query
from fakes.laws import priced_as
from fakes.offline import OfflineNode
from fakes.spec_engines import HeldInDuckDB

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Moved:
    """How far one component has moved between neighbours, what is claimed of that, and the noise drawn for it."""

    kind: str
    distance: Sensitivity
    claimed: Sensitivity
    law: Law

    @property
    def is_within(self) -> bool:
        return self.distance.l1 <= self.claimed.l1 and self.distance.squared <= self.claimed.squared

    @property
    def attains(self) -> bool:
        """In the norm that its noise is for."""
        if self.law.mechanism is Mechanism.LAPLACE:
            return self.distance.l1 == self.claimed.l1
        return self.distance.squared == self.claimed.squared

    @property
    def price(self) -> float:
        """What the distance costs: in epsilon under discrete Laplace noise, in rho under discrete Gaussian."""
        if self.law.mechanism is Mechanism.LAPLACE:
            return self.distance.l1 / self.law.scale
        return self.distance.squared / (2 * priced_as(self.law.scale))


@dataclass(frozen=True)
class Record:
    """All that one question made of one node. Equal where nothing but the components differs.

    `status` is "answered", "nothing held" or a refusal with its words; `sizes` are bytes of the engine's response and
    of the signed answer; `drawn` are the laws of the noise that was drawn, in order, with how many of each.
    """

    status: str
    plan: Plan | None = None
    keys: tuple[tuple[CellKey, ...], ...] = ()
    rows: tuple[int, ...] = ()
    indexes: tuple[int, ...] = ()
    drawn: tuple[tuple[Law, int], ...] = ()
    sizes: tuple[int, int] = (0, 0)
    price: int = 0
    components: tuple[tuple[int, ...], ...] = field(default=(), compare=False)

    def moved(self, other: "Record") -> list[Moved]:
        """Component by component."""
        assert self.plan is not None
        claims = [self.plan.components[index] for index in self.indexes]
        pairs = zip(claims, self.drawn, self.components, other.components, strict=True)
        return [
            Moved(claim.kind.value, _distance(left, right), claim.sensitivity, law)
            for claim, (law, _), left, right in pairs
        ]


def excess(moved: Sequence[Moved], price: int) -> str:
    """What goes beyond its claim, in words; nothing if nothing does. `price` in nano-rho or nano-epsilon pays for all
    together."""
    for one in moved:
        if not one.is_within:
            return f"{one.kind} moves by {one.distance}, claimed are {one.claimed}"
    joint = joint_price(moved)
    return f"together they cost {joint}, charged {price / NANO}" if joint > price / NANO else ""


def joint_price(moved: Sequence[Moved]) -> float:
    """What the distances of all components cost together under the noise that was drawn for them."""
    return sum(one.price for one in moved)


def _distance(left: Sequence[int], right: Sequence[int]) -> Sensitivity:
    differences = [abs(a - b) for a, b in zip(left, right, strict=True)]
    return Sensitivity(sum(differences), sum(each**2 for each in differences))


@dataclass
class Recorder:
    """Stands around the release function of a node's engine."""

    held: HeldInDuckDB
    plan: Plan | None = None
    price: int = 0
    size: int = 0
    drawn: list[tuple[Law, int]] = field(default_factory=list)
    components: list[node_pb2.Component] = field(default_factory=list)

    @property
    def edition(self) -> EditionInfo:
        return self.held.edition

    def release(self, request: engine_pb2.EngineRequest) -> list[node_pb2.Component]:
        """As the engine's process answers, bytes in and bytes out."""
        self.price = engine_pb2.Receipt.FromString(request.receipt.receipt).price_nano
        with mock.patch.object(releasing, "plan", self._noting), mock.patch.object(noise, "draw_all", self._draw_all):
            response = main.answer(request.SerializeToString(), self.held.holdings)
        parsed = engine_pb2.EngineResponse.FromString(response)
        assert parsed.failure == engine_pb2.EngineResponse.FAILURE_UNSPECIFIED, parsed.failure
        self.size, self.components = len(response), list(parsed.components)
        return self.components

    def _draw_all(self, wanted: Sequence[tuple[Law, int]]) -> list[Integers]:
        self.drawn += wanted
        return [np.zeros(cells, dtype=np.int64) for _, cells in wanted]

    def _noting(self, query: Query, dataset: Dataset) -> Plan:
        self.plan = plan(query, dataset)
        return self.plan


def record(node: OfflineNode, signed: query_pb2.SignedQuery) -> Record:
    """What the node makes of a signed question."""
    assert isinstance(node.held, HeldInDuckDB)
    recorder = Recorder(node.held)
    recorded = OfflineNode(node.rules, node.signing, node.ledger, recorder)
    try:
        given = recorded.give(signed)
    except Refusal as refusal:
        return Record(f"{refusal.reason.name}: {refusal}")
    if isinstance(given, node_pb2.SignedDeclaration):
        return Record("nothing held")
    assert recorder.plan is not None
    return Record(
        status="answered",
        plan=recorder.plan,
        keys=recorder.plan.domains,
        rows=tuple(len(component.values) for component in recorder.components),
        indexes=tuple(component.index for component in recorder.components),
        drawn=tuple(recorder.drawn),
        sizes=(recorder.size, len(given.answer)),
        price=recorder.price,
        components=tuple(tuple(component.values) for component in recorder.components),
    )
