"""`concordat-node check`: everything that can be wrong before data or network are touched, all faults at once."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from concordat_query.errors import ConcordatError
from concordat_wire.command_line import EXIT_REFUSED
from concordat_wire.tls import read_material

from concordat_node.commands.options import config_option
from concordat_node.config import Settings, check_agreement, read_settings
from concordat_node.importing import edition
from concordat_node.importing.mapping import load as load_mapping

Step = tuple[str, Callable[[], object]]


@click.command("check")
@config_option
def check(config: Path) -> None:
    """Check every file at once, without reading data.

    That is configuration, certificates, keys, catalogue, agreement, mappings and editions.
    """
    settings = read_settings(config)
    with contextlib.suppress(ConcordatError):  # told below, with what to do
        click.echo(f"catalogue version {settings.catalogue.version}, SHA-256 {settings.catalogue.sha256}")
    faults = sum(not _holds(what, test) for what, test in steps(settings))
    if faults:
        click.echo(f"{faults} to put right before this node can serve everything it should")
        raise click.exceptions.Exit(EXIT_REFUSED)
    click.echo("everything is in order")


def steps(settings: Settings) -> Iterator[Step]:
    """What is looked at, in an order in which each step can be understood without the next."""
    file = settings.file
    yield f"certificates of {file.name}", lambda: read_material(settings.tls)
    yield f"signing key {file.signing_key}", lambda: settings.signing_key
    yield f"catalogue {file.catalogue}", lambda: settings.catalogue
    yield f"agreement {file.agreement}", lambda: check_agreement(settings)
    for path in settings.mapping_paths:
        yield from _mapping_steps(settings, path)
    yield "mappings together", lambda: settings.mappings


def _mapping_steps(settings: Settings, path: Path) -> Iterator[Step]:
    yield f"mapping {path.name}", lambda: load_mapping(path, settings.catalogue)
    yield f"edition for {path.name}", lambda: check_edition(settings, path)


def check_edition(settings: Settings, path: Path) -> None:
    """Refuses where no edition stands, or one of another definition or mapping. Reads its manifest only."""
    mapping = load_mapping(path, settings.catalogue)
    found = edition.current(settings.state, mapping.dataset)
    edition.require(found, mapping.definition.definition_sha256, mapping.mapping_sha256)


def _holds(what: str, test: Callable[[], object]) -> bool:
    try:
        test()
    except ConcordatError as error:
        click.echo(f"WRONG  {what}: {error.reason.value}: {' '.join(error.message.split())}")
        return False
    click.echo(f"ok     {what}")
    return True
