"""The analyst's command: `concordat query | explain | catalogue | budget`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from concordat_query.catalogue import load as load_catalogue
from concordat_query.errors import Unavailable, VerificationError
from concordat_wire.command_line import Commands
from rich.console import Console

from concordat_client import catalogue_report, explanation_report, reports
from concordat_client.catalogue_comparison import comparison
from concordat_client.connection import connect
from concordat_client.display import render
from concordat_client.live import told

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("client.toml"),
    show_default=True,
    envvar="CONCORDAT_CONFIG",
    help="The client's configuration file.",
)


WIDTH_OF_FILES = 120


def _console() -> Console:
    """What prints: as wide as the terminal, or of one width in files and pipes."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_OF_FILES)


class _Asking(Commands):
    charges = True


@click.group(cls=_Asking)
@click.version_option(package_name="concordat")
def main() -> None:
    """Ask the four nations' nodes one question; every figure comes back with its margin of error."""


@main.command()
@config_option
@click.option("--key", "idempotency_key", help="Run under this key again: what was paid for is served free.")
@click.argument("sql")
def query(config: Path, idempotency_key: str | None, sql: str) -> None:
    """Run SQL and print the verified result."""
    with connect(config) as connection:
        question = connection.ask(sql, idempotency_key=idempotency_key)
        with _key_told(question.envelope.idempotency_key), told(Console(stderr=True), question.envelope.audience) as on:
            result = connection.run(question, on)
    _console().print(render(result))


@contextmanager
def _key_told(key: str) -> Iterator[None]:
    """Names the key under which to go on wherever a run ends after it may have been charged."""
    try:
        yield
    except (Unavailable, VerificationError, KeyboardInterrupt):
        click.echo(f"To try again without paying twice, add --key {key}", err=True)
        raise


@main.command()
@config_option
@click.argument("sql")
def explain(config: Path, sql: str) -> None:
    """Tell what SQL would cost and how precise it would be. Spends nothing, reads no data."""
    with connect(config) as connection:
        _console().print(explanation_report.report(connection.explain(sql)))


@main.command()
@config_option
@click.option("--column", help="One column alone, with all its values.")
@click.option("--history", is_flag=True, help="What every version of the catalogue changed.")
@click.option("--compare", type=click.Path(path_type=Path), help="Another catalogue's file: what it would change.")
@click.argument("dataset", required=False)
def catalogue(config: Path, column: str | None, history: bool, compare: Path | None, dataset: str | None) -> None:
    """Show the data sets, or one data set: for each column who holds it, when, and how it differs."""
    if (dataset is not None) + history + (compare is not None) > 1:
        raise click.UsageError("a data set, --history and --compare are asked for one at a time")
    if column is not None and dataset is None:
        raise click.UsageError("--column needs the data set before it, such as: road.casualties --column area")
    with connect(config) as connection:
        ours = connection.catalogue
        if compare is not None:
            click.echo("\n".join(comparison(ours, load_catalogue(compare))))
        elif history:
            _console().print(catalogue_report.history(ours))
        elif dataset is None:
            _console().print(catalogue_report.overview(ours))
        else:
            _console().print(catalogue_report.report(ours, dataset, column, connection.describe))


@main.command()
@config_option
def budget(config: Path) -> None:
    """Show what is left of each nation's budget."""
    with connect(config) as connection:
        _console().print(reports.budget(connection.budget()))
