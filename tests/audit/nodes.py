"""Two real nodes, as operators run them: processes, certificates, ledgers. They are asked over gRPC like any node."""

import asyncio
import itertools
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from audit.sources import CALCULI, MAPPINGS, NATIONS, TEXTS, catalogue, write_sources
from concordat.v1 import node_pb2, node_pb2_grpc, query_pb2
from concordat_query.catalogue import Catalogue
from concordat_query.model import Calculus, Envelope, Query, Statistic
from concordat_query.signing import Purpose, SigningKey
from concordat_query.wire import envelope_to_bytes
from concordat_wire.channel import open_channel
from concordat_wire.tls import Tls
from fakes.certificates import FakeAuthority
from fakes.toml import write_toml
from processes import Child, stop_all

COORDINATOR, ANALYST = "coordinator", "analyst"
READY = r"^ready on (\S+:\d+)$"
SECONDS = 120.0
PLANTED = Path(__file__).parent / "planted" / "node.py"


@dataclass
class Site:
    """All files of two nodes under one folder, and the keys of those who ask."""

    folder: Path
    catalogue: Catalogue
    asking: Tls
    """The coordinator's certificate."""
    analyst: SigningKey
    keys: Iterator[str] = field(default_factory=lambda: (f"key-{number}" for number in itertools.count()))

    def copied(self, folder: Path) -> "Site":
        """The same nodes in another folder. For nodes that have not served yet: a ledger is never copied."""
        shutil.copytree(self.folder, folder)
        return Site(folder, self.catalogue, self.asking, self.analyst, self.keys)

    def imports(self, mistake: str = "") -> None:
        """Runs the import command at both nodes. Raises ChildFailed."""
        children = [self._start(node, mistake, "import") for node in NATIONS]
        for child in children:
            child.wait_end(SECONDS)

    @contextmanager
    def serving(self, mistake: str = "") -> Iterator["Serving"]:
        """Both nodes' addresses while they serve, with a mistake planted if one is named."""
        children = {node: self._start(node, mistake, "serve", READY) for node in NATIONS}
        try:
            yield Serving(self, {node: child.wait_ready(SECONDS)[0] for node, child in children.items()})
        finally:
            stop_all(list(children.values()))

    def _start(self, node: str, mistake: str, verb: str, ready: str = "") -> Child:
        command = [sys.executable, str(PLANTED), mistake] if mistake else [str(_script("concordat-node"))]
        place = self.folder / node
        arguments = [*command, verb, "--config", str(place / "node.toml")]
        return Child(f"{node}: {verb} {mistake}", arguments, place / f"{verb}.txt", ready)

    def signed(self, asked: Query) -> query_pb2.SignedQuery:
        data = envelope_to_bytes(
            Envelope(asked, self.catalogue.sha256, "audit", 1, tuple(NATIONS), next(self.keys), int(time.time()) + 3600)
        )
        signature = self.analyst.sign(Purpose.QUERY, data)
        return query_pb2.SignedQuery(envelope=data, public_key=self.analyst.public_key, signature=signature)


@dataclass(frozen=True)
class Serving:
    """Two nodes that answer."""

    site: Site
    addresses: dict[str, str]

    def ask(self, queries: list[Query]) -> dict[str, list[node_pb2.Answer]]:
        """Each node's answers, in the queries' order."""
        return asyncio.run(self._ask([self.site.signed(query) for query in queries]))

    async def _ask(self, signed: list[query_pb2.SignedQuery]) -> dict[str, list[node_pb2.Answer]]:
        found = await asyncio.gather(*(self._answers(node, signed) for node in NATIONS))
        return dict(zip(NATIONS, found, strict=True))

    async def _answers(self, node: str, signed: list[query_pb2.SignedQuery]) -> list[node_pb2.Answer]:
        async with open_channel(self.addresses[node], self.site.asking, node) as channel:
            stub = node_pb2_grpc.NodeServiceStub(channel)
            return [await _answer(stub, each) for each in signed]


