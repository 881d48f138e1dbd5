"""The charge protocol as the coordinator drives it: Prepare everywhere, then Commit everywhere, or nothing anywhere.

The coordinator passes the signed query on untouched. It may lose answers and time, never change or invent them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from concordat.v1 import coordinator_pb2, node_pb2, query_pb2
from concordat_privacy.merge import NodeAnswer
from concordat_privacy.plan import Plan
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.errors import (
    Charged,
    ConcordatError,
    NodeFault,
    Reason,
    Refusal,
    Unavailable,
    VerificationError,
)
from concordat_query.model import Envelope, Presentation
from concordat_query.wire import request_sha256
from concordat_wire.answers import Cost, Given, read_answer, read_declaration, read_delivery
from concordat_wire.references import log_failure

from concordat_coordinator.federation import Federation, Hear, Member, each, every

PREPARE_SECONDS = 10.0
CANCEL_SECONDS = 2.0
Progress = coordinator_pb2.Progress
Emit = Callable[[Progress], None]
Prepared = dict[str, node_pb2.PrepareResponse]


@dataclass(frozen=True)
class Asked:
    """A query as it came in, and what follows from it."""

    signed: query_pb2.SignedQuery
    credentials: query_pb2.Credentials
    envelope: Envelope
    presentation: Presentation
    plan: Plan
    table: bool
    """Whether the caller wants the table made for him."""

    @cached_property
    def request_sha256(self) -> bytes:
        return request_sha256(self.signed.envelope)


@dataclass(frozen=True)
class Answered:
    """A node's signed answer and its delivery, and what was verified in them."""

    signed: node_pb2.SignedAnswer
    delivery: node_pb2.SignedDelivery
    read: NodeAnswer
    charged: Cost


@dataclass(frozen=True)
class Declared:
    """A node's verified declaration that it holds nothing, and its delivery."""

    signed: node_pb2.SignedDeclaration
    delivery: node_pb2.SignedDelivery


@dataclass(frozen=True)
class Round:
    """How every node asked ended: with an answer, a declaration that it holds nothing, or a failure."""

    answers: Mapping[str, Answered]
    declared: Mapping[str, Declared]
    failures: Mapping[str, ConcordatError]
    held_until: int = 0


