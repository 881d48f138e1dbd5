"""The three files by which a party proves who it is: its certificate, its key, and the authority it believes."""

import datetime
from dataclasses import dataclass
from pathlib import Path

from concordat_query.errors import Reason, Refusal
from concordat_query.files import FileModel
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key


class TlsFiles(FileModel):
    """The [tls] table of every configuration file. Paths are relative to that file."""

    certificate: Path
    key: Path
    authority: Path

    def beside(self, folder: Path) -> "Tls":
        """The same paths, seen from the configuration file's folder."""
        return Tls(folder / self.certificate, folder / self.key, folder / self.authority)


@dataclass(frozen=True)
class Tls:
    """Paths to PEM files. Nothing is read before `read_material`."""

    certificate: Path
    key: Path
    authority: Path


@dataclass(frozen=True)
class TlsMaterial:
    """PEM bytes that fit together. The repr shows nothing."""

    certificate: bytes
    key: bytes
    authority: bytes

    def __repr__(self) -> str:
        return "TlsMaterial(...)"


def read_material(tls: Tls) -> TlsMaterial:
    """Reads and checks the files: gRPC itself would report a wrong one only as a failed handshake.

    Refuses a file that is missing or no PEM, a certificate out of its dates, and a key of another certificate.
    """
    material = TlsMaterial(_read(tls.certificate), _read(tls.key), _read(tls.authority))
    certificate = _certificate(tls.certificate, material.certificate)
    _certificate(tls.authority, material.authority)
    if _public_key_of(tls.key, material.key) != _spki(certificate):
        raise _refusal(tls.key, f"this key does not belong to the certificate {tls.certificate.name}")
    return material


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise _refusal(path, "there is no such file") from None
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror}") from None


def _certificate(path: Path, pem: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise _refusal(path, "not a certificate in PEM form") from None
    if not certificate.not_valid_before_utc <= datetime.datetime.now(datetime.UTC) <= certificate.not_valid_after_utc:
        raise _refusal(path, "the certificate has expired or is not valid yet; issue a new one")
    return certificate


def _public_key_of(path: Path, pem: bytes) -> bytes:
    try:
        public_key = load_pem_private_key(pem, password=None).public_key()
    except (ValueError, TypeError):
        raise _refusal(path, "not a private key in PEM form, or one that needs a password") from None
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _refusal(path: Path, message: str) -> Refusal:
    return Refusal(Reason.WRONG_FILE, f"{path}: {message}", field=str(path))
