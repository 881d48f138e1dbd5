"""What a query means in numbers: its cells, its components, their sensitivities, prices and noise scales.

A plan follows from the query and the data set's public definition alone, so every party derives the same one. It
looks at no data and at no node's coverage; `held_components` then says which components a node answers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from concordat_query.canonical import query_sha256
from concordat_query.catalogue import CellKey, Dataset
from concordat_query.coverage import Coverage, Held, held_by_cell
from concordat_query.domains import domain_of, domain_size
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Condition, Query, both, columns_in

from concordat_privacy.components import Bounds, Component, cells_within_reach, constant_within_unit
from concordat_privacy.decomposition import Decomposition
from concordat_privacy.parts import Part
from concordat_privacy.sensitivity import rows_in_all, rows_squared
from concordat_privacy.shares import split, weights_of

MAX_CELLS = 10_000
MAX_VALUES = 200_000
"""Figures of all components and cells: what one query may make a node draw noise for (about two seconds)."""


@dataclass(frozen=True)
class Plan:
    """`domains` are the keys' values in `query.keys` order; cells are their product, the last key running fastest.

    One unit counts in at most `max_groups` cells with at most `max_rows` rows in each; `rows_squared` bounds the sum of
    its squared row counts. `parts` says for each of `query.aggregates` how it is made of `components` (by index),
    and rho is laid on these in proportion to `weights`.
    `spreading` are the positions of keys that may differ within a unit: over these, counts of units do not add up.
    """

    query: Query
    domains: tuple[tuple[CellKey, ...], ...]
    cells: int
    max_groups: int
    max_rows: int
    rows_squared: int
    components: tuple[Component, ...]
    parts: tuple[Part, ...]
    weights: tuple[int, ...]
    spreading: frozenset[int]

    @cached_property
    def query_sha256(self) -> bytes:
        """The query's hash: every answer is held against it."""
        return query_sha256(self.query)

    def keys_of(self, component: Component) -> list[int]:
        """The positions of the keys that tell the component's cells apart."""
        return [position for position in range(len(self.domains)) if position not in component.over]


def plan(query: Query, dataset: Dataset) -> Plan:
    """Derives the plan. Refuses a query without aggregates, with bounds below one, too many cells, or a price out of
    range; expects names and types to have been checked (`concordat_query.check`), and refuses what would be unsafe."""
    _check_form(query)
    cells = _count_cells(query, dataset)
    limit = dataset.max_rows_per_unit
    max_groups = min(query.max_groups, cells_within_reach(query.keys, dataset), limit)
    max_rows = min(query.max_rows, limit)
    squared = rows_squared(max_groups, max_rows, limit)
    bounds = Bounds(query, dataset, max_groups, squared, rows_in_all(max_groups, max_rows, limit))
    decomposition = Decomposition(bounds)
    parts = decomposition.parts(query.aggregates)
    outlines = tuple(decomposition.outlines)
    weights = weights_of(parts, len(outlines))
    shares = split(query.rho_nano, weights)
    components = tuple(outline.component(bounds, share) for outline, share in zip(outlines, shares, strict=True))
    _check_values(components)
    return Plan(
        query=query,
        domains=tuple(domain_of(key, dataset).values for key in query.keys),
        cells=cells,
        max_groups=max_groups,
        max_rows=max_rows,
        rows_squared=squared,
        components=components,
        parts=parts,
        weights=weights,
        spreading=frozenset(i for i, key in enumerate(query.keys) if not constant_within_unit(key, dataset)),
    )


def held_components(plan: Plan, dataset: Dataset, coverage: Coverage) -> dict[int, list[Held]]:
    """How much of each component a node holds, cell by cell. Components of which it holds nothing are left out.

    These are the components that the node answers and is charged for.
    """
    found: dict[int, list[Held]] = {}
    known: dict[tuple[Condition | None, frozenset[str], tuple[int, ...]], list[Held]] = {}
    for index, component in enumerate(plan.components):
        asked = both(plan.query.where, component.filter)
        key = (asked, component.reads, component.over)
        if key not in known:
            known[key] = _held(plan, dataset, coverage, component, asked)
        if any(known[key]):
            found[index] = known[key]
    return found


def _held(
    plan: Plan, dataset: Dataset, coverage: Coverage, component: Component, asked: Condition | None
) -> list[Held]:
    keys = [plan.query.keys[position] for position in plan.keys_of(component)]
    read = component.reads.union(*(columns_in(plan.query.keys[position]) for position in component.over))
    return held_by_cell(dataset, coverage, asked, keys, read)


def _check_form(query: Query) -> None:
    if not query.aggregates:
        raise Refusal(Reason.MALFORMED_REQUEST, "the query asks for no statistic", field="query.aggregates")
    for field, bound in (("max_groups", query.max_groups), ("max_rows", query.max_rows)):
        if bound < 1:
            raise Refusal(Reason.MALFORMED_REQUEST, f"{field} must be at least 1", field=f"query.{field}")


def _check_values(components: Sequence[Component]) -> None:
    values = sum(component.length for component in components)
    if values > MAX_VALUES:
        binned = any(component.bins for component in components)
        advice = "; a percentile takes one for each value of its column: narrow or group it, as in DIV(x, 10) * 10"
        raise Refusal(
            Reason.TOO_MANY_CELLS,
            f"the query needs {values} noisy figures and {MAX_VALUES} are answered; use fewer keys or statistics"
            + (advice if binned else ""),
            field="query.keys",
        )


def _count_cells(query: Query, dataset: Dataset) -> int:
    """The number of cells. No column's domain is listed before it is known to be small."""
    for key in query.keys:
        if isinstance(key, str) and not dataset.column(key).may_be_key:
            raise Refusal(Reason.KEY_WITHOUT_DOMAIN, f"column {key!r} cannot be a group key", field="query.keys")
    cells = math.prod(domain_size(key, dataset) for key in query.keys)
    if cells > MAX_CELLS:
        raise Refusal(
            Reason.TOO_MANY_CELLS,
            f"the keys have {cells} cells, more than {MAX_CELLS}; use fewer keys",
            field="query.keys",
        )
    return cells
