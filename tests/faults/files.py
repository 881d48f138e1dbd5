"""What goes wrong around a node: its editions, its ledger, its port, its files, its life."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from concordat.v1 import coordinator_pb2
from concordat_client.config import read_settings as read_client
from concordat_coordinator import federation as nodes
from concordat_coordinator.config import read_settings as read_coordinator
from concordat_node import runtime as node_runtime
from concordat_node.config import read_settings as read_node
from concordat_node.importing import edition
from concordat_node.importing import mapping as mappings
from concordat_query import agreement as agreements
from concordat_query import catalogue as catalogues
from concordat_query.errors import ConcordatError, Reason, Unavailable
from fakes.analysts import write_client
from fakes.engine import CASUALTIES
from fakes.federation import FakeEngine
from faults.scene import Do, Given, Scene, Told, answers_of, told_here

Harm = Callable[[Path], object]


# Editions


def edition_is(harmed: Harm) -> Given:
    """Harms Wales's edition while the node runs, given its file; in the end it is as it was imported."""

    @asynccontextmanager
    async def given(scene: Scene) -> AsyncIterator[None]:
        place = edition.current(scene.wales.settings.state, CASUALTIES).path.parent
        aside = scene.fed.folder / "aside"
        shutil.copytree(place, aside)
        try:
            (place / edition.DATABASE).chmod(0o600)
            harmed(place / edition.DATABASE)
            yield
        finally:
            shutil.rmtree(place)
            shutil.move(aside, place)
            await scene.restart()

    return given


def changed_by_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def changed_and_back_dated(path: Path) -> None:
    """The same size and time of change as before."""
    before = path.stat()
    changed_by_a_byte(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@asynccontextmanager
async def nothing_imported(scene: Scene) -> AsyncIterator[None]:
    """Wales starts without an edition."""
    pointer = edition.folder(scene.wales.settings.state, CASUALTIES) / edition.CURRENT
    text = pointer.read_text()
    pointer.unlink()
    try:
        await scene.restart()
        yield
    finally:
        pointer.write_text(text)
        await scene.restart()


@asynccontextmanager
async def another_mapping(scene: Scene) -> AsyncIterator[None]:
    """Wales starts with a mapping that says something else than the one its edition was imported through."""
    path = scene.wales.settings.mapping_paths[0]
    text = path.read_text()
    path.write_text(text.replace("SELECT year, ", "SELECT year + 0 AS year, "))
    assert path.read_text() != text
    try:
        await scene.restart()
        yield
    finally:
        path.write_text(text)
        await scene.restart()


# Nodes that are away


@contextmanager
def little_patience() -> Iterator[None]:
    """The coordinator does not wait long for a node to come back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nodes, "RECONNECT_SECONDS", 0.2)
        yield


@asynccontextmanager
async def wales_is_down(scene: Scene) -> AsyncIterator[None]:
    with little_patience():
        await scene.wales.kill()
        try:
            yield
        finally:
            await scene.restart()


async def loses_wales_after_commit(scene: Scene) -> Told:
    """The charge is written at both nodes, then Wales dies before it computes. The same key completes the result."""
    held = FakeEngine(scene.fed.catalogue, {})
    held.may_go_on.clear()
    held.fails = Unavailable(Reason.NODE_UNAVAILABLE, "killed")
    assert scene.wales.node is not None
    await scene.wales.node.engine.close()
    scene.wales.node.engine = scene.wales.node.service._engine = held  # type: ignore[assignment]
    signed = scene.fresh()
    running = asyncio.create_task(scene.result(signed))
    await held.started.wait()
    held.may_go_on.set()
    with little_patience():
        await scene.wales.kill()
        partial = await running
    await scene.restart()
    whole = await scene.result(signed)
    assert (partial.complete, whole.complete) == (False, True)
    assert set(answers_of(partial)) < set(answers_of(whole))
    (missing,) = partial.missing
    assert missing.cause == coordinator_pb2.MissingNode.CAUSE_UNAVAILABLE
    crossed = partial.SerializeToString() + whole.SerializeToString()
    return Told(grpc.StatusCode.OK, Reason[missing.failure.reason], missing.failure.message, crossed)


# Things that two cannot have


async def serves_again_on_the_same_ledger(scene: Scene) -> Told:
    return await _start(scene, replace(scene.wales.settings))


async def serves_on_a_port_that_is_taken(scene: Scene) -> Told:
    """With a ledger of its own."""
    listen = f"127.0.0.1:{scene.wales.port}"
    changes = {"listen": listen, "state": scene.fed.folder / "another state"}
    return await _start(scene, replace(scene.wales.settings, file=scene.wales.settings.file.model_copy(update=changes)))


async def _start(scene: Scene, settings: Any) -> Told:
    async def engine(_: object) -> Any:
        return FakeEngine(scene.fed.catalogue, {})

    try:
        node = await node_runtime.start(settings, engine)
    except ConcordatError as error:
        return Told(None, error.reason, error.message)
    await node.stop()
    return Told(None, None, "it serves")


# Imports that are cut off


async def is_killed_in_an_import(scene: Scene) -> Told:
    """The command waits for a source that somebody still writes, and is killed. The former edition answers."""
    state, source = scene.wales.settings.state, scene.delivery("source.csv")
    former = edition.current(state, CASUALTIES)
    os.mkfifo(source)
    steps = await asyncio.to_thread(_killed_import, scene.wales.settings.folder / "node.toml", source)
    assert edition.current(state, CASUALTIES) == former
    assert list(former.path.parent.parent.glob(".import-*"))
    await scene.restart()
    return Told(None, None, steps)


def _killed_import(config: Path, source: Path) -> str:
    program = "from concordat_node.cli import main; main()"
    command = [sys.executable, "-c", program, "import", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as importing:  # noqa: S603
        with source.open("w"):  # opened once the import has opened it, too
            importing.kill()
        written, steps = importing.communicate(timeout=60)
    assert importing.returncode == -9
    assert not written
    return steps


# Files that people write


def reads_with_an_unknown_key(file: str, read: Callable[[Path], object]) -> Do:
    """Reads a copy that holds one key more, as a misspelt one is."""

    async def do(scene: Scene) -> Told:
        write_client(scene.fed)
        path = scene.fed.folder / file
        copy = path.with_name(f"copy of {path.name}")
        copy.write_text('"colour" = "zebra"\n' + path.read_text())
        return told_here(lambda: read(copy))

    return do


def reads_mapping(path: Path) -> object:
    return mappings.load(path, catalogues.load(path.parent.parent / "catalogue.toml"))


FILES: tuple[tuple[str, Callable[[Path], object]], ...] = (
    ("node-wales/node.toml", read_node),
    ("node-wales/mapping.toml", reads_mapping),
    ("coordinator.toml", read_coordinator),
    ("client.toml", read_client),
    ("catalogue.toml", catalogues.load),
    ("agreement.toml", agreements.load),
)
