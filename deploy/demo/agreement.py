"""A data-sharing agreement, written when a network is laid out, because it names public keys made a moment before."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

LIFETIME = timedelta(days=365)


@dataclass(frozen=True)
class Signatory:
    """A node or an analyst, with its Ed25519 public key in base64. An analyst has no nation."""

    name: str
    public_key: str
    nation: str = ""


def agreement_toml(
    terms: str, catalogue_sha256: str, nodes: Sequence[Signatory], analyst: Signatory, today: date
) -> str:
    """The agreement as a TOML file: `terms` word for word, in force from today, between these parties."""
    head = _table(
        "",
        {
            "catalogue_sha256": catalogue_sha256,
            "starts": today - timedelta(days=1),  # clocks and time zones differ by less than a day
            "expires": today + LIFETIME,
        },
    )
    parties = [_table("[[parties]]", _party(node)) for node in nodes]
    analysts = _table("[[analysts]]", {"name": analyst.name, "public_key": analyst.public_key})
    return "\n".join([head, terms, *parties, analysts])


def _party(node: Signatory) -> dict[str, object]:
    return {"node": node.name, "nation": node.nation, "public_key": node.public_key}


def _table(header: str, content: Mapping[str, object]) -> str:
    """A TOML table. Its strings are written as JSON's, which are TOML's where they hold plain text."""
    lines = [f"{key} = {value if isinstance(value, date) else json.dumps(value)}" for key, value in content.items()]
    return "\n".join([header, *lines] if header else lines) + "\n"
