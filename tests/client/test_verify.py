"""A client believes nothing that the nodes did not sign: every way of changing a result is noticed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from concordat.v1 import coordinator_pb2, node_pb2
from concordat_client import Connection
from concordat_client.asking import SignedQuestion
from concordat_client.verify import verify
from concordat_query.errors import VerificationError
from concordat_query.signing import Purpose, SigningKey
from concordat_query.wire import presentation_to_proto
from fakes.analysts import with_connection
from fakes.federation import FakeFederation, federation

SQL = "SELECT nation, severity, COUNT(*) AS n, AVG(age) AS mean_age FROM road.casualties GROUP BY nation, severity"
NATIONS = ["Wales", "Scotland"]
Tamper = Callable[[coordinator_pb2.Result, FakeFederation], None]


def change_a_figure(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    table = pa.ipc.open_stream(result.table).read_all()
    place = table.schema.get_field_index("n")
    changed = table.set_column(
        place, table.schema.field(place), pa.array([1] * table.num_rows, table.schema.types[place])
    )
    result.table = _ipc(changed)


def shrink_a_margin(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    table = pa.ipc.open_stream(result.table).read_all()
    place = table.schema.get_field_index("mean_age__margin")
    smaller = pa.array(np.asarray(table.column(place)) / 2, table.schema.types[place])
    result.table = _ipc(table.set_column(place, table.schema.field(place), smaller))


def send_no_table(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    result.table = b"no table"


def leave_a_node_out(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    del result.answers[0]


def count_a_node_twice(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    result.answers.append(result.answers[0])


def call_a_node_lost_and_keep_its_answer(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    cause = coordinator_pb2.MissingNode.CAUSE_UNAVAILABLE
    result.missing.append(coordinator_pb2.MissingNode(node="node-wales", cause=cause))


def say_that_a_node_holds_nothing(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    kept = [signed for signed in result.answers if _node(signed) != "node-wales"]
    del result.answers[:]
    result.answers.extend(kept)
    cause = coordinator_pb2.MissingNode.CAUSE_NOT_HELD
    result.missing.append(coordinator_pb2.MissingNode(node="node-wales", cause=cause))


def change_an_answer(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    answer = node_pb2.Answer.FromString(result.answers[0].answer)
    answer.components[0].values[0] += 1
    result.answers[0].answer = answer.SerializeToString()


def sign_an_answer_with_another_key(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    signature = SigningKey.generate().sign(Purpose.ANSWER, result.answers[0].answer)
    result.answers[0].signature = signature


TAMPERINGS: list[Tamper] = [
    change_a_figure,
    shrink_a_margin,
    send_no_table,
    leave_a_node_out,
    count_a_node_twice,
    call_a_node_lost_and_keep_its_answer,
    say_that_a_node_holds_nothing,
    change_an_answer,
    sign_an_answer_with_another_key,
]


def _node(signed: node_pb2.SignedAnswer) -> str:
    return node_pb2.Answer.FromString(signed.answer).node


def _ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


async def test_every_tampering_with_a_result_is_noticed_and_an_honest_one_passes(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=NATIONS) as fed:

        def work(connection: Connection) -> None:
            question = connection.ask(SQL)
            honest = connection.run(question)
            sent = _sent(connection, question)
            assert verify(question, sent, connection.catalogue, connection.agreement).table == honest.table
            for tamper in TAMPERINGS:
                changed = coordinator_pb2.Result.FromString(sent.SerializeToString())
                tamper(changed, fed)
                with pytest.raises(VerificationError):
                    verify(question, changed, connection.catalogue, connection.agreement)

        await with_connection(fed, work)


def _sent(connection: Connection, question: SignedQuestion) -> coordinator_pb2.Result:
    """The coordinator's own message for a question that was run."""
    request = coordinator_pb2.GetResultRequest(
        query=question.signed, presentation=presentation_to_proto(question.presentation)
    )
    return connection._stub.GetResult(request, timeout=10).result


async def test_an_answer_to_another_question_is_noticed(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=NATIONS) as fed:

        def work(connection: Connection) -> None:
            asked = connection.ask(SQL)
            other = connection.ask(
                "SELECT nation, severity, COUNT(*) AS n FROM road.casualties GROUP BY nation, severity"
            )
            connection.run(other)
            with pytest.raises(VerificationError, match="another query"):
                verify(asked, _sent(connection, other), connection.catalogue, connection.agreement)

        await with_connection(fed, work)
