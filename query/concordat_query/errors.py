"""The one family of errors that people may see, and the published list of reasons.

ConcordatError
 ├─ Refusal          the request is wrong or not allowed: nothing was charged
 │   └─ SqlRefusal   ... with a position in the SQL text
 ├─ Unavailable      a party cannot answer now: try again under the same key
 └─ VerificationError  what came back does not prove itself

A message says what was wrong, where, and what to do. It never holds a value from the data.
"""

from enum import StrEnum


class Reason(StrEnum):
    """ErrorInfo reasons on the wire, one list for all services. The comment names the gRPC status."""

    MALFORMED_REQUEST = "MALFORMED_REQUEST"  # INVALID_ARGUMENT: bytes that do not parse, a field out of its form
    SQL_NOT_SUPPORTED = "SQL_NOT_SUPPORTED"  # INVALID_ARGUMENT
    UNKNOWN_DATASET = "UNKNOWN_DATASET"  # INVALID_ARGUMENT
    UNKNOWN_COLUMN = "UNKNOWN_COLUMN"  # INVALID_ARGUMENT
    UNKNOWN_CODE = "UNKNOWN_CODE"  # INVALID_ARGUMENT
    WRONG_TYPE = "WRONG_TYPE"  # INVALID_ARGUMENT
    KEY_WITHOUT_DOMAIN = "KEY_WITHOUT_DOMAIN"  # INVALID_ARGUMENT
    NOT_CANONICAL = "NOT_CANONICAL"  # INVALID_ARGUMENT
    NOT_COMPARABLE = "NOT_COMPARABLE"  # INVALID_ARGUMENT: nations would be added up that do not compare
    TOO_MANY_CELLS = "TOO_MANY_CELLS"  # INVALID_ARGUMENT
    INVALID_PRICE = "INVALID_PRICE"  # INVALID_ARGUMENT: rho out of range or too small to split
    WRONG_CATALOGUE = "WRONG_CATALOGUE"  # FAILED_PRECONDITION
    WRONG_AGREEMENT = "WRONG_AGREEMENT"  # FAILED_PRECONDITION
    AGREEMENT_NOT_IN_FORCE = "AGREEMENT_NOT_IN_FORCE"  # FAILED_PRECONDITION
    NOT_IN_AGREEMENT = "NOT_IN_AGREEMENT"  # PERMISSION_DENIED: a data set, column, key, statistic or bound
    UNKNOWN_ANALYST = "UNKNOWN_ANALYST"  # PERMISSION_DENIED: the signing key is nobody's in the agreement
    BAD_SIGNATURE = "BAD_SIGNATURE"  # UNAUTHENTICATED
    CALLER_NOT_ALLOWED = "CALLER_NOT_ALLOWED"  # PERMISSION_DENIED: the certificate may not call this
    NOT_IN_AUDIENCE = "NOT_IN_AUDIENCE"  # PERMISSION_DENIED: the signed query does not name this node
    QUERY_EXPIRED = "QUERY_EXPIRED"  # FAILED_PRECONDITION
    BUDGET_EXHAUSTED = "BUDGET_EXHAUSTED"  # RESOURCE_EXHAUSTED
    KEY_REUSED = "KEY_REUSED"  # ALREADY_EXISTS: the idempotency key belongs to another query
    NO_RESERVATION = "NO_RESERVATION"  # FAILED_PRECONDITION: Commit without Prepare, expired or cancelled
    EDITION_UNAVAILABLE = "EDITION_UNAVAILABLE"  # FAILED_PRECONDITION: missing, changed or of another definition
    NOT_YET = "NOT_YET"  # FAILED_PRECONDITION: charged and stored, but the query's own not_before lies ahead
    UNKNOWN_RESULT = "UNKNOWN_RESULT"  # NOT_FOUND: nothing was run under this key
    NODE_UNAVAILABLE = "NODE_UNAVAILABLE"  # UNAVAILABLE
    NODE_REFUSED = "NODE_REFUSED"  # FAILED_PRECONDITION: a node refused at Prepare; nobody was charged
    BUSY = "BUSY"  # RESOURCE_EXHAUSTED
    DEADLINE_REQUIRED = "DEADLINE_REQUIRED"  # INVALID_ARGUMENT
    INTERNAL = "INTERNAL"  # INTERNAL: with a reference that the operator finds in the log, nothing else


class ConcordatError(Exception):
    """Base of all errors that people may see.

    `field` names the place at fault in a request or file ("query.where", "agreement.toml: analysts[0].name").
    """

    def __init__(self, reason: Reason, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field


class Refusal(ConcordatError):
    """The request is wrong or not allowed. Nothing was charged."""


class SqlRefusal(Refusal):
    """A refusal at a place in the SQL text: `line` and `column` count from 1, `offset` from 0."""

    def __init__(self, reason: Reason, message: str, *, line: int, column: int, offset: int) -> None:
        super().__init__(reason, message, field=f"sql:{line}:{column}")
        self.line = line
        self.column = column
        self.offset = offset


class Unavailable(ConcordatError):
    """A party cannot answer now. Running the same query under the same key is safe."""


class VerificationError(ConcordatError):
    """What came back does not prove itself: a signature, hash, scale or figure is not what it must be."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(Reason.INTERNAL, message, field=field)
