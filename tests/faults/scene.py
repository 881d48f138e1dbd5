"""The stage on which everything goes wrong: two nodes with engines of their own and imported editions, a coordinator.

Among the records that the nodes imported are SECRETS. Whatever is told to anybody must hold none of them.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any

import grpc
from concordat.v1 import coordinator_pb2, node_pb2_grpc, query_pb2
from concordat_coordinator import runtime as coordinator_runtime
from concordat_coordinator.config import read_settings as read_coordinator
from concordat_node.commands.import_ import run_import
from concordat_node.config import read_settings as read_node
from concordat_node.importing.report import Report
from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger.records import Balance
from concordat_node.runtime import open_ledger
from concordat_query.errors import ConcordatError, Reason
from concordat_query.wire import envelope_from_bytes
from concordat_query.wire_presentation import presentation_to_proto
from concordat_wire.status import error_from_rpc
from fakes.federation import (
    COORDINATOR,
    SECONDS,
    FakeFederation,
    FakeMember,
    by_severity,
    presentation_of,
    write_coordinator,
    write_federation,
)
from google.protobuf.message import Message
from grpc import aio

NATIONS = ("Wales", "Scotland")
PRICE = 100_000
"""Nano-rho. Queries that are paid for cost a little more, each another price; those that are refused, this."""
SECRETS = ("zebra", "73519735")
"""What planted values, ids, codes and numbers among them, are recognised by."""
HEADER = "id,year,severity,mode,sex,age"
RECORDS = (
    "zebra-1,2014,Fatal,Pedestrian,Male,20",
    "zebra-2,2015,Serious,Car,Female,73519735",
    "zebra-3,2016,Slight,zebra crossing,zebra,31",
    "zebra-4,2016,Slight,Pedal cycle,Male,44",
)


@dataclass(frozen=True)
class Told:
    """What somebody was told. Without a status it was on their own machine; without a reason nothing was refused."""

    status: grpc.StatusCode | None
    reason: Reason | None
    message: str
    crossed: bytes = b""
    """All that came over the wire."""


@dataclass(frozen=True)
class Standing:
    """A node's ledger: balances by population, and the kinds of the log's entries."""

    balances: dict[str, Balance]
    log: tuple[str, ...]

    @classmethod
    def of(cls, ledger: Ledger) -> "Standing":
        return cls(ledger.balances(), tuple(entry.content["kind"] for entry in ledger.entries()))

    def charged(self, price_nano: int) -> "Standing":
        """The same after one query more."""
        people = self.balances["people"]
        after = replace(people, spent=people.spent + price_nano)
        return Standing({**self.balances, "people": after}, (*self.log, "charge", "answer"))


@dataclass
class Scene:
    """A federation that outlives the rows played on it, and a query that was paid for before any of them."""

    fed: FakeFederation
    paid: query_pb2.SignedQuery = field(default_factory=query_pb2.SignedQuery)
    answers: list[bytes] = field(default_factory=list)
    price: int = PRICE
    """Of the last query that `fresh` made."""

    @property
    def wales(self) -> FakeMember:
        return self.fed.members["Wales"]

    def stub(self, caller: str = COORDINATOR) -> "node_pb2_grpc.NodeServiceAsyncStub":
        return self.fed.node("Wales", caller)

    def fresh(self, **more: Any) -> query_pb2.SignedQuery:
        """A good query that nobody asked before; `more` replaces parts of its envelope."""
        self.price += 1
        return self.fed.signed(by_severity(price_nano=self.price), **more)

    async def standings(self) -> dict[str, Standing]:
        """Every node's ledger, of those that are down, too."""
        return {nation: await _standing(member) for nation, member in self.fed.members.items()}

    async def run(self, signed: query_pb2.SignedQuery) -> Told:
        """The query through the coordinator."""
        shown = presentation_to_proto(presentation_of(envelope_from_bytes(signed.envelope).query))
        return await self.run_request(coordinator_pb2.RunRequest(query=signed, presentation=shown))

    async def run_request(self, request: coordinator_pb2.RunRequest) -> Told:
        async def last() -> coordinator_pb2.RunResponse:
            return [event async for event in self.fed.analysts_stub().Run(request, timeout=SECONDS)][-1]

        return await told(last())

    async def result(self, signed: query_pb2.SignedQuery) -> coordinator_pb2.Result:
        """The result of a query that must succeed."""
        ended = await self.run(signed)
        assert ended.status is grpc.StatusCode.OK, ended
        return coordinator_pb2.RunResponse.FromString(ended.crossed).result

    async def restart(self) -> None:
        """Starts Wales anew from what its files say now."""
        await self.wales.stop()
        self.wales.settings = read_node(self.wales.settings.folder / "node.toml")
        await self.wales.start()

    def delivery(self, name: str) -> Path:
        """Where the next source of Wales is to be written, in place of the last one."""
        mapping, data = self.wales.settings.mapping_paths[0], self.wales.settings.data
        for former in data.iterdir():
            former.rmdir() if former.is_dir() else former.unlink()
        mapping.write_text(re.sub(r'"path" = "[^"]*"', f'"path" = "{name}"', mapping.read_text()))
        self.wales.settings = read_node(self.wales.settings.folder / "node.toml")
        return data / name

    def import_anew(self, member: FakeMember) -> tuple[Report, str]:
        """What `concordat-node import` does: the report, for the custodian, and the steps that were announced."""
        settings, steps = member.settings, StringIO()
        (report,) = run_import(settings.mappings, settings.data, settings.state, out=StringIO(), err=steps)
        return report, steps.getvalue()

    async def forget_channels(self) -> None:
        for channel in self.fed.channels:
            await channel.close()
        self.fed.channels.clear()


