"""A client believes nothing that the nodes did not sign: every way of changing a result is noticed."""

import hashlib
from collections.abc import Callable, Iterable
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
from concordat_query.wire_presentation import presentation_to_proto
from fakes.analysts import with_connection
from fakes.editions import build_edition
from fakes.federation import FakeFederation, FakeMember, federation
from google.protobuf.message import Message

SQL = "SELECT nation, severity, COUNT(*) AS n, AVG(age) AS mean_age FROM road.casualties GROUP BY nation, severity"
MEAN = "SELECT nation, AVG(age) AS mean_age FROM road.casualties GROUP BY nation"
NATIONS = ["Wales", "Scotland"]
NO_AGE = {"Wales": {"columns": {"age": {"held": False}}}}
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


def leave_a_delivery_out(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    del result.deliveries[0]


def leave_a_delivery_empty(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    result.deliveries[0].Clear()


def swap_deliveries(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    result.deliveries[0].CopyFrom(result.deliveries[1])


def sign_a_delivery_with_another_key(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    delivery = result.deliveries[0]
    delivery.signature = SigningKey.generate().sign(Purpose.DELIVERY, delivery.delivery)


def change_what_was_charged(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    delivery = node_pb2.Delivery.FromString(result.deliveries[0].delivery)
    delivery.charged_nano = 0
    result.deliveries[0].delivery = delivery.SerializeToString()


def tell_another_cost(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    result.charges[0].price_nano = 1


def tell_no_cost_of_a_node(result: coordinator_pb2.Result, _: FakeFederation) -> None:
    del result.charges[0]


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
    leave_a_delivery_out,
    leave_a_delivery_empty,
    swap_deliveries,
    sign_a_delivery_with_another_key,
    change_what_was_charged,
    tell_another_cost,
    tell_no_cost_of_a_node,
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
        query=question.signed, presentation=presentation_to_proto(question.presentation), table=True
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


async def test_an_answer_given_to_an_earlier_request_is_noticed_though_query_and_node_are_the_same(
    tmp_path: Path,
) -> None:
    async with federation(tmp_path, nations=NATIONS) as fed:

        def work(connection: Connection) -> None:
            earlier, question = connection.run(connection.ask(SQL)).question, connection.ask(SQL)
            connection.run(question)
            replayed, sent = _sent(connection, earlier), _sent(connection, question)
            assert replayed.answers == sent.answers  # stored, and served again: only the deliveries differ
            for result in (replayed, _with(sent, deliveries=replayed.deliveries)):
                with pytest.raises(VerificationError, match="to another request"):
                    verify(question, result, connection.catalogue, connection.agreement)

        await with_connection(fed, work)


async def test_an_older_editions_answer_is_noticed_whichever_delivery_comes_with_it(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales"]) as fed:

        def run(connection: Connection) -> tuple[SignedQuestion, coordinator_pb2.Result]:
            question = connection.ask(SQL)
            connection.run(question)
            return question, _sent(connection, question)

        _, older = await with_connection(fed, run)
        await _import_again(fed.members["Wales"])
        question, newer = await with_connection(fed, run)
        assert _edition(older) != _edition(newer)
        verify(question, newer, fed.catalogue, fed.members["Wales"].settings.agreement)
        for replayed, told in (
            (older, "to another request"),
            (_with(newer, answers=older.answers), "something else"),
            (_with(newer, deliveries=older.deliveries), "to another request"),
        ):
            with pytest.raises(VerificationError, match=told):
                verify(question, replayed, fed.catalogue, fed.members["Wales"].settings.agreement)


async def test_an_earlier_declaration_that_nothing_is_held_is_noticed(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=NATIONS, holds=NO_AGE) as fed:

        def work(connection: Connection) -> None:
            earlier, question = connection.run(connection.ask(MEAN)).question, connection.ask(MEAN)
            connection.run(question)
            replayed, sent = _sent(connection, earlier), _sent(connection, question)
            assert [missing.declaration for missing in replayed.missing] == [m.declaration for m in sent.missing]
            verify(question, sent, connection.catalogue, connection.agreement)
            without = _with(sent, missing=sent.missing)
            without.missing[0].ClearField("delivery")
            for result, told in (
                (_with(sent, missing=replayed.missing), "to another request"),
                (without, "does not say"),
            ):
                with pytest.raises(VerificationError, match=f"node-wales: .*{told}"):
                    verify(question, result, connection.catalogue, connection.agreement)

        await with_connection(fed, work)


async def test_what_a_run_cost_is_nothing_or_what_the_node_signed(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales"]) as fed:

        def work(connection: Connection) -> None:
            paid = connection.run(connection.ask(SQL))
            (charge,) = paid.charges
            assert charge.price_nano == charge.signed_nano == paid.question.envelope.query.price_nano
            (again,) = connection.fetch(paid.question).charges
            assert (again.price_nano, again.signed_nano) == (0, charge.price_nano)
            served = connection.ask(SQL)
            (free,) = connection.run(served).charges
            assert (free.price_nano, free.signed_nano) == (0, 0)
            dearer = _sent(connection, served)
            dearer.charges[0].price_nano = charge.price_nano
            with_delta = _sent(connection, served)
            with_delta.charges[0].delta_e15 = 1
            for told in (dearer, with_delta):
                with pytest.raises(VerificationError, match=r"node-wales: .*cost"):
                    verify(served, told, connection.catalogue, connection.agreement)

        await with_connection(fed, work)


async def test_the_differences_that_a_node_declares_are_in_the_notes(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=NATIONS, holds=NO_AGE) as fed:
        key = fed.members["Wales"].settings.signing_key

        def work(connection: Connection) -> None:
            question = connection.run(connection.ask(MEAN)).question
            sent = _sent(connection, question)
            _declare(sent.missing[0], "Counted at dusk.", key)
            notes = verify(question, sent, connection.catalogue, connection.agreement).table.notes
            assert any("Counted at dusk." in note for note in notes)

        await with_connection(fed, work)


def _declare(missing: coordinator_pb2.MissingNode, difference: str, key: SigningKey) -> None:
    """As the node would sign it, had its data that difference."""
    declaration = node_pb2.Declaration.FromString(missing.declaration.declaration)
    declaration.differences.append(difference)
    data = declaration.SerializeToString()
    delivery = node_pb2.Delivery.FromString(missing.delivery.delivery)
    delivery.content_sha256 = hashlib.sha256(data).digest()
    told = delivery.SerializeToString()
    missing.declaration.CopyFrom(
        node_pb2.SignedDeclaration(declaration=data, signature=key.sign(Purpose.DECLARATION, data))
    )
    missing.delivery.CopyFrom(node_pb2.SignedDelivery(delivery=told, signature=key.sign(Purpose.DELIVERY, told)))


def _with(result: coordinator_pb2.Result, **parts: Iterable[Message]) -> coordinator_pb2.Result:
    """The same result with some of its lists taken from elsewhere."""
    changed = coordinator_pb2.Result.FromString(result.SerializeToString())
    for name, messages in parts.items():
        changed.ClearField(name)
        getattr(changed, name).extend(messages)
    return changed


async def _import_again(member: FakeMember) -> None:
    """Another edition comes in force."""
    known = member.settings.mappings["road.casualties"]
    build_edition(member.settings.state, known.dataset, known.definition, [], mapping_sha256=known.mapping_sha256)
    await member.stop()
    await member.start()


def _edition(result: coordinator_pb2.Result) -> str:
    return node_pb2.Answer.FromString(result.answers[0].answer).edition.id
