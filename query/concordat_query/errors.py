"""The one family of errors that people may see. The published list of their reasons is in `reasons`.

ConcordatError
 ├─ Refusal          the request is wrong or not allowed: nothing was charged
 │   └─ SqlRefusal   ... with a position in the SQL text
 ├─ Unavailable      a party cannot answer now: try again under the same key
 └─ VerificationError  what came back does not prove itself

A message says what was wrong, where, and what to do. It never holds a value from the data.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from concordat_query.reasons import Reason

__all__ = [
    "Charged",
    "ConcordatError",
    "NodeFault",
    "Reason",
    "Refusal",
    "SqlRefusal",
    "Unavailable",
    "VerificationError",
]


class Charged(StrEnum):
    """Whether a run that ended in an error was charged for. The value is what people are told."""

    NOTHING = "nothing"
    PERHAPS = "not known; the same key is never charged twice"
    STORED = "yes; what was paid for is served free under the same key"


@dataclass(frozen=True)
class NodeFault:
    """What one node gave instead of an answer. `reference` is under which that node's operator finds it."""

    node: str
    reason: Reason
    reference: str


class ConcordatError(Exception):
    """Base of all errors that people may see.

    `field` names the place at fault in a request or file ("query.where", "agreement.toml: analysts[0].name").
    `reference` is what the operator of the party that raised it finds in its log; empty for what never left the
    machine. `nodes` are the nodes at fault where a coordinator passes on what they said.
    """

    charged_by_default: ClassVar[Charged] = Charged.PERHAPS

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        field: str = "",
        charged: Charged | None = None,
        reference: str = "",
        nodes: tuple[NodeFault, ...] = (),
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.charged = charged or self.charged_by_default
        self.reference = reference
        self.nodes = nodes

    def __reduce__(self) -> tuple[object, ...]:
        """So that it travels between processes whatever the arguments of its class are."""
        return _restored, (type(self), self.message), vars(self)

    def __str__(self) -> str:
        """One line: reason, message, and the references to quote where there are some."""
        own = [f"reference {self.reference}"] if self.reference else []
        theirs = [f"reference {fault.reference} at {fault.node}" for fault in self.nodes if fault.reference]
        quoted = f" ({', '.join(own + theirs)})" if own or theirs else ""
        return f"{self.reason.value}: {self.message}{quoted}"


def _restored(kind: type[ConcordatError], message: str) -> ConcordatError:
    """Without what `vars` told, which pickle sets."""
    return kind.__new__(kind, message)


class Refusal(ConcordatError):
    """The request is wrong or not allowed. Nothing was charged."""

    charged_by_default = Charged.NOTHING


class SqlRefusal(Refusal):
    """A refusal at a place in the SQL text: `line` and `column` count from 1, `offset` from 0.

    `text` is all of the SQL, for whoever wrote it. It is shown on their own machine and never crosses.
    """

    def __init__(self, reason: Reason, message: str, *, line: int, column: int, offset: int, text: str) -> None:
        super().__init__(reason, message, field=f"sql:{line}:{column}")
        self.line = line
        self.column = column
        self.offset = offset
        self.text = text


class Unavailable(ConcordatError):
    """A party cannot answer now. Running the same query under the same key is safe.

    `idempotency_key` is that key, where the one who raised it knows it.
    """

    idempotency_key: str = ""


class VerificationError(ConcordatError):
    """What came back does not prove itself: a signature, hash, scale or figure is not what it must be."""

    def __init__(self, message: str, *, field: str = "", reference: str = "") -> None:
        super().__init__(Reason.VERIFICATION_FAILED, message, field=field, reference=reference)
