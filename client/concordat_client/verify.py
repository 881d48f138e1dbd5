"""Nothing that a coordinator says is believed: answers are verified and the table is computed again from them."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from concordat.v1 import coordinator_pb2, node_pb2
from concordat_privacy.estimates import Status, Table, tabulate
from concordat_privacy.merge import Absent, NodeAnswer
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.errors import VerificationError
from concordat_wire.answers import answers_seed, check_head, read_answer, read_declaration
from concordat_wire.tables import from_ipc, to_arrow

from concordat_client.asking import SignedQuestion
from concordat_client.result import Charge, Result


def verify(
    question: SignedQuestion, result: coordinator_pb2.Result, catalogue: Catalogue, agreement: Agreement
) -> Result:
    """The verified result. Raises VerificationError naming the node or figure that does not prove itself."""
    answers = [read_answer(signed, question.envelope, question.plan, catalogue, agreement) for signed in result.answers]
    for signed, answer in zip(result.answers, answers, strict=True):
        check_head(node_pb2.Answer.FromString(signed.answer).head, answer.node, agreement)
    absent = [_absent(missing, question, catalogue, agreement) for missing in result.missing]
    _check_everyone_is_accounted_for(question, answers, absent)
    table = recompute(question, result.answers, answers, absent, catalogue)
    if not same_figures(result.table, table, question.envelope.query.keys):
        raise VerificationError("the coordinator's table is not the one that the signed answers give; do not use it")
    return Result(
        question=question,
        table=table,
        answers=tuple(result.answers),
        missing=tuple(result.missing),
        charges=tuple(Charge(charge.node, charge.rho_nano, charge.stored_answer) for charge in result.charges),
        complete=not any(entry.cause is Status.UNAVAILABLE for entry in absent),
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


def same_figures(sent: bytes, table: Table, keys: tuple[str, ...]) -> bool:
    """Whether the coordinator's Arrow table holds the figures computed here.

    Floats may differ in the last places between machines (their exp() does), nothing else may.
    """
    ours = to_arrow(table, keys)
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


def _absent(
    missing: coordinator_pb2.MissingNode, question: SignedQuestion, catalogue: Catalogue, agreement: Agreement
) -> Absent:
    """A node's absence. That it holds nothing must be signed by it; that it is lost is the coordinator's word."""
    if missing.node not in agreement.party_by_node:
        raise VerificationError(f"{missing.node} is no party of the agreement", field=missing.node)
    nation = agreement.party_by_node[missing.node].nation
    if missing.cause == coordinator_pb2.MissingNode.CAUSE_UNAVAILABLE:
        return Absent(missing.node, nation, Status.UNAVAILABLE, None)
    declared = read_declaration(missing.declaration, question.envelope, question.plan, catalogue, agreement)
    if declared.node != missing.node:
        raise VerificationError(f"{missing.node}: the declaration is another node's", field=missing.node)
    return Absent(missing.node, nation, Status.NOT_HELD, declared.coverage)


def _check_everyone_is_accounted_for(question: SignedQuestion, answers: list[NodeAnswer], absent: list[Absent]) -> None:
    named = sorted([answer.node for answer in answers] + [entry.node for entry in absent])
    if named != sorted(question.envelope.audience):
        raise VerificationError("the result does not account for each node asked exactly once")
