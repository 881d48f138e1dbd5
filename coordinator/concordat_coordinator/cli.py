"""`concordat-coordinator serve`: asks the nodes, merges what they answer, serves analysts."""

import asyncio
from pathlib import Path

import click
from concordat_wire.command_line import Commands, log_to_stderr
from concordat_wire.lifetime import run_until_told

from concordat_coordinator.config import read_settings
from concordat_coordinator.runtime import start


@click.group(cls=Commands)
@click.version_option(package_name="concordat")
def main() -> None:
    """Run a coordinator: trusted for availability only, never for privacy or truth."""


@main.command("serve")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("coordinator.toml"),
    show_default=True,
    help="The coordinator's configuration file.",
)
def serve(config: Path) -> None:
    """Serve analysts. Prints one line, `ready on host:port`, once calls are accepted."""
    log_to_stderr()
    settings = read_settings(config)
    listen = settings.file.listen
    asyncio.run(run_until_told(lambda: start(settings), listen, lambda address: click.echo(f"ready on {address}")))
