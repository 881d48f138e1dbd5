"""From a round of answers to a Result: what nodes signed and, for who asks, the table that anyone computes from it."""

from collections.abc import Mapping, Sequence

from concordat.v1 import coordinator_pb2, node_pb2
from concordat_privacy.estimates import tabulate
from concordat_privacy.merge import Absent
from concordat_privacy.status import Status
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.errors import ConcordatError
from concordat_wire.answers import NOTHING, answers_seed, read_declaration
from concordat_wire.tables import to_ipc

from concordat_coordinator.protocol import Answered, Asked, Round

MissingNode = coordinator_pb2.MissingNode


def result_of(
    asked: Asked,
    round_: Round,
    quotes: Mapping[str, node_pb2.Quote],
    catalogue: Catalogue,
    agreement: Agreement,
) -> coordinator_pb2.Result:
    """The Result of a round that gave something. `quotes` tell what this run cost; without one a node cost nothing."""
    answers = [round_.answers[name] for name in sorted(round_.answers)]
    missing = [_missing(name, round_) for name in sorted((*round_.declared, *round_.failures))]
    return coordinator_pb2.Result(
        answers=[answer.signed for answer in answers],
        missing=missing,
        table=_table(asked, answers, missing, catalogue, agreement),
        complete=not round_.failures,
        charges=[_charge(name, quotes, round_) for name in sorted((*round_.answers, *round_.failures))],
        deliveries=[answer.delivery for answer in answers],
    )


def _table(
    asked: Asked,
    answers: Sequence[Answered],
    missing: Sequence[coordinator_pb2.MissingNode],
    catalogue: Catalogue,
    agreement: Agreement,
) -> bytes:
    """The table as an Arrow IPC stream; empty for a caller who computes it."""
    if not asked.table:
        return b""
    absent = [_absent(entry, asked, catalogue, agreement) for entry in missing]
    seed = answers_seed(answer.signed.answer for answer in answers)
    table = tabulate(catalogue, asked.plan, asked.presentation, [answer.read for answer in answers], absent, seed)
    return to_ipc(table)


def _charge(node: str, quotes: Mapping[str, node_pb2.Quote], round_: Round) -> coordinator_pb2.Charge:
    """As quoted; nothing where another run of the same query came in between, was charged and shares its answer."""
    quote = quotes.get(node, node_pb2.Quote(stored_answer=True))
    shared = node in round_.answers and round_.answers[node].charged == NOTHING
    return coordinator_pb2.Charge(
        node=node,
        price_nano=0 if shared else quote.price_nano,
        delta_e15=0 if shared else quote.delta_e15,
        stored_answer=quote.stored_answer or shared,
    )


def _missing(node: str, round_: Round) -> coordinator_pb2.MissingNode:
    if node in round_.declared:
        declared = round_.declared[node]
        return MissingNode(
            node=node, cause=MissingNode.CAUSE_NOT_HELD, declaration=declared.signed, delivery=declared.delivery
        )
    failure = failure_of(round_.failures[node])
    return MissingNode(node=node, cause=MissingNode.CAUSE_UNAVAILABLE, failure=failure)


def failure_of(error: ConcordatError) -> coordinator_pb2.NodeFailure:
    return coordinator_pb2.NodeFailure(reason=error.reason.value, message=error.message, reference=error.reference)


def _absent(missing: coordinator_pb2.MissingNode, asked: Asked, catalogue: Catalogue, agreement: Agreement) -> Absent:
    if missing.cause == MissingNode.CAUSE_NOT_HELD:
        return read_declaration(missing.declaration, asked.envelope, asked.plan, catalogue, agreement)
    nation = agreement.party_by_node[missing.node].nation
    return Absent(missing.node, nation, Status.UNAVAILABLE, None)
