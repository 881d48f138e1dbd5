"""NodeService: admission, then the ledger, then the engine, then the ledger again; only then does an answer leave.

Nothing that a coordinator says is believed. Everything is decided from the signed query and the node's own files.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Protocol

from concordat.v1 import engine_pb2, node_pb2, query_pb2
from concordat_privacy.prices import currency_of
from concordat_query.errors import ConcordatError, Reason, Refusal, Unavailable
from concordat_query.signing import SigningKey
from concordat_query.wire import calculus_to_proto
from concordat_wire.server import Context

from concordat_node.admission import Identified, check_in_force, check_lifetime
from concordat_node.answer import edition_to_proto, sign_answer, sign_declaration, sign_delivery
from concordat_node.desk import Desk, Ready
from concordat_node.importing.edition import EditionInfo
from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger.records import Balance, Charge, Reservation, Stored
from concordat_node.ledger_worker import LedgerWorker
from concordat_node.profiles import profile_key
from concordat_node.witness import Witness

_log = logging.getLogger(__name__)
Decided = Ready | ConcordatError
"""What may be done with a query, or why nothing may."""


class Engine(Protocol):
    """The one that sees data. It gives noisy components for a signed query and the receipt of its charge.

    `require` raises where it could not do so from an edition.
    """

    async def require(self, edition: str) -> None: ...

    async def release(
        self, query: query_pb2.SignedQuery, receipt: engine_pb2.SignedReceipt
    ) -> Sequence[node_pb2.Component]: ...


@dataclass(frozen=True)
class _Prior:
    """What the ledger knew before, or newly reserved: at most one of the three."""

    charge: Charge | None = None
    stored: bool = False
    reservation: Reservation | None = None


class NodeService:
    """The servicer of concordat.v1.NodeService. `clock` gives Unix seconds."""

    def __init__(
        self,
        desk: Desk,
        ledger: LedgerWorker,
        engine: Engine,
        key: SigningKey,
        *,
        reservation_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._desk = desk
        self._rules = desk.rules
        self._ledger = ledger
        self._engine = engine
        self._key = key
        self._lifetime = reservation_seconds
        self._clock = clock
        self._commits: set[asyncio.Task[node_pb2.CommitResponse]] = set()
        self._computing: dict[int, asyncio.Task[bytes]] = {}
        self._draining = False
        self.witness = Witness(self._rules.node, key.public_key, ledger)

    # What a coordinator may ask

    async def Describe(  # as the .proto names it
        self, request: node_pb2.DescribeRequest, context: Context
    ) -> node_pb2.DescribeResponse:
        rules = self._rules
        head, profiles = await self._head_and_profiles()
        return node_pb2.DescribeResponse(
            node=rules.node,
            nation=rules.agreement.party_by_node[rules.node].nation,
            catalogue_sha256=rules.catalogue.sha256,
            agreement_id=rules.agreement.id,
            agreement_version=rules.agreement.version,
            holdings=[self._holding(dataset, profiles.get(dataset)) for dataset in sorted(rules.holdings)],
            head=head,
            software_version=version("concordat"),
        )

    async def _head_and_profiles(self) -> tuple[node_pb2.SignedHead, dict[str, Stored | None]]:
        """The log's head and, by data set, the profile of the edition in force: in one visit to the ledger."""
        editions = {dataset: self._desk.edition_or_refusal(dataset) for dataset in self._rules.holdings}
        keys = {name: profile_key(edition) for name, edition in editions.items() if isinstance(edition, EditionInfo)}

        def look(ledger: Ledger) -> tuple[node_pb2.SignedHead, dict[str, Stored | None]]:
            return ledger.head(), {dataset: ledger.stored_answer(key) for dataset, key in keys.items()}

        return await self._ledger.run(look)

    def _holding(self, dataset: str, profile: Stored | None) -> node_pb2.Holding:
        holding = self._rules.holdings[dataset]
        told = node_pb2.Holding(
            dataset=dataset,
            definition_sha256=self._rules.catalogue.dataset(dataset).definition_sha256,
            mapping_sha256=holding.mapping_sha256,
            coverage=holding.coverage_message,
            differences=holding.differences,
        )
        edition = self._desk.edition_or_refusal(dataset)
        if isinstance(edition, EditionInfo):
            told.edition.CopyFrom(edition_to_proto(edition))
            if profile is not None and edition.mapping_sha256 == holding.mapping_sha256:
                told.profile.ParseFromString(profile.answer)
        return told

    async def Explain(self, request: node_pb2.ExplainRequest, context: Context) -> node_pb2.ExplainResponse:
        asked = self._desk.identify(request.query)
        quote, _, _ = await self._quoted(asked, reserve=False)
        return node_pb2.ExplainResponse(quote=quote)

    async def Prepare(self, request: node_pb2.PrepareRequest, context: Context) -> node_pb2.PrepareResponse:
        self._refuse_while_draining()
        asked = self._desk.identify(request.query)
        await self.witness.heed(request.witnessed)
        quote, ready, reservation = await self._quoted(asked, reserve=True)
        _log.info("prepared query=%s stored=%s", asked.request_sha256.hex()[:12], quote.stored_answer)
        response = node_pb2.PrepareResponse(quote=quote)
        if quote.nothing_held and ready is not None:
            response.declaration.CopyFrom(sign_declaration(ready.admitted, self._rules, self._key))
            response.delivery.CopyFrom(self._delivery(asked, response.declaration.declaration, (0, 0)))
        if reservation is not None:
            response.reservation = reservation.id
            response.reserved_until = int(reservation.expires_at)
        return response

    async def Commit(self, request: node_pb2.CommitRequest, context: Context) -> node_pb2.CommitResponse:
        """Runs apart from the call: a caller who goes away cannot come between charge and stored answer."""
        asked = self._desk.identify(request.query)
        task = asyncio.create_task(self._commit(asked, request.reservation, tuple(request.participants)))
        self._commits.add(task)
        task.add_done_callback(self._committed)
        return await asyncio.shield(task)

    async def Cancel(self, request: node_pb2.CancelRequest, context: Context) -> node_pb2.CancelResponse:
        asked = self._desk.identify(request.query)
        await self._ledger.run(lambda ledger: ledger.cancel(asked.analyst, asked.envelope.idempotency_key))
        return node_pb2.CancelResponse()

    async def GetBudget(self, request: node_pb2.GetBudgetRequest, context: Context) -> node_pb2.GetBudgetResponse:
        balances = await self._ledger.run(Ledger.balances)
        accounts = [
            self._account(population, balances[population])
            for population in sorted(self._rules.agreement.populations)
            if population in balances
        ]
        return node_pb2.GetBudgetResponse(node=self._rules.node, accounts=accounts)

    def _account(self, population: str, balance: Balance) -> node_pb2.AccountBalance:
        return node_pb2.AccountBalance(
            population=population,
            budget_nano=balance.budget,
            spent_nano=balance.spent,
            reserved_nano=balance.reserved,
            delta=currency_of(self._rules.agreement, population).delta,
            calculus=calculus_to_proto(balance.calculus),
            budget_delta_e15=balance.delta_budget,
            spent_delta_e15=balance.delta_spent,
            reserved_delta_e15=balance.delta_reserved,
        )

    # Prepare

    async def _quoted(
        self, asked: Identified, *, reserve: bool
    ) -> tuple[node_pb2.Quote, Ready | None, Reservation | None]:
        """The quote; with `reserve` its price is held. A query charged before is quoted at nothing, even if expired."""
        decided = self._decide(asked)
        if reserve:
            decided = await self._answerable(decided)

        def look(ledger: Ledger) -> tuple[_Prior, dict[str, Balance]]:
            return self._look(ledger, asked, decided, reserve), ledger.balances()

        prior, balances = await self._ledger.run(look)
        ready = decided if isinstance(decided, Ready) else None
        return self._quote(asked, ready, prior, balances), ready, prior.reservation

    def _look(self, ledger: Ledger, asked: Identified, decided: Decided, reserve: bool) -> _Prior:
        """In the ledger's thread, in one visit."""
        charge = ledger.charge_of(asked.analyst, asked.envelope.idempotency_key, asked.request_sha256)
        if charge is not None:
            check_in_force(self._rules.agreement, self._clock())
            return _Prior(charge=charge)
        if isinstance(decided, ConcordatError):
            raise decided
        if decided.request is None:
            return _Prior()
        if ledger.stored_answer(decided.request.answer_key) is not None:
            return _Prior(stored=True)
        return _Prior(reservation=ledger.reserve(decided.request, self._lifetime) if reserve else None)

    def _quote(
        self, asked: Identified, ready: Ready | None, prior: _Prior, balances: dict[str, Balance]
    ) -> node_pb2.Quote:
        stored = prior.stored or (prior.charge is not None and prior.charge.answer is not None)
        quote = node_pb2.Quote(node=self._rules.node, stored_answer=stored)
        if prior.charge is not None:
            population = prior.charge.request.population
        else:
            population = self._rules.catalogue.dataset(asked.envelope.query.dataset).population
        if population in balances and population in self._rules.agreement.populations:
            quote.account.CopyFrom(self._account(population, balances[population]))
        if ready is not None:
            self._describe(quote, ready)
            quote.nothing_held = ready.request is None and prior.charge is None
            if not stored and prior.charge is None:
                quote.price_nano, quote.delta_e15 = ready.admitted.price_nano, ready.admitted.delta_e15
        return quote

    def _describe(self, quote: node_pb2.Quote, ready: Ready) -> None:
        quote.coverage.CopyFrom(ready.admitted.holding.coverage_message)
        quote.differences.extend(ready.admitted.differences)
        if ready.edition is not None:
            quote.edition.CopyFrom(edition_to_proto(ready.edition))

    def _decide(self, asked: Identified) -> Decided:
        """Full admission and an intact edition, or why not. As a value: a query charged before needs neither."""
        now = self._clock()
        self.witness.refuse_after_rollback()
        try:
            check_lifetime(asked.envelope, now)
            return self._desk.ready(asked, now)
        except Refusal as refusal:
            expired = refusal.reason is Reason.QUERY_EXPIRED
            return (self._nothing_held(asked, now) if expired else None) or refusal

    async def _answerable(self, decided: Decided) -> Decided:
        """The same, or why the engine could not answer: nobody may be charged for what then cannot be computed."""
        if isinstance(decided, Ready) and decided.edition is not None:
            try:
                await self._engine.require(decided.edition.id)
            except ConcordatError as error:
                return error
        return decided

    def _nothing_held(self, asked: Identified, now: float) -> Ready | None:
        """A declaration is free and public: those who fetch a result after the query expired get it, too."""
        try:
            admitted = self._desk.admitted(asked, now)
        except Refusal:
            return None
        return Ready(admitted, None, None) if admitted.nothing_held else None

    # Commit

    async def _commit(
        self, asked: Identified, reservation: str, participants: tuple[str, ...]
    ) -> node_pb2.CommitResponse:
        decided = await self._answerable(self._decide(asked))
        charge = await self._ledger.run(lambda ledger: self._charge(ledger, asked, decided, reservation, participants))
        if charge is None:
            declaration = sign_declaration(self._desk.admitted(asked, self._clock()), self._rules, self._key)
            delivery = self._delivery(asked, declaration.declaration, (0, 0))
            return node_pb2.CommitResponse(declaration=declaration, delivery=delivery)
        self.witness.remember(charge.head.head)
        answer = charge.answer if charge.answer is not None else await self._computed(asked, charge)
        if charge.not_before > self._clock():
            return node_pb2.CommitResponse(held_until=charge.not_before)
        signed = node_pb2.SignedAnswer.FromString(answer)
        charged = charge.charged(asked.analyst, asked.envelope.idempotency_key)
        return node_pb2.CommitResponse(answer=signed, delivery=self._delivery(asked, signed.answer, charged))

    def _delivery(self, asked: Identified, content: bytes, charged: tuple[int, int]) -> node_pb2.SignedDelivery:
        return sign_delivery(asked, content, charged, self._rules, self._key)

    def _charge(
        self,
        ledger: Ledger,
        asked: Identified,
        decided: Decided,
        reservation: str,
        participants: tuple[str, ...],
    ) -> Charge | None:
        """In the ledger's thread: the charge, made before or now; None where nothing is held and nothing charged."""
        prior = ledger.charge_of(asked.analyst, asked.envelope.idempotency_key, asked.request_sha256)
        if prior is not None:
            check_in_force(self._rules.agreement, self._clock())
            return prior
        if isinstance(decided, ConcordatError):
            raise decided
        if decided.request is None:
            return None
        self._check_participants(asked, participants)
        return ledger.charge(decided.request, reservation, participants)

    def _check_participants(self, asked: Identified, participants: tuple[str, ...]) -> None:
        """Participants are signed into the answer: they must be nodes that the analyst asked, this one among them."""
        known = set(participants) <= set(asked.envelope.audience) and self._rules.node in participants
        if not known or list(participants) != sorted(set(participants)):
            raise Refusal(
                Reason.MALFORMED_REQUEST,
                "participants must be nodes of the query's audience, sorted, each once, this node among them",
                field="participants",
            )

    async def _computed(self, asked: Identified, charge: Charge) -> bytes:
        """The stored answer of a charge that had none yet. Callers at the same time share one computation."""
        running = self._computing.get(charge.sequence)
        if running is None:
            running = asyncio.create_task(self._compute(asked, charge))
            self._computing[charge.sequence] = running
            running.add_done_callback(lambda _: self._computing.pop(charge.sequence, None))
        return await asyncio.shield(running)

    async def _compute(self, asked: Identified, charge: Charge) -> bytes:
        admitted = self._desk.admitted(asked, self._clock())
        edition = self._desk.pinned(admitted, charge.request.edition)
        components = await self._engine.release(asked.signed, charge.receipt)
        answer = sign_answer(admitted, charge, edition, components, self._rules, self._key)
        return await self._ledger.run(lambda ledger: ledger.store(charge.request, answer))

    def _committed(self, task: asyncio.Task[node_pb2.CommitResponse]) -> None:
        self._commits.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.info("commit ended reason=%s", getattr(error, "reason", type(error).__name__))

    # Ending

    def _refuse_while_draining(self) -> None:
        if self._draining:
            raise Unavailable(Reason.NODE_UNAVAILABLE, "this node is shutting down; run the same key again later")

    async def drain(self, seconds: float) -> None:
        """Refuses new queries and waits for those being committed."""
        self._draining = True
        if self._commits:
            await asyncio.wait(self._commits, timeout=seconds)
