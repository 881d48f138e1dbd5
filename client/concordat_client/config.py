"""The analyst's one configuration file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from concordat_query import agreement as agreements
from concordat_query import catalogue as catalogues
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.errors import Reason, Refusal
from concordat_query.files import FileModel, read_file_model
from concordat_query.signing import SigningKey
from concordat_wire.tls import Tls, TlsFiles
from pydantic import Field

Address = Annotated[str, Field(pattern=r"^[^\s:]+:\d{1,5}$")]


class ClientFile(FileModel):
    """client.toml. Paths are relative to the file."""

    coordinator: Address
    coordinator_name: str
    """The name in the coordinator's certificate."""
    catalogue: Path
    agreement: Path
    signing_key: Path
    tls: TlsFiles
    timeout_seconds: float = Field(default=120, gt=0, le=3600)


@dataclass(frozen=True)
class Settings:
    """Everything a connection needs, read once."""

    coordinator: str
    coordinator_name: str
    catalogue: Catalogue
    agreement: Agreement
    key: SigningKey
    tls: Tls
    timeout: float


def read_settings(path: Path) -> Settings:
    """Reads client.toml and the files it names. Refuses what is missing, malformed or does not fit together."""
    file = read_file_model(ClientFile, path)
    base = path.parent
    catalogue = catalogues.load(base / file.catalogue)
    agreement = agreements.load(base / file.agreement)
    if agreement.catalogue_sha256 != catalogue.sha256:
        raise Refusal(
            Reason.WRONG_CATALOGUE,
            f"{file.catalogue} is not the catalogue that {file.agreement} was made for; get the matching pair",
            field=str(path),
        )
    return Settings(
        coordinator=file.coordinator,
        coordinator_name=file.coordinator_name,
        catalogue=catalogue,
        agreement=agreement,
        key=SigningKey.read(base / file.signing_key),
        tls=file.tls.beside(base),
        timeout=file.timeout_seconds,
    )
