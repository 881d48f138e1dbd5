"""A federation without a network: all that lies between an analyst's SQL and her table, in one process, without noise.

Every step is the product's own: SQL is read, checked, priced and signed; the signed bytes are admitted and planned at
each node; the engine releases from an edition that was imported through a mapping; the answers are signed, verified
and made a table. Only the ledger's word that a query was charged is made up.
"""

import time
from collections.abc import Mapping as Table
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from concordat.v1 import engine_pb2, node_pb2, query_pb2
from concordat_client.asking import SignedQuestion, ask, sign
from concordat_client.verify import recompute
from concordat_node.admission import Admitted, Holding, Rules, admit, check_lifetime, identify
from concordat_node.answer import sign_answer, sign_declaration
from concordat_node.engine.settings import EngineSettings
from concordat_node.importing.mapping import load
from concordat_node.ledger.records import Charge, Request
from concordat_privacy.estimates import Table as Result
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.model import Calculus, Statistic
from concordat_query.signing import Purpose, SigningKey
from concordat_query.wire import calculus_to_proto
from concordat_wire.answers import read_answer, read_declaration
from fakes.spec_engines import Engine, Held
from fakes.toml import write_toml

Given = node_pb2.SignedAnswer | node_pb2.SignedDeclaration


@dataclass(frozen=True)
class Source:
    """One nation's source: a mapping's content without the data set's name, and its files by name."""

    mapping: Table[str, object]
    files: Table[str, str]
    secret: bytes
    """The key of its unit tokens, so that which rows are kept is the same in every run."""


@dataclass(frozen=True)
class OfflineNode:
    """One node: what it admits by, its keys, and what its engine holds."""

    rules: Rules
    signing: SigningKey
    ledger: SigningKey
    held: Held

    def give(self, signed: query_pb2.SignedQuery) -> Given:
        """What the node gives to a query: a signed answer, or its word that it holds nothing of it."""
        asked = identify(signed, self.rules)
        check_lifetime(asked.envelope, time.time())
        admitted = admit(asked, self.rules, time.time())
        if admitted.nothing_held:
            return sign_declaration(admitted, self.rules, self.signing)
        charge = self.charge(admitted)
        components = self.held.release(engine_pb2.EngineRequest(query=signed, receipt=charge.receipt))
        answer = sign_answer(admitted, charge, self.held.edition, components, self.rules, self.signing)
        return node_pb2.SignedAnswer.FromString(answer)

    def charge(self, admitted: Admitted) -> Charge:
        """As the ledger would record and sign it."""
        asked = admitted.asked
        request = Request(
            analyst=asked.analyst,
            idempotency_key=asked.envelope.idempotency_key,
            envelope_sha256=asked.request_sha256,
            query_sha256=admitted.query_sha256,
            population=admitted.dataset.population,
            edition=self.held.edition.id,
            price_nano=admitted.price_nano,
            calculus=admitted.plan.query.calculus,
            delta_e15=admitted.delta_e15,
            answer_key=b"",
            signed_query=asked.signed.SerializeToString(),
            not_before=0,
        )
        data = engine_pb2.Receipt(
            node=self.rules.node,
            query_sha256=admitted.query_sha256,
            edition=request.edition,
            price_nano=request.price_nano,
            delta_e15=request.delta_e15,
            sequence=1,
            calculus=calculus_to_proto(request.calculus),
        ).SerializeToString()
        receipt = engine_pb2.SignedReceipt(receipt=data, signature=self.ledger.sign(Purpose.RECEIPT, data))
        return Charge(1, request, asked.envelope.audience, 0, receipt, node_pb2.SignedHead(), None)


@dataclass(frozen=True)
class OfflineFederation:
    """The nodes by name, and an analyst with her key."""

    catalogue: Catalogue
    agreement: Agreement
    nodes: Table[str, OfflineNode]
    analyst: SigningKey

    def question(self, sql: str) -> SignedQuestion:
        """The question as it is signed. Raises Refusal as the analyst sees it."""
        return ask(sql, self.catalogue, self.agreement, self.analyst, "a key of one's own")

    def signed_in(self, question: SignedQuestion, calculus: Calculus) -> query_pb2.SignedQuery:
        """The same question as somebody signs it who takes its price for one of that calculus."""
        query = replace(question.envelope.query, calculus=calculus)
        return sign(replace(question.envelope, query=query), self.analyst)

    def table(self, sql: str) -> Result:
        """The answer to an SQL text, exact. Raises Refusal."""
        question = self.question(sql)
        signed = query_pb2.SignedQuery.FromString(question.signed.SerializeToString())
        given = [self.nodes[name].give(signed) for name in question.envelope.audience]
        about = (question.envelope, question.plan, self.catalogue, self.agreement)
        answers = [each for each in given if isinstance(each, node_pb2.SignedAnswer)]
        declared = [each for each in given if isinstance(each, node_pb2.SignedDeclaration)]
        read = [read_answer(each, *about) for each in answers]
        absent = [read_declaration(each, *about) for each in declared]
        return recompute(question, answers, read, absent, self.catalogue)


