"""The SQL of exact sums over bounded contributions.

A unit contributes to at most k cells, those of the lowest hash of its secret token and the cell, and with at most C
rows to each, those of the lowest row_key. Rows are chosen after WHERE and before any aggregate's own condition, and by
looking at one unit's rows only, so a neighbouring edition differs in that unit's contribution and nothing else.
"""

# ruff: noqa: S608  # the text holds integers, names from the catalogue and nothing that an analyst wrote

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from concordat_privacy.components import constant_within_unit
from concordat_privacy.plan import Plan
from concordat_query.catalogue import Dataset
from concordat_query.domains import Domain, domain_of
from concordat_query.model import Condition

from concordat_node.engine.sql import condition_sql, scalar_sql


@dataclass(frozen=True)
class Limits:
    """k and C, each None where the catalogue's declared limits keep it from ever binding."""

    cells: int | None
    rows: int | None

    @property
    def never_bind(self) -> bool:
        return self.cells is None and self.rows is None

    @property
    def never_trimmed(self) -> int:
        """A unit with at most so many rows loses none of them."""
        return min(limit for limit in (self.cells, self.rows) if limit is not None)


def limits_of(plan: Plan, dataset: Dataset) -> Limits:
    """From declared facts alone. What the edition holds has no say in it."""
    varying = [key for key in plan.query.keys if not constant_within_unit(key, dataset)]
    reachable = min(math.prod(len(domain_of(key, dataset)) for key in varying), dataset.max_rows_per_unit)
    return Limits(
        cells=plan.max_groups if plan.max_groups < reachable else None,
        rows=plan.max_rows if plan.max_rows < dataset.max_rows_per_unit else None,
    )


