"""Mistakes that the audit must notice, each as what it changes in a node's command and in its engine.

A mistake changes what the code says at one place, by the name that this place has: where the name is gone, starting
the node fails and so does the audit.
"""

# sampled from a seed, so that a planted mistake is caught in every run or in none

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Wanted = Sequence[tuple[Any, int]]
"""Laws of noise, and how many of each."""
Draw = Callable[[Wanted], list[Integers]]


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True)
class Mistake:
    """`in_engine` is told the node's name: what it samples must differ between nodes."""

    in_command: Callable[[], None] = _nothing
    in_engine: Callable[[str], None] = _nothing


def _patch(target: object, name: str, value: object) -> None:
    """For good: the process ends with it. Fails where there is no such name."""
    mock.patch.object(target, name, value).start()


def seeded(node: str) -> np.random.Generator:
    return np.random.default_rng(list(hashlib.sha256(node.encode()).digest()))


def lattice_quantiles(scale: float, levels: npt.NDArray[np.float64]) -> Integers:
    """Of the discrete Gaussian of that scale, at levels between 0 and 1."""
    width = int(9 * scale) + 2
    weights = np.exp(-((np.arange(-width, width + 1) / scale) ** 2) / 2)
    found = np.searchsorted(np.cumsum(weights / weights.sum()), levels)
    return np.minimum(found, len(weights) - 1) - width


def laplace_quantiles(scale: float, levels: npt.NDArray[np.float64]) -> Integers:
    """Of the discrete Laplace distribution of that scale: P(X >= x) = exp(-x / scale) / (1 + exp(-1 / scale))."""
    tail = np.maximum(np.minimum(levels, 1 - levels), 2.0**-60)
    sizes = np.floor(-scale * (np.log(tail) + np.log1p(np.exp(-1 / scale))))
    found: Integers = (np.sign(levels - 0.5) * np.maximum(sizes, 0)).astype(np.int64)
    return found


def quantiles(law: Any, levels: npt.NDArray[np.float64], divisor: float = 1.0) -> Integers:
    """Of the noise that a law of the product names, its scale divided."""
    own = laplace_quantiles if law.mechanism == "discrete_laplace" else lattice_quantiles
    return own(law.scale / divisor, levels)


# The noise


def _noise_drawn_by(make: Callable[[np.random.Generator], Draw]) -> Callable[[str], None]:
    def plant(node: str) -> None:
        from concordat_privacy import noise

        _patch(noise, "draw_all", make(seeded(node)))

    return plant


def _ten_percent_less(chance: np.random.Generator) -> Draw:
    return lambda wanted: [quantiles(law, chance.random(cells), 1.1) for law, cells in wanted]


def _one_for_all_components(chance: np.random.Generator) -> Draw:
    def draw_all(wanted: Wanted) -> list[Integers]:
        levels = chance.random(max(cells for _, cells in wanted))
        return [quantiles(law, levels[:cells]) for law, cells in wanted]

    return draw_all


# What a unit adds


def _planned_with(**limits: Any) -> Callable[[str], None]:
    """The engine keeps more of a unit than the plan, which sets the noise, has counted on."""

    def plant(_: str) -> None:
        from concordat_node.engine import release
        from concordat_privacy.plan import plan as honest

        def planned(*about: Any) -> Any:
            return replace(honest(*about), **limits)

        _patch(release, "plan", planned)

    return plant


def _no_clamp() -> None:
    from concordat_node.importing.conversion import ColumnPlan

    def fixed_sql(self: Any) -> str:
        if self.column.type != "number":
            return honest_fixed(self)
        return f"CAST(round({self.raw} * {10**self.column.decimals}) AS BIGINT) AS {self.fixed}"

    def repaired_sql(self: Any) -> str:
        from concordat_node.importing.edition import column_type

        if self.column.type != "number":
            return honest_repaired(self)
        return f"CAST({self.fixed} AS {column_type(self.column)}) AS {self.name}"

    honest_fixed, honest_repaired = ColumnPlan.fixed_sql, ColumnPlan.repaired_sql
    _patch(ColumnPlan, "fixed_sql", fixed_sql)
    _patch(ColumnPlan, "repaired_sql", repaired_sql)


# Which texts are released


def _threshold_less_by_one(_: str) -> None:
    from concordat_node.engine.texts import TextKey

    def released(self: Any, counts: Any) -> Any:
        lower = replace(self.selection, threshold=self.selection.threshold - 1)
        return honest(replace(self, selection=lower), counts)

    honest = TextKey.released
    _patch(TextKey, "released", released)


def _rows_counted(_: str) -> None:
    from concordat_node.engine.sql import condition_sql
    from concordat_node.engine.texts import TextKey

    def counts_sql(self: Any, dataset: Any, kept: Any) -> str:
        where = "true" if kept is None else condition_sql(dataset, kept)
        return f"SELECT {self.column}, count(*) FROM {self.rows} WHERE {where} GROUP BY {self.column}"  # noqa: S608

    _patch(TextKey, "counts_sql", counts_sql)


# The price


def _half_charged() -> None:
    from concordat_node import desk
    from concordat_node.admission import admit as honest

    def admit(*about: Any) -> Any:
        admitted = honest(*about)
        return replace(admitted, price_nano=admitted.price_nano // 2)

    _patch(desk, "admit", admit)


def _half_taken_for_enough(_: str) -> None:
    from concordat_node.engine import release

    honest = release._planned

    def planned(query: Any, holding: Any, receipt: Any) -> Any:
        whole = type(receipt)()
        whole.CopyFrom(receipt)
        whole.price_nano *= 2
        return honest(query, holding, whole)

    _patch(release, "_planned", planned)


MISTAKES = {
    "noise 10% too small": Mistake(in_engine=_noise_drawn_by(_ten_percent_less)),
    "one noise for all components": Mistake(in_engine=_noise_drawn_by(_one_for_all_components)),
    "one group more": Mistake(in_engine=_planned_with(max_groups=2)),
    "row cap skipped": Mistake(in_engine=_planned_with(max_rows=4)),
    "a clamp left out": Mistake(in_command=_no_clamp),
    "threshold less by one": Mistake(in_engine=_threshold_less_by_one),
    "rows counted for units": Mistake(in_engine=_rows_counted),
    "half the price charged": Mistake(in_command=_half_charged, in_engine=_half_taken_for_enough),
}
