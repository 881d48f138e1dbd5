"""Who contributes to which value in which cell. Follows from plan, presentation and declared coverage alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from concordat_query.catalogue import Catalogue, Dataset
from concordat_query.coverage import Coverage, Held
from concordat_query.errors import VerificationError
from concordat_query.model import (
    AggregateRef,
    Arithmetic,
    Condition,
    Expression,
    ValueColumn,
    columns_in,
    columns_of,
)

from concordat_privacy.merge import Absent, NodeAnswer
from concordat_privacy.parts import Part
from concordat_privacy.plan import Plan, held_components
from concordat_privacy.released import unreleased
from concordat_privacy.status import Status

Codes = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]


class Code(IntEnum):
    """A nation's standing in one value of one cell or total. From INCOMPLETE on it contributes; INCOMPLETE is a total
    of which a lost node takes a cell away. SUPPRESSED is of a private text that it did not release; in part, where one
    of its nodes did."""

    NOT_HELD = 0
    SUPPRESSED = 1
    UNAVAILABLE = 2
    INCOMPLETE = 3
    PARTLY_SUPPRESSED = 4
    PARTLY_HELD = 5
    OK = 6


@dataclass(frozen=True)
class Standing:
    """`codes[nation, value, cell]` and `held[node, value, cell]`, both over what was asked.

    `nations` are in the catalogue's order, `answers` by node name; `nation_of[node]` is an index into `nations`.
    `mixed[node, value]`: the node holds a quotient's parts for different rows, so the quotient is not held there.
    """

    nations: tuple[str, ...]
    answers: tuple[NodeAnswer, ...]
    absent: tuple[Absent, ...]
    values: tuple[ValueColumn, ...]
    codes: Codes
    held: Flags
    mixed: frozenset[tuple[str, int]]

    @property
    def sources(self) -> list[NodeAnswer | Absent]:
        """All nodes asked, answered or not, in the order of their nations."""
        entries: list[NodeAnswer | Absent] = [*self.answers, *self.absent]
        return sorted(entries, key=lambda entry: self.nations.index(entry.nation))

    def first(self, values: int) -> "Standing":
        """The standing in the first values alone."""
        return replace(self, values=self.values[:values], codes=self.codes[:, :values], held=self.held[:, :values])

    @cached_property
    def nation_of(self) -> npt.NDArray[np.intp]:
        return np.array([self.nations.index(answer.nation) for answer in self.answers], dtype=np.intp)


def standing(
    catalogue: Catalogue,
    plan: Plan,
    values: tuple[ValueColumn, ...],
    answers: Sequence[NodeAnswer],
    absent: Sequence[Absent],
) -> Standing:
    """Everyone's standing in these values. Raises VerificationError for a nation that the catalogue does not name."""
    dataset = catalogue.dataset(plan.query.dataset)
    answers = tuple(sorted(answers, key=lambda answer: answer.node))
    absent = tuple(sorted(absent, key=lambda entry: entry.node))
    nations = _in_order(catalogue, {answer.nation for answer in answers} | {entry.nation for entry in absent})
    needs = [components_of(column.value, plan) for column in values]
    shape = (len(nations), len(values), plan.cells)
    answered = [_node_gives(plan, dataset, answer, needs) for answer in answers]
    spoken = [
        (nations.index(answer.nation), held.tobytes()) for answer, (held, _) in zip(answers, answered, strict=True)
    ]
    lost, silent = _absences(absent, nations, plan, dataset, needs)
    codes = _codes(shape, (*spoken, *silent), tuple(lost))
    flags = np.array([held for held, _ in answered], dtype=np.int8).reshape(len(answers), *shape[1:]) > Held.NOTHING
    mixed = {(answer.node, value) for answer, (_, own) in zip(answers, answered, strict=True) for value in own}
    return Standing(nations, answers, absent, values, codes, flags, frozenset(mixed))


def aggregates_of(expression: Expression) -> tuple[int, ...]:
    """The aggregates that an expression refers to, by index, each once."""
    match expression:
        case AggregateRef(index):
            return (index,)
        case Arithmetic(_, left, right):
            return tuple(sorted({*aggregates_of(left), *aggregates_of(right)}))
        case _:
            return ()


def parts_of(expression: Expression, plan: Plan) -> list[Part]:
    """What the aggregates are, each once, to which an expression refers."""
    return [plan.parts[index] for index in aggregates_of(expression)]


def components_of(expression: Expression, plan: Plan) -> tuple[int, ...]:
    """The components that an expression needs, by index, each once."""
    return tuple(sorted({index for part in parts_of(expression, plan) for index in part.components}))


def columns_read(plan: Plan, component: int) -> frozenset[str]:
    """All columns on which a component depends: its own, the keys, and those of WHERE."""
    keys = (columns_in(key) for key in plan.query.keys)
    return plan.components[component].reads.union(columns_of(plan.query.where), *keys)


