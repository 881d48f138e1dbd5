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
from concordat_privacy.plan import Plan, plan
from concordat_query.catalogue import CellKey, Dataset
from concordat_query.errors import Refusal
from concordat_query.model import NANO, Query
from fakes.offline import OfflineNode
from fakes.spec_engines import HeldInDuckDB

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Moved:
    """How far one component has moved between neighbours, in lattice steps, and what is claimed of it."""

    kind: str
    squared: int
    claimed_squared: int
    scale: float

    @property
    def rho(self) -> float:
        """What the distance costs under the noise that was drawn for it."""
        return self.squared / (2 * self.scale**2)


@dataclass(frozen=True)
class Record:
    """All that one question made of one node. Equal where nothing but the components differs.

    `status` is "answered", "nothing held" or a refusal with its words; `sizes` are bytes of the engine's response and
    of the signed answer; `scales` are those that noise was drawn at, in order, with how many.
    """

    status: str
    plan: Plan | None = None
    keys: tuple[tuple[CellKey, ...], ...] = ()
    rows: tuple[int, ...] = ()
    indexes: tuple[int, ...] = ()
    scales: tuple[tuple[float, int], ...] = ()
    sizes: tuple[int, int] = (0, 0)
    price: int = 0
    components: tuple[tuple[int, ...], ...] = field(default=(), compare=False)

    def moved(self, other: "Record") -> list[Moved]:
        """Component by component."""
        assert self.plan is not None
        claims = [self.plan.components[index] for index in self.indexes]
        pairs = zip(claims, self.scales, self.components, other.components, strict=True)
        return [
            Moved(claim.kind.value, _squared(left, right), claim.sensitivity.squared, scale)
            for claim, (scale, _), left, right in pairs
        ]


def excess(moved: Sequence[Moved], price: int) -> str:
    """What goes beyond its claim, in words; nothing if nothing does. `price` in nano-rho pays for all together."""
    for one in moved:
        if one.squared > one.claimed_squared:
            return f"{one.kind} moves by the root of {one.squared}, claimed of {one.claimed_squared}"
    joint = joint_rho(moved)
    return f"together they cost {joint}, charged {price / NANO}" if joint > price / NANO else ""


def joint_rho(moved: Sequence[Moved]) -> float:
    """What the distances of all components cost together under the noise that was drawn for them."""
    return sum(one.rho for one in moved)


def _squared(left: Sequence[int], right: Sequence[int]) -> int:
    return sum((a - b) ** 2 for a, b in zip(left, right, strict=True))


@dataclass
class Recorder:
    """Stands around the release function of a node's engine."""

    held: HeldInDuckDB
    plan: Plan | None = None
    price: int = 0
    size: int = 0
    scales: list[tuple[float, int]] = field(default_factory=list)
    components: list[node_pb2.Component] = field(default_factory=list)

    @property
    def edition(self) -> EditionInfo:
        return self.held.edition

    def release(self, request: engine_pb2.EngineRequest) -> list[node_pb2.Component]:
        """As the engine's process answers, bytes in and bytes out."""
        self.price = engine_pb2.Receipt.FromString(request.receipt.receipt).rho_nano
        with mock.patch.object(releasing, "plan", self._noting), mock.patch.object(noise, "draw", self._draw):
            response = main.answer(request.SerializeToString(), self.held.holdings)
        parsed = engine_pb2.EngineResponse.FromString(response)
        assert parsed.failure == engine_pb2.EngineResponse.FAILURE_UNSPECIFIED, parsed.failure
        self.size, self.components = len(response), list(parsed.components)
        return self.components

    def _draw(self, scale: float, cells: int) -> Integers:
        self.scales.append((scale, cells))
        return np.zeros(cells, dtype=np.int64)

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
        scales=tuple(recorder.scales),
        sizes=(recorder.size, len(given.answer)),
        price=recorder.price,
        components=tuple(tuple(component.values) for component in recorder.components),
    )
