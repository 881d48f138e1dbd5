"""`concordat-node`: what the operator of a node runs."""

import click
from concordat_wire.command_line import Commands

from concordat_node.commands.check import check
from concordat_node.commands.dev_certs import dev_certs
from concordat_node.commands.import_ import import_
from concordat_node.commands.ledger import ledger
from concordat_node.commands.serve import serve


@click.group(cls=Commands)
@click.version_option(package_name="concordat")
def main() -> None:
    """Run a node: the server beside the data that answers only what the agreement allows."""


for _command in (dev_certs, import_, check, serve, ledger):
    main.add_command(_command)