def found(
    folder: Path,
    engine: Engine,
    catalogue: Catalogue,
    dataset: str,
    sources: Table[str, Source],
    calculus: Calculus = Calculus.GAUSSIAN,
) -> "OfflineFederation":
    """Imports each nation's source of one data set and founds a federation under an agreement that permits all."""
    write_toml(folder / "catalogue.toml", catalogue.model_dump(exclude_none=True))
    keys = {nation: SigningKey.generate() for nation in sources}
    analyst = SigningKey.generate()
    agreement = permitting_all(catalogue, dataset, keys, analyst, calculus)
    nodes = {
        node_name(nation): _node(
            folder / node_name(nation), engine, catalogue, agreement, dataset, source, keys[nation]
        )
        for nation, source in sources.items()
    }
    return OfflineFederation(catalogue, agreement, nodes, analyst)


def with_other_source(
    folder: Path, engine: Engine, federation: OfflineFederation, nation: str, dataset: str, source: Source
) -> OfflineNode:
    """A node of the federation as it would be with another source: same rules, same keys, imported into `folder`."""
    folder.mkdir(parents=True)
    write_toml(folder / "catalogue.toml", federation.catalogue.model_dump(exclude_none=True))
    name = node_name(nation)
    signing = federation.nodes[name].signing
    return _node(folder / name, engine, federation.catalogue, federation.agreement, dataset, source, signing)


def node_name(nation: str) -> str:
    return f"node-{nation.lower().replace(' ', '-')}"


def permitting_all(
    catalogue: Catalogue,
    dataset: str,
    keys: Table[str, SigningKey],
    analyst: SigningKey,
    calculus: Calculus = Calculus.GAUSSIAN,
) -> Agreement:
    """An agreement that lets everything be asked, at a default price at which no limit binds."""
    definition = catalogue.dataset(dataset)
    names = [column.name for column in definition.columns]
    delta = {} if calculus is Calculus.PURE else {"delta": 1e-6, "threshold_delta": 1e-4}
    return Agreement.model_validate(
        {
            "id": "all",
            "version": 1,
            "title": "All may be asked",
            "catalogue_sha256": catalogue.sha256,
            "starts": date.today() - timedelta(days=1),
            "expires": date.today() + timedelta(days=30),
            "parties": [
                {"node": node_name(nation), "nation": nation, "public_key": key.public_key_text}
                for nation, key in keys.items()
            ],
            "analysts": [{"name": "analyst", "public_key": analyst.public_key_text}],
            "populations": {definition.population: {"epsilon": 100.0, "calculus": calculus, **delta}},
            "datasets": {
                dataset: {
                    "columns": names,
                    "keys": names,
                    "private_keys": [column.name for column in definition.columns if column.type == "text"],
                    "statistics": [statistic.value for statistic in Statistic],
                    "max_groups": 1000,
                    "max_rows": 1000,
                    "max_epsilon": 100.0,
                }
            },
            "defaults": {
                "epsilon": 50.0,
                "max_groups": definition.max_rows_per_unit,
                "max_rows": definition.max_rows_per_unit,
            },
        }
    )


def _node(
    folder: Path,
    engine: Engine,
    catalogue: Catalogue,
    agreement: Agreement,
    dataset: str,
    source: Source,
    signing: SigningKey,
) -> OfflineNode:
    data, state = folder / "data", folder / "state"
    data.mkdir(parents=True)
    for name, text in source.files.items():
        (data / name).write_text(text)
    _write_secret(state / "keys" / f"{catalogue.dataset(dataset).population}.key", source.secret)
    path = write_toml(folder / "mapping.toml", {"dataset": dataset, **source.mapping})
    mapping = load(path, catalogue)
    ledger = SigningKey.generate()
    settings = EngineSettings(
        node=folder.name,
        ledger_public_key=ledger.public_key,
        catalogue=folder.parent / "catalogue.toml",
        mappings=(path,),
        state=state,
        memory_limit="500MB",
        threads=1,
    )
    holding = Holding(mapping.coverage, mapping.differences, mapping.mapping_sha256)
    rules = Rules(folder.name, catalogue, agreement, {dataset: holding})
    return OfflineNode(rules, signing, ledger, engine.hold(mapping, data, settings))


def _write_secret(path: Path, secret: bytes) -> None:
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_bytes(secret)
    path.chmod(0o600)


def fixed_secret(nation: str) -> bytes:
    """32 bytes that are the same in every run. For tests alone."""
    return nation.encode().ljust(32, b".")