async def _answer(stub: "node_pb2_grpc.NodeServiceAsyncStub", signed: query_pb2.SignedQuery) -> node_pb2.Answer:
    prepared = await stub.Prepare(node_pb2.PrepareRequest(query=signed), timeout=SECONDS)
    commit = node_pb2.CommitRequest(query=signed, reservation=prepared.reservation, participants=sorted(NATIONS))
    answered = await stub.Commit(commit, timeout=SECONDS)
    return node_pb2.Answer.FromString(answered.answer.answer)


def found_site(folder: Path) -> Site:
    """Writes everything that two nodes need, sources included. Nothing is imported yet."""
    folder.mkdir(parents=True)
    public = catalogue()
    write_toml(folder / "catalogue.toml", public.model_dump(mode="json", exclude_none=True))
    keys = {name: SigningKey.generate() for name in (*NATIONS, ANALYST)}
    write_toml(folder / "agreement.toml", _agreement(public, keys))
    authority = FakeAuthority(folder / "certs")
    for name in NATIONS:
        authority.issue(name)
        _write_node(folder / name, name, keys[name])
    return Site(folder, public, authority.issue(COORDINATOR), keys[ANALYST])


def _agreement(public: Catalogue, keys: dict[str, SigningKey]) -> dict[str, Any]:
    today = date.today()
    return {
        "id": "audit",
        "version": 1,
        "title": "All may be asked, and often",
        "catalogue_sha256": public.sha256,
        "starts": (today - timedelta(days=1)).isoformat(),
        "expires": (today + timedelta(days=30)).isoformat(),
        "parties": [
            {"node": node, "nation": nation, "public_key": keys[node].public_key_text}
            for node, nation in NATIONS.items()
        ],
        "analysts": [{"name": ANALYST, "public_key": keys[ANALYST].public_key_text}],
        "populations": {public.dataset(name).population: _budget(name) for name in CALCULI},
        "datasets": {
            name: {
                "columns": [column.name for column in dataset.columns],
                "keys": [column.name for column in dataset.columns],
                "private_keys": [column.name for column in dataset.columns if column.type == "text"],
                "statistics": [statistic.value for statistic in Statistic],
                "max_groups": 10,
                "max_rows": 10,
                "max_epsilon": 50.0,
                **({"max_delta": 9e-3} if name == TEXTS else {}),
            }
            for name, dataset in public.datasets.items()
        },
        "defaults": {"epsilon": 1.0},
    }


def _budget(dataset: str) -> dict[str, object]:
    calculus = CALCULI[dataset]
    if calculus is Calculus.PURE:
        return {"epsilon": 100.0, "calculus": calculus.value}
    return {"epsilon": 100.0, "delta": 1e-3, **({"threshold_delta": 9e-3} if dataset == TEXTS else {})}


def _write_node(place: Path, name: str, key: SigningKey) -> None:
    (place / "data").mkdir(parents=True)
    key.write(place / "signing.key")
    for dataset in CALCULI:
        write_toml(place / f"{dataset}.toml", {"dataset": dataset, **MAPPINGS[dataset]})
    write_sources(place / "data", with_unit=name == "node-with")
    write_toml(
        place / "node.toml",
        {
            "name": name,
            "nation": NATIONS[name],
            "state": "state",
            "catalogue": "../catalogue.toml",
            "agreement": "../agreement.toml",
            "signing_key": "signing.key",
            "data": "data",
            "mappings": [f"{dataset}.toml" for dataset in CALCULI],
            "listen": "127.0.0.1:0",
            "callers": [COORDINATOR],
            "tls": {
                "certificate": f"../certs/{name}.crt",
                "key": f"../certs/{name}.key",
                "authority": "../certs/authority.crt",
            },
            "engine": {"memory_limit": "500MB", "threads": 1},
        },
    )


def _script(name: str) -> Path:
    return Path(sys.executable).parent / name
