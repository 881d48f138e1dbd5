"""CoordinatorService: reads requests, drives the protocol, streams what happens. It holds no query after its result."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from concordat.v1 import coordinator_pb2, node_pb2
from concordat_privacy.effort import check_effort
from concordat_privacy.places import check_totals
from concordat_privacy.plan import plan
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.check_presentation import check_presentation
from concordat_query.comparability import check_merging
from concordat_query.errors import ConcordatError, Reason, Refusal
from concordat_query.wire import envelope_from_bytes
from concordat_query.wire_presentation import presentation_from_proto
from concordat_wire.server import Context

from concordat_coordinator.federation import Federation, every
from concordat_coordinator.protocol import Asked, Protocol, Round, check_round
from concordat_coordinator.results import failure_of, result_of

LONGEST_SECONDS = 600.0
LOOK_SECONDS = 10.0
TABLES_AT_ONCE = 2
_log = logging.getLogger(__name__)
RunResponse = coordinator_pb2.RunResponse


class CoordinatorService:
    """The servicer of concordat.v1.CoordinatorService."""

    def __init__(self, federation: Federation, catalogue: Catalogue, agreement: Agreement) -> None:
        self._federation = federation
        self._catalogue = catalogue
        self._agreement = agreement
        self._protocol = Protocol(federation, catalogue, agreement)
        self._running: set[asyncio.Task[None]] = set()
        self._tables = ThreadPoolExecutor(TABLES_AT_ONCE, thread_name_prefix="tables")

    async def Run(  # as the .proto names it
        self, request: coordinator_pb2.RunRequest, context: Context
    ) -> AsyncIterator[coordinator_pb2.RunResponse]:
        """Runs apart from the caller: one who goes away during Commit interrupts nothing that is being paid for."""
        asked = self._read(request)
        events: asyncio.Queue[RunResponse | None] = asyncio.Queue()
        wanted = True
        tell = events.put_nowait if request.progress else lambda event: None
        task = self._start(self._run(asked, _seconds(context), events.put_nowait, tell, lambda: wanted))
        task.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
        finally:
            wanted = False
        await task

    async def _run(
        self,
        asked: Asked,
        seconds: float,
        emit: Callable[[RunResponse | None], None],
        tell: Callable[[RunResponse], None],
        wanted: Callable[[], bool],
    ) -> None:
        def progress(event: coordinator_pb2.Progress) -> None:
            tell(RunResponse(progress=event))

        prepared = await self._protocol.prepare(asked, progress)
        if not wanted():  # gone before anything was charged: nothing need be
            await self._protocol.cancel(asked, self._federation.of(prepared), prepared)
            return
        round_ = await self._protocol.commit(asked, prepared, progress, seconds)
        check_round(round_)
        quotes = {name: response.quote for name, response in prepared.items()}
        if wanted():  # else what was charged is stored, for whoever asks again
            emit(RunResponse(result=await self._result(asked, round_, quotes)))

    async def _result(
        self, asked: Asked, round_: Round, quotes: Mapping[str, node_pb2.Quote]
    ) -> coordinator_pb2.Result:
        """With a table, in a thread of its own: it may take long to make, and others are served meanwhile."""
        work = partial(result_of, asked, round_, quotes, self._catalogue, self._agreement)
        if not asked.table:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._tables, work)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            reason = error.reason.value if isinstance(error, ConcordatError) else type(error).__name__
            _log.info("run ended reason=%s", reason)

    async def GetResult(
        self, request: coordinator_pb2.GetResultRequest, context: Context
    ) -> coordinator_pb2.GetResultResponse:
        asked = self._read(request)
        round_ = await self._protocol.collect(asked, _seconds(context))
        check_round(round_)
        return coordinator_pb2.GetResultResponse(result=await self._result(asked, round_, {}))

    def _read(self, request: coordinator_pb2.RunRequest | coordinator_pb2.GetResultRequest) -> Asked:
        """What must be right before any node is bothered. Nodes check everything again and more."""
        envelope = envelope_from_bytes(request.query.envelope)
        self._check_catalogue(envelope.catalogue_sha256)
        nations = [member.nation for member in self._federation.of(envelope.audience)]
        presentation = presentation_from_proto(request.presentation)
        check_presentation(presentation, envelope.query)
        dataset = self._catalogue.dataset(envelope.query.dataset)
        check_merging(envelope.query, dataset, by_nation=presentation.by_nation, nations=nations)
        planned = plan(envelope.query, dataset)
        check_totals(planned, presentation)
        check_effort(planned, presentation, len(envelope.audience))
        return Asked(request.query, request.credentials, envelope, presentation, planned, request.table)

    def _check_catalogue(self, sha256: str) -> None:
        if sha256 != self._catalogue.sha256:
            raise Refusal(
                Reason.WRONG_CATALOGUE,
                "the query was written against another version of the catalogue than this coordinator holds",
                field="query.envelope.catalogue_sha256",
            )

    async def Explain(
        self, request: coordinator_pb2.CoordinatorServiceExplainRequest, context: Context
    ) -> coordinator_pb2.CoordinatorServiceExplainResponse:
        members = self._federation.of(envelope_from_bytes(request.query.envelope).audience)
        explain = node_pb2.ExplainRequest(query=request.query, credentials=request.credentials)
        outcomes = await every(members, lambda m: m.stub.Explain(explain, timeout=LOOK_SECONDS), again=True)
        return coordinator_pb2.CoordinatorServiceExplainResponse(
            quotes=[
                coordinator_pb2.NodeQuote(node=member.name, failure=failure_of(outcome))
                if isinstance(outcome, ConcordatError)
                else coordinator_pb2.NodeQuote(node=member.name, quote=outcome.quote)
                for member, outcome in outcomes
            ]
        )

    async def Describe(
        self, request: coordinator_pb2.CoordinatorServiceDescribeRequest, context: Context
    ) -> coordinator_pb2.CoordinatorServiceDescribeResponse:
        describe = node_pb2.DescribeRequest()
        members = self._federation.members.values()
        outcomes = await every(members, lambda m: m.stub.Describe(describe, timeout=LOOK_SECONDS), again=True)
        nodes = []
        for member, outcome in outcomes:
            told = coordinator_pb2.NodeDescription(node=member.name, nation=member.nation)
            if isinstance(outcome, ConcordatError):
                told.failure.CopyFrom(failure_of(outcome))
            else:
                told.description.CopyFrom(outcome)
            nodes.append(told)
        return coordinator_pb2.CoordinatorServiceDescribeResponse(nodes=nodes)

    async def GetBudget(
        self, request: coordinator_pb2.CoordinatorServiceGetBudgetRequest, context: Context
    ) -> coordinator_pb2.CoordinatorServiceGetBudgetResponse:
        look = node_pb2.GetBudgetRequest()
        members = self._federation.members.values()
        outcomes = await every(members, lambda m: m.stub.GetBudget(look, timeout=LOOK_SECONDS), again=True)
        return coordinator_pb2.CoordinatorServiceGetBudgetResponse(
            budgets=[
                coordinator_pb2.NodeBudget(node=member.name, failure=failure_of(outcome))
                if isinstance(outcome, ConcordatError)
                else coordinator_pb2.NodeBudget(node=member.name, budget=outcome)
                for member, outcome in outcomes
            ]
        )

    async def drain(self, seconds: float) -> None:
        """Waits for running queries to end."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)


def _seconds(context: Context) -> float:
    return min(float(context.time_remaining()), LONGEST_SECONDS)
