"""Queries that must be refused: made, signed and sent in every way there is of sending one."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from concordat.v1 import coordinator_pb2, node_pb2, query_pb2
from concordat_node.admission import MAX_LIFETIME
from concordat_query.errors import Reason
from concordat_query.model import Query
from concordat_query.signing import Purpose, SigningKey
from concordat_query.wire import envelope_from_bytes, envelope_to_bytes
from concordat_query.wire_presentation import presentation_to_proto
from fakes.analysts import with_connection
from fakes.federation import SECONDS, by_severity, presentation_of
from faults.scene import PRICE, Do, Given, Scene, Told, answers_of, told, told_here

Make = Callable[[Scene], query_pb2.SignedQuery]
KEY = "the analyst's key"
DAY = 86_400


# Ways of sending


def asks(make: Make, *calls: str) -> Do:
    """Sends it to a node by each of the calls and through the coordinator. All must refuse it alike."""

    async def do(scene: Scene) -> Told:
        signed = make(scene)
        direct = [await told(_call(scene, name, signed)) for name in calls or ("Explain", "Prepare", "Commit")]
        assert len({(each.status, each.reason) for each in direct}) == 1, direct
        merged = await scene.run_request(coordinator_pb2.RunRequest(query=signed, presentation=_shown(signed)))
        if merged.reason is not direct[0].reason:
            assert merged.reason is Reason.NODE_REFUSED, merged
            assert f"node-wales refused ({direct[0].reason})" in merged.message
            assert merged.message.endswith("Nobody was charged")
        return _with_crossed(direct[0], *direct, merged)

    return do


def asks_node(make: Make, *calls: str) -> Do:
    """Sends it to one node only, by each of the calls. All must refuse it alike."""

    async def do(scene: Scene) -> Told:
        direct = [await told(_call(scene, name, make(scene))) for name in calls or ("Explain", "Prepare", "Commit")]
        assert len({(each.status, each.reason) for each in direct}) == 1, direct
        return _with_crossed(direct[0], *direct)

    return do


def runs(make: Make) -> Do:
    """Sends it to the coordinator only."""

    async def do(scene: Scene) -> Told:
        return await scene.run(make(scene))

    return do


def fetches(make: Make) -> Do:
    """Asks the coordinator for the result of a query as if it had been run."""

    async def do(scene: Scene) -> Told:
        signed = make(scene)
        request = coordinator_pb2.GetResultRequest(query=signed, presentation=_shown(signed))
        return await told(scene.fed.analysts_stub().GetResult(request, timeout=SECONDS))

    return do


def types(sql: str) -> Do:
    """Types it as SQL: it is refused before it is signed."""

    async def do(scene: Scene) -> Told:
        return await with_connection(scene.fed, lambda connection: told_here(lambda: connection.ask(sql)))

    return do


def _call(scene: Scene, name: str, signed: query_pb2.SignedQuery) -> Any:
    node = scene.stub()
    match name:
        case "Explain":
            return node.Explain(node_pb2.ExplainRequest(query=signed), timeout=SECONDS)
        case "Prepare":
            return node.Prepare(node_pb2.PrepareRequest(query=signed), timeout=SECONDS)
        case "Cancel":
            return node.Cancel(node_pb2.CancelRequest(query=signed), timeout=SECONDS)
        case _:
            participants = [scene.wales.name]
            return node.Commit(node_pb2.CommitRequest(query=signed, participants=participants), timeout=SECONDS)


def _shown(signed: query_pb2.SignedQuery) -> coordinator_pb2.Presentation:
    try:
        return presentation_to_proto(presentation_of(envelope_from_bytes(signed.envelope).query))
    except Exception:
        return coordinator_pb2.Presentation()


def _with_crossed(one: Told, *others: Told) -> Told:
    everything = b"".join(other.crossed + other.message.encode() for other in others)
    return Told(one.status, one.reason, one.message, everything)


# Ways of making


def query_of(asked: Query, **more: Any) -> Make:
    return lambda scene: scene.fed.signed(asked, **more)


def good(**more: Any) -> Make:
    """A good query that nobody ever pays for, in an envelope that may not be good."""
    return query_of(by_severity(price_nano=PRICE), **more)


def later(seconds: float, **more: Any) -> Make:
    """A good query that expires so many seconds from now, by the nodes' clock."""
    return lambda scene: scene.fed.signed(expires_at=int(scene.fed.clock() + seconds), **more)


