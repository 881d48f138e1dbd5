"""A node's configuration: one TOML file that people write, and the settings that follow from it and what it names.

Paths are relative to the file's folder. Unknown keys are refused.
"""

from collections.abc import Mapping as Table
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

from concordat_privacy.prices import currency_of
from concordat_query import agreement as agreements
from concordat_query import catalogue as catalogues
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue, Label
from concordat_query.errors import Reason, Refusal
from concordat_query.files import FileModel, read_file_model
from concordat_query.signing import SigningKey
from concordat_wire.tls import Tls, TlsFiles
from pydantic import Field

from concordat_node.importing.mapping import Mapping
from concordat_node.importing.mapping import load as load_mapping
from concordat_node.ledger.records import Budget

Address = Annotated[str, Field(pattern=r"^[^\s]+:\d{1,5}$")]


class EngineLimits(FileModel):
    memory_limit: str = Field(default="2GB", pattern=r"^\d+(MB|GB)$")
    threads: int = Field(default=2, ge=1, le=256)


class Limits(FileModel):
    reservation_seconds: int = Field(default=60, ge=1, le=3600)
    max_concurrent: int = Field(default=64, ge=1, le=10_000)


class NodeFile(FileModel):
    """node.toml as people write it."""

    name: Label
    nation: Label
    state: Path
    """Holds the ledger and the editions; only this node writes there."""
    catalogue: Path
    agreement: Path
    signing_key: Path
    data: Path
    """The folder that the mappings' sources are relative to."""
    mappings: tuple[Path, ...]
    listen: Address
    callers: tuple[Label, ...] = Field(min_length=1)
    """Names of the certificates that may call: the coordinators."""
    tls: TlsFiles
    engine: EngineLimits = EngineLimits()
    limits: Limits = Limits()


@dataclass(frozen=True)
class Settings:
    """A node's file with its paths resolved."""

    file: NodeFile
    folder: Path

    def path(self, relative: Path) -> Path:
        return (self.folder / relative).resolve()

    @property
    def state(self) -> Path:
        return self.path(self.file.state)

    @property
    def data(self) -> Path:
        return self.path(self.file.data)

    @property
    def tls(self) -> Tls:
        return self.file.tls.beside(self.folder)

    @property
    def mapping_paths(self) -> tuple[Path, ...]:
        return tuple(self.path(path) for path in self.file.mappings)

    @cached_property
    def catalogue(self) -> Catalogue:
        return catalogues.load(self.path(self.file.catalogue))

    @cached_property
    def agreement(self) -> Agreement:
        return agreements.load(self.path(self.file.agreement))

    @cached_property
    def signing_key(self) -> SigningKey:
        return SigningKey.read(self.path(self.file.signing_key))

    @cached_property
    def mappings(self) -> Table[str, Mapping]:
        """The mappings by data set. Refuses two of the same."""
        found: dict[str, Mapping] = {}
        for path in self.mapping_paths:
            mapping = load_mapping(path, self.catalogue)
            if mapping.dataset in found:
                raise Refusal(
                    Reason.WRONG_FILE,
                    f"{path}: another mapping of this node already gives data set {mapping.dataset!r}; keep one",
                    field=str(path),
                )
            found[mapping.dataset] = mapping
        return found

    @cached_property
    def budgets(self) -> Table[str, Budget]:
        """Each population's whole budget at this node."""
        found = {}
        for name, budget in self.agreement.populations.items():
            currency = currency_of(self.agreement, name)
            amount = currency.nano_of(budget.epsilon)
            found[name] = Budget(amount, currency.calculus, budget.threshold_delta_e15)
        return found


def read_settings(path: Path) -> Settings:
    """Reads node.toml. Raises Refusal with file and key. What it names is read on first use."""
    return Settings(read_file_model(NodeFile, path), path.resolve().parent)


def check_agreement(settings: Settings) -> None:
    """Refuses a node that the agreement does not know by this name, nation, key and catalogue."""
    file, agreement = settings.file, settings.agreement
    party = agreement.party_by_node.get(file.name)
    place = str(settings.path(file.agreement))
    if party is None:
        raise _mismatch(place, f"it names no node {file.name!r}; use this node's name in the agreement")
    if party.nation != file.nation:
        raise _mismatch(place, f"it says that {file.name!r} belongs to {party.nation!r}; correct `nation`")
    if party.public_key != settings.signing_key.public_key_text:
        raise _mismatch(place, f"the public key of {file.name!r} is not this node's; have the agreement corrected")
    if agreement.catalogue_sha256 != settings.catalogue.sha256:
        raise _mismatch(place, "it is about another version of the catalogue; get the version that it names")
    if missing := sorted(set(agreement.datasets) - set(settings.catalogue.datasets)):
        raise _mismatch(place, f"the catalogue does not define {', '.join(missing)}")
    unbudgeted = {settings.catalogue.dataset(name).population for name in agreement.datasets} - set(
        agreement.populations
    )
    if unbudgeted:
        raise _mismatch(place, f"it gives no budget for {', '.join(sorted(unbudgeted))}")


def _mismatch(place: str, what: str) -> Refusal:
    return Refusal(Reason.WRONG_AGREEMENT, f"{place}: {what}", field=place)
