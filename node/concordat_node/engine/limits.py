"""What one unit may contribute to a query, as far as it needs enforcing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from concordat_privacy.components import constant_within_unit
from concordat_query.catalogue import Dataset
from concordat_query.domains import domain_of
from concordat_query.model import Scalar


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


def limits_of(keys: Sequence[Scalar], max_groups: int, max_rows: int, dataset: Dataset) -> Limits:
    """From declared facts alone. What an edition holds has no say in it."""
    varying = [key for key in keys if not constant_within_unit(key, dataset)]
    reachable = min(math.prod(len(domain_of(key, dataset)) for key in varying), dataset.max_rows_per_unit)
    return Limits(
        cells=max_groups if max_groups < reachable else None,
        rows=max_rows if max_rows < dataset.max_rows_per_unit else None,
    )