class Protocol:
    """Drives queries over a federation."""

    def __init__(self, federation: Federation, catalogue: Catalogue, agreement: Agreement) -> None:
        self._federation = federation
        self._catalogue = catalogue
        self._agreement = agreement

    async def prepare(self, asked: Asked, emit: Emit) -> Prepared:
        """Every node's quote and reservation. If one node refuses or is away, all are given back and this raises."""
        members = self._federation.of(asked.envelope.audience)
        request = node_pb2.PrepareRequest(
            query=asked.signed,
            credentials=asked.credentials,
            agreement_version=asked.envelope.agreement_version,
            catalogue_sha256=asked.envelope.catalogue_sha256,
            witnessed=self._federation.heads.values(),
        )
        prepared: Prepared = {}
        failures: dict[str, ConcordatError] = {}
        async for member, outcome in each(
            members,
            lambda m: m.stub.Prepare(request, timeout=PREPARE_SECONDS),
            again=True,
            retrying=_teller(emit, Progress.STEP_RETRYING),
        ):
            if isinstance(outcome, ConcordatError):
                failures[member.name] = outcome
            elif (broken := self._check_declared(outcome, asked, member)) is not None:
                failures[member.name] = broken
            else:
                prepared[member.name] = outcome
                step = Progress.STEP_TAKES_NO_PART if outcome.quote.nothing_held else Progress.STEP_PREPARED
                emit(Progress(node=member.name, step=step))
        if failures:
            unsure = [m for m in members if not isinstance(failures.get(m.name), Refusal)]
            await self.cancel(asked, unsure, prepared)
            raise nobody_charged(failures)
        return prepared

    def _check_declared(
        self, response: node_pb2.PrepareResponse, asked: Asked, member: Member
    ) -> VerificationError | None:
        if not response.quote.nothing_held:
            return None
        try:
            self._declared(response, asked, member)
        except VerificationError as error:
            return _logged(error, member)
        return None

    def _declared(
        self, response: node_pb2.PrepareResponse | node_pb2.CommitResponse, asked: Asked, member: Member
    ) -> Declared:
        signed = response.declaration
        declared = read_declaration(signed, asked.envelope, asked.plan, self._catalogue, self._agreement)
        if declared.node != member.name:
            raise VerificationError(f"{member.name}: the declaration is another node's", field=member.name)
        self._charged(response.delivery, Given(member.name, signed.declaration), asked)
        return Declared(signed, response.delivery)

    def _charged(self, delivery: node_pb2.SignedDelivery, given: Given, asked: Asked) -> Cost:
        return read_delivery(delivery, given, asked.request_sha256, asked.envelope, self._agreement)

    async def cancel(
        self, asked: Asked, members: Sequence[Member], prepared: Mapping[str, node_pb2.PrepareResponse]
    ) -> None:
        """Gives reservations back as far as nodes can be reached; the others lapse by themselves."""

        def request(member: Member) -> node_pb2.CancelRequest:
            reservation = prepared[member.name].reservation if member.name in prepared else ""
            return node_pb2.CancelRequest(query=asked.signed, reservation=reservation)

        await every(members, lambda m: m.stub.Cancel(request(m), timeout=CANCEL_SECONDS))

    async def commit(
        self, asked: Asked, prepared: Mapping[str, node_pb2.PrepareResponse], emit: Emit, seconds: float
    ) -> Round:
        """Charges and collects at every prepared node that takes part. From here on nothing is given back."""
        participants = sorted(name for name, response in prepared.items() if not response.quote.nothing_held)
        round_ = await self._collect(
            asked, participants, {name: prepared[name].reservation for name in participants}, emit, seconds
        )
        declared = {
            name: Declared(response.declaration, response.delivery)
            for name, response in prepared.items()
            if response.quote.nothing_held
        }
        return Round(round_.answers, {**declared, **round_.declared}, round_.failures, round_.held_until)

    async def collect(self, asked: Asked, seconds: float) -> Round:
        """What was paid for before: Commit without a reservation, which no node charges for."""
        return await self._collect(asked, sorted(asked.envelope.audience), {}, lambda _: None, seconds)

    async def _collect(
        self, asked: Asked, participants: Sequence[str], reservations: Mapping[str, str], emit: Emit, seconds: float
    ) -> Round:
        answers: dict[str, Answered] = {}
        declared: dict[str, Declared] = {}
        failures: dict[str, ConcordatError] = {}
        held_until = 0

        def request(member: Member) -> node_pb2.CommitRequest:
            return node_pb2.CommitRequest(
                query=asked.signed,
                reservation=reservations.get(member.name, ""),
                participants=participants,
                credentials=asked.credentials,
            )

        members = self._federation.of(participants)
        retrying, committed = _teller(emit, Progress.STEP_RETRYING), _teller(emit, Progress.STEP_COMMITTED)
        for member in members:
            committed(member)
        calls = each(members, lambda m: m.stub.Commit(request(m), timeout=seconds), again=True, retrying=retrying)
        async for member, outcome in calls:
            read = self._read(outcome, asked, member)
            match read:
                case Answered():
                    answers[member.name] = read
                case Declared():
                    declared[member.name] = read
                case int():
                    held_until = max(held_until, read)
                case ConcordatError():
                    failures[member.name] = read
            emit(Progress(node=member.name, step=_step(read)))
        return Round(answers, declared, failures, held_until)

    def _read(
        self, outcome: node_pb2.CommitResponse | ConcordatError, asked: Asked, member: Member
    ) -> Answered | Declared | int | ConcordatError:
        """A Commit's outcome, verified: an answer, a declaration, the hour of an answer still held, or a failure."""
        if isinstance(outcome, ConcordatError):
            return outcome
        if outcome.held_until:
            return outcome.held_until
        try:
            if outcome.HasField("declaration"):
                return self._declared(outcome, asked, member)
            return self._answered(outcome, asked, member)
        except VerificationError as error:
            return _logged(error, member)

    def _answered(self, response: node_pb2.CommitResponse, asked: Asked, member: Member) -> Answered:
        signed = response.answer
        read = read_answer(signed, asked.envelope, asked.plan, self._catalogue, self._agreement)
        if read.node != member.name:
            raise VerificationError(f"{member.name}: the answer is another node's", field=member.name)
        answer = node_pb2.Answer.FromString(signed.answer)
        charged = self._charged(
            response.delivery, Given(member.name, signed.answer, Cost(answer.price_nano, answer.delta_e15)), asked
        )
        self._federation.remember(member.name, answer.head)
        return Answered(signed, response.delivery, read, charged)


