"""From a signed query and a receipt to noisy components. Exact figures exist inside `release` and nowhere else.

The engine trusts neither the service that calls it nor the analyst: the charge is proved by the ledger's signature, the
query by its hash, and plan, sensitivities and noise follow from the engine's own catalogue.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from concordat.v1 import engine_pb2, node_pb2, query_pb2
from concordat.v1.engine_pb2 import EngineResponse
from concordat_privacy import noise
from concordat_privacy.plan import Plan, held_components, plan
from concordat_query import wire
from concordat_query.canonical import canonical_query, query_sha256
from concordat_query.errors import Refusal
from concordat_query.model import Query
from concordat_query.signing import Purpose, is_signed

from concordat_node.engine.holdings import Holding, Holdings
from concordat_node.engine.scans import scans
from concordat_node.importing import edition


class Failed(Exception):
    """Why nothing is released: a code, never a word."""

    def __init__(self, failure: EngineResponse.Failure) -> None:
        super().__init__()
        self.failure = failure


def release(request: engine_pb2.EngineRequest, holdings: Holdings) -> list[node_pb2.Component]:
    """The noisy components that a receipt pays for, by index, one integer for every cell. Raises Failed.

    All noise is drawn before the first row is read, so neither its time nor its errors can depend on data. Sums are
    exact integers of any size and wrap around at 64 bits after the noise: no edition, however large, can make it fail.
    """
    query = _signed_query(request.query, holdings)
    receipt, holding = _charged(request.receipt, query, holdings)
    planned, held = _planned(query, holding, receipt.rho_nano)
    with _failing(EngineResponse.FAILURE_REQUEST):
        tasks = scans(planned, holding.dataset, holding.coverage, held, holding.table)
    vectors = {}
    for index in held:
        component = planned.components[index]
        vectors[index] = noise.draw(component.scale, component.cells).tolist()
    for task in tasks:
        for row in holding.connection.execute(task.sql).fetchall():
            cell = task.cell(row)
            for index, exact in zip(task.indexes, task.values(row), strict=True):
                vectors[index][cell] += exact
    return [
        node_pb2.Component(index=index, scale=planned.components[index].scale, values=map(_wrapped, vector))
        for index, vector in vectors.items()
    ]


def _signed_query(message: query_pb2.SignedQuery, holdings: Holdings) -> Query:
    """The query, if somebody signed exactly these bytes for this node and catalogue, in canonical form."""
    _demand(
        is_signed(Purpose.QUERY, message.envelope, message.signature, message.public_key),
        EngineResponse.FAILURE_REQUEST,
    )
    with _failing(EngineResponse.FAILURE_REQUEST):
        envelope = wire.envelope_from_bytes(message.envelope)
    query = envelope.query
    addressed = holdings.node in envelope.audience and envelope.catalogue_sha256 == holdings.catalogue_sha256
    _demand(addressed and canonical_query(query) == query, EngineResponse.FAILURE_REQUEST)
    return query


def _charged(message: engine_pb2.SignedReceipt, query: Query, holdings: Holdings) -> tuple[engine_pb2.Receipt, Holding]:
    """The receipt, if this node's ledger signed it for exactly this query, and the edition that it names."""
    signed = is_signed(Purpose.RECEIPT, message.receipt, message.signature, holdings.ledger_public_key)
    _demand(signed, EngineResponse.FAILURE_RECEIPT)
    with _failing(EngineResponse.FAILURE_RECEIPT):
        receipt = wire.parse(engine_pb2.Receipt, message.receipt, "receipt")
    ours = receipt.node == holdings.node and receipt.query_sha256 == query_sha256(query) and receipt.sequence > 0
    _demand(ours, EngineResponse.FAILURE_RECEIPT)
    holding = holdings.by_edition.get(receipt.edition)
    if holding is None or not edition.is_unchanged(holding.edition):
        raise Failed(EngineResponse.FAILURE_EDITION)
    _demand(holding.name == query.dataset, EngineResponse.FAILURE_RECEIPT)
    return receipt, holding


def _planned(query: Query, holding: Holding, rho_nano: int) -> tuple[Plan, list[int]]:
    """The plan and the components held here, if the receipt paid their price and OpenDP's map agrees with it."""
    with _failing(EngineResponse.FAILURE_REQUEST):
        planned = plan(query, holding.dataset)
        held = sorted(held_components(planned, holding.dataset, holding.coverage))
    price = sum(planned.components[index].rho_nano for index in held)
    _demand(bool(held) and price == rho_nano, EngineResponse.FAILURE_RECEIPT)
    with _failing(EngineResponse.FAILURE_PRICE):
        noise.check_prices(planned)
    return planned, held


def _wrapped(value: int) -> int:
    """The integer as 64 bits hold it, in two's complement."""
    return (value + 2**63) % 2**64 - 2**63


def _demand(condition: bool, failure: EngineResponse.Failure) -> None:
    if not condition:
        raise Failed(failure)


@contextmanager
def _failing(failure: EngineResponse.Failure) -> Iterator[None]:
    """Turns a refusal into a code."""
    try:
        yield
    except Refusal:
        raise Failed(failure) from None
