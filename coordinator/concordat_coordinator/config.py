"""The coordinator's configuration: one TOML file that people write. Paths are relative to the file's folder."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

from concordat_query import agreement as agreements
from concordat_query import catalogue as catalogues
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue, Label
from concordat_query.errors import Reason, Refusal
from concordat_query.files import FileModel, read_file_model
from concordat_wire.tls import Tls, TlsFiles
from pydantic import Field

Address = Annotated[str, Field(pattern=r"^[^\s]+:\d{1,5}$")]


class NodeAddress(FileModel):
    name: Label
    """As in the agreement; the node's certificate must bear it."""
    address: Address


class CoordinatorFile(FileModel):
    """coordinator.toml as people write it."""

    listen: Address
    catalogue: Path
    agreement: Path
    nodes: tuple[NodeAddress, ...] = Field(min_length=1)
    tls: TlsFiles


@dataclass(frozen=True)
class Settings:
    """A coordinator's file with its paths resolved."""

    file: CoordinatorFile
    folder: Path

    @property
    def tls(self) -> Tls:
        return self.file.tls.beside(self.folder)

    @cached_property
    def catalogue(self) -> Catalogue:
        return catalogues.load(self.folder / self.file.catalogue)

    @cached_property
    def agreement(self) -> Agreement:
        return agreements.load(self.folder / self.file.agreement)


def read_settings(path: Path) -> Settings:
    """Reads coordinator.toml and what it names. Raises Refusal with file and key."""
    settings = Settings(read_file_model(CoordinatorFile, path), path.resolve().parent)
    _check(settings, str(path))
    return settings


def _check(settings: Settings, place: str) -> None:
    names = [node.name for node in settings.file.nodes]
    if len(set(names)) != len(names):
        raise _refusal(place, "nodes: one stands there twice")
    if strangers := sorted(set(names) - set(settings.agreement.party_by_node)):
        raise _refusal(place, f"nodes: the agreement names no {', '.join(strangers)}")
    if settings.agreement.catalogue_sha256 != settings.catalogue.sha256:
        raise _refusal(place, "the agreement is about another version of the catalogue; get the version that it names")


def _refusal(place: str, what: str) -> Refusal:
    return Refusal(Reason.WRONG_FILE, f"{place}: {what}", field=place)
