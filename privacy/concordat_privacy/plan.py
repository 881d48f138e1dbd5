"""What a query means in numbers: its cells, its components, their sensitivities, prices and noise scales.

A plan follows from the query and the data set's public definition alone, so every party derives the same one. It
looks at no data and at no node's coverage; `held_components` then says which components a node answers.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from concordat_query.canonical import query_sha256
from concordat_query.catalogue import CellKey, Dataset
from concordat_query.coverage import Coverage, Held, check_judged, deciding, held_by_cell, judged
from concordat_query.domains import domain_of, domain_size, text_key
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Condition, Query, Scalar, both, columns_in, columns_of
from concordat_query.rules import MAX_CELLS, check_private_keys

from concordat_privacy.components import Bounds, Component, Kind, cells_within_reach, constant_within_unit
from concordat_privacy.decomposition import Decomposition
from concordat_privacy.parts import Part
from concordat_privacy.private_keys import Selection, hidden, selection, set_apart
from concordat_privacy.sensitivity import rows_in_all, rows_squared
from concordat_privacy.shares import split, weights_of

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
    selection: Selection | None = None
    """How texts are released, where a key is a column of private texts. `components` are those once some are known."""

    @cached_property
    def query_sha256(self) -> bytes:
        """The query's hash: every answer is held against it."""
        return query_sha256(self.query)

    def price(self, held: Collection[int]) -> int:
        """What these components cost together, in nano-rho, with all that releasing texts takes."""
        own = self.selection.price_nano if self.selection is not None and held else 0
        return own + sum(self.components[index].price_nano for index in held)

    def delta_e15(self, held: Collection[int]) -> int:
        """What releasing texts costs besides, in 1e-15."""
        return self.selection.delta_e15 if self.selection is not None and held else 0

    def keys_of(self, component: Component) -> list[int]:
        """The positions of the keys that tell the component's cells apart."""
        return [position for position in range(len(self.domains)) if position not in component.over]


def plan(query: Query, dataset: Dataset) -> Plan:
    """Derives the plan. Of a column of private texts the data set knows those that were released.

    Refuses a query without aggregates, with bounds below one, too many cells, or a price out of
    range; expects names and types to have been checked (`concordat_query.check`), and refuses what would be unsafe."""
    _check_form(query)
    check_private_keys(query, dataset)
    _check_cells(query, dataset)
    limit = dataset.max_rows_per_unit
    max_groups = min(query.max_groups, cells_within_reach(query.keys, dataset), limit)
    max_rows = min(query.max_rows, limit)
    squared = rows_squared(max_groups, max_rows, limit)
    bounds = Bounds(query, dataset, max_groups, squared, rows_in_all(max_groups, max_rows, limit))
    decomposition = Decomposition(bounds)
    parts = decomposition.parts(query.aggregates)
    outlines = tuple(decomposition.outlines)
    weights = weights_of(parts, len(outlines))
    chosen, shares = shares_of(query, weights)
    if query.delta_e15:
        outlines = (*outlines, hidden(query))
    components = tuple(outline.component(bounds, share) for outline, share in zip(outlines, shares, strict=True))
    sizes = _Sizes.of(query, dataset, components)
    sizes.check(components)
    if query.delta_e15 and not sizes.most_texts:
        raise Refusal(
            Reason.TOO_MANY_CELLS,
            "the other keys leave no room for a single text; group by fewer of them beside the private key",
            field="query.keys",
        )
    return Plan(
        query=query,
        domains=tuple(domain_of(key, dataset).values for key in query.keys),
        cells=math.prod(domain_size(key, dataset) for key in query.keys),
        max_groups=max_groups,
        max_rows=max_rows,
        rows_squared=squared,
        components=components,
        parts=parts,
        weights=weights,
        spreading=frozenset(i for i, key in enumerate(query.keys) if not constant_within_unit(key, dataset)),
        selection=selection(bounds, chosen, sizes.most_texts) if query.delta_e15 else None,
    )


