"""Ed25519 signatures over exact bytes, each kind under a prefix of its own so that none passes for another."""

import base64
import os
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from concordat_query.errors import Reason, Refusal


class Purpose(Enum):
    """What a signature is for. The value is prefixed to the bytes before signing."""

    QUERY = b"concordat.v1.QueryEnvelope\0"
    ANSWER = b"concordat.v1.Answer\0"
    HEAD = b"concordat.v1.Head\0"
    DECLARATION = b"concordat.v1.Declaration\0"
    DELIVERY = b"concordat.v1.Delivery\0"
    RECEIPT = b"concordat.v1.Receipt\0"
    PROFILE = b"concordat.v1.Profile\0"


@dataclass(frozen=True)
class SigningKey:
    """A private Ed25519 key. Its repr shows nothing."""

    _key: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> "SigningKey":
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, path: Path) -> "SigningKey":
        """Reads a key file: 32 raw bytes in base64. Refuses a missing or malformed file."""
        try:
            return cls(Ed25519PrivateKey.from_private_bytes(base64.b64decode(path.read_text().strip(), validate=True)))
        except FileNotFoundError:
            raise Refusal(Reason.WRONG_FILE, f"{path}: there is no such signing key", field=str(path)) from None
        except ValueError:
            raise Refusal(Reason.WRONG_FILE, f"{path}: not a signing key", field=str(path)) from None

    def write(self, path: Path) -> None:
        """Writes the key file, readable by its owner only. Refuses to overwrite (FileExistsError)."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(base64.b64encode(self._key.private_bytes_raw()).decode() + "\n")

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    @property
    def public_key_text(self) -> str:
        """The public key in base64, as agreements write it."""
        return base64.b64encode(self.public_key).decode()

    def sign(self, purpose: Purpose, data: bytes) -> bytes:
        return self._key.sign(purpose.value + data)

    def __repr__(self) -> str:
        return "SigningKey(...)"


def is_signed(purpose: Purpose, data: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether `signature` is this key's, for this purpose, over exactly these bytes."""
    try:
        _public_key(public_key).verify(signature, purpose.value + data)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=64)  # the same few parties sign everything
def _public_key(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)
