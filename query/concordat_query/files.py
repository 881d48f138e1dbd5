"""What people write: TOML files read into frozen models, and the hash of a model's content."""

import hashlib
import json
import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from concordat_query.errors import Reason, Refusal

Model = TypeVar("Model", bound=BaseModel)
_UNKNOWN_KEY = "extra_forbidden"  # as pydantic calls it


class FileModel(BaseModel):
    """Base of everything that people write in files: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def content_hash(model: BaseModel) -> str:
    """SHA-256 (hex) of a model's content."""
    return hashlib.sha256(content_bytes(model)).hexdigest()


def content_bytes(model: BaseModel) -> bytes:
    """A model's content as its hash is taken over: JSON with sorted keys, so that layout and comments do not matter."""
    return json.dumps(model.model_dump(mode="json"), sort_keys=True).encode()


def read_file_model(kind: type[Model], path: Path) -> Model:
    """Parses a TOML file into a model. Refuses unknown keys and wrong values, naming file and key, never the value."""
    try:
        return kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise _wrong_file(path, "there is no such file") from None
    except OSError as error:
        raise _wrong_file(path, f"cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        what = error if isinstance(error, tomllib.TOMLDecodeError) else "it is not written in UTF-8"
        raise _wrong_file(path, f"not valid TOML: {what}") from None
    except ValidationError as error:
        place, what = _first_fault(error)
        raise Refusal(Reason.WRONG_FILE, f"{path}: {place}: {what}", field=f"{path}: {place}") from None


def _first_fault(error: ValidationError) -> tuple[str, str]:
    """Where a file is wrong, and what to do. An unknown key first: misspelt, it also shows as a missing one."""
    faults = error.errors(include_input=False, include_url=False)
    fault = next((fault for fault in faults if fault["type"] == _UNKNOWN_KEY), faults[0])
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] != _UNKNOWN_KEY:
        return place, fault["msg"]
    missing = [str(other["loc"][-1]) for other in faults if other["type"] == "missing"]
    lacks = f"; still missing: {', '.join(missing)}" if missing else ""
    return place, f"there is no such key; correct its name or take it out{lacks}"


def _wrong_file(path: Path, what: str) -> Refusal:
    return Refusal(Reason.WRONG_FILE, f"{path}: {what}", field=str(path))
