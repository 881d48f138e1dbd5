"""What the three commands share: how an error is shown, and how logs are written."""

import logging
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import click
from concordat_query.errors import ConcordatError, NodeFault, Reason, SqlRefusal

from concordat_wire.excerpt import WIDTH, excerpt, plain

EXIT_REFUSED = 2
_LABEL = 11


class Commands(click.Group):
    """A group of commands whose ConcordatErrors are shown on standard error, with exit status 2."""

    charges = False
    """Whether its commands may cost something, so that errors say whether they did."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ConcordatError as error:
            click.echo(shown(error, charges=self.charges), err=True)
            raise click.exceptions.Exit(EXIT_REFUSED) from None


def shown(error: ConcordatError, *, charges: bool) -> str:
    """An error as people read it: `error: REASON: message` on one line, then the place, the cause and what to do."""
    return "\n".join([f"error: {error.reason.value}: {plain(error.message)}", *_details(error, charges)])


def _details(error: ConcordatError, charges: bool) -> Iterator[str]:
    if isinstance(error, SqlRefusal):
        line, caret = excerpt(error.text, error.offset, _width() - 4)
        yield from (f"  | {line}", f"  | {caret}")
    yield from _advice(error.reason)
    for reason in dict.fromkeys(fault.reason for fault in error.nodes):
        yield from _at_nodes(reason, [fault for fault in error.nodes if fault.reason is reason])
    if charges:
        yield from _labelled("charged", error.charged.value)
    if error.reference:
        yield from _labelled("reference", plain(error.reference))


def _at_nodes(reason: Reason, faults: list[NodeFault]) -> Iterator[str]:
    """Nodes with one reason together. Of a node that was not reached only the coordinator's log tells."""
    yield f"  {', '.join(plain(fault.node) for fault in faults)}: {reason.value}"
    yield from _advice(reason, "    ")
    for fault in faults:
        if fault.reference:
            place = f"the log of {plain(fault.node)}, or the coordinator's if the node was not reached"
            yield from _labelled("reference", f"{plain(fault.reference)}, in {place}", "    ")


def _advice(reason: Reason, indent: str = "  ") -> Iterator[str]:
    yield from _labelled("cause", reason.cause, indent)
    yield from _labelled("fix", reason.fix, indent)


def _labelled(label: str, text: str, indent: str = "  ") -> list[str]:
    first = f"{indent}{label:<{_LABEL}}"
    rest = " " * len(first)
    return textwrap.wrap(text, _width(), initial_indent=first, subsequent_indent=rest, break_long_words=False)


def _width() -> int:
    return max(40, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def log_to_stderr() -> None:
    """Operational logs: one line each, no literal of a query, no value, no token."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="time=%(asctime)s level=%(levelname)s where=%(name)s %(message)s"
    )
