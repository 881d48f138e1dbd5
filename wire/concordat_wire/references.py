"""References: under which name an operator finds in the log what a caller was told.

A reference is random. It follows from nothing that was asked, and the log's line holds nothing of it either: only the
reason, the method, whose certificate called and which analyst signed.
"""

import logging
import re
import secrets
from collections.abc import Callable, Mapping

from concordat.v1 import query_pb2
from concordat_query.agreement import Agreement
from concordat_query.errors import Reason, Refusal
from concordat_query.signing import Purpose, is_signed

AnalystOf = Callable[[query_pb2.SignedQuery], str]
NOBODY = "-"
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_log = logging.getLogger(__name__)


def new_reference() -> str:
    """Eight letters and digits that can be told on the telephone: no 0, O, 1 or I."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"


def log_failure(reason: Reason, where: Mapping[str, str], *, level: int = logging.INFO, note: str = "") -> str:
    """Writes one line to the operator's log and returns the reference that stands in it."""
    reference = new_reference()
    words = " ".join(f"{name}={_plain(value)}" for name, value in where.items())
    _log.log(level, "failed reference=%s reason=%s %s%s", reference, reason.value, words, note and f" {note}")
    return reference


def signer_in(agreement: Agreement) -> AnalystOf:
    """Names whoever signed a query, by the agreement. A query that nobody of it signed is nobody's."""

    def name(signed: query_pb2.SignedQuery) -> str:
        if not is_signed(Purpose.QUERY, signed.envelope, signed.signature, signed.public_key):
            return NOBODY
        try:
            return agreement.analyst_of(signed.public_key).name
        except Refusal:
            return NOBODY

    return name


def nobody(signed: query_pb2.SignedQuery) -> str:
    """For servers that know no analysts."""
    return NOBODY


def _plain(value: str) -> str:
    """A name as a log's line may hold it: nothing in it ends the line or looks like another field."""
    return re.sub(r"[^\w.@+/,-]", "_", value)[:200] or NOBODY