def _logged(error: VerificationError, member: Member) -> VerificationError:
    error.reference = log_failure(error.reason, {"node": member.name})
    return error


def _teller(emit: Emit, step: "coordinator_pb2.Progress.Step") -> Hear:
    return lambda member: emit(Progress(node=member.name, step=step))


def _step(read: object) -> "coordinator_pb2.Progress.Step":
    if isinstance(read, ConcordatError):
        return Progress.STEP_LOST
    return Progress.STEP_TAKES_NO_PART if isinstance(read, Declared) else Progress.STEP_ANSWERED


def nobody_charged(failures: Mapping[str, ConcordatError]) -> ConcordatError:
    """What the analyst is told when Prepare failed: each node at fault, its reason and its words."""
    refused = sorted(name for name, error in failures.items() if isinstance(error, Refusal))
    names = refused or sorted(failures)
    words = told(failures)
    field = f"{names[0]}: {failures[names[0]].reason.value}"
    nodes = _faults(failures)
    if refused:
        return Refusal(Reason.NODE_REFUSED, f"{words}. Nobody was charged", field=field, nodes=nodes)
    told_so = f"{words}. Nobody was charged by this run"
    return Unavailable(Reason.NODE_UNAVAILABLE, told_so, field=field, charged=Charged.NOTHING, nodes=nodes)


def _faults(failures: Mapping[str, ConcordatError]) -> tuple[NodeFault, ...]:
    """Each node's own reason and reference, refusals first."""
    names = sorted(failures, key=lambda name: (not isinstance(failures[name], Refusal), name))
    return tuple(NodeFault(name, failures[name].reason, failures[name].reference) for name in names)


def told(failures: Mapping[str, ConcordatError]) -> str:
    """What nodes did instead of answering, refusals first. Nodes that did the same are named together."""
    nodes: dict[str, list[str]] = {}
    for name in sorted(failures, key=lambda name: (not isinstance(failures[name], Refusal), name)):
        error = failures[name]
        verb = "refused" if isinstance(error, Refusal) else "did not answer"
        nodes.setdefault(f"{verb} ({error.reason.value}): {error.message}", []).append(name)
    return "; ".join(f"{', '.join(own)} {what}" for what, own in nodes.items())


def check_round(round_: Round) -> None:
    """Raises where a round gave nothing to make a result of."""
    if round_.held_until:
        hour = datetime.fromtimestamp(round_.held_until, UTC).isoformat().replace("+00:00", "Z")
        raise Unavailable(
            Reason.NOT_YET,
            f"the answers are stored and handed over from {hour}; get the result then by the same key",
            charged=Charged.STORED,
        )
    if round_.failures and not round_.answers:
        words, nodes = told(round_.failures), _faults(round_.failures)
        never_run = {Reason.NO_RESERVATION, Reason.QUERY_EXPIRED}
        if all(error.reason in never_run for error in round_.failures.values()):
            raise Refusal(Reason.UNKNOWN_RESULT, f"nothing was run under this key: {words}", nodes=nodes)
        told_so = f"no node gave an answer; run the same key again: {words}"
        raise Unavailable(Reason.NODE_UNAVAILABLE, told_so, nodes=nodes)
