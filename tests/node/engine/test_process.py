"""The node's side of the pipe: one request at a time, through deaths, cancellations and restarts of the engine."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from concordat_node.engine.process import Engine
from concordat_node.engine.settings import EngineSettings, size_in_bytes
from concordat_node.importing.edition import EditionInfo
from concordat_query.errors import ConcordatError, Reason, Refusal, Unavailable
from concordat_query.model import Query
from fakes.editions import Row
from fakes.engine import CASUALTIES, FakeNode, query

ROWS: list[Row] = [{"year": 2014 + i % 3, "severity": i % 3, "mode": 0, "age": i} for i in range(30)]
CELLS = {query(): 1, query(keys=("severity",)): 3, query(keys=("year", "severity")): 9}
ASKED = query(keys=("severity",))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> FakeNode:
    return FakeNode(tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="module")
def edition(node: FakeNode) -> EditionInfo:
    return node.publish(CASUALTIES, [[row] for row in ROWS])


@pytest_asyncio.fixture
async def engine(node: FakeNode, edition: EditionInfo) -> AsyncIterator[Engine]:
    started = await Engine.start(node.settings())
    yield started
    await started.close()


async def _cells(engine: Engine, node: FakeNode, edition: EditionInfo, asked: Query = ASKED) -> int:
    components = await engine.release(node.signed(asked), node.receipt(asked, edition))
    return len(components[0].values)


def _pid(engine: Engine) -> int:
    assert engine.pid is not None
    return engine.pid


async def test_requests_that_come_together_get_each_its_own_answer(
    engine: Engine, node: FakeNode, edition: EditionInfo
) -> None:
    asked = [*CELLS] * 5
    answers = await asyncio.gather(*(_cells(engine, node, edition, each) for each in asked))
    assert answers == [CELLS[each] for each in asked]


@pytest.mark.parametrize(
    ("receipt", "reason"),
    [
        ({"edition": "another"}, Reason.EDITION_UNAVAILABLE),
        ({"price_nano": 1}, Reason.ENGINE_DISAGREES),
    ],
)
async def test_a_refusal_leaves_the_engine_as_it_was(
    engine: Engine, node: FakeNode, edition: EditionInfo, receipt: dict[str, object], reason: Reason
) -> None:
    pid = engine.pid
    with pytest.raises(ConcordatError) as refused:
        await engine.release(node.signed(ASKED), node.receipt(ASKED, edition, **receipt))
    assert refused.value.reason is reason
    assert await _cells(engine, node, edition) == 3
    assert engine.pid == pid


async def test_a_query_that_is_not_what_was_signed_is_refused(
    engine: Engine, node: FakeNode, edition: EditionInfo
) -> None:
    signed = node.signed(ASKED)
    signed.signature = b"\0" * 64
    with pytest.raises(Unavailable) as refused:
        await engine.release(signed, node.receipt(ASKED, edition))
    assert refused.value.reason is Reason.ENGINE_DISAGREES


async def test_an_engine_killed_while_it_computes_fails_that_request_and_serves_the_next(
    engine: Engine, node: FakeNode, edition: EditionInfo
) -> None:
    pid = _pid(engine)
    os.kill(pid, signal.SIGSTOP)
    asking = asyncio.create_task(_cells(engine, node, edition))
    await asyncio.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Unavailable) as lost:
        await asking
    assert lost.value.reason is Reason.ENGINE_FAILED
    assert "same key" in lost.value.message
    assert await _cells(engine, node, edition) == 3
    assert engine.pid != pid


async def test_an_engine_that_died_between_requests_is_replaced(
    engine: Engine, node: FakeNode, edition: EditionInfo
) -> None:
    pid = _pid(engine)
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(_wait_until_gone, pid)
    for _ in range(2):  # the death may be noticed only when a request meets it
        try:
            assert await _cells(engine, node, edition) == 3
            break
        except Unavailable:
            continue
    else:
        pytest.fail("the engine was not replaced")
    assert engine.pid != pid


async def test_an_engine_started_anew_under_a_changed_mapping_says_that_it_cannot_answer(tmp_path: Path) -> None:
    node = FakeNode(tmp_path)
    edition = node.publish(CASUALTIES, [[row] for row in ROWS])
    engine = await Engine.start(node.settings())
    try:
        await engine.require(edition.id)
        with pytest.raises(Refusal) as unknown:
            await engine.require("another")
        assert unknown.value.reason is Reason.EDITION_UNAVAILABLE
        signed, receipt = node.signed(ASKED), node.receipt(ASKED, edition)
        path = node.mapping_path(CASUALTIES)
        path.write_text('differences = ["counted anew"]\n' + path.read_text())
        await engine.require(edition.id)  # it read the mapping when it started
        os.kill(_pid(engine), signal.SIGKILL)
        await asyncio.to_thread(_wait_until_gone, _pid(engine))
        with suppress(Unavailable, Refusal):  # a death may be noticed only when a request meets it
            await engine.release(signed, receipt)
        with pytest.raises(Refusal) as refused:
            await engine.require(edition.id)
        assert refused.value.reason is Reason.EDITION_UNAVAILABLE
    finally:
        await engine.close()


async def test_a_caller_who_gives_up_does_not_disturb_the_next(
    engine: Engine, node: FakeNode, edition: EditionInfo
) -> None:
    os.kill(_pid(engine), signal.SIGSTOP)
    asking = asyncio.create_task(_cells(engine, node, edition))
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    os.kill(_pid(engine), signal.SIGCONT)
    assert await _cells(engine, node, edition, query()) == 1


async def test_a_closed_engine_is_gone(node: FakeNode, edition: EditionInfo) -> None:
    engine = await Engine.start(node.settings())
    pid = _pid(engine)
    await engine.close()
    assert engine.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_an_engine_that_cannot_read_its_catalogue_does_not_start(node: FakeNode, edition: EditionInfo) -> None:
    with pytest.raises(Unavailable):
        await Engine.start(replace(node.settings(), catalogue=Path("/nowhere/catalogue.toml")))


async def test_the_engine_gets_nothing_of_the_nodes_environment(
    monkeypatch: pytest.MonkeyPatch, node: FakeNode, edition: EditionInfo
) -> None:
    if os.geteuid() != 0:
        pytest.skip("a process of the same user cannot look into the engine, which is as it should be")
    monkeypatch.setenv("CONCORDAT_TEST_SECRET", "tell nobody")
    engine = await Engine.start(node.settings())
    process = Path("/proc") / str(engine.pid)
    environment = (process / "environ").read_bytes()
    files = [str(each.readlink()) for each in (process / "fd").iterdir()]
    await engine.close()
    assert b"tell nobody" not in environment
    assert b"PATH" not in environment
    assert not [name for name in files if name.startswith("socket:")]
    assert len([name for name in files if name.startswith("pipe:")]) == 2


_PARENT = """
import asyncio, os, sys
from concordat_node.engine.process import Engine
from concordat_node.engine.settings import EngineSettings

