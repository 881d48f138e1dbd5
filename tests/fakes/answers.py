"""Nodes' answers without nodes: whatever figures a test wants, in the shape that a plan and a coverage demand."""

from collections.abc import Mapping, Sequence

import numpy as np
from concordat_privacy.merge import Absent, NodeAnswer
from concordat_privacy.plan import Plan, held_components
from concordat_privacy.status import Status
from concordat_query.catalogue import Dataset
from concordat_query.coverage import Coverage


def answer(
    plan: Plan,
    dataset: Dataset,
    nation: str,
    figures: Mapping[int, Sequence[int]] | int,
    coverage: Coverage | None = None,
    node: str | None = None,
    differences: tuple[str, ...] = (),
) -> NodeAnswer:
    """An answer with the components that the coverage holds: given by index, or one figure for every cell of all."""
    coverage = coverage or Coverage()
    vectors = {
        index: np.full(plan.cells, figures) if isinstance(figures, int) else np.array(figures[index])
        for index in held_components(plan, dataset, coverage)
    }
    return NodeAnswer(node or f"node of {nation}", nation, coverage, vectors, differences)


def lost(nation: str, coverage: Coverage | None = None) -> Absent:
    return Absent(f"node of {nation}", nation, Status.UNAVAILABLE, coverage)


def holding_nothing(nation: str, coverage: Coverage | None = None) -> Absent:
    return Absent(f"node of {nation}", nation, Status.NOT_HELD, coverage)
