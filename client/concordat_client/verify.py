"""Nothing that a coordinator says is believed: answers are verified and the table is computed from them here."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa
from concordat.v1 import coordinator_pb2, node_pb2
from concordat_privacy.estimates import Status, Table, tabulate
from concordat_privacy.merge import Absent, NodeAnswer
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.errors import VerificationError
from concordat_query.wire import request_sha256
from concordat_wire.answers import (
    NOTHING,
    Cost,
    Given,
    answers_seed,
    check_head,
    read_answer,
    read_declaration,
    read_delivery,
)
from concordat_wire.tables import from_ipc, to_arrow

from concordat_client.asking import SignedQuestion
from concordat_client.result import Charge, Result


def verify(
    question: SignedQuestion, result: coordinator_pb2.Result, catalogue: Catalogue, agreement: Agreement
) -> Result:
    """The verified result. Raises VerificationError naming the node or figure that does not prove itself."""
    proven = prove(question, result, catalogue, agreement)
    if result.table and not same_figures(result.table, proven.table):
        raise VerificationError("the coordinator's table is not the one that the signed answers give; do not use it")
    return proven


def prove(
    question: SignedQuestion, result: coordinator_pb2.Result, catalogue: Catalogue, agreement: Agreement
) -> Result:
    """The result that the signed answers give, whatever table the coordinator sent with them."""
    answers = [read_answer(signed, question.envelope, question.plan, catalogue, agreement) for signed in result.answers]
    charged = _charged(question, result, [answer.node for answer in answers], agreement)
    absent = [read_absence(missing, question, catalogue, agreement) for missing in result.missing]
    check_everyone_is_accounted_for(question, answers, absent)
    return Result(
        question=question,
        table=recompute(question, result.answers, answers, absent, catalogue),
        answers=tuple(result.answers),
        missing=tuple(result.missing),
        charges=tuple(_charges(result.charges, charged, absent)),
        complete=not any(entry.cause is Status.UNAVAILABLE for entry in absent),
        deliveries=tuple(result.deliveries),
        catalogue=catalogue,
        agreement=agreement,
        merged=tuple(answers),
        absent=tuple(absent),
    )


def recompute(
    question: SignedQuestion,
    signed: Iterable[node_pb2.SignedAnswer],
    answers: list[NodeAnswer],
    absent: list[Absent],
    catalogue: Catalogue,
) -> Table:
    seed = answers_seed(answer.answer for answer in signed)
    return tabulate(catalogue, question.plan, question.presentation, answers, absent, seed)


def same_figures(sent: bytes, table: Table) -> bool:
    """Whether the coordinator's Arrow table holds the figures computed here.

    Floats may differ in the last places between machines (their exp() does), nothing else may.
    """
    ours = to_arrow(table)
    try:
        theirs = from_ipc(sent)
    except (pa.ArrowInvalid, OSError):
        return False
    if theirs.schema != ours.schema or theirs.num_rows != ours.num_rows:
        return False
    return theirs.equals(ours) or all(_same_column(theirs.column(i), ours.column(i)) for i in range(ours.num_columns))


def _same_column(theirs: "pa.ChunkedArray", ours: "pa.ChunkedArray") -> bool:
    if not pa.types.is_floating(ours.type):
        return bool(theirs.equals(ours))
    return np.allclose(theirs.to_numpy(), ours.to_numpy(), rtol=1e-9, atol=0, equal_nan=True)


def read_absence(
    missing: coordinator_pb2.MissingNode, question: SignedQuestion, catalogue: Catalogue, agreement: Agreement
) -> Absent:
    """A node's absence. That it holds nothing must be signed by it; that it is lost is the coordinator's word."""
    if missing.node not in agreement.party_by_node:
        raise VerificationError(f"{missing.node} is no party of the agreement", field=missing.node)
    if missing.cause == coordinator_pb2.MissingNode.CAUSE_UNAVAILABLE:
        nation = agreement.party_by_node[missing.node].nation
        return Absent(missing.node, nation, Status.UNAVAILABLE, None)
    declared = read_declaration(missing.declaration, question.envelope, question.plan, catalogue, agreement)
    if declared.node != missing.node:
        raise VerificationError(f"{missing.node}: the declaration is another node's", field=missing.node)
    given = Given(missing.node, missing.declaration.declaration)
    read_delivery(missing.delivery, given, request_sha256(question.signed.envelope), question.envelope, agreement)
    return declared


def _charged(
    question: SignedQuestion, result: coordinator_pb2.Result, nodes: list[str], agreement: Agreement
) -> dict[str, Cost]:
    """What each node that answered charged this question, by its own signed word."""
    if len(result.deliveries) != len(nodes):
        raise VerificationError("not every answer has its node's word that it was given to this request; do not use it")
    told = zip(nodes, result.answers, result.deliveries, strict=True)
    request = request_sha256(question.signed.envelope)
    return {node: read_charge(node, signed, delivery, question, request, agreement) for node, signed, delivery in told}


def read_charge(
    node: str,
    signed: node_pb2.SignedAnswer,
    delivery: node_pb2.SignedDelivery,
    question: SignedQuestion,
    request: bytes,
    agreement: Agreement,
) -> Cost:
    """What a node charged this question for its answer (which `read_answer` read), by its own signed word."""
    answer = node_pb2.Answer.FromString(signed.answer)
    check_head(answer.head, node, agreement)
    given = Given(node, signed.answer, Cost(answer.price_nano, answer.delta_e15))
    return read_delivery(delivery, given, request, question.envelope, agreement)


def _charges(
    told: Iterable[coordinator_pb2.Charge], charged: Mapping[str, Cost], absent: list[Absent]
) -> Iterator[Charge]:
    """What the run cost, by the coordinator's word: nothing, or what the node signed. A lost node signed nothing."""
    lost = [entry.node for entry in absent if entry.cause is Status.UNAVAILABLE]
    told = sorted(told, key=lambda charge: charge.node)
    if [charge.node for charge in told] != sorted((*charged, *lost)):
        raise VerificationError("the result does not tell once what each node cost that answered or was lost")
    for charge in told:
        signed, cost = charged.get(charge.node), Cost(charge.price_nano, charge.delta_e15)
        if signed is not None and cost not in (NOTHING, signed):
            raise VerificationError(
                f"{charge.node}: what the run is said to have cost there is not what the node signed", field=charge.node
            )
        yield Charge(
            node=charge.node,
            price_nano=charge.price_nano,
            delta_e15=charge.delta_e15,
            stored_answer=charge.stored_answer,
            signed_nano=None if signed is None else signed.price_nano,
            signed_delta_e15=None if signed is None else signed.delta_e15,
        )


def check_everyone_is_accounted_for(question: SignedQuestion, answers: list[NodeAnswer], absent: list[Absent]) -> None:
    named = sorted([answer.node for answer in answers] + [entry.node for entry in absent])
    if named != sorted(question.envelope.audience):
        raise VerificationError("the result does not account for each node asked exactly once")
