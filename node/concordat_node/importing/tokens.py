"""Unit tokens: HMAC-SHA256 (RFC 2104) of the source's unit id under a secret key of this node and population.

Tokens and row keys decide which rows of a unit are kept and counted. They depend on the unit's own rows and the key
alone, never on file order or on other units. The key lies in `<state>/keys/<population>.key`, is made at the first
import and is never shown; whoever loses it loses nothing but the old selection.
"""

import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from concordat_query.errors import Reason, Refusal

from concordat_node.importing import edition

_BLOCK = 64
_BYTES = 32


@dataclass(frozen=True)
class PopulationKey:
    """32 secret bytes. Its repr shows nothing."""

    secret: bytes = field(repr=False)

    @property
    def token_pads(self) -> tuple[bytes, bytes]:
        """HMAC's outer and inner padded keys, to be bound as parameters of `token_sql`."""
        padded = self.secret.ljust(_BLOCK, b"\0")
        return bytes(b ^ 0x5C for b in padded), bytes(b ^ 0x36 for b in padded)

    @property
    def row_secret(self) -> bytes:
        """The key of row keys, to be bound as the parameter of `row_key_sql`."""
        return hmac.digest(self.secret, b"concordat row key", "sha256")


def token_sql(unit: str, outer: str, inner: str) -> str:
    """HMAC-SHA256 of a text expression in hex, NULL where it is NULL. `outer` and `inner` name bound parameters."""
    return f"sha256({outer}::BLOB || unhex(sha256({inner}::BLOB || encode({unit}))))"


def row_key_sql(high: str, low: str, rank: str, secret: str) -> str:
    """64 bits of SHA-256 over a secret, a token's halves and a row's rank, each of a fixed length."""
    message = f"unhex(format('{{:016x}}{{:016x}}{{:016x}}', {high}, {low}, {rank}))"
    return high_half(f"sha256({secret}::BLOB || {message})")


def high_half(digest: str) -> str:
    """The first 64 bits of a digest in hex."""
    return f"CAST('0x' || substr({digest}, 1, 16) AS UBIGINT)"


def low_half(digest: str) -> str:
    """The second 64 bits of a digest in hex."""
    return f"CAST('0x' || substr({digest}, 17, 16) AS UBIGINT)"


def population_key(state: Path, population: str) -> PopulationKey:
    """This node's key for a population, made at first use. Refuses a damaged or exposed key file."""
    path = state / "keys" / f"{population}.key"
    if not path.exists():
        _create(path)
    return _read(path)


def _create(path: Path) -> None:
    """Whole or not at all, and never over another: written aside, made durable, then linked."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f".{secrets.token_hex(8)}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(aside, path)
    except FileExistsError:
        pass  # another import was first: its key stands
    finally:
        aside.unlink()
    edition.sync(path.parent)


def _read(path: Path) -> PopulationKey:
    descriptor = os.open(path, os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as file:
        exposed = os.fstat(descriptor).st_mode & 0o077
        secret = file.read(_BYTES + 1)
    if exposed:
        raise _fault(path, "others can read this secret key; make it readable by its owner only (chmod 600)")
    if len(secret) != _BYTES:
        raise _fault(path, "this is not a key of 32 bytes; restore it from a copy, or remove it to make a new one")
    return PopulationKey(secret)


def _fault(path: Path, what: str) -> Refusal:
    return Refusal(Reason.WRONG_FILE, f"{path}: {what}", field=str(path))
