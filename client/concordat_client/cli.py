"""The analyst's command: `concordat query | explain | catalogue | budget | verify`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from concordat_query.catalogue import load as load_catalogue
from concordat_query.errors import Refusal, Unavailable, VerificationError
from concordat_wire.command_line import Commands
from rich.console import Console

from concordat_client import catalogue_report, destinations, explanation_report, reports, saving
from concordat_client.catalogue_comparison import comparison
from concordat_client.config import read_settings
from concordat_client.connection import connect
from concordat_client.display import TEXT_WIDTH
from concordat_client.formats import FORMATS
from concordat_client.live import told
from concordat_client.offline import examine

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("client.toml"),
    show_default=True,
    envvar="CONCORDAT_CONFIG",
    help="The client's configuration file.",
)


def _console() -> Console:
    """What prints: as wide as the terminal, or of one width in files and pipes."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else TEXT_WIDTH)


class _Asking(Commands):
    charges = True


@click.group(cls=_Asking)
@click.version_option(package_name="concordat")
def main() -> None:
    """Ask the four nations' nodes one question; every figure comes back with its margin of error."""


@main.command()
@config_option
@click.option("--key", "idempotency_key", help="Run under this key again: what was paid for is served free.")
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="table", show_default=True, help="How it is written."
)
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead of printing.")
@click.option("--save", type=click.Path(path_type=Path), help="Keep the result with all that proves it in this file.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.argument("sql")
def query(
    config: Path, idempotency_key: str | None, form: str, output: Path | None, save: Path | None, force: bool, sql: str
) -> None:
    """Run SQL and print or write the verified result."""
    destinations.check(form, output, save, force=force)  # before anything is paid for
    with connect(config) as connection:
        question = connection.ask(sql, idempotency_key=idempotency_key)
        key = question.envelope.idempotency_key
        with _key_told(key), told(Console(stderr=True), question.envelope.audience) as on:
            result = connection.run(question, on)
    try:
        if form != "table" or output is not None:
            destinations.write(result, form, output, force=force)
        else:
            _console().print(result)
        if save is not None:
            saving.write(save, saving.pack(saving.parts_of(result)), replace=force)
    except Refusal:
        click.echo(f"The result is paid for. To get it again free, add --key {key}", err=True)
        raise


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
    """Show the data sets, or of one data set who holds what.

    Of each column: its values, whether nations compare in it, who holds it, when, and how it differs there.
    """
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


@main.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="CONCORDAT_CONFIG",
    help="Your client.toml: its agreement says whose keys are trusted.",
)
@click.argument("path", type=click.Path(path_type=Path))
def verify(config: Path | None, path: Path) -> None:
    """Check a saved result and print it, without any connection. Exit status 1 if it does not prove itself."""
    report = examine(path, None if config is None else read_settings(config).agreement)
    _console().print(reports.verification(report, own_keys=config is not None))
    if report.result is None:
        sys.exit(1)
