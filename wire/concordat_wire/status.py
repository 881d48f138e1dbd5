"""Errors on the wire: one google.rpc status with an ErrorInfo reason, there and back.

Only a ConcordatError ever crosses. Its message holds no value from the data, by the rule of its family.
"""

from collections.abc import Mapping
from typing import Any, Never

import grpc
from concordat_query.errors import ConcordatError, Reason, Refusal, Unavailable
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

DOMAIN = "concordat"
DETAILS_KEY = "grpc-status-details-bin"
MAX_MESSAGE = 1000
"""Characters of a message that cross. It is sent three times, and metadata ends at 16 KB."""

CODES: Mapping[Reason, grpc.StatusCode] = {
    Reason.MALFORMED_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.SQL_NOT_SUPPORTED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.UNKNOWN_DATASET: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.UNKNOWN_COLUMN: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.UNKNOWN_CODE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.WRONG_TYPE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.KEY_WITHOUT_DOMAIN: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.NOT_CANONICAL: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.NOT_COMPARABLE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.TOO_MANY_CELLS: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.INVALID_PRICE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.WRONG_CATALOGUE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.WRONG_AGREEMENT: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.AGREEMENT_NOT_IN_FORCE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.NOT_IN_AGREEMENT: grpc.StatusCode.PERMISSION_DENIED,
    Reason.UNKNOWN_ANALYST: grpc.StatusCode.PERMISSION_DENIED,
    Reason.BAD_SIGNATURE: grpc.StatusCode.UNAUTHENTICATED,
    Reason.CALLER_NOT_ALLOWED: grpc.StatusCode.PERMISSION_DENIED,
    Reason.NOT_IN_AUDIENCE: grpc.StatusCode.PERMISSION_DENIED,
    Reason.QUERY_EXPIRED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.BUDGET_EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.KEY_REUSED: grpc.StatusCode.ALREADY_EXISTS,
    Reason.NO_RESERVATION: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.EDITION_UNAVAILABLE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.NOT_YET: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.UNKNOWN_RESULT: grpc.StatusCode.NOT_FOUND,
    Reason.NODE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Reason.NODE_REFUSED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.BUSY: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.DEADLINE_REQUIRED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.INTERNAL: grpc.StatusCode.INTERNAL,
}
_TRY_AGAIN = frozenset({Reason.NODE_UNAVAILABLE, Reason.BUSY, Reason.NOT_YET, Reason.INTERNAL})
_UNREACHED = "see that it runs at this address and that both sides' certificates are good and of one authority"
_TRANSPORT = {
    grpc.StatusCode.DEADLINE_EXCEEDED: "no answer came within the time allowed",
    grpc.StatusCode.CANCELLED: "the call was cancelled before an answer came",
    grpc.StatusCode.UNIMPLEMENTED: "the other side does not offer this; is its version older?",
}


def status_of(error: ConcordatError) -> Status:
    """The google.rpc.Status of an error: ErrorInfo always, BadRequest where the error names a field."""
    message = error.message[:MAX_MESSAGE]
    status = Status(code=CODES[error.reason].value[0], message=message)
    info = ErrorInfo(reason=error.reason.value, domain=DOMAIN)
    if error.field:
        info.metadata["field"] = error.field[:MAX_MESSAGE]
    status.details.add().Pack(info)
    if error.field and CODES[error.reason] is grpc.StatusCode.INVALID_ARGUMENT:
        violation = BadRequest.FieldViolation(field=error.field[:MAX_MESSAGE], description=message)
        status.details.add().Pack(BadRequest(field_violations=[violation]))
    return status


async def abort(context: grpc.aio.ServicerContext[Any, Any], error: ConcordatError) -> Never:
    """Ends a call with the error's status."""
    status = status_of(error)
    await context.abort(CODES[error.reason], status.message, ((DETAILS_KEY, status.SerializeToString()),))


def error_from_rpc(error: grpc.RpcError) -> ConcordatError:
    """The error that the other side raised: a Refusal or an Unavailable with its reason, message and field.

    What no party of Concordat said (a broken connection, a passed deadline, a proxy's page) is Unavailable with
    NODE_UNAVAILABLE: whether anything was charged is not known, and running the same key again is safe.
    """
    call: Any = error  # what asynchronous and synchronous calls raise differs in type, not in shape
    for key, value in call.trailing_metadata() or ():
        if key == DETAILS_KEY and (told := _told(value)) is not None:
            return told
    return Unavailable(Reason.NODE_UNAVAILABLE, _transport_message(call.code(), call.details()))


def _told(data: bytes) -> ConcordatError | None:
    """The error in a serialised google.rpc.Status; None where it is none of ours."""
    info = ErrorInfo()
    try:
        status = Status.FromString(data)
        if not any(detail.Is(ErrorInfo.DESCRIPTOR) and detail.Unpack(info) for detail in status.details):
            return None
        reason = Reason(info.reason)
    except (DecodeError, ValueError):
        return None
    kind = Unavailable if reason in _TRY_AGAIN else Refusal
    return kind(reason, status.message, field=info.metadata.get("field", ""))


def _transport_message(code: grpc.StatusCode, details: str | None) -> str:
    if code is grpc.StatusCode.UNAVAILABLE:
        return f"the other side cannot be reached: {details}; {_UNREACHED}"
    return _TRANSPORT.get(code, f"the other side ended the call with {code.name} and gave no reason")
