"""What others saw of this node's log. A log that lacks what they saw went back in time and forgot what was spent."""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from concordat.v1 import node_pb2
from concordat_query.errors import Reason, Refusal, Unavailable
from concordat_query.signing import Purpose, is_signed
from concordat_query.wire import parse

from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger_worker import LedgerWorker

REMEMBERED = 1024
"""Heads known to be in the log, kept so that they need no looking up."""
_log = logging.getLogger(__name__)


class Witness:
    """Compares the heads that coordinators bring with this node's own log, and stops the node for good on a lack."""

    def __init__(self, node: str, public_key: bytes, ledger: LedgerWorker) -> None:
        self._node = node
        self._public_key = public_key
        self._ledger = ledger
        self._known: set[bytes] = set()
        self._rolled_back = False
        self.on_rollback: Callable[[], None] = lambda: None
        """Called when a witnessed head proves that the log went back in time."""

    async def heed(self, witnessed: Sequence[node_pb2.SignedHead]) -> None:
        """Raises Unavailable, now and from now on, where one of these heads is this node's and not in its log.

        The log may be shorter than what they saw, or have grown anew past it since a copy was restored. What this node
        did not sign is passed over, garbage too: coordinators bring what other nodes told them.
        """
        for signed in witnessed:
            head = _head(signed)
            if head.node != self._node or signed.head in self._known:
                continue
            if not is_signed(Purpose.HEAD, signed.head, signed.signature, self._public_key):
                continue
            if await self._ledger.run(partial(Ledger.holds, head=head)):
                self.remember(signed.head)
                continue
            self._rolled_back = True
            _log.critical("the log went back in time witnessed=%d", head.sequence)
            self.on_rollback()
        self.refuse_after_rollback()

    def remember(self, head: bytes) -> None:
        """Takes a head that this node itself gave out as known."""
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known.add(head)

    def refuse_after_rollback(self) -> None:
        """Raises Unavailable once the log is known to have gone back in time."""
        if self._rolled_back:
            raise Unavailable(
                Reason.LEDGER_UNUSABLE,
                "this node's log went back in time: others saw a later one; its operator must restore the ledger",
            )


def _head(signed: node_pb2.SignedHead) -> node_pb2.Head:
    """What is signed; nobody's head where the bytes are none."""
    try:
        return parse(node_pb2.Head, signed.head, "witnessed")
    except Refusal:
        return node_pb2.Head()
