"""What happens while a query runs, as events: what each node is at, and that the client itself tries again.

Nothing of it depends on data: within a node's scan nothing is told but that it goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from concordat.v1 import coordinator_pb2
from concordat_query.errors import Reason

_Step = coordinator_pb2.Progress


class State(StrEnum):
    """What a node is at. The value is what people are told."""

    ASKED = "asked"
    READY = "ready"
    SCANNING = "scanning"
    ANSWERED = "answered"
    TAKES_NO_PART = "holds nothing of what is asked"
    LOST = "lost"
    RETRYING = "cannot be reached, asked once more"


@dataclass(frozen=True)
class NodeState:
    """A node that has come to a state."""

    node: str
    state: State


@dataclass(frozen=True)
class Retry:
    """The client tries again after `seconds`, under the same key: `attempt` of `attempts`."""

    attempt: int
    attempts: int
    seconds: float
    reason: Reason


Event = NodeState | Retry
Listener = Callable[[Event], None]

_STATES: Mapping[int, State] = {
    _Step.STEP_PREPARED: State.READY,
    _Step.STEP_COMMITTED: State.SCANNING,
    _Step.STEP_ANSWERED: State.ANSWERED,
    _Step.STEP_TAKES_NO_PART: State.TAKES_NO_PART,
    _Step.STEP_LOST: State.LOST,
    _Step.STEP_RETRYING: State.RETRYING,
}


def tell(listener: Listener | None, progress: coordinator_pb2.Progress) -> None:
    """Passes on what the coordinator told, unless it is a step that this version does not know."""
    if listener is not None and progress.step in _STATES:
        listener(NodeState(progress.node, _STATES[progress.step]))
