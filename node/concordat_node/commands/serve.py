"""`concordat-node serve`: runs the node until it is told to stop."""

import asyncio
from pathlib import Path

import click
from concordat_wire.command_line import log_to_stderr
from concordat_wire.lifetime import run_until_told

from concordat_node.commands.options import config_option
from concordat_node.config import read_settings
from concordat_node.runtime import start


@click.command("serve")
@config_option
def serve(config: Path) -> None:
    """Answer the coordinators that are listed as callers.

    Prints one line, `ready on host:port`, once calls are accepted. SIGTERM or Ctrl-C finishes running commits first.
    """
    log_to_stderr()
    settings = read_settings(config)
    listen = settings.file.listen
    asyncio.run(run_until_told(lambda: start(settings), listen, lambda address: click.echo(f"ready on {address}")))
