"""A development authority: certificates and signing keys made on the spot, so that mutual TLS is on from the first
command. Every certificate says DEVELOPMENT in its subject; a deployment brings certificates of its own.

In the authority's folder: authority.crt, authority.key and, for each party, <name>.crt, <name>.key (mutual TLS),
<name>.signing.key and <name>.signing.pub (Ed25519, base64: what agreements list). Each party is given its own files
and authority.crt, nothing else.
"""

import datetime
import ipaddress
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from concordat_query.errors import Reason, Refusal
from concordat_query.signing import SigningKey
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 365
CERTIFICATE_DAYS = 90
RENEW_WITHIN = datetime.timedelta(days=7)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]
_CLOCK_SKEW = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Issued:
    """The files of one party. `renewed` tells whether its certificate was made now or stood already."""

    name: str
    certificate: Path
    key: Path
    signing_key: Path
    signing_public_key: Path
    renewed: bool


def make_authority(folder: Path) -> Path:
    """Makes the authority unless a usable one stands there. Returns its certificate's path."""
    path = folder / "authority.crt"
    if _usable_pair(folder, "authority") is not None:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _subject("Concordat DEVELOPMENT authority")
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder(name, name, key, AUTHORITY_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    _write_private(folder / "authority.key", _pem_of(key))
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return path


def issue(folder: Path, name: str, hosts: Sequence[str] = ()) -> Issued:
    """Makes what one party needs, for its name, `hosts` and this machine. Keeps what stands there and is still good.

    Signing keys are never replaced: agreements name them. Refuses a malformed name and a folder without an authority.
    """
    if not _NAME.fullmatch(name) or name == "authority":
        raise _refusal(f"{name!r} cannot be a party's name: small letters, digits and hyphens, not 'authority'")
    authority = _usable_pair(folder, "authority")
    if authority is None:
        raise _refusal(f"{folder}: there is no usable development authority here; make one first")
    names = _alternative_names([name, *LOOPBACK, *hosts])
    renewed = not _still_good(folder, name, names, authority[0])
    if renewed:
        _issue_certificate(folder, name, names, *authority)
    signing_key, signing_public_key = _signing_key(folder, name)
    return Issued(name, folder / f"{name}.crt", folder / f"{name}.key", signing_key, signing_public_key, renewed)


def _usable_pair(folder: Path, name: str) -> _Pair | None:
    """The certificate and key of that name; None where one is missing, broken, of another pair or about to expire."""
    certificate = _read_certificate(folder / f"{name}.crt")
    key = _read_key(folder / f"{name}.key")
    if certificate is None or key is None or certificate.public_key() != key.public_key():
        return None
    soon = datetime.datetime.now(datetime.UTC) + RENEW_WITHIN
    return (certificate, key) if certificate.not_valid_after_utc > soon else None


def _still_good(folder: Path, name: str, names: x509.SubjectAlternativeName, authority: x509.Certificate) -> bool:
    pair = _usable_pair(folder, name)
    if pair is None:
        return False
    try:
        pair[0].verify_directly_issued_by(authority)
        return pair[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value == names
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        return False


def _issue_certificate(
    folder: Path,
    name: str,
    names: x509.SubjectAlternativeName,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    builder = _builder(_subject(name), authority.subject, key, CERTIFICATE_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(usage, critical=False).add_extension(names, critical=False)
    _write_private(folder / f"{name}.key", _pem_of(key))
    (folder / f"{name}.crt").write_bytes(builder.sign(authority_key, hashes.SHA256()).public_bytes(Encoding.PEM))


def _signing_key(folder: Path, name: str) -> tuple[Path, Path]:
    path, public_path = folder / f"{name}.signing.key", folder / f"{name}.signing.pub"
    if path.exists():
        key = SigningKey.read(path)
    else:
        key = SigningKey.generate()
        key.write(path)
    public_path.write_bytes(f"{key.public_key_text}\n".encode())
    return path, public_path


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - _CLOCK_SKEW).not_valid_after(now + datetime.timedelta(days=days))


def _subject(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "DEVELOPMENT only, not for real data"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _alternative_names(hosts: Iterable[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_general_name(host) for host in dict.fromkeys(hosts)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError:
        raise _refusal(f"{host!r} is neither a host name in ASCII nor an IP address") from None


def _read_certificate(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey | None:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_private(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _refusal(message: str) -> Refusal:
    return Refusal(Reason.WRONG_FILE, message)