def shares_of(query: Query, weights: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """What releasing texts takes of the price, and what each component does, the count of hidden texts last."""
    if not query.delta_e15:
        return 0, split(query.price_nano, weights)
    chosen, for_hidden = set_apart(query.price_nano, len(weights))
    return chosen, (*split(query.price_nano - chosen - for_hidden, weights), for_hidden)


def held_components(plan: Plan, dataset: Dataset, coverage: Coverage) -> dict[int, list[Held]]:
    """How much of each component a node holds, cell by cell. Components of which it holds nothing are left out.

    These are the components that the node answers and is charged for. It holds nothing of one of whose rows WHERE and
    the component's own condition let it hold none, whatever the cells that they cannot reach. Refuses a query with so
    many conditions that judging them all under this coverage would take long.
    """
    found: dict[int, list[Held]] = {}
    judging = 0
    where = deciding(coverage, plan.query.where)
    filtered = columns_of(plan.query.where)
    known: dict[tuple[Condition | None, frozenset[str], tuple[int, ...]], list[Held]] = {}
    for index, component in enumerate(plan.components):
        key = (component.filter, component.reads, component.over)
        if key not in known:
            asked, read = both(where, component.filter), component.reads | filtered
            judging += judged(dataset, coverage, asked, plan.query.keys, read)
            check_judged(judging)
            known[key] = _held(plan, dataset, coverage, component, asked, read)
        if any(known[key]):
            found[index] = known[key]
    if plan.selection is not None:  # texts are released, hidden ones counted and something shown of them, or nothing is
        hidden = {index for index in found if plan.components[index].kind is Kind.HIDDEN}
        return found if hidden and hidden != found.keys() else {}
    return found


def _held(
    plan: Plan,
    dataset: Dataset,
    coverage: Coverage,
    component: Component,
    asked: Condition | None,
    columns: frozenset[str],
) -> list[Held]:
    keys = [plan.query.keys[position] for position in plan.keys_of(component)]
    read = columns.union(*(columns_in(plan.query.keys[position]) for position in component.over))
    everything = read.union(*map(columns_in, keys))
    if not any(held_by_cell(dataset, coverage, asked, (), everything)):
        return [Held.NOTHING] * component.cells
    return held_by_cell(dataset, coverage, asked, keys, read)


def _check_form(query: Query) -> None:
    if not query.aggregates:
        raise Refusal(Reason.MALFORMED_REQUEST, "the query asks for no statistic", field="query.aggregates")
    for field, bound in (("max_groups", query.max_groups), ("max_rows", query.max_rows)):
        if bound < 1:
            raise Refusal(Reason.MALFORMED_REQUEST, f"{field} must be at least 1", field=f"query.{field}")


def _check_cells(query: Query, dataset: Dataset) -> None:
    """Refuses too many cells, not counting those of released texts. No column's domain is listed before."""
    for key in query.keys:
        if isinstance(key, str) and not dataset.column(key).may_be_key and not text_key([key], dataset):
            raise Refusal(Reason.KEY_WITHOUT_DOMAIN, f"column {key!r} cannot be a group key", field="query.keys")
    cells = math.prod(_without_texts(key, dataset) for key in query.keys)
    if cells > MAX_CELLS:
        raise Refusal(
            Reason.TOO_MANY_CELLS,
            f"the keys have {cells} cells, more than {MAX_CELLS}; use fewer keys",
            field="query.keys",
        )


def _without_texts(key: Scalar, dataset: Dataset) -> int:
    """How many values a key has: of private texts all others, and missing ones."""
    return 1 + dataset.column(str(key)).nullable if text_key([key], dataset) else domain_size(key, dataset)


@dataclass(frozen=True)
class _Sizes:
    """How many figures an answer holds: of all components those that are there whatever is released, and those that
    each released text adds. `others` are the combinations of the other keys, `places` those of a text key without one,
    `cells` how many there may be with those of released texts.
    """

    fixed: int
    of_each: int
    others: int
    places: int
    cells: int

    @classmethod
    def of(cls, query: Query, dataset: Dataset, components: Sequence[Component]) -> "_Sizes":
        own = text_key(query.keys, dataset)
        if own is None:
            return cls(sum(component.length for component in components), 0, 0, 0, 0)
        key, places, known = query.keys.index(own), _without_texts(own, dataset), domain_size(own, dataset)
        told_apart = [component.length // known for component in components if key not in component.over]
        alike = [component.length for component in components if key in component.over]
        others = math.prod(domain_size(other, dataset) for other in query.keys if other != own)
        most = min(query.max_cells or MAX_CELLS, MAX_CELLS)
        return cls(sum(alike) + sum(told_apart) * places, sum(told_apart), others, places, most)

    def check(self, components: Sequence[Component]) -> None:
        """Refuses more figures than are answered, but for those of released texts, which `most_texts` bounds."""
        if self.fixed > MAX_VALUES:
            binned = any(component.bins for component in components)
            advice = "; a percentile takes one for each value of its column: narrow or group it, as in DIV(x, 10) * 10"
            raise Refusal(
                Reason.TOO_MANY_CELLS,
                f"the query needs {self.fixed} noisy figures and {MAX_VALUES} are answered; use fewer keys or "
                f"statistics{advice if binned else ''}",
                field="query.keys",
            )

    @property
    def most_texts(self) -> int:
        """How many texts may be released, so that an answer is no larger than that to any other query."""
        return max(0, min(self.cells // self.others - self.places, (MAX_VALUES - self.fixed) // max(1, self.of_each)))
