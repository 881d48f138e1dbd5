"""Configuration files written from plain values."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any


def write_toml(path: Path, values: Mapping[str, Any]) -> Path:
    """Writes one line per key; tables are written inline. None has no TOML: leave it out."""
    path.write_text("".join(f"{json.dumps(key)} = {_value(value)}\n" for key, value in values.items()))
    return path


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(str(value) if isinstance(value, Decimal) else value)
