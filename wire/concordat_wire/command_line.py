"""What the three commands share: how an error is shown, and how logs are written."""

import logging
import sys
from typing import Any

import click
from concordat_query.errors import ConcordatError

EXIT_REFUSED = 2


class Commands(click.Group):
    """A group of commands whose ConcordatErrors become one line, `error: REASON: message`, and exit status 2."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ConcordatError as error:
            show(error)
            raise click.exceptions.Exit(EXIT_REFUSED) from None


def show(error: ConcordatError) -> None:
    """Writes the error's one line to standard error."""
    message = " ".join(error.message.split())
    click.echo(f"error: {error.reason.value}: {message}", err=True)


def log_to_stderr() -> None:
    """Operational logs: one line each, no literal of a query, no value, no token."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="time=%(asctime)s level=%(levelname)s where=%(name)s %(message)s"
    )
