"""Where a result's figures come from, as plain values that every format carries along."""

from importlib.metadata import version
from typing import TYPE_CHECKING, TypedDict

from concordat.v1 import node_pb2
from concordat_privacy.enclosing import epsilon_of_unit
from concordat_privacy.prices import currency_of

if TYPE_CHECKING:
    from concordat_client.result import Result


class NodeProvenance(TypedDict):
    """One node asked. `edition`, `commitment` and `mapping_sha256` are None where it gave no answer."""

    node: str
    nation: str
    gave: str
    edition: str | None
    commitment: str | None
    mapping_sha256: str | None


class ChargeProvenance(TypedDict):
    """`price_nano` and `delta_e15` are what this run cost at the node, `charged_nano` and `charged_delta_e15` what its
    key was charged by the node's word."""

    node: str
    price_nano: int
    delta_e15: int
    charged_nano: int | None
    charged_delta_e15: int | None


class Provenance(TypedDict):
    """`epsilon` is the price, and `price_nano` the same in billionths of what `calculus` counts: rho (gaussian) or pure
    epsilon (pure). `unit_epsilon` is at what the data set's own unit is protected by this query alone."""

    sql: str
    dataset: str
    epsilon: float
    unit_epsilon: float
    delta: float
    calculus: str
    price_nano: int
    delta_e15: int
    query_sha256: str
    idempotency_key: str
    complete: bool
    nodes: list[NodeProvenance]
    charges: list[ChargeProvenance]
    agreement: str
    agreement_version: int
    agreement_sha256: str
    catalogue_version: int
    catalogue_sha256: str
    software_version: str


def provenance(result: "Result") -> Provenance:
    """The provenance of a result. Hashes are hexadecimal; the key is told, for it serves its analyst only."""
    question = result.question
    query = question.envelope.query
    dataset = result.catalogue.dataset(query.dataset)
    currency = currency_of(result.agreement, dataset.population)
    return Provenance(
        sql=question.sql,
        dataset=query.dataset,
        epsilon=question.epsilon,
        unit_epsilon=epsilon_of_unit(query.price_nano, currency, dataset),
        delta=currency.delta,
        calculus=query.calculus.value,
        price_nano=query.price_nano,
        delta_e15=query.delta_e15,
        query_sha256=question.plan.query_sha256.hex(),
        idempotency_key=result.idempotency_key,
        complete=result.complete,
        nodes=_nodes(result),
        charges=[
            ChargeProvenance(
                node=each.node,
                price_nano=each.price_nano,
                delta_e15=each.delta_e15,
                charged_nano=each.signed_nano,
                charged_delta_e15=each.signed_delta_e15,
            )
            for each in result.charges
        ],
        agreement=result.agreement.id,
        agreement_version=result.agreement.version,
        agreement_sha256=result.agreement.sha256,
        catalogue_version=result.catalogue.version,
        catalogue_sha256=result.catalogue.sha256,
        software_version=version("concordat"),
    )


def _nodes(result: "Result") -> list[NodeProvenance]:
    answered = [_answered(signed, result) for signed in result.answers]
    silent = [
        NodeProvenance(
            node=entry.node,
            nation=entry.nation,
            gave=f"nothing: {entry.cause.value}",
            edition=None,
            commitment=None,
            mapping_sha256=None,
        )
        for entry in result.absent
    ]
    return sorted([*answered, *silent], key=lambda entry: entry["node"])


def _answered(signed: node_pb2.SignedAnswer, result: "Result") -> NodeProvenance:
    answer = node_pb2.Answer.FromString(signed.answer)
    return NodeProvenance(
        node=answer.node,
        nation=result.agreement.party_by_node[answer.node].nation,
        gave="an answer",
        edition=answer.edition.id,
        commitment=answer.edition.commitment.hex(),
        mapping_sha256=answer.mapping_sha256,
    )
