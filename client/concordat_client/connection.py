"""A connection to one coordinator: signs what is asked, verifies what comes back."""

from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
from concordat.v1 import coordinator_pb2, coordinator_pb2_grpc
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.errors import Reason, Unavailable
from concordat_query.wire_presentation import presentation_to_proto
from concordat_wire.channel import open_sync_channel
from concordat_wire.status import error_from_rpc

from concordat_client.asking import SignedQuestion, ask
from concordat_client.config import Settings, read_settings
from concordat_client.explanation import Explanation, explained
from concordat_client.progress import Listener, tell
from concordat_client.result import Result
from concordat_client.retrying import with_retries
from concordat_client.verify import verify


def connect(config: str | Path) -> "Connection":
    """Opens a connection from a client.toml. Raises Refusal if a file is missing or malformed; connects lazily."""
    return Connection(read_settings(Path(config)))


class Connection:
    """Synchronous; safe to keep open. Every result it returns has been verified."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._channel = open_sync_channel(settings.coordinator, settings.tls, settings.coordinator_name)
        self._stub = coordinator_pb2_grpc.CoordinatorServiceStub(self._channel)

    @property
    def catalogue(self) -> Catalogue:
        return self._settings.catalogue

    @property
    def agreement(self) -> Agreement:
        return self._settings.agreement

    def ask(self, sql: str, *, idempotency_key: str | None = None) -> SignedQuestion:
        """Reads, checks, prices and signs a question without sending it. Raises Refusal."""
        return ask(sql, self.catalogue, self.agreement, self._settings.key, idempotency_key)

    def query(self, sql: str, *, idempotency_key: str | None = None, on_progress: Listener | None = None) -> Result:
        """Runs a question and verifies the result.

        Where a party cannot be reached it tries a few times more, under the same key; `on_progress` hears of it.

        Raises Refusal (nothing was charged), Unavailable (run again with its `idempotency_key`) or VerificationError
        (the result does not prove itself).
        """
        return self.run(self.ask(sql, idempotency_key=idempotency_key), on_progress)

    def run(self, question: SignedQuestion, on_progress: Listener | None = None) -> Result:
        """Runs a question that was asked before, as `query` does. Running it twice charges once."""
        request = coordinator_pb2.RunRequest(
            query=question.signed,
            presentation=presentation_to_proto(question.presentation),
            progress=on_progress is not None,
        )
        result = with_retries(
            lambda seconds: self._run(request, seconds, on_progress),
            question.envelope.idempotency_key,
            self._settings.timeout,
            on_progress,
        )
        return verify(question, result, self.catalogue, self.agreement)

    def _run(
        self, request: coordinator_pb2.RunRequest, seconds: float, on_progress: Listener | None
    ) -> coordinator_pb2.Result:
        result = None
        try:
            for event in self._stub.Run(request, timeout=seconds):
                if event.WhichOneof("event") == "result":
                    result = event.result
                else:
                    tell(on_progress, event.progress)
        except grpc.RpcError as error:
            raise error_from_rpc(error) from None
        if result is None:
            raise Unavailable(Reason.NODE_UNAVAILABLE, "the coordinator ended without a result; run the same key again")
        return result

    def fetch(self, question: SignedQuestion) -> Result:
        """The result of a question that was run before, after a dropped connection. Charges nothing."""
        request = coordinator_pb2.GetResultRequest(
            query=question.signed, presentation=presentation_to_proto(question.presentation)
        )
        result = with_retries(
            lambda seconds: self._fetch(request, seconds),
            question.envelope.idempotency_key,
            self._settings.timeout,
            None,
        )
        return verify(question, result, self.catalogue, self.agreement)

    def _fetch(self, request: coordinator_pb2.GetResultRequest, seconds: float) -> coordinator_pb2.Result:
        try:
            return self._stub.GetResult(request, timeout=seconds).result
        except grpc.RpcError as error:
            raise error_from_rpc(error) from None

    def explain(self, sql: str) -> Explanation:
        """What a question would cost, whether it would be admitted, and how precise it would be. Charges nothing."""
        question = self.ask(sql)
        request = coordinator_pb2.CoordinatorServiceExplainRequest(query=question.signed)
        try:
            response = self._stub.Explain(request, timeout=self._settings.timeout)
        except grpc.RpcError as error:
            raise error_from_rpc(error) from None
        return explained(question, response, self.describe(), self.catalogue, self.agreement)

    def describe(self) -> coordinator_pb2.CoordinatorServiceDescribeResponse:
        """What each node holds, in public terms."""
        request = coordinator_pb2.CoordinatorServiceDescribeRequest()
        try:
            return self._stub.Describe(request, timeout=self._settings.timeout)
        except grpc.RpcError as error:
            raise error_from_rpc(error) from None

    def budget(self) -> coordinator_pb2.CoordinatorServiceGetBudgetResponse:
        """The accounts at each node."""
        request = coordinator_pb2.CoordinatorServiceGetBudgetRequest()
        try:
            return self._stub.GetBudget(request, timeout=self._settings.timeout)
        except grpc.RpcError as error:
            raise error_from_rpc(error) from None

    def close(self) -> None:
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