def _in_order(catalogue: Catalogue, nations: set[str]) -> tuple[str, ...]:
    known = [nation.name for nation in catalogue.nations]
    if not nations <= set(known):
        raise VerificationError("an answer comes from a nation that the catalogue does not name")
    return tuple(name for name in known if name in nations)


_UNRELEASED = -1
"""Beside Held: held, but of a private text that the node did not release."""


def _node_gives(
    plan: Plan, dataset: Dataset, answer: NodeAnswer, needs: Sequence[tuple[int, ...]]
) -> tuple[Codes, list[int]]:
    """What an answer holds of each value and cell."""
    held, mixed = _node_holds(plan, dataset, answer.coverage, needs)
    held[(held > Held.NOTHING) & unreleased(plan, answer)] = _UNRELEASED
    return held, mixed


def _node_holds(
    plan: Plan, dataset: Dataset, coverage: Coverage, needs: Sequence[tuple[int, ...]]
) -> tuple[Codes, list[int]]:
    """How much of each value a node holds, cell by cell, and the values whose parts it holds for different rows."""
    components = held_components(plan, dataset, coverage)
    nothing = [Held.NOTHING] * plan.cells
    codes = [bytes(components.get(index, nothing)) for index in range(len(plan.components))]
    held: Codes = np.zeros((len(needs), plan.cells), dtype=np.int8)
    mixed = []
    for value, need in enumerate(needs):
        parts = np.array([np.frombuffer(codes[index], dtype=np.int8) for index in need])
        held[value] = parts.min(axis=0)
        if len(need) > 1 and _drop_mixed(held[value], parts, plan, coverage, need):
            mixed.append(value)
    return held, mixed


def _drop_mixed(held: Codes, parts: Codes, plan: Plan, coverage: Coverage, need: tuple[int, ...]) -> bool:
    """Marks as not held the cells where a value's components are held for different rows; whether there are any.

    One in full and one in part, or both in part by different conditions: such a quotient describes nobody.
    """
    partly = held == Held.PART
    if not partly.any():
        return False
    conditions: set[Condition | None] = {coverage.condition(columns_read(plan, index)) for index in need}
    clash = partly if len(conditions) > 1 else partly & (parts.max(axis=0) != Held.PART)
    held[clash] = Held.NOTHING
    return bool(clash.any())


Holding = tuple[int, bytes]
"""A nation, by index, and what a node of it holds of each value and cell, as the bytes of Codes."""


def _absences(
    absent: Sequence[Absent], nations: Sequence[str], plan: Plan, dataset: Dataset, needs: Sequence[tuple[int, ...]]
) -> tuple[list[Holding], list[Holding]]:
    """What lost nodes would have held (all, where unknown), and what nodes hold that said nothing."""
    lost: list[Holding] = []
    silent: list[Holding] = []
    size = len(needs) * plan.cells
    for entry in absent:
        nation = nations.index(entry.nation)
        if entry.cause is not Status.UNAVAILABLE:
            silent.append((nation, bytes([Held.NOTHING]) * size))
        elif entry.coverage is None:
            lost.append((nation, bytes([Held.ALL]) * size))
        else:
            held, _ = _node_holds(plan, dataset, entry.coverage, needs)
            lost.append((nation, held.tobytes()))
            silent.append((nation, held.tobytes()))
    return lost, silent


@lru_cache(maxsize=16)  # questions that differ in what no coverage depends on have the same standings
def _codes(shape: tuple[int, int, int], holdings: tuple[Holding, ...], lost: tuple[Holding, ...]) -> Codes:
    """The nations' codes, read-only: of `shape` (nations, values, cells)."""
    codes = np.full(shape, Code.NOT_HELD, dtype=np.int8)
    for nation in range(shape[0]):
        held = [_unpacked(data, shape) for own, data in holdings if own == nation]
        if held:
            stacked = np.stack(held)
            some, lacking = stacked.max(axis=0) > Held.NOTHING, stacked.min(axis=0) == _UNRELEASED
            codes[nation][some] = Code.PARTLY_HELD
            whole = np.isin(stacked, (Held.ALL, _UNRELEASED)).all(axis=0)
            codes[nation][some & lacking & whole] = Code.PARTLY_SUPPRESSED
            codes[nation][~some & lacking] = Code.SUPPRESSED
            codes[nation][stacked.min(axis=0) == Held.ALL] = Code.OK
    for nation, data in lost:
        codes[nation][_unpacked(data, shape) > Held.NOTHING] = Code.UNAVAILABLE
    codes.flags.writeable = False
    return codes


def _unpacked(data: bytes, shape: tuple[int, int, int]) -> Codes:
    return np.frombuffer(data, dtype=np.int8).reshape(shape[1:])
