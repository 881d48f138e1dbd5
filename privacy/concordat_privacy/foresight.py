"""What a result's precision will be, told before anything is spent: the table of expected answers without their noise.

Margins of counts, sums and their combinations are exact whatever the data. Those of means and quotients depend on how
many rows there are, so they follow from sizes: a node's charged profile, or what the catalogue expects.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import numpy.typing as npt
from concordat_query.catalogue import Catalogue, Dataset
from concordat_query.coverage import Coverage
from concordat_query.model import Condition, Presentation, ValueColumn, both, columns_in

from concordat_privacy.components import Component, Kind
from concordat_privacy.estimates import Row, Status, Value, tabulate
from concordat_privacy.expectations import Profile, Source, expected_sizes
from concordat_privacy.linear import linear
from concordat_privacy.merge import Absent, NodeAnswer
from concordat_privacy.plan import Plan, held_components
from concordat_privacy.profile import Subject

_SEED = b"concordat.foresight"


@dataclass(frozen=True)
class Party:
    """A node asked: what it declares to hold and how its data differ, and its profile, if it has one.

    `nodes` is how many its nation has.
    """

    node: str
    nation: str
    coverage: Coverage
    profile: Profile | None = None
    nodes: int = 1
    differences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outlook:
    """One value in a typical cell of one nation, or of a total: the cell of median expected figure.

    `margin` is None where no figure will come (`status` says why) or where it depends on sizes that nobody declared.
    `relative` is the margin as a part of the expected figure, for counts of known sizes.
    """

    label: str
    is_total: bool
    value: str
    status: Status
    figure: float | None
    margin: float | None
    relative: float | None


@dataclass(frozen=True)
class Foresight:
    """`notes` are those that the result will have: they follow from public facts.

    `sources` say where sizes come from, by nation; nations of unknown size are missing from it.
    """

    outlooks: tuple[Outlook, ...]
    notes: tuple[str, ...]
    sources: dict[str, Source]


def foresee(catalogue: Catalogue, plan: Plan, presentation: Presentation, parties: Sequence[Party]) -> Foresight:
    """The outlook of every value at every nation and total. Looks at no data; deterministic."""
    dataset = catalogue.dataset(plan.query.dataset)
    answers, absent, sources = [], [], {}
    for party in parties:
        held = held_components(plan, dataset, party.coverage)
        if not held:
            absent.append(Absent(party.node, party.nation, Status.NOT_HELD, party.coverage, party.differences))
            continue
        told = [index for index in held if plan.components[index].kind is not Kind.HIDDEN]
        vectors = {index: _expected(plan, dataset, plan.components[index], party) for index in told}
        if (source := _source(dataset, party)) is not None:
            sources[party.nation] = source
        answers.append(NodeAnswer(party.node, party.nation, party.coverage, vectors, party.differences))
    uncut = replace(presentation, having=None, order=(), limit=None, offset=0)
    table = tabulate(catalogue, plan, uncut, answers, absent, _SEED)
    values = [column for column in presentation.columns if isinstance(column, ValueColumn)]
    known = {party.nation for party in parties} <= sources.keys() | {entry.nation for entry in absent}
    foreseen = plan.selection is None  # of a private key nobody knows how many texts share the rest
    outlooks = []
    for (label, is_total), rows in _by_label(table.rows).items():
        for position, column in enumerate(values):
            sized = foreseen and (known if is_total or label == "" else label in sources)
            outlooks.append(_outlook(plan, column, label, is_total, [row.values[position] for row in rows], sized))
    return Foresight(tuple(outlook for outlook in outlooks if outlook is not None), table.notes, sources)


def _by_label(rows: Iterable[Row]) -> dict[tuple[str, bool], list[Row]]:
    """Plain rows by nation or total; rows that ROLLUP sums over are left out."""
    found: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        if not any(row.rolled):
            found.setdefault((row.nation or "", row.is_total), []).append(row)
    return found


def _outlook(
    plan: Plan, column: ValueColumn, label: str, is_total: bool, values: Sequence[Value | None], sized: bool
) -> Outlook | None:
    given = [value for value in values if value is not None and value.estimate is not None]
    present = [value for value in values if value is not None]
    if not present:
        return None
    if not given:
        return Outlook(label, is_total, column.name, present[0].status, None, None, None)
    form = linear(column.value, plan)
    typical = sorted(given, key=lambda value: float(value.estimate or 0))[len(given) // 2]
    counts = form is not None and all(plan.components[i].kind in (Kind.ROWS, Kind.UNITS) for i in form.weights)
    figure = median(float(value.estimate or 0) for value in given) if counts and sized else None
    margin = None if typical.margin is None or (form is None and not sized) else float(typical.margin)
    relative = margin / figure if figure and margin is not None else None
    return Outlook(label, is_total, column.name, typical.status, figure, margin, relative)


def _source(dataset: Dataset, party: Party) -> Source | None:
    sizes = expected_sizes(dataset, None, (), party.nation, party.profile)
    return None if sizes is None else sizes.source


def _expected(plan: Plan, dataset: Dataset, component: Component, party: Party) -> npt.NDArray[np.int64]:
    """A component without noise, if sizes were as expected and values spread evenly between their bounds."""
    units = _units(plan, dataset, component, party)
    rows = units if component.kind is Kind.UNITS else units * _rows_of_a_unit(plan, party)
    if component.kind in (Kind.CENTRED, Kind.PRODUCTS):
        return np.zeros(component.cells, dtype=np.int64)
    if component.kind is Kind.SQUARES:
        return np.rint(rows * -component.per_row / 3).astype(np.int64)
    if component.bins is not None:
        strategy = component.bins.strategy
        added = strategy.matrix.sum(axis=1) / component.bins.count
        return np.rint(np.outer(rows, added)).astype(np.int64).ravel()
    if component.kind is Kind.SUM and component.scalar is not None:
        kind = component.types[0]
        return np.rint(rows * (kind.lower + kind.upper) / 2).astype(np.int64)
    return np.rint(rows).astype(np.int64)


def _rows_of_a_unit(plan: Plan, party: Party) -> float:
    """How many rows a unit has in a cell, as far as they count: by the profile, else one."""
    rows, units = (party.profile.of(subject) if party.profile else None for subject in (Subject.ROWS, Subject.UNITS))
    if not rows or not units or units[0] <= 0:
        return 1.0
    return min(max(1.0, rows[0] / units[0]), float(plan.max_rows))


def _units(plan: Plan, dataset: Dataset, component: Component, party: Party) -> npt.NDArray[np.float64]:
    """Expected units in every cell: sizes are those of what is held."""
    keys = [plan.query.keys[position] for position in plan.keys_of(component)]
    read = component.reads.union(*(columns_in(key) for key in plan.query.keys))
    asked = _all(plan.query.where, component.filter, party.coverage.rows, party.coverage.condition(read))
    sizes = expected_sizes(dataset, asked, keys, party.nation, party.profile)
    whole = expected_sizes(dataset, None, (), party.nation, party.profile)
    held = expected_sizes(dataset, party.coverage.rows, (), party.nation, party.profile)
    if sizes is None or whole is None or held is None or not held.units[0]:
        return np.zeros(component.cells)
    share = 1 if party.profile is not None else party.nodes
    return np.array(sizes.units) * whole.units[0] / held.units[0] / share


def _all(*conditions: Condition | None) -> Condition | None:
    found: Condition | None = None
    for condition in conditions:
        found = both(found, condition)
    return found
