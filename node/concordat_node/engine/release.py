"""From what is asked and a receipt to noisy components. Exact figures exist inside `release` and nowhere else.

The engine trusts neither the service that calls it nor the analyst: the charge is proved by the ledger's signature, the
query or profile by its hash, and plan, sensitivities and noise follow from the engine's own catalogue.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from concordat.v1 import engine_pb2, node_pb2, query_pb2
from concordat.v1.engine_pb2 import EngineResponse
from concordat_privacy import noise
from concordat_privacy.components import Kind
from concordat_privacy.plan import Plan, held_components, plan
from concordat_privacy.private_keys import Selection
from concordat_privacy.profile import ProfilePlan, check_held, plan_profile
from concordat_query import wire
from concordat_query.canonical import canonical_query, query_sha256
from concordat_query.catalogue import Dataset
from concordat_query.errors import Refusal
from concordat_query.model import Calculus, Query
from concordat_query.profile_request import ProfileRequest, profile_request_from_proto, profile_request_sha256
from concordat_query.signing import Purpose, is_signed

from concordat_node.engine.bounding import kept_condition
from concordat_node.engine.holdings import Holding, Holdings
from concordat_node.engine.profiling import profile_counts
from concordat_node.engine.scans import scans
from concordat_node.engine.texts import TextKey, counted
from concordat_node.importing import edition


class Failed(Exception):
    """Why nothing is released: a code, never a word."""

    def __init__(self, failure: EngineResponse.Failure) -> None:
        super().__init__()
        self.failure = failure


def release(request: engine_pb2.EngineRequest, holdings: Holdings) -> list[node_pb2.Component]:
    """The noisy components that a receipt pays for, by index, one integer for every cell or value. Raises Failed.

    All noise is drawn before the first row is read, so neither its time nor its errors can depend on data; a private
    key is the exception, since how much it needs depends on what the rows hold. Sums are
    exact integers of any size and wrap around at 64 bits after the noise: no edition, however large, can make it fail.
    """
    return _profile(request, holdings) if request.HasField("profile") else _answer(request, holdings)


def _answer(request: engine_pb2.EngineRequest, holdings: Holdings) -> list[node_pb2.Component]:
    query = _signed_query(request.query, holdings)
    receipt, holding = _charged(request.receipt, query.dataset, query_sha256(query), holdings)
    planned, held = _planned(query, holding, receipt)
    if planned.selection is not None:
        return _with_texts(planned, held, holding, planned.selection)
    return _components(_vectors(planned, held, holding.dataset, holding.table, holding), _scales(planned, held))


def _vectors(
    planned: Plan, held: Sequence[int], dataset: Dataset, table: str, holding: Holding
) -> dict[int, list[int]]:
    """The components' noisy integers, by index: of the rows in `table`, as `dataset` defines them."""
    with _failing(EngineResponse.FAILURE_REQUEST):
        asked = scans(planned, dataset, holding.coverage, held, table)
    drawn = noise.draw_all([(planned.components[index].law, planned.components[index].length) for index in held])
    vectors = {index: vector.tolist() for index, vector in zip(held, drawn, strict=True)}
    for index, place, exact in asked.read(holding.connection):
        vectors[index][place] += exact
    return vectors


def _with_texts(planned: Plan, held: list[int], holding: Holding, chosen: Selection) -> list[node_pb2.Component]:
    """The same where a key is private. First texts are released, then they are what the ordinary plan's cells are of:
    which they are is public from here on. The component that counts the hidden ones names them."""
    column = str(planned.query.keys[chosen.key])
    key = TextKey(column, chosen, holding.table, holding.texts_of(column))
    (hidden,) = (index for index in held if planned.components[index].kind is Kind.HIDDEN)
    vectors = {hidden: noise.draw(planned.components[hidden].law, 1).tolist()}
    with _failing(EngineResponse.FAILURE_REQUEST):
        counting = key.counts_sql(holding.dataset, kept_condition(planned, holding.coverage))
    choice = key.released(counted(holding.connection, counting))
    vectors[hidden][0] += choice.hidden
    found = holding.connection.execute(key.words_sql(choice.codes)).fetchall() if choice.codes else []
    texts = tuple(str(text) for (text,) in found)
    dataset = holding.dataset.with_texts(column, texts)
    with _failing(EngineResponse.FAILURE_REQUEST):
        known = plan(planned.query, dataset)
    others = [index for index in held if index != hidden]
    vectors.update(_vectors(known, others, dataset, key.told_apart(choice.codes), holding))
    components = _components(vectors, _scales(known, held))
    next(each for each in components if each.index == hidden).texts.extend(texts)
    return components


