"""`concordat-node dev-certs`: a development authority, certificates and signing keys for the parties named."""

from pathlib import Path

import click

from concordat_node import certs


@click.command("dev-certs")
@click.option(
    "--out",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to. What stands there and is still good is kept.",
)
@click.argument("parties", nargs=-1, required=True, metavar="NAME[=HOST,...]...")
def dev_certs(folder: Path, parties: tuple[str, ...]) -> None:
    """Make certificates and signing keys for development.

    A party is a NAME (of a node, a coordinator, an analyst), with the HOSTs at which it can be reached unless that is
    this machine alone.
    """
    authority = certs.make_authority(folder)
    click.echo(f"{authority}: the DEVELOPMENT authority; never use it with real data")
    for party in parties:
        name, _, hosts = party.partition("=")
        issued = certs.issue(folder, name, [host for host in hosts.split(",") if host])
        click.echo(f"{issued.certificate}: {'made' if issued.renewed else 'kept, still good'}")
        click.echo(
            f"{issued.signing_public_key}: goes into the agreement as {issued.signing_public_key.read_text().strip()}"
        )
    click.echo("Give each party its own files and authority.crt, nothing else; authority.key stays here.")
