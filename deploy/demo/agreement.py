"""The demo's data-sharing agreement, written when the demo runs, because it names public keys made a moment before."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from concordat_query.catalogue import Catalogue, Dataset
from concordat_query.model import Statistic

DATASET = "road.casualties"
EPSILON, DELTA = 8.0, 1e-6
"""Of the whole population, at each node. At 0.5 a query this is about two hundred queries."""
EPSILON_A_QUERY, MOST_A_QUERY = 0.5, 4.0
LIFETIME = timedelta(days=365)


@dataclass(frozen=True)
class Signatory:
    """A node or an analyst, with its Ed25519 public key in base64. An analyst has no nation."""

    name: str
    public_key: str
    nation: str = ""


def agreement_toml(catalogue: Catalogue, nodes: Sequence[Signatory], analyst: Signatory, today: date) -> str:
    """The agreement as a TOML file: everything of the data set may be asked, within one budget."""
    dataset = catalogue.dataset(DATASET)
    head = _table(
        "",
        {
            "id": "concordat-demo",
            "version": 1,
            "title": "Road casualties of the four nations: a demonstration among processes of one machine",
            "catalogue_sha256": catalogue.sha256,
            "starts": today - timedelta(days=1),  # clocks and time zones differ by less than a day
            "expires": today + LIFETIME,
        },
    )
    parties = [_table("[[parties]]", _party(node)) for node in nodes]
    analysts = [_table("[[analysts]]", {"name": analyst.name, "public_key": analyst.public_key})]
    budget = _table(f'[populations."{dataset.population}"]', {"epsilon": EPSILON, "delta": DELTA})
    permission = _table(f'[datasets."{DATASET}"]', _permission(dataset))
    defaults = _table("[defaults]", {"epsilon": EPSILON_A_QUERY, "max_groups": 1, "max_rows": 1})
    return "\n".join([head, *parties, *analysts, budget, permission, defaults])


def _party(node: Signatory) -> dict[str, object]:
    return {"node": node.name, "nation": node.nation, "public_key": node.public_key}


def _permission(dataset: Dataset) -> dict[str, object]:
    return {
        "columns": [column.name for column in dataset.columns],
        "keys": [column.name for column in dataset.columns if column.may_be_key],
        "statistics": [statistic.value for statistic in Statistic],
        "max_groups": 10,
        "max_rows": 1,
        "max_cells": 10_000,
        "max_epsilon": MOST_A_QUERY,
    }


def _table(header: str, content: Mapping[str, object]) -> str:
    """A TOML table. Its strings are written as JSON's, which are TOML's where they hold plain text."""
    lines = [f"{key} = {value if isinstance(value, date) else json.dumps(value)}" for key, value in content.items()]
    return "\n".join([header, *lines] if header else lines) + "\n"