def _scales(planned: Plan, held: Sequence[int]) -> dict[int, float]:
    return {index: planned.components[index].scale for index in held}


def _profile(request: engine_pb2.EngineRequest, holdings: Holdings) -> list[node_pb2.Component]:
    with _failing(EngineResponse.FAILURE_REQUEST):
        asked = profile_request_from_proto(request.profile)
    receipt, holding = _charged(request.receipt, asked.dataset, profile_request_sha256(asked), holdings)
    planned = _planned_profile(asked, holding, receipt)
    counts = profile_counts(planned, holding.dataset, holding.coverage, holding.table)
    scales = {index: vector.law.scale for index, vector in enumerate(planned.vectors)}
    drawn = noise.draw_all([(vector.law, vector.length) for vector in planned.vectors])
    vectors = {index: vector.tolist() for index, vector in enumerate(drawn)}
    for count in counts:
        for index, place, exact in count.read(holding.connection.execute(count.sql).fetchall()):
            vectors[index][place] += exact
    return _components(vectors, scales)


def _components(vectors: Mapping[int, list[int]], scales: Mapping[int, float]) -> list[node_pb2.Component]:
    return [
        node_pb2.Component(index=index, scale=scales[index], values=map(_wrapped, vector))
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


def _charged(
    message: engine_pb2.SignedReceipt, dataset: str, asked_sha256: bytes, holdings: Holdings
) -> tuple[engine_pb2.Receipt, Holding]:
    """The receipt, if this node's ledger signed it for exactly what is asked, and the edition that it names."""
    signed = is_signed(Purpose.RECEIPT, message.receipt, message.signature, holdings.ledger_public_key)
    _demand(signed, EngineResponse.FAILURE_RECEIPT)
    with _failing(EngineResponse.FAILURE_RECEIPT):
        receipt = wire.parse(engine_pb2.Receipt, message.receipt, "receipt")
    ours = receipt.node == holdings.node and receipt.query_sha256 == asked_sha256 and receipt.sequence > 0
    _demand(ours, EngineResponse.FAILURE_RECEIPT)
    holding = holdings.by_edition.get(receipt.edition)
    if holding is None or not edition.is_unchanged(holding.edition):
        raise Failed(EngineResponse.FAILURE_EDITION)
    _demand(holding.name == dataset, EngineResponse.FAILURE_RECEIPT)
    return receipt, holding


def _planned(query: Query, holding: Holding, receipt: engine_pb2.Receipt) -> tuple[Plan, list[int]]:
    """The plan and the components held here, if the receipt paid their price and OpenDP's map agrees with it."""
    with _failing(EngineResponse.FAILURE_REQUEST):
        planned = plan(query, holding.dataset)
        held = sorted(held_components(planned, holding.dataset, holding.coverage))
    paid = _pays(receipt, planned.price(held), query.calculus) and receipt.delta_e15 == planned.delta_e15(held)
    _demand(bool(held) and paid, EngineResponse.FAILURE_RECEIPT)
    with _failing(EngineResponse.FAILURE_PRICE):
        noise.check_prices(planned)
    return planned, held


def _planned_profile(asked: ProfileRequest, holding: Holding, receipt: engine_pb2.Receipt) -> ProfilePlan:
    """The plan of a profile, if the receipt paid all of its price and OpenDP's map agrees with it."""
    with _failing(EngineResponse.FAILURE_REQUEST):
        planned = plan_profile(asked, holding.dataset)
        check_held(asked, holding.coverage)
    _demand(_pays(receipt, asked.price_nano, asked.calculus), EngineResponse.FAILURE_RECEIPT)
    with _failing(EngineResponse.FAILURE_PRICE):
        noise.check_profile_prices(planned)
    return planned


def _pays(receipt: engine_pb2.Receipt, price: int, calculus: Calculus) -> bool:
    """Whether exactly this was charged: the same amount of another calculus is another price."""
    return receipt.price_nano == price and receipt.calculus == wire.calculus_to_proto(calculus)


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
