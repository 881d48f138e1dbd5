"""The published list of reasons, on the wire and back."""

from types import SimpleNamespace
from typing import cast

import grpc
import pytest
from concordat.v1 import coordinator_pb2
from concordat_query.errors import (
    Charged,
    ConcordatError,
    NodeFault,
    Reason,
    Refusal,
    Unavailable,
    VerificationError,
)
from concordat_wire.status import CODES, DETAILS_KEY, error_from_rpc, status_of
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status


def rpc_error(code: grpc.StatusCode, details: str, metadata: tuple[tuple[str, bytes], ...] = ()) -> grpc.RpcError:
    """What gRPC raises, as far as error_from_rpc looks."""
    call = SimpleNamespace(code=lambda: code, details=lambda: details, trailing_metadata=lambda: metadata)
    return cast(grpc.RpcError, call)


def crossed(error: ConcordatError, reference: str = "") -> ConcordatError:
    status = status_of(error, reference)
    return error_from_rpc(rpc_error(CODES[error.reason], status.message, ((DETAILS_KEY, status.SerializeToString()),)))


@pytest.mark.parametrize("reason", list(Reason))
def test_a_reason_comes_back_as_it_was_sent(reason: Reason) -> None:
    error = crossed(ConcordatError(reason, "what, where, what to do", field="query.where"))
    assert (error.reason, error.message, error.field) == (reason, "what, where, what to do", "query.where")


def test_an_error_comes_back_as_what_it_was() -> None:
    for reason in Reason:
        kind: type[ConcordatError] = Unavailable if reason.may_pass else Refusal
        kind = VerificationError if reason is Reason.VERIFICATION_FAILED else kind
        assert type(crossed(ConcordatError(reason, ""))) is kind


@pytest.mark.parametrize("charged", list(Charged))
def test_whether_anything_was_charged_crosses(charged: Charged) -> None:
    assert crossed(Unavailable(Reason.NODE_UNAVAILABLE, "", charged=charged)).charged is charged


def test_who_says_nothing_of_a_charge_is_taken_by_the_kind_of_error() -> None:
    told = [crossed(kind(reason, "")).charged for kind, reason in ((Refusal, Reason.BUSY), (Unavailable, Reason.BUSY))]
    assert told == [Charged.NOTHING, Charged.PERHAPS]


def test_the_nodes_at_fault_cross_with_their_own_references_and_the_senders_beside_them() -> None:
    faults = tuple(NodeFault(f"node-{n}", Reason.EDITION_UNAVAILABLE, f"AAAA-AAA{n}") for n in range(4))
    error = crossed(Refusal(Reason.NODE_REFUSED, "refused", nodes=faults), "BBBB-BBBB")
    assert error.nodes == faults
    assert error.reference == "BBBB-BBBB"
    assert str(error).startswith("NODE_REFUSED: refused (reference BBBB-BBBB, reference AAAA-AAA0 at node-0, ")


def test_a_node_whose_reason_this_version_does_not_know_is_left_out() -> None:
    status = status_of(Refusal(Reason.NODE_REFUSED, "refused"))
    status.details.add().Pack(coordinator_pb2.NodeFault(node="node-wales", reason="OF_TOMORROW"))
    metadata = ((DETAILS_KEY, status.SerializeToString()),)
    error = error_from_rpc(rpc_error(grpc.StatusCode.FAILED_PRECONDITION, "", metadata))
    assert (error.reason, error.nodes) == (Reason.NODE_REFUSED, ())


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.UNAVAILABLE, Reason.NODE_UNAVAILABLE),
        (grpc.StatusCode.DEADLINE_EXCEEDED, Reason.TIMED_OUT),
        (grpc.StatusCode.CANCELLED, Reason.TIMED_OUT),
        (grpc.StatusCode.UNIMPLEMENTED, Reason.NOT_UNDERSTOOD),
        (grpc.StatusCode.UNKNOWN, Reason.NOT_UNDERSTOOD),
    ],
)
def test_what_the_network_did_has_a_reason_of_its_own(code: grpc.StatusCode, reason: Reason) -> None:
    error = error_from_rpc(rpc_error(code, "text of a proxy"))
    assert (type(error), error.reason, error.charged) == (Unavailable, reason, Charged.PERHAPS)


def test_a_field_at_fault_stands_in_a_bad_request_for_tools_that_read_one() -> None:
    status = status_of(Refusal(Reason.UNKNOWN_CODE, "no such code", field="query.where.terms[1]"))
    info, bad = ErrorInfo(), BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(bad)
    assert (info.reason, info.domain) == ("UNKNOWN_CODE", "concordat")
    assert [violation.field for violation in bad.field_violations] == ["query.where.terms[1]"]


def test_no_message_outgrows_what_metadata_may_hold() -> None:
    status = status_of(
        Refusal(
            Reason.UNKNOWN_CODE,
            "±" * 100_000,
            field="f" * 100_000,
            nodes=(NodeFault("n" * 60, Reason.AGREEMENT_NOT_IN_FORCE, "AAAA-AAAA"),) * 100,
        ),
        "BBBB-BBBB",
    )
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
    assert error.reason is Reason.NOT_UNDERSTOOD
    assert "text of a proxy" not in error.message


def test_a_reason_of_a_newer_version_is_unavailable() -> None:
    status = Status(code=3, message="told in a word we do not know")
    status.details.add().Pack(ErrorInfo(reason="OF_TOMORROW", domain="concordat"))
    metadata = ((DETAILS_KEY, status.SerializeToString()),)
    error = error_from_rpc(rpc_error(grpc.StatusCode.INVALID_ARGUMENT, "", metadata))
    assert (type(error), error.reason) == (Unavailable, Reason.NOT_UNDERSTOOD)


def test_a_broken_connection_says_why() -> None:
    error = error_from_rpc(rpc_error(grpc.StatusCode.UNAVAILABLE, "connection refused"))
    assert error.message.startswith("the other side cannot be reached: connection refused; see that it runs")
    assert "certificates" in error.message
