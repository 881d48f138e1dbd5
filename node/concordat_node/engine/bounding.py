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

from concordat_privacy.plan import Plan
from concordat_query.catalogue import Dataset
from concordat_query.coverage import Coverage
from concordat_query.domains import Domain, domain_of
from concordat_query.model import Condition, both, columns_in, columns_of

from concordat_node.engine import cubes
from concordat_node.engine.choosing import HASH_BITS
from concordat_node.engine.limits import Limits, limits_of
from concordat_node.engine.sql import condition_sql, scalar_sql


@dataclass(frozen=True)
class KeptRows:
    """The rows of an edition's table that count: those that satisfy WHERE and are held, trimmed to the plan's limits.

    They are read in two parts, each with its `_unit`, its `_cell` and `columns` (SQL): the rows that need no trimming,
    and those of units that may exceed a limit, which `trimmed` trims. Statements made here are over both parts, one at
    a time, as table `kept`: their sums add up, because a unit is in one part only.

    Where import has marked what the query keeps, all rows are of the first kind.
    """

    plan: Plan
    dataset: Dataset
    coverage: Coverage
    table: str
    columns: Sequence[str]

    @cached_property
    def limits(self) -> Limits:
        return limits_of(self.plan.query.keys, self.plan.max_groups, self.plan.max_rows, self.dataset)

    @property
    def may_trim(self) -> bool:
        """Whether rows are chosen when they are read: not where no limit can bind, nor where import has chosen."""
        return not self.limits.never_bind and cubes.serving(self.plan.query, self.dataset) is None

    @cached_property
    def spared(self) -> str:
        """Rows that need no trimming."""
        marked = cubes.serving(self.plan.query, self.dataset)
        if self.limits.never_bind:
            which = None
        elif marked is not None:
            which = f"cubes & {1 << marked} <> 0"
        else:
            which = f"unit_rows <= {self.limits.never_trimmed}"
        return f"SELECT {', '.join(self._selected)} FROM {self.table}{self._where(which)}"

    @cached_property
    def to_trim(self) -> str | None:
        """All other rows, as `trimmed` expects them. None where there are none."""
        if not self.may_trim:
            return None
        unit, cell, *columns = self._selected
        # Once more over all: a hash of several values lets all units agree in which cells lie near each other.
        hashed = f"CAST(hash(hash(token_hi, token_lo, {self._cell()})) >> {64 - HASH_BITS} AS USMALLINT) AS _hash"
        heavy = self._where(f"unit_rows > {self.limits.never_trimmed}")
        return f"SELECT {', '.join(('rowid', unit, hashed, cell, *columns))} FROM {self.table}{heavy}"

    @property
    def _selected(self) -> tuple[str, ...]:
        return "unit AS _unit", f"CAST({self._cell()} AS USMALLINT) AS _cell", *self.columns

    def by_keys(self, sums: Sequence[str]) -> str:
        """Sums by the keys as they are stored: the fastest where nothing is trimmed. The keys are among the columns."""
        keys = [scalar_sql(self.dataset, key) for key in self.plan.query.keys]
        groups = f" GROUP BY {', '.join(keys)}" if keys else ""
        return f"SELECT {', '.join((*keys, *sums))} FROM kept{groups}"

    def places(self) -> tuple[Mapping[int | None, int], ...]:
        """How `by_keys` decodes: the last key runs fastest."""
        return tuple(
            {value: index * stride for index, value in enumerate(domain.stored)}
            for domain, stride in zip(self._domains, self._strides, strict=True)
        )

    def by_cell(self, sums: Sequence[str]) -> str:
        """Sums by the cell's position."""
        return f"SELECT {', '.join(('_cell', *sums))} FROM kept GROUP BY _cell"

    def units_by_cell(self, present: Sequence[str], over: tuple[int, ...]) -> str:
        """For each cell over the other keys, how many units have each of the flags `present` in one of their cells."""
        pairs = f"SELECT _unit, _cell, {_named('_m', present)} FROM kept GROUP BY _unit, _cell"
        unit = "DISTINCT _unit" if over else "*"  # a unit stands once with each of its cells
        counts = ", ".join(f"count({unit}) FILTER (WHERE _m{i})" for i in range(len(present)))
        return f"SELECT {self._coarse(over)} AS _over, {counts} FROM ({pairs}) GROUP BY _over"

    def bins_by_cell(self, place: str, condition: Condition | None) -> str:
        """Rows by cell and `place`, of those that satisfy `condition` and in which `place` is not NULL."""
        also = "true" if condition is None else condition_sql(self.dataset, condition)
        placed = f"SELECT _cell, {place} AS _place FROM kept WHERE {also}"
        return f"SELECT _cell, _place, count(*) FROM ({placed}) WHERE _place IS NOT NULL GROUP BY _cell, _place"

    def _where(self, also: str | None) -> str:
        kept = kept_condition(self.plan, self.coverage)
        terms = [*([] if kept is None else [condition_sql(self.dataset, kept)]), *([] if also is None else [also])]
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


def kept_condition(plan: Plan, coverage: Coverage) -> Condition | None:
    """WHERE, and only rows for which the columns that it and GROUP BY read are held."""
    read = columns_of(plan.query.where).union(*map(columns_in, plan.query.keys))
    return both(plan.query.where, coverage.condition(read))


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
