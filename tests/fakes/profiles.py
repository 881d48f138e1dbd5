"""Exact profiles: as the engine's SQL gives them, and as a plain reading of the rules gives them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
from concordat.v1 import engine_pb2, node_pb2
from concordat_node.engine.profiling import profile_counts
from concordat_node.importing.edition import TABLE, EditionInfo, Loss
from concordat_privacy.profile import Losing, ProfilePlan, Subject
from concordat_query.catalogue import Dataset
from concordat_query.coverage import Coverage
from concordat_query.profile_request import ProfileRequest, profile_request_sha256, profile_request_to_proto
from concordat_query.row_values import truth
from concordat_query.signing import Purpose
from concordat_query.wire import calculus_to_proto
from fakes.editions import Row
from fakes.engine import FakeNode
from fakes.scans import public

Vectors = list[list[int]]


def profile_request(dataset: Dataset, name: str, keys: Sequence[str] = (), **more: Any) -> ProfileRequest:
    asked = ProfileRequest(name, dataset.definition_sha256, tuple(sorted(keys)), 1, 1, 10_000_000)
    return replace(asked, **more)


def exact_profile(plan: ProfilePlan, dataset: Dataset, path: Path, coverage: Coverage = Coverage()) -> Vectors:  # noqa: B008
    """What the engine adds its noise to, read off an edition's file."""
    vectors = [[0] * vector.length for vector in plan.vectors]
    with duckdb.connect(path, read_only=True, config={"threads": 1}) as connection:
        for count in profile_counts(plan, dataset, coverage, TABLE):
            for index, place, value in count.read(connection.execute(count.sql).fetchall()):
                vectors[index][place] += value
    return vectors


def expected_profile(
    plan: ProfilePlan,
    dataset: Dataset,
    units: Mapping[Any, tuple[Loss, Sequence[Row]]],
    coverage: Coverage = Coverage(),  # noqa: B008  # frozen
) -> Vectors:
    """The same, unit by unit in Python."""
    vectors = [[0] * vector.length for vector in plan.vectors]
    for losses, rows in units.values():
        for vector, figures in zip(plan.vectors, vectors, strict=True):
            match vector.subject:
                case Subject.UNITS:
                    figures[0] += 1
                case Subject.ROWS:
                    figures[0] += len(rows)
                case Subject.SIZES:
                    domain = dataset.column(vector.key or "").stored_domain
                    for value in {row[vector.key or ""] for row in _held(dataset, rows, coverage, [vector.key or ""])}:
                        figures[domain.index(value)] += 1
                case Subject.LOSSES:
                    lost = _lost(plan, losses, _held(dataset, rows, coverage, plan.request.keys))
                    for place, losing in enumerate(plan.losses):
                        figures[place] += losing in lost
    return vectors


def _held(dataset: Dataset, rows: Sequence[Row], coverage: Coverage, keys: Sequence[str]) -> list[Row]:
    return [row for row in rows if truth(coverage.condition(keys), public(dataset, row)) is True]


def _lost(plan: ProfilePlan, losses: Loss, rows: Sequence[Row]) -> set[Losing]:
    cells = Counter(tuple(row[key] for key in plan.request.keys) for row in rows)
    found = {
        Losing.ROW_AT_IMPORT: Loss.ROW in losses,
        Losing.CLAMPED: Loss.CLAMPED in losses,
        Losing.ROW_IN_CELL: max(cells.values(), default=0) > plan.request.max_rows,
        Losing.GROUP: len(cells) > plan.request.max_groups,
    }
    return {losing for losing, holds in found.items() if holds}


def engine_request(
    node: FakeNode, asked: ProfileRequest, edition: EditionInfo, /, **receipt: object
) -> engine_pb2.EngineRequest:
    """A profile with the receipt of its charge; `receipt` replaces parts of that."""
    made = engine_pb2.Receipt(
        node=node.name,
        query_sha256=profile_request_sha256(asked),
        edition=edition.id,
        price_nano=asked.price_nano,
        sequence=7,
        calculus=calculus_to_proto(asked.calculus),
    )
    made.MergeFrom(engine_pb2.Receipt(**receipt))  # type: ignore[arg-type]
    data = made.SerializeToString()
    signed = engine_pb2.SignedReceipt(receipt=data, signature=node.ledger.sign(Purpose.RECEIPT, data))
    return engine_pb2.EngineRequest(profile=profile_request_to_proto(asked), receipt=signed)


def components(plan: ProfilePlan, figure: int = 0) -> list[node_pb2.Component]:
    """Components of a plan's form, `figure` everywhere."""
    return [
        node_pb2.Component(index=index, scale=vector.law.scale, values=[figure] * vector.length)
        for index, vector in enumerate(plan.vectors)
    ]
