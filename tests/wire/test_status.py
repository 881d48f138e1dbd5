"""The published list of reasons, on the wire and back."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import grpc
import pytest
from concordat_query import errors
from concordat_query.errors import ConcordatError, Reason, Refusal, Unavailable
from concordat_wire.status import CODES, DETAILS_KEY, error_from_rpc, status_of
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status


def rpc_error(code: grpc.StatusCode, details: str, metadata: tuple[tuple[str, bytes], ...] = ()) -> grpc.RpcError:
    """What gRPC raises, as far as error_from_rpc looks."""
    call = SimpleNamespace(code=lambda: code, details=lambda: details, trailing_metadata=lambda: metadata)
    return cast(grpc.RpcError, call)


def crossed(error: ConcordatError) -> ConcordatError:
    status = status_of(error)
    return error_from_rpc(rpc_error(CODES[error.reason], status.message, ((DETAILS_KEY, status.SerializeToString()),)))


def test_every_reason_has_the_status_that_its_comment_publishes() -> None:
    source = Path(errors.__file__).read_text()
    published = dict(re.findall(r'^    (\w+) = "\w+"  # ([A-Z_]+)', source, re.MULTILINE))
    assert set(published) == {reason.name for reason in Reason}
    assert {reason.name: code.name for reason, code in CODES.items()} == published


@pytest.mark.parametrize("reason", list(Reason))
def test_a_reason_comes_back_as_it_was_sent(reason: Reason) -> None:
    error = crossed(ConcordatError(reason, "what, where, what to do", field="query.where"))
    assert (error.reason, error.message, error.field) == (reason, "what, where, what to do", "query.where")


def test_what_may_be_tried_again_is_unavailable_and_the_rest_a_refusal() -> None:
    tried_again = {reason for reason in Reason if isinstance(crossed(Refusal(reason, "")), Unavailable)}
    assert tried_again == {Reason.NODE_UNAVAILABLE, Reason.BUSY, Reason.NOT_YET, Reason.INTERNAL}


def test_a_field_at_fault_stands_in_a_bad_request_for_tools_that_read_one() -> None:
    status = status_of(Refusal(Reason.UNKNOWN_CODE, "no such code", field="query.where.terms[1]"))
    info, bad = ErrorInfo(), BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(bad)
    assert (info.reason, info.domain) == ("UNKNOWN_CODE", "concordat")
    assert [violation.field for violation in bad.field_violations] == ["query.where.terms[1]"]


def test_no_message_outgrows_what_metadata_may_hold() -> None:
    status = status_of(Refusal(Reason.UNKNOWN_CODE, "±" * 100_000, field="f" * 100_000))
    assert len(status.SerializeToString()) + 3 * len(status.message.encode()) < 16 * 1024


@pytest.mark.parametrize(
    "details",
    [
        b"\xff\xffgarbage",
        Status(code=3, message="no details").SerializeToString(),
        b"",
    ],
)
def test_a_status_that_is_none_of_ours_is_unavailable(details: bytes) -> None:
    error = error_from_rpc(rpc_error(grpc.StatusCode.INVALID_ARGUMENT, "text of a proxy", ((DETAILS_KEY, details),)))
    assert isinstance(error, Unavailable)
    assert error.reason is Reason.NODE_UNAVAILABLE
    assert "text of a proxy" not in error.message


def test_a_reason_of_a_newer_version_is_unavailable() -> None:
    status = Status(code=3, message="told in a word we do not know")
    status.details.add().Pack(ErrorInfo(reason="OF_TOMORROW", domain="concordat"))
    metadata = ((DETAILS_KEY, status.SerializeToString()),)
    error = error_from_rpc(rpc_error(grpc.StatusCode.INVALID_ARGUMENT, "", metadata))
    assert (type(error), error.reason) == (Unavailable, Reason.NODE_UNAVAILABLE)


def test_a_broken_connection_says_why() -> None:
    error = error_from_rpc(rpc_error(grpc.StatusCode.UNAVAILABLE, "connection refused"))
    assert error.message.startswith("the other side cannot be reached: connection refused; see that it runs")
    assert "certificates" in error.message