Given = Callable[[Scene], AbstractAsyncContextManager[None]]
Do = Callable[[Scene], Awaitable[Told]]


async def told(call: Awaitable[Message]) -> Told:
    """How a call ended, for whoever made it."""
    try:
        response = await call
    except aio.AioRpcError as error:
        read = error_from_rpc(error)
        crossed = repr(list(error.trailing_metadata() or ())) + str(error.details())
        return Told(error.code(), read.reason, read.message, crossed.encode())
    return Told(grpc.StatusCode.OK, None, "", response.SerializeToString())


def told_here(work: Callable[[], object]) -> Told:
    """What a command says about `work` on one's own machine."""
    try:
        work()
    except ConcordatError as error:
        return Told(None, error.reason, error.message)
    return Told(None, None, "")


@asynccontextmanager
async def nothing(scene: Scene) -> AsyncIterator[None]:
    """Everything is as it should be."""
    yield


async def _standing(member: FakeMember) -> Standing:
    if member.node is not None:
        return await member.node.ledger.run(Standing.of)
    with open_ledger(member.settings, member.clock) as ledger:
        return Standing.of(ledger)


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """Writes, imports and starts everything, and pays for one query."""
    made = Scene(write_federation(folder, NATIONS, epsilon=1.9))
    _narrow(folder / "agreement.toml")
    try:
        for member in made.fed.members.values():
            member.real_engine = True
            member.settings.data.mkdir()
            write_source(member, *RECORDS)
            made.import_anew(member)
            await member.start()
        path = write_coordinator(folder, made.fed.members)
        made.fed.coordinator = await coordinator_runtime.start(read_coordinator(path))
        made.paid = made.fresh()
        made.answers = answers_of(await made.result(made.paid))
        yield made
    finally:
        await made.fed.stop()


def answers_of(result: coordinator_pb2.Result) -> list[bytes]:
    return [signed.SerializeToString() for signed in result.answers]


def write_source(member: FakeMember, *records: str) -> None:
    (member.settings.data / "source.csv").write_text("\n".join([HEADER, *records]) + "\n")


def _narrow(agreement: Path) -> None:
    """Fewer keys and cells than the small agreement has, so that there is something to refuse."""
    text = agreement.read_text()
    narrowed = text.replace('"keys" = ["severity", "year", "mode"]', '"keys" = ["severity", "year"], "max_cells" = 8')
    assert narrowed != text
    agreement.write_text(narrowed)
