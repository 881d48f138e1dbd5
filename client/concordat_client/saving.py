"""A saved result: one zip file of a few named parts, uncompressed, the same bytes for the same result.

| part | what it holds |
| --- | --- |
| manifest.json | format, and the SHA-256 of every other part |
| question.sql | the SQL text |
| query.binpb | concordat.v1.SignedQuery |
| presentation.binpb | concordat.v1.Presentation |
| answers.binpb | concordat.v1.Result without a table: answers, deliveries, missing nodes, charges |
| catalogue.json, agreement.json | their content, in the very bytes whose SHA-256 is their hash |
| result.json | the result as `concordat query --format json` writes it |

The manifest is signed by nobody: it finds accidents. What proves a result is what nodes and analyst signed.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from concordat.v1 import coordinator_pb2
from concordat_query.errors import Reason, Refusal, VerificationError
from concordat_query.files import FileModel, content_bytes
from concordat_query.wire_presentation import presentation_to_proto
from pydantic import ValidationError

from concordat_client import formats

if TYPE_CHECKING:
    from concordat_client.result import Result

FORMAT = "concordat.result.v1"
MANIFEST = "manifest.json"
PARTS = (
    "question.sql",
    "query.binpb",
    "presentation.binpb",
    "answers.binpb",
    "catalogue.json",
    "agreement.json",
    "result.json",
)
MAX_BYTES = 64 * 1024 * 1024
"""Of a whole file; nothing in it is compressed, so nothing grows."""

_MIDNIGHT = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16


class Manifest(FileModel):
    format: str
    sha256: dict[str, str]


def save(result: "Result", path: Path) -> None:
    """Writes a saved result. Raises Refusal where the place cannot be written."""
    write(path, pack(parts_of(result)), replace=True)


def write(path: Path, data: bytes, *, replace: bool) -> None:
    """Writes a file whole or not at all. Raises Refusal where it is there and not to be replaced, or cannot be."""
    beside = path.with_name(f".{path.name}.part")
    try:
        if not replace:
            with path.open("xb") as file:
                file.write(data)
            return
        beside.write_bytes(data)
        beside.replace(path)
    except FileExistsError:
        raise Refusal(Reason.WRONG_FILE, f"{path}: is there already; --force replaces it") from None
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Refusal(Reason.WRONG_FILE, f"{path}: cannot be written: {error.strerror}") from None


def parts_of(result: "Result") -> dict[str, bytes]:
    """The parts by name."""
    question = result.question
    charges = [
        coordinator_pb2.Charge(
            node=each.node, price_nano=each.price_nano, delta_e15=each.delta_e15, stored_answer=each.stored_answer
        )
        for each in result.charges
    ]
    answers = coordinator_pb2.Result(
        answers=result.answers,
        missing=result.missing,
        complete=result.complete,
        charges=charges,
        deliveries=result.deliveries,
    )
    return {
        "question.sql": question.sql.encode(),
        "query.binpb": question.signed.SerializeToString(deterministic=True),
        "presentation.binpb": presentation_to_proto(question.presentation).SerializeToString(deterministic=True),
        "answers.binpb": answers.SerializeToString(deterministic=True),
        "catalogue.json": content_bytes(result.catalogue),
        "agreement.json": content_bytes(result.agreement),
        "result.json": formats.to_json(result),
    }


def pack(parts: Mapping[str, bytes]) -> bytes:
    """The file of these parts, and a manifest of them: the same parts, the same bytes."""
    hashes = {name: hashlib.sha256(parts[name]).hexdigest() for name in PARTS}
    manifest = json.dumps(Manifest(format=FORMAT, sha256=hashes).model_dump(), indent=1).encode()
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, data in {MANIFEST: manifest, **{name: parts[name] for name in PARTS}}.items():
            entry = zipfile.ZipInfo(name, _MIDNIGHT)
            entry.create_system, entry.external_attr = 3, _READABLE  # whatever system writes it
            archive.writestr(entry, data)
    return sink.getvalue()


def read(path: Path) -> bytes:
    """A file's bytes, no more than is needed to see that they are too many. Raises Refusal where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Refusal(Reason.WRONG_FILE, f"{path}: cannot be read: {error.strerror}", field=str(path)) from None


def unpack(data: bytes) -> dict[str, bytes]:
    """The parts of a file's bytes. Nothing is unpacked to a disk. Raises VerificationError that tells what is wrong."""
    if len(data) > MAX_BYTES:
        raise VerificationError(f"the file is larger than {MAX_BYTES} bytes, which no saved result is")
    try:
        found = _entries(data)
    except Exception:  # whatever the zip reader raises on bytes made to break it
        raise VerificationError("the file is no saved result, or is cut off or damaged") from None
    if sorted(found) != sorted((MANIFEST, *PARTS)):
        raise VerificationError("the file does not hold exactly the parts of a saved result")
    _check_manifest(found)
    parts = {name: found[name] for name in PARTS}
    if pack(parts) != data:
        raise VerificationError("the file is not as Concordat writes it: it was altered or packed again")
    return parts


def _entries(data: bytes) -> dict[str, bytes]:
    """All entries by name. Compressed ones are refused before they are read."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
        if not stored or len(entries) > len(PARTS) + 1 or sum(entry.file_size for entry in entries) > len(data):
            raise ValueError
        return {entry.filename: archive.read(entry) for entry in entries}


def _check_manifest(found: Mapping[str, bytes]) -> None:
    try:
        manifest = Manifest.model_validate_json(found[MANIFEST])
    except ValidationError:
        raise VerificationError("the file's manifest cannot be read") from None
    if manifest.format != FORMAT:
        raise VerificationError(f"the file is of another format than {FORMAT}; a newer version may read it")
    for name in PARTS:
        if manifest.sha256.get(name) != hashlib.sha256(found[name]).hexdigest():
            raise VerificationError(f"{name} in the file is not what its manifest says: it was altered")