async def main():
    engine = await Engine.start(EngineSettings.from_argument(sys.argv[1]))
    print(engine.pid, flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs process descriptors")
def test_the_engine_dies_with_the_node_even_in_the_middle_of_its_work(node: FakeNode, edition: EditionInfo) -> None:
    arguments = [sys.executable, "-c", _PARENT, node.settings().to_argument()]
    with subprocess.Popen(  # noqa: S603  # our own script
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(pid, signal.SIGSTOP)  # it cannot notice by itself that the pipe has closed
        descriptor = os.pidfd_open(pid)
        parent.stdin.close()
        try:
            assert select.select([descriptor], [], [], 20)[0], "the engine outlived the node"
        finally:
            os.close(descriptor)


def _wait_until_gone(pid: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([descriptor], [], [], 20)
    os.close(descriptor)


def test_settings_survive_the_command_line(node: FakeNode) -> None:
    settings = node.settings(pinned=("a" * 32,), threads=1, spill_limit="7MB")
    assert EngineSettings.from_argument(settings.to_argument()) == settings
    assert (settings.memory_bytes, settings.spill_bytes) == (500_000_000, 7_000_000)


@pytest.mark.parametrize("text", ["", "GB", "0GB", "-1GB", "1.5GB", "2", "2KB", "2 GB"])
def test_a_size_must_be_a_whole_number_of_a_known_unit(text: str) -> None:
    with pytest.raises(Refusal):
        size_in_bytes(text)
