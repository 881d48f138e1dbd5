"""What an operator finds in the log of a live federation: the reference, never a literal, value or token."""

import base64
import logging
from decimal import Decimal
from pathlib import Path

import pytest
from concordat.v1 import coordinator_pb2, query_pb2
from concordat_query.errors import ConcordatError, Reason
from concordat_query.model import Aggregate, Comparator, Comparison, Query, Statistic
from concordat_query.signing import SigningKey
from concordat_query.wire_presentation import presentation_to_proto
from concordat_wire.status import error_from_rpc
from fakes.engine import CASUALTIES, query
from fakes.federation import FakeFederation, by_severity, federation, presentation_of
from grpc import aio

NUMBER, TEXT, TOKEN, KEY = "1193046471", "Canary-zebra", "canary-token-7", "canary-key-7"
TWO = ["Wales", "Scotland"]
Line = dict[str, str]


def lines(caplog: pytest.LogCaptureFixture) -> list[Line]:
    """The fields of every line that tells of a failure."""
    told = [record.getMessage() for record in caplog.records if record.getMessage().startswith("failed ")]
    return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in told]


async def error_of(
    fed: FakeFederation, signed: query_pb2.SignedQuery, asked: Query | None = None, token: str = ""
) -> ConcordatError:
    request = coordinator_pb2.RunRequest(
        query=signed,
        presentation=presentation_to_proto(presentation_of(asked or by_severity())),
        credentials=query_pb2.Credentials(token=token),
    )
    with pytest.raises(aio.AioRpcError) as raised:
        async for _ in fed.analysts_stub().Run(request, timeout=10):
            pass
    return error_from_rpc(raised.value)


async def test_a_nodes_refusal_brings_the_nodes_own_reference_and_the_coordinators(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with federation(tmp_path, nations=TWO) as fed:
        wales = fed.members["Wales"]
        wales.edition.path.chmod(0o600)
        wales.edition.path.write_bytes(b"changed")
        error = await error_of(fed, fed.signed())
    by_reference = {line["reference"]: line for line in lines(caplog)}
    (fault,) = error.nodes
    assert (fault.node, fault.reason) == ("node-wales", Reason.EDITION_UNAVAILABLE)
    assert by_reference[fault.reference] == {
        "reference": fault.reference,
        "reason": "EDITION_UNAVAILABLE",
        "method": "concordat.v1.NodeService.Prepare",
        "caller": "127.0.0.1,coordinator",
        "analyst": "analyst",
    }
    own = by_reference[error.reference]
    assert (own["reason"], own["method"]) == ("NODE_REFUSED", "concordat.v1.CoordinatorService.Run")
    assert (own["caller"], own["analyst"]) == ("127.0.0.1,analyst", "analyst")


async def test_a_query_that_nobody_of_the_agreement_signed_is_nobodys_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with federation(tmp_path, nations=["Wales"]) as fed:
        altered = fed.signed()
        altered.signature = bytes(64)
        errors = [await error_of(fed, altered), await error_of(fed, fed.signed(key=SigningKey.generate()))]
    assert [error.nodes[0].reason for error in errors] == [Reason.BAD_SIGNATURE, Reason.UNKNOWN_ANALYST]
    assert {line["analyst"] for line in lines(caplog)} == {"-"}


async def test_a_node_that_cannot_be_reached_has_a_reference_in_the_coordinators_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with federation(tmp_path, nations=TWO) as fed:
        await fed.members["Wales"].kill()
        told = await fed.analysts_stub().Describe(coordinator_pb2.CoordinatorServiceDescribeRequest(), timeout=10)
    failure = told.nodes[1].failure
    (line,) = [line for line in lines(caplog) if line["reference"] == failure.reference]
    assert (line["node"], line["reason"]) == ("node-wales", failure.reason)


async def test_no_log_of_a_federation_holds_a_literal_a_value_or_a_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    older = Comparison("age", Comparator.LESS, Decimal(NUMBER))
    coded = Comparison("severity", Comparator.EQUAL, TEXT)
    counted = Aggregate(Statistic.COUNT_ROWS, None, older)
    async with federation(tmp_path, nations=TWO) as fed:
        answered = fed.signed(query(CASUALTIES, [], [counted], where=older), idempotency_key=KEY)
        assert (await fed.run(answered)).complete
        wrong = query(CASUALTIES, ["severity"], [Aggregate(Statistic.COUNT_ROWS)], where=coded)
        reused = fed.signed(wrong, idempotency_key=KEY)
        told = [await error_of(fed, reused, wrong, TOKEN), await error_of(fed, answered, wrong, TOKEN)]
        wales = fed.members["Wales"]
        wales.engine.fails = ValueError(f"{NUMBER} {TEXT} {TOKEN}")
        await fed.run(fed.signed(query(CASUALTIES, ["severity"], [counted], where=older), idempotency_key=KEY + "2"))
        assert "error=ValueError" in caplog.text
        assert told[0].nodes[0].reference in caplog.text
    secret = [NUMBER, TEXT, TOKEN, KEY, base64.b64encode(answered.signature).decode(), answered.signature.hex()]
    secret += [repr(answered.signature), repr(answered.envelope)]
    assert [word for word in secret if word in caplog.text] == []
