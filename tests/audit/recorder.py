"""What a node tells to a question, and what its engine knew when it did: the noise is set aside, all else is real."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from unittest import mock

import numpy as np
import numpy.typing as npt
from concordat.v1 import engine_pb2, node_pb2, query_pb2
from concordat_node.engine import main, texts
from concordat_node.engine import release as releasing
from concordat_node.engine.texts import Counts, TextKey
from concordat_node.importing.edition import EditionInfo
from concordat_privacy import noise
from concordat_privacy.laws import Law, Mechanism, Sensitivity
from concordat_privacy.plan import Plan, plan
from concordat_privacy.private_keys import Selection
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
class Choice:
    """How private texts were chosen: how many units count in each, before any noise, and which were released."""

    selection: Selection
    units: Mapping[str, int]
    released: tuple[str, ...]

    def moved(self, other: "Choice") -> Moved:
        """All counts together, those of texts that only one side has among them."""
        either = sorted(self.units.keys() | other.units.keys())
        left, right = ([each.units.get(text, 0) for text in either] for each in (self, other))
        return Moved("choice", _distance(left, right), self.selection.sensitivity, self.selection.law)


@dataclass(frozen=True)
class Record:
    """All that one question made of one node. Equal where nothing but the components differs.

    `status` is "answered", "nothing held" or a refusal with its words; `sizes` are bytes of the engine's response and
    of the signed answer; `drawn` are the laws of the noise that was drawn, in order, with how many of each, but for
    the choice of texts. `plan` is made before any text is known; `claims` are those of the plan that was answered by.
    """

    status: str
    plan: Plan | None = None
    claims: tuple[tuple[str, Sensitivity, Law, int], ...] = ()
    keys: tuple[tuple[CellKey, ...], ...] = ()
    rows: tuple[int, ...] = ()
    indexes: tuple[int, ...] = ()
    drawn: tuple[tuple[Law, int], ...] = ()
    sizes: tuple[int, int] = (0, 0)
    price: int = 0
    delta_e15: int = 0
    components: tuple[tuple[int, ...], ...] = field(default=(), compare=False)
    choice: Choice | None = field(default=None, compare=False)

    def moved(self, other: "Record") -> list[Moved]:
        """Component by component, and the choice of texts. Both must have released the same texts."""
        pairs = zip(self.indexes, self.drawn, self.components, other.components, strict=True)
        found = []
        for index, (law, _), left, right in pairs:
            kind, claimed, _, _ = self.claims[index]
            found.append(Moved(kind, _distance(left, right), claimed, law))
        if self.choice is not None and other.choice is not None:
            found.append(self.choice.moved(other.choice))
        return found

    def apart_from_texts(self) -> "Record":
        """Without what follows from the texts that were released: the text key's values, and how many figures and
        bytes these make. The record itself where no key is private."""
        if self.choice is None:
            return self
        own = self.choice.selection.key
        keys = tuple(() if position == own else values for position, values in enumerate(self.keys))
        return replace(self, keys=keys, rows=(), sizes=(0, 0), drawn=tuple((law, 0) for law, _ in self.drawn))


def differing(left: Record, right: Record) -> list[str]:
    """The names of what neighbours must have alike and have not.

    The one exemption is for queries with a private key: where different texts were released, what follows from these.
    """
    if left.choice is not None and right.choice is not None and left.choice.released != right.choice.released:
        left, right = left.apart_from_texts(), right.apart_from_texts()
    compared = [each.name for each in fields(Record) if each.compare]
    return [name for name in compared if getattr(left, name) != getattr(right, name)]


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
    """Stands around the release function of a node's engine. It releases the texts in `forced`, if that is given,
    whatever the choice would be."""

    held: HeldInDuckDB
    forced: frozenset[str] | None = None
    plans: list[Plan] = field(default_factory=list)
    choice: Choice | None = None
    price: int = 0
    delta_e15: int = 0
    size: int = 0
    drawn: list[tuple[Law, int]] = field(default_factory=list)
    components: list[node_pb2.Component] = field(default_factory=list)

    @property
    def edition(self) -> EditionInfo:
        return self.held.edition

    def release(self, request: engine_pb2.EngineRequest) -> list[node_pb2.Component]:
        """As the engine's process answers, bytes in and bytes out."""
        receipt = engine_pb2.Receipt.FromString(request.receipt.receipt)
        self.price, self.delta_e15 = receipt.price_nano, receipt.delta_e15
        with (
            mock.patch.object(releasing, "plan", self._noting),
            mock.patch.object(noise, "draw_all", self._draw_all),
            mock.patch.object(noise, "draw", lambda law, cells: self._draw_all([(law, cells)])[0]),
            mock.patch.object(TextKey, "released", self._around(TextKey.released)),
        ):
            response = main.answer(request.SerializeToString(), self.held.holdings)
        parsed = engine_pb2.EngineResponse.FromString(response)
        assert parsed.failure == engine_pb2.EngineResponse.FAILURE_UNSPECIFIED, parsed.failure
        self.size, self.components = len(response), list(parsed.components)
        return self.components

    def _draw_all(self, wanted: Sequence[tuple[Law, int]]) -> list[Integers]:
        self.drawn += wanted
        return [np.zeros(cells, dtype=np.int64) for _, cells in wanted]

    def _noting(self, query: Query, dataset: Dataset) -> Plan:
        self.plans.append(plan(query, dataset))
        return self.plans[-1]

    def _around(self, honest: "Releasing") -> "Releasing":
        """The choice of texts, noted: in how many each of them has counted, whatever the codes."""

        def released(key: TextKey, counts: Iterable[Counts]) -> texts.Choice:
            batches, (before, self.drawn) = list(counts), (self.drawn, [])
            choice = honest(key, batches)
            assert self.drawn == [(key.selection.law, len(codes)) for codes, _ in batches]
            self.drawn = before
            holding = self.held.holdings.by_edition[self.edition.id]
            names = dict(holding.connection.execute(f"FROM {key.texts}").fetchall())
            units = {
                names[code]: count
                for codes, counted in batches
                for code, count in zip(codes.tolist(), counted.tolist(), strict=True)
            }
            if self.forced is not None:
                forced = sorted(code for code, name in names.items() if name in self.forced)
                choice = texts.Choice(forced, len(units) - len(forced))
            self.choice = Choice(key.selection, units, tuple(names[code] for code in choice.codes))
            return choice

        return released


