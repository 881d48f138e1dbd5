"""Errors on the wire: one google.rpc status with an ErrorInfo reason, there and back.

Only a ConcordatError ever crosses. Its message holds no value from the data, by the rule of its family.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Never

import grpc
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
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

DOMAIN = "concordat"
DETAILS_KEY = "grpc-status-details-bin"
MAX_MESSAGE = 1000
"""Characters of a message that cross. It is sent three times, and metadata ends at 16 KB."""

MAX_NODES = 16
"""Nodes at fault that cross one by one; the message names all."""

CODES: Mapping[Reason, grpc.StatusCode] = {reason: grpc.StatusCode[reason.status] for reason in Reason}
_UNREACHED = "see that it runs at this address and that both sides' certificates are good and of one authority"
_TRANSPORT = {
    grpc.StatusCode.DEADLINE_EXCEEDED: (Reason.TIMED_OUT, "no answer came within the time allowed"),
    grpc.StatusCode.CANCELLED: (Reason.TIMED_OUT, "the call was cancelled before an answer came"),
    grpc.StatusCode.UNIMPLEMENTED: (Reason.NOT_UNDERSTOOD, "the other side does not offer this; is its version older?"),
}


def status_of(error: ConcordatError, reference: str = "") -> Status:
    """The google.rpc.Status of an error: ErrorInfo always, a NodeFault for each node at fault, BadRequest where the
    error names a field.

    `reference` is that of the party that sends it, as it stands in its log.
    """
    message = error.message[:MAX_MESSAGE]
    status = Status(code=CODES[error.reason].value[0], message=message)
    told = {"field": error.field[:MAX_MESSAGE], "charged": error.charged.name, "reference": reference}
    metadata = {key: value for key, value in told.items() if value}
    status.details.add().Pack(ErrorInfo(reason=error.reason.value, domain=DOMAIN, metadata=metadata))
    for fault in error.nodes[:MAX_NODES]:
        packed = coordinator_pb2.NodeFault(node=fault.node, reason=fault.reason.value, reference=fault.reference)
        status.details.add().Pack(packed)
    if error.field and CODES[error.reason] is grpc.StatusCode.INVALID_ARGUMENT:
        violation = BadRequest.FieldViolation(field=error.field[:MAX_MESSAGE], description=message)
        status.details.add().Pack(BadRequest(field_violations=[violation]))
    return status


async def abort(context: grpc.aio.ServicerContext[Any, Any], error: ConcordatError, reference: str = "") -> Never:
    """Ends a call with the error's status."""
    status = status_of(error, reference)
    await context.abort(CODES[error.reason], status.message, ((DETAILS_KEY, status.SerializeToString()),))


def error_from_rpc(error: grpc.RpcError) -> ConcordatError:
    """The error that the other side raised, of the same kind, with all that it told.

    What no party of Concordat said (a broken connection, a passed deadline, a proxy's page) is Unavailable with
    NODE_UNAVAILABLE, TIMED_OUT or NOT_UNDERSTOOD: whether anything was charged is not known, and running the same key
    again is safe.
    """
    call: Any = error  # what asynchronous and synchronous calls raise differs in type, not in shape
    for key, value in call.trailing_metadata() or ():
        if key == DETAILS_KEY and (told := _told(value)) is not None:
            return told
    return Unavailable(*_transport(call.code(), call.details()))


def _told(data: bytes) -> ConcordatError | None:
    """The error in a serialised google.rpc.Status; None where it is none of ours."""
    info = ErrorInfo()
    try:
        status = Status.FromString(data)
        if not any(detail.Is(ErrorInfo.DESCRIPTOR) and detail.Unpack(info) for detail in status.details):
            return None
        reason = Reason[info.reason]
        nodes = tuple(_node_faults(status))
    except (DecodeError, KeyError):
        return None
    field, reference = info.metadata.get("field", ""), info.metadata.get("reference", "")
    if reason is Reason.VERIFICATION_FAILED:
        return VerificationError(status.message, field=field, reference=reference)
    kind = Unavailable if reason.may_pass else Refusal
    charged = Charged.__members__.get(info.metadata.get("charged", ""))
    return kind(reason, status.message, field=field, charged=charged, reference=reference, nodes=nodes)


def _node_faults(status: Status) -> Iterator[NodeFault]:
    """Those whose reasons this version knows."""
    told = coordinator_pb2.NodeFault()
    for detail in status.details:
        if detail.Is(told.DESCRIPTOR) and detail.Unpack(told) and told.reason in Reason.__members__:
            yield NodeFault(told.node, Reason[told.reason], told.reference)


def _transport(code: grpc.StatusCode, details: str | None) -> tuple[Reason, str]:
    if code is grpc.StatusCode.UNAVAILABLE:
        return Reason.NODE_UNAVAILABLE, f"the other side cannot be reached: {details}; {_UNREACHED}"
    unknown = f"the other side ended the call with {code.name} and gave no reason"
    return _TRANSPORT.get(code, (Reason.NOT_UNDERSTOOD, unknown))
