"""`concordat-node`: what the operator of a node runs."""

from importlib import import_module

import click
from concordat_wire.command_line import Commands

_COMMANDS = {
    "dev-certs": "dev_certs:dev_certs",
    "import": "import_:import_",
    "check": "check:check",
    "profile": "profile:profile",
    "serve": "serve:serve",
    "ledger": "ledger:ledger",
}
"""By name: the module of `commands` and the command in it."""


class _OnDemand(Commands):
    """Loads a command's module when it is asked for: `serve`, which faces the network, loads no database of data."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name].partition(":")
        command = getattr(import_module(f"concordat_node.commands.{module}"), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  # the table above is ours
        return command


@click.group(cls=_OnDemand)
@click.version_option(package_name="concordat")
def main() -> None:
    """Run a node: the server beside the data that answers only what the agreement allows."""
