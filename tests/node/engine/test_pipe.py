"""What crosses the engine's pipe, recorded whole: noisy components, and no exact figure."""

import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from concordat.v1 import engine_pb2
from concordat.v1.engine_pb2 import EngineResponse
from concordat_node.engine import process
from concordat_node.engine.frames import LENGTH, frame
from concordat_node.importing.edition import EditionInfo
from concordat_privacy.plan import Plan, plan
from concordat_query.model import Aggregate, Comparator, Comparison, Statistic
from fakes.editions import Row
from fakes.engine import COUNT, VISITS, FakeNode, query
from fakes.scans import open_table

DEAR = Comparison("cost", Comparator.GREATER, Decimal("100"))
AGGREGATES = (COUNT, Aggregate(Statistic.SUM, "cost"), Aggregate(Statistic.AVG, "weight"))
BOUNDED = query(VISITS, ("clinic",), AGGREGATES, DEAR, price_nano=20, max_groups=2, max_rows=3)
UNBOUNDED = query(VISITS, ("clinic",), AGGREGATES, price_nano=20, max_groups=6, max_rows=20)
ROUNDS = 4


@dataclass(frozen=True)
class Recording:
    """All bytes that the engine ever wrote, cut into its frames; the first says that it is ready."""

    written: bytes
    frames: tuple[bytes, ...]


def _unit(number: int) -> list[Row]:
    return [
        {"clinic": (number + rank) % 6, "sex": number % 2, "cost": 17_003 + 7 * number + rank, "weight": 211 + rank}
        for rank in range(1 + number % 9)
    ]


UNITS = [_unit(number) for number in range(60)]


def _record(node: FakeNode, requests: Sequence[engine_pb2.EngineRequest]) -> Recording:
    sent = b"".join(frame(request.SerializeToString()) for request in requests)
    done = subprocess.run(  # noqa: S603  # our own module
        process.command(node.settings()), input=sent, capture_output=True, env=process.ENVIRONMENT, check=True
    )
    assert done.stderr == b""
    return Recording(done.stdout, tuple(_frames(done.stdout)))


def _frames(written: bytes) -> list[bytes]:
    frames = []
    while written:
        (length,) = LENGTH.unpack(written[: LENGTH.size])
        frames.append(written[LENGTH.size : LENGTH.size + length])
        assert len(frames[-1]) == length
        written = written[LENGTH.size + length :]
    return frames


def _planned(node: FakeNode) -> dict[str, Plan]:
    dataset = node.catalogue.dataset(VISITS)
    return {"bounded": plan(BOUNDED, dataset), "unbounded": plan(UNBOUNDED, dataset)}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> FakeNode:
    return FakeNode(tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="module")
def edition(node: FakeNode) -> EditionInfo:
    return node.publish(VISITS, UNITS)


@pytest.fixture(scope="module")
def recording(node: FakeNode, edition: EditionInfo) -> Recording:
    return _record(node, [node.request(each, edition) for each in (BOUNDED, UNBOUNDED)] * ROUNDS)


@pytest.fixture(scope="module")
def exact(node: FakeNode, edition: EditionInfo) -> dict[str, list[list[int]]]:
    table = open_table(node.catalogue.dataset(VISITS))
    table.connection.execute(f"ATTACH '{edition.path}' AS e (READ_ONLY)")
    table.connection.execute("CREATE TABLE rows AS SELECT * FROM e.rows")
    return {name: table.exact(planned) for name, planned in _planned(node).items()}


def test_the_engine_writes_one_frame_for_each_request_and_first_the_random_ids_of_its_editions_and_nothing_else(
    recording: Recording, edition: EditionInfo
) -> None:
    assert recording.frames[0] == engine_pb2.EngineResponse(editions=[edition.id]).SerializeToString()
    assert len(recording.frames) == 1 + 2 * ROUNDS


def test_a_response_holds_exactly_the_plans_components(node: FakeNode, recording: Recording) -> None:
    expected = [_planned(node)[name] for name in ("bounded", "unbounded")] * ROUNDS
    for data, planned in zip(recording.frames[1:], expected, strict=True):
        response = EngineResponse.FromString(data)
        assert response.failure == EngineResponse.FAILURE_UNSPECIFIED
        assert response.SerializeToString() == data, "fields that the message does not know"
        assert [each.index for each in response.components] == list(range(len(planned.components)))
        assert [each.scale for each in response.components] == [each.scale for each in planned.components]
        assert all(len(each.values) == planned.cells for each in response.components)


def _encodings(value: int) -> list[bytes]:
    """Ways in which a figure could leak: fixed width either way round, a double, a varint, text.

    The highest byte first only for figures of three bytes and more: the zeros of a small one end many a noisy value,
    and its two bytes begin the next by chance.
    """
    little = value.to_bytes(8, "little", signed=True)
    found = [little, struct.pack("<d", value), struct.pack(">d", value), str(value).encode()]
    if abs(value) >= 2**16:
        found.append(little[::-1])
    return found if value < 2**28 else [*found, little[:4]]


def test_no_exact_figure_is_on_the_pipe(recording: Recording, exact: dict[str, list[list[int]]]) -> None:
    figures = {value for vectors in exact.values() for vector in vectors for value in vector if abs(value) > 1000}
    assert len(figures) > 20
    for figure in figures:
        for encoding in _encodings(figure):
            assert encoding not in recording.written


def test_what_is_on_the_pipe_is_the_exact_figure_with_the_planned_noise(
    node: FakeNode, recording: Recording, exact: dict[str, list[list[int]]]
) -> None:
    names = ["bounded", "unbounded"] * ROUNDS
    for name, data in zip(names, recording.frames[1:], strict=True):
        for component, vector in zip(EngineResponse.FromString(data).components, exact[name], strict=True):
            noise = [noisy - value for noisy, value in zip(component.values, vector, strict=True)]
            assert all(abs(value) < 7 * component.scale for value in noise)
            assert any(abs(value) > component.scale / 50 for value in noise)


def test_the_same_request_gets_fresh_noise_every_time(recording: Recording) -> None:
    assert len(set(recording.frames[1:])) == 2 * ROUNDS


def test_neighbouring_editions_fill_the_pipe_with_the_same_number_of_bytes(
    tmp_path: Path, recording: Recording
) -> None:
    lengths = [len(data) for data in recording.frames]
    neighbour = FakeNode(tmp_path)
    edition = neighbour.publish(VISITS, [*UNITS[:-1], []])
    other = _record(neighbour, [neighbour.request(each, edition) for each in (BOUNDED, UNBOUNDED)] * ROUNDS)
    assert [len(data) for data in other.frames] == lengths


def test_a_failure_is_a_code_of_two_bytes(node: FakeNode, edition: EditionInfo) -> None:
    request = node.request(BOUNDED, edition)
    request.receipt.signature = b"\0" * 64
    recording = _record(node, [request])
    assert recording.frames[1] == EngineResponse(failure=EngineResponse.FAILURE_RECEIPT).SerializeToString()
    assert len(recording.frames[1]) == 2
