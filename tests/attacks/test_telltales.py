"""What is not noise tells nothing: whole conversations with nodes that hold quite other records are the same.

How each call ends, its words, its size, its price, the account after it, and from where on everybody is refused.
"""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from attacks.asking import Wording
from attacks.engines import HONEST
from attacks.nodes import SECONDS, Besieged, served
from attacks.towns import NODE, OTHERS, TARGET, Towns, csv
from concordat.v1 import node_pb2, query_pb2
from concordat_client.asking import ask
from concordat_query.model import Calculus
from concordat_wire.status import error_from_rpc
from grpc import aio

TOWNS = 4
USUAL: Towns = [(*OTHERS, TARGET)] * TOWNS
RECORD = "one,2,North,Baker,F,99,yes\n"
SOURCES = {
    "one resident less": csv([*USUAL[:-1], OTHERS]),
    "a town that nobody lives in": csv([*USUAL[:-1], []]),
    "nobody at all": csv([]),
    "a resident of a thousand rows": csv(USUAL) + 1000 * RECORD,
    "a town of ten thousand": csv([*USUAL[:-1], OTHERS * 2500]),
    "records that nobody understands": csv(USUAL) + "two,99,Nowhere,King,?,-1e300,perhaps\n" * 50,
}
ASKED = (
    Wording("COUNT(*)", "sex = 'F'"),
    Wording("AVG(age), VAR_POP(age), MEDIAN(DIV(age, 10)) AS middle", keys="street"),
    Wording("CORR(age, CASE WHEN debtor = 'yes' THEN 1 ELSE 0 END) AS likeness"),
    Wording("COUNT(*)", "age = 99 AND age < 99"),
    Wording("SUM(age)", "street = 'North' AND trade = 'Baker' AND sex = 'F'"),
    Wording("COUNT(*), COUNTIF(debtor = 'yes') / COUNT(*) AS share"),
)
Call = Callable[[query_pb2.SignedQuery], Awaitable[Any]]


async def conversation(node: Besieged) -> list[object]:
    """All that is heard, in order: questions until far beyond the budget, of which every fourth is asked again."""
    heard: list[object] = [await _ended(node.calls[0].Describe(node_pb2.DescribeRequest(), timeout=SECONDS))]
    for number in range(18):
        wording, epsilon = ASKED[number % len(ASKED)], 0.5 / (1 + number // 6)
        for key in [f"key {number}"] * (1 + (number % 4 == 0)):
            signed = ask(wording.at(epsilon), node.catalogue, node.agreement, node.analysts["first"], key).signed
            heard += [wording, *await _asked(node, signed), (await node.account()).SerializeToString()]
    return heard


async def _asked(node: Besieged, signed: query_pb2.SignedQuery) -> list[object]:
    stub = node.calls[0]
    commit = node_pb2.CommitRequest(query=signed, participants=[NODE])
    heard = [await _ended(stub.Explain(node_pb2.ExplainRequest(query=signed), timeout=SECONDS))]
    try:
        prepared = await stub.Prepare(node_pb2.PrepareRequest(query=signed), timeout=SECONDS)
        heard.append(_seen(prepared))
        commit.reservation = prepared.reservation
    except aio.AioRpcError as error:
        heard.append(_refused(error))
    return [*heard, await _ended(stub.Commit(commit, timeout=SECONDS))]


async def _ended(call: Awaitable[Any]) -> object:
    try:
        return _seen(await call)
    except aio.AioRpcError as error:
        return _refused(error)


def _seen(response: Any) -> object:
    """Its size, and what of it is neither random nor signed."""
    quote = getattr(response, "quote", node_pb2.Quote())
    return response.ByteSize(), quote.price_nano, quote.stored_answer, quote.nothing_held


def _refused(error: aio.AioRpcError) -> object:
    """Code, reason and words, but for a reference that is drawn by chance."""
    words = re.sub(r"reference [\w-]+", "reference", str(error_from_rpc(error)))
    return error.code(), error_from_rpc(error).reason, words, len(str(error.details()))


@pytest.mark.parametrize("calculus", Calculus)
async def test_a_conversation_is_the_same_but_for_noise_whatever_the_records(
    calculus: Calculus, tmp_path: Path
) -> None:
    async def listen(place: str, source: str) -> list[object]:
        async with served(tmp_path / place, source, TOWNS, HONEST, 1.0, calculus) as node:
            return await conversation(node)

    usual = await listen("usual", csv(USUAL))
    assert any("BUDGET_EXHAUSTED" in repr(each) for each in usual)
    for number, (what, source) in enumerate(SOURCES.items()):
        other = await listen(str(number), source)
        differing = [(left, right) for left, right in zip(usual, other, strict=True) if left != right]
        assert not differing, (what, differing[:3])