@dataclass(frozen=True)
class KeptRows:
    """The rows of an edition's table that count: those that satisfy `kept`, trimmed to `limits`."""

    plan: Plan
    dataset: Dataset
    table: str
    kept: Condition | None
    limits: Limits

    def by_keys(self, sums: Sequence[str]) -> str:
        """Sums over all kept rows, by the keys as they are stored: the fastest where no limit can bind."""
        keys = [scalar_sql(self.dataset, key) for key in self.plan.query.keys]
        groups = f" GROUP BY {', '.join(keys)}" if keys else ""
        return f"SELECT {', '.join((*keys, *sums))} FROM {self.table}{self._where(None)}{groups}"

    def places(self) -> tuple[Mapping[int | None, int], ...]:
        """How `by_keys` decodes: the last key runs fastest."""
        return tuple(
            {value: index * stride for index, value in enumerate(domain.stored)}
            for domain, stride in zip(self._domains, self._strides, strict=True)
        )

    def by_cell(self, sums: Sequence[str]) -> str:
        """Sums over the rows that the limits leave. Units that cannot exceed them are spared the choosing."""
        named = _named("_m", sums)
        light = self._where(f"unit_rows <= {self.limits.never_trimmed}")
        spared = f"SELECT {self._cell()} AS _cell, {named} FROM {self.table}{light} GROUP BY _cell"
        columns = ", ".join(f"_m{i}" for i in range(len(sums)))
        both = f"{spared} UNION ALL SELECT _cell, {columns} FROM ({self._trimmed(named)})"
        added = ", ".join(f"sum(_m{i})" for i in range(len(sums)))
        return f"SELECT _cell, {added} FROM ({both}) GROUP BY _cell"

    def units_by_cell(self, present: Sequence[str], over: tuple[int, ...]) -> str:
        """For each cell over the other keys, how many units have each of the flags `present` in one of their cells."""
        named = _named("_m", present)
        light = self._where(None if self.limits.never_bind else f"unit_rows <= {self.limits.never_trimmed}")
        pairs = f"SELECT unit AS _unit, {self._cell()} AS _cell, {named} FROM {self.table}{light} GROUP BY unit, _cell"
        if not self.limits.never_bind:
            columns = ", ".join(f"_m{i}" for i in range(len(present)))
            pairs += f" UNION ALL SELECT _unit, _cell, {columns} FROM ({self._trimmed(named)})"
        unit = "DISTINCT _unit" if over else "*"  # a unit stands once with each of its cells
        counts = ", ".join(f"count({unit}) FILTER (WHERE _m{i})" for i in range(len(present)))
        return f"SELECT {self._coarse(over)} AS _over, {counts} FROM ({pairs}) GROUP BY _over"

    def bins_by_cell(self, place: str, condition: Condition | None) -> str:
        """Rows by cell and `place`, of those kept rows that satisfy `condition` and in which it is not NULL."""
        also = "true" if condition is None else condition_sql(self.dataset, condition)
        chosen = f"{also} AND {place} IS NOT NULL"
        count = "SELECT _cell, _place, count(*) FROM"
        if self.limits.never_bind:
            rows = f"SELECT {self._cell()} AS _cell, {place} AS _place FROM {self.table}{self._where(chosen)}"
            return f"{count} ({rows}) GROUP BY _cell, _place"
        light = self._where(f"unit_rows <= {self.limits.never_trimmed} AND {chosen}")
        spared = f"SELECT {self._cell()} AS _cell, {place} AS _place FROM {self.table}{light}"
        heavy = f"SELECT _cell, {place} AS _place FROM ({self._trimmed_rows()}) WHERE {chosen}"
        return f"{count} ({spared} UNION ALL {heavy}) GROUP BY _cell, _place"

    def _trimmed_rows(self) -> str:
        """The chosen rows in the chosen cells of the units that may exceed a limit, with their `_cell`."""
        where = self._where(f"unit_rows > {self.limits.never_trimmed}")
        rows = f"SELECT *, {self._cell()} AS _cell FROM {self.table}{where}"
        if self.limits.rows is not None:
            rows += f" QUALIFY row_number() OVER (PARTITION BY unit, _cell ORDER BY row_key) <= {self.limits.rows}"
        if self.limits.cells is None:
            return rows
        rank = "dense_rank() OVER (PARTITION BY unit ORDER BY hash(token_hi, token_lo, _cell), _cell)"
        return f"SELECT * FROM ({rows}) QUALIFY {rank} <= {self.limits.cells}"

    def _trimmed(self, named: str) -> str:
        """Aggregates per unit and cell, of the chosen rows in the chosen cells of the units that may exceed a limit."""
        where = self._where(f"unit_rows > {self.limits.never_trimmed}")
        packed = f"CAST(unit AS BIGINT) * {self.plan.cells} + {self._cell()}"
        rows = f"SELECT *, {packed} AS _packed FROM {self.table}{where}"
        if self.limits.rows is not None:
            rows += f" QUALIFY row_number() OVER (PARTITION BY _packed ORDER BY row_key) <= {self.limits.rows}"
        tokens = "any_value(token_hi) AS _hi, any_value(token_lo) AS _lo"
        cell = f"_packed % {self.plan.cells} AS _cell, _packed // {self.plan.cells} AS _unit"
        cells = f"SELECT {cell}, {tokens}, {named} FROM ({rows}) GROUP BY _packed"
        if self.limits.cells is None:
            return cells
        rank = "row_number() OVER (PARTITION BY _unit ORDER BY hash(_hi, _lo, _cell), _cell)"
        return f"SELECT * FROM ({cells}) QUALIFY {rank} <= {self.limits.cells}"

    def _where(self, also: str | None) -> str:
        kept = None if self.kept is None else condition_sql(self.dataset, self.kept)
        terms = [term for term in (kept, also) if term is not None]
        return " WHERE " + " AND ".join(terms) if terms else ""

    @cached_property
    def _domains(self) -> tuple[Domain, ...]:
        return tuple(domain_of(key, self.dataset) for key in self.plan.query.keys)

    @cached_property
    def _strides(self) -> tuple[int, ...]:
        """How far one value of each key moves the cell's position: the last key runs fastest."""
        sizes = [len(domain) for domain in self._domains]
        return tuple(math.prod(sizes[position + 1 :]) for position in range(len(sizes)))

    def _cell(self) -> str:
        """The same position as `places` gives, in SQL."""
        code = "CAST(0 AS BIGINT)"
        for key, domain, stride in zip(self.plan.query.keys, self._domains, self._strides, strict=True):
            code += f" + ({_place(scalar_sql(self.dataset, key), domain)}) * {stride}"
        return f"({code})"

    def _coarse(self, over: tuple[int, ...]) -> str:
        """From a cell's position to that among the combinations of the keys that are not summed over."""
        code, stride = "CAST(0 AS BIGINT)", 1
        for position in reversed(range(len(self._domains))):
            if position not in over:
                size = len(self._domains[position])
                code += f" + (_cell // {self._strides[position]}) % {size} * {stride}"
                stride *= size
        return code


def _named(prefix: str, aggregates: Sequence[str]) -> str:
    return ", ".join(f"{aggregate} AS {prefix}{i}" for i, aggregate in enumerate(aggregates))


def _place(value: str, domain: Domain) -> str:
    """The index of a stored value in its domain, as SQL."""
    if domain.has_gaps:
        listed = ", ".join(str(number) for number in domain.stored if number is not None)
        place = f"list_position([{listed}], {value}) - 1"
    else:
        place = f"CAST({value} AS BIGINT) - ({domain.lowest})"
    return f"coalesce({place}, {len(domain) - 1})" if None in domain.stored else place
