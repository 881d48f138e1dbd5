"""A real node under attack: its files, import, admission, ledger and service over mutual TLS."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from attacks.bounds import Bounds
from attacks.engines import StartEngine, silent
from attacks.towns import DATASET, NATION, NODE, POPULATION, Country, budget, catalogue, csv
from concordat.v1 import node_pb2, node_pb2_grpc
from concordat_node import runtime
from concordat_node.config import Settings, read_settings
from concordat_node.importing.build import Resources, import_dataset
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.model import Calculus, Statistic
from concordat_query.signing import SigningKey
from concordat_wire.channel import open_channel
from fakes.certificates import FakeAuthority
from fakes.federation import tls_table
from fakes.toml import write_toml

ANALYSTS = ("first", "second", "third")
COORDINATORS = ("coordinator", "another coordinator")
SECONDS = 60.0
"""The deadline of a call."""

NO_LIMIT = 100.0
"""The largest budget that an agreement may give, in epsilon."""


@dataclass(frozen=True)
class Besieged:
    """A node that serves, the keys of those who may ask it, and the way to it through each coordinator."""

    settings: Settings
    analysts: dict[str, SigningKey]
    calls: "list[node_pb2_grpc.NodeServiceAsyncStub]"

    @property
    def catalogue(self) -> Catalogue:
        return self.settings.catalogue

    @property
    def agreement(self) -> Agreement:
        return self.settings.agreement

    @property
    def bounds(self) -> Bounds:
        own = self.settings.budgets[POPULATION]
        return Bounds(own.calculus, own.amount)

    async def account(self) -> node_pb2.AccountBalance:
        told: node_pb2.GetBudgetResponse = await self.calls[0].GetBudget(node_pb2.GetBudgetRequest(), timeout=SECONDS)
        (account,) = told.accounts
        return account


@asynccontextmanager
async def besieged(
    folder: Path,
    country: Country,
    engine: StartEngine,
    *,
    epsilon: float,
    calculus: Calculus = Calculus.GAUSSIAN,
    **more: Any,
) -> AsyncIterator[Besieged]:
    """Writes, imports and starts a node with an account of that epsilon. `more` goes into the agreement."""
    async with served(folder, csv(country.towns), len(country.towns), engine, epsilon, calculus, **more) as node:
        yield node


@asynccontextmanager
async def copied(folder: Path, country: Country, like: Besieged) -> AsyncIterator[Besieged]:
    """An attackers' own copy of a node, with towns of their making. It has no noise and no budget to speak of."""
    calculus = like.bounds.calculus
    async with served(folder, csv(country.model), len(country.model), silent(), NO_LIMIT, calculus) as node:
        yield node


@asynccontextmanager
async def served(
    folder: Path, source: str, towns: int, engine: StartEngine, epsilon: float, calculus: Calculus, **more: Any
) -> AsyncIterator[Besieged]:
    """A node with this source, whose catalogue names so many towns."""
    keys = {name: SigningKey.generate() for name in (NODE, *ANALYSTS)}
    settings = _written(folder, keys, source, catalogue(towns), budget(epsilon, calculus), more)
    authority = FakeAuthority(folder / "certs")
    authority.issue(NODE)
    callers = [authority.issue(name) for name in COORDINATORS]
    (mapping,) = settings.mappings.values()
    import_dataset(mapping, settings.data, settings.state, Resources("500MB", threads=1))
    node = await runtime.start(settings, engine)
    channels = [open_channel(f"127.0.0.1:{node.port}", tls, NODE) for tls in callers]
    try:
        calls = [node_pb2_grpc.NodeServiceStub(channel) for channel in channels]
        yield Besieged(settings, {name: keys[name] for name in ANALYSTS}, calls)
    finally:
        for channel in channels:
            await channel.close()
        await node.stop()


def _written(
    folder: Path,
    keys: dict[str, SigningKey],
    source: str,
    public: Catalogue,
    account: dict[str, Any],
    more: dict[str, Any],
) -> Settings:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "residents.csv").write_text(source)
    write_toml(folder / "catalogue.toml", public.model_dump(mode="json", exclude_none=True))
    write_toml(folder / "agreement.toml", {**_agreement(public, keys, account), **more})
    keys[NODE].write(folder / "signing.key")
    names = [column.name for column in public.dataset(DATASET).columns]
    write_toml(
        folder / "mapping.toml",
        {
            "dataset": DATASET,
            "unit_id": "id",
            "sources": {"residents": {"path": "residents.csv"}},
            "select": f"SELECT {', '.join(names)} FROM residents",  # noqa: S608  # columns of the catalogue
        },
    )
    content = {
        "name": NODE,
        "nation": NATION,
        "state": "state",
        "catalogue": "catalogue.toml",
        "agreement": "agreement.toml",
        "signing_key": "signing.key",
        "data": "data",
        "mappings": ["mapping.toml"],
        "listen": "127.0.0.1:0",
        "callers": list(COORDINATORS),
        "tls": tls_table(NODE, "certs"),
        "engine": {"memory_limit": "500MB", "threads": 1},
    }
    return read_settings(write_toml(folder / "node.toml", content))


def _agreement(public: Catalogue, keys: dict[str, SigningKey], account: dict[str, Any]) -> dict[str, Any]:
    names = [column.name for column in public.dataset(DATASET).columns]
    return {
        "id": "towns",
        "version": 1,
        "title": "All may be asked",
        "catalogue_sha256": public.sha256,
        "starts": (date.today() - timedelta(days=1)).isoformat(),
        "expires": (date.today() + timedelta(days=30)).isoformat(),
        "parties": [{"node": NODE, "nation": NATION, "public_key": keys[NODE].public_key_text}],
        "analysts": [{"name": name, "public_key": keys[name].public_key_text} for name in ANALYSTS],
        "populations": {POPULATION: account},
        "datasets": {
            DATASET: {
                "columns": names,
                "keys": ["town", "street", "trade", "sex", "age"],
                "statistics": [statistic.value for statistic in Statistic],
                "max_groups": 1,
                "max_rows": 1,
                "max_epsilon": NO_LIMIT,
            }
        },
        "defaults": {"epsilon": 0.1},
    }
