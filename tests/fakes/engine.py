"""A node's folder with editions of the small catalogue, and receipts as its ledger would sign them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from concordat.v1 import engine_pb2, query_pb2
from concordat_node.engine.settings import EngineSettings
from concordat_node.importing import mapping as mappings
from concordat_node.importing.edition import EditionInfo
from concordat_node.importing.mapping import Mapping as DatasetMapping
from concordat_privacy.plan import held_components, plan
from concordat_query import wire
from concordat_query.canonical import canonical_query, query_sha256
from concordat_query.catalogue import Catalogue
from concordat_query.model import Aggregate, Condition, Envelope, Query, Scalar, Statistic
from concordat_query.signing import Purpose, SigningKey
from fakes.catalogue import small_catalogue
from fakes.editions import Row, build_edition
from fakes.toml import write_toml

CASUALTIES = "road.casualties"
VISITS = "health.visits"
COUNT = Aggregate(Statistic.COUNT_ROWS)


def query(
    dataset: str = CASUALTIES,
    keys: Sequence[Scalar] = (),
    aggregates: Sequence[Aggregate] = (COUNT,),
    where: Condition | None = None,
    price_nano: int = 10_000_000,
    max_groups: int = 1,
    max_rows: int = 1,
    delta_e15: int = 0,
) -> Query:
    """A canonical query."""
    asked = Query(dataset, tuple(keys), where, tuple(aggregates), price_nano, max_groups, max_rows, delta_e15=delta_e15)
    return canonical_query(asked)


@dataclass(frozen=True)
class FakeNode:
    """A node's files under `folder`, and the keys of its ledger and of an analyst."""

    folder: Path
    name: str = "node-wales"
    holds: Mapping[str, object] = field(default_factory=dict)
    """By data set: the mapping's `holds` table."""
    catalogue: Catalogue = field(default_factory=small_catalogue)
    ledger: SigningKey = field(default_factory=SigningKey.generate)
    analyst: SigningKey = field(default_factory=SigningKey.generate)

    def publish(self, dataset: str, units: Sequence[Sequence[Row]]) -> EditionInfo:
        """Puts an edition of these rows in force, as if it had been imported through the mapping."""
        definition = self.catalogue.dataset(dataset)
        mapping = self.mapping(dataset)
        return build_edition(self.folder / "state", dataset, definition, units, mapping_sha256=mapping.mapping_sha256)

    def mapping(self, dataset: str) -> DatasetMapping:
        return mappings.load(self.mapping_path(dataset), self.catalogue)

    def mapping_path(self, dataset: str) -> Path:
        holds = self.holds.get(dataset, {})
        held = [
            column.name
            for column in self.catalogue.dataset(dataset).columns
            if holds.get("columns", {}).get(column.name, {}).get("held", True)  # type: ignore[attr-defined]
        ]
        return write_toml(
            self.folder / f"{dataset}.toml",
            {
                "dataset": dataset,
                "unit_id": "id",
                "sources": {"source": {"path": "source.csv"}},
                "select": f"SELECT {', '.join(held)} FROM source",  # noqa: S608  # names from the catalogue
                "holds": holds,
            },
        )

    def settings(self, **more: object) -> EngineSettings:
        dumped = self.catalogue.model_dump(mode="json", exclude_none=True)
        settings = EngineSettings(
            node=self.name,
            ledger_public_key=self.ledger.public_key,
            catalogue=write_toml(self.folder / "catalogue.toml", dumped),
            mappings=tuple(self.mapping_path(name) for name in self.catalogue.datasets),
            state=self.folder / "state",
            memory_limit="500MB",
        )
        return replace(settings, **more)  # type: ignore[arg-type]

    def signed(self, asked: Query, **more: object) -> query_pb2.SignedQuery:
        """The query as an analyst signs it; `more` replaces parts of the envelope."""
        envelope = Envelope(asked, self.catalogue.sha256, "agreement", 1, (self.name,), "key", 2_000_000_000)
        data = wire.envelope_to_bytes(replace(envelope, **more))  # type: ignore[arg-type]
        signature = self.analyst.sign(Purpose.QUERY, data)
        return query_pb2.SignedQuery(envelope=data, public_key=self.analyst.public_key, signature=signature)

    def receipt(self, asked: Query, info: EditionInfo, **more: object) -> engine_pb2.SignedReceipt:
        """What the ledger signs once the query is charged; `more` replaces parts of it."""
        receipt = engine_pb2.Receipt(
            node=self.name,
            query_sha256=query_sha256(asked),
            edition=info.id,
            price_nano=self.price(asked),
            delta_e15=asked.delta_e15,
            sequence=7,
            calculus=wire.calculus_to_proto(asked.calculus),
        )
        receipt.MergeFrom(engine_pb2.Receipt(**more))  # type: ignore[arg-type]
        data = receipt.SerializeToString()
        return engine_pb2.SignedReceipt(receipt=data, signature=self.ledger.sign(Purpose.RECEIPT, data))

    def price(self, asked: Query) -> int:
        """What the components held here cost."""
        planned = plan(asked, self.catalogue.dataset(asked.dataset))
        held = held_components(planned, self.catalogue.dataset(asked.dataset), self.mapping(asked.dataset).coverage)
        return planned.price(held)

    def request(self, asked: Query, edition: EditionInfo) -> engine_pb2.EngineRequest:
        return engine_pb2.EngineRequest(query=self.signed(asked), receipt=self.receipt(asked, edition))