TOO_FAR = MAX_LIFETIME.total_seconds() + 60


def held(scene: Scene) -> query_pb2.SignedQuery:
    return scene.fresh(not_before=int(time.time()) + 1000)


def more_than_is_left(scene: Scene) -> query_pb2.SignedQuery:
    """The whole budget, of which something is spent."""
    return scene.fed.signed(by_severity(price_nano=scene.wales.settings.budgets["people"].amount))


def altered(scene: Scene) -> query_pb2.SignedQuery:
    signed = scene.fed.signed()
    cheaper = envelope_to_bytes(scene.fed.envelope(by_severity(price_nano=PRICE)))
    return query_pb2.SignedQuery(envelope=cheaper, public_key=signed.public_key, signature=signed.signature)


def signed_by_a_stranger(scene: Scene) -> query_pb2.SignedQuery:
    return scene.fed.signed(key=SigningKey.generate())


def signed_by_another_in_the_analysts_name(scene: Scene) -> query_pb2.SignedQuery:
    signed = scene.fed.signed(key=scene.fed.other)
    signed.public_key = scene.fed.analyst.public_key
    return signed


def claimed_by_another(scene: Scene) -> query_pb2.SignedQuery:
    signed = scene.fed.signed()
    signed.public_key = scene.fed.other.public_key
    return signed


def unsigned(scene: Scene) -> query_pb2.SignedQuery:
    return query_pb2.SignedQuery(envelope=scene.fed.signed().envelope)


def signed_for_another_purpose(scene: Scene) -> query_pb2.SignedQuery:
    signed = scene.fed.signed()
    signed.signature = scene.fed.analyst.sign(Purpose.ANSWER, signed.envelope)
    return signed


def signed_garbage(scene: Scene) -> query_pb2.SignedQuery:
    data = b"\xff\xff\xff"
    analyst = scene.fed.analyst
    signature = analyst.sign(Purpose.QUERY, data)
    return query_pb2.SignedQuery(envelope=data, public_key=analyst.public_key, signature=signature)


# Keys that stand for other questions


@asynccontextmanager
async def paid_anew(scene: Scene) -> AsyncIterator[None]:
    """The analyst has just paid for another query."""
    scene.paid = scene.fresh()
    scene.answers = answers_of(await scene.result(scene.paid))
    yield


def under_the_paid_key(**more: Any) -> Make:
    """Another question under the key of the one that was paid for."""

    def make(scene: Scene) -> query_pb2.SignedQuery:
        return scene.fed.signed(by_severity(price_nano=7), idempotency_key=paid_key(scene), **more)

    return make


def the_paid_query_as_another_analyst(scene: Scene) -> query_pb2.SignedQuery:
    envelope = envelope_from_bytes(scene.paid.envelope)
    return scene.fed.signed(envelope.query, key=scene.fed.other, idempotency_key=envelope.idempotency_key)


def paid_key(scene: Scene) -> str:
    return envelope_from_bytes(scene.paid.envelope).idempotency_key


async def asks_as_another_analyst(scene: Scene) -> Told:
    """The very question and key of the one that was paid for. Keys are per analyst: it is another question."""
    ended = await scene.run(the_paid_query_as_another_analyst(scene))
    result = coordinator_pb2.RunResponse.FromString(ended.crossed).result
    assert result.complete
    assert not set(answers_of(result)) & set(scene.answers)
    return ended


# Reservations


def reserved(make: Make) -> Given:
    """The query is prepared at Wales, and cancelled in the end."""

    @asynccontextmanager
    async def given(scene: Scene) -> AsyncIterator[None]:
        signed = make(scene)
        prepared = await told(_call(scene, "Prepare", signed))
        assert prepared.reason is None
        try:
            yield
        finally:
            await _call(scene, "Cancel", signed)

    return given


async def commits_after_cancel(scene: Scene) -> Told:
    signed = good()(scene)
    prepared: node_pb2.PrepareResponse = await _call(scene, "Prepare", signed)
    await _call(scene, "Cancel", signed)
    request = node_pb2.CommitRequest(query=signed, reservation=prepared.reservation, participants=[scene.wales.name])
    return await told(scene.stub().Commit(request, timeout=SECONDS))


@asynccontextmanager
async def forty_days_later(scene: Scene) -> AsyncIterator[None]:
    scene.fed.clock.offset = 40 * DAY
    try:
        yield
    finally:
        scene.fed.clock.offset = 0