Releasing = Callable[[TextKey, Iterable[Counts]], texts.Choice]


def record(node: OfflineNode, signed: query_pb2.SignedQuery, forced: frozenset[str] | None = None) -> Record:
    """What the node makes of a signed question; with a private key, where it releases the texts `forced`, if given."""
    assert isinstance(node.held, HeldInDuckDB)
    recorder = Recorder(node.held, forced)
    recorded = OfflineNode(node.rules, node.signing, node.ledger, recorder)
    try:
        given = recorded.give(signed)
    except Refusal as refusal:
        return Record(f"{refusal.reason.name}: {refusal}")
    if isinstance(given, node_pb2.SignedDeclaration):
        return Record("nothing held")
    known = recorder.plans[-1]
    return Record(
        status="answered",
        plan=recorder.plans[0],
        claims=tuple((each.kind.value, each.sensitivity, each.law, each.price_nano) for each in known.components),
        keys=known.domains,
        rows=tuple(len(component.values) for component in recorder.components),
        indexes=tuple(component.index for component in recorder.components),
        drawn=tuple(recorder.drawn),
        sizes=(recorder.size, len(given.answer)),
        price=recorder.price,
        delta_e15=recorder.delta_e15,
        components=tuple(tuple(component.values) for component in recorder.components),
        choice=recorder.choice,
    )
