"""A coordinator adds no nations up that do not compare, whatever it is sent."""

from dataclasses import replace
from pathlib import Path

import pytest
from concordat.v1 import coordinator_pb2
from concordat_client import Connection
from concordat_client.verify import verify
from concordat_query.errors import Reason, Refusal, SqlRefusal, VerificationError
from concordat_query.model import AggregateRef, KeyColumn, Presentation, ValueColumn
from concordat_query.wire_presentation import presentation_to_proto
from concordat_wire.status import error_from_rpc
from fakes.analysts import with_connection
from fakes.catalogue import comparing
from fakes.federation import SECONDS, by_severity, federation
from grpc import aio

CATALOGUE = comparing(severity="not comparable", age="with caveat")
NATIONS = ["Wales", "Scotland"]
MERGED = Presentation(False, (KeyColumn("severity", 0), ValueColumn("n", AggregateRef(0))))
SQL = "SELECT severity, COUNT(*) AS n FROM road.casualties GROUP BY severity"


async def test_a_request_made_by_hand_is_refused_and_no_node_is_asked(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=NATIONS, catalogue=CATALOGUE) as fed:
        with pytest.raises(aio.AioRpcError) as caught:
            await fed.run(fed.signed(), presentation=MERGED)
        error = error_from_rpc(caught.value)
        assert isinstance(error, Refusal)
        assert error.reason is Reason.NOT_COMPARABLE
        assert error.field == "presentation.by_nation"
        assert "severity does not compare across nations" in error.message
        for member in fed.members.values():
            assert (await member.spent(), await member.reserved()) == (0, 0)
            assert await member.log() == ["genesis", "budget", "budget"]


async def test_nor_is_a_result_that_was_paid_for_by_nation_shown_merged_afterwards(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=NATIONS, catalogue=CATALOGUE) as fed:
        signed = fed.signed()
        await fed.run(signed)
        request = coordinator_pb2.GetResultRequest(query=signed, presentation=presentation_to_proto(MERGED))
        with pytest.raises(aio.AioRpcError) as caught:
            await fed.analysts_stub().GetResult(request, timeout=SECONDS)
        assert error_from_rpc(caught.value).reason is Reason.NOT_COMPARABLE


async def test_one_nation_is_answered_merged_and_all_by_nation_without_a_total(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=NATIONS, catalogue=CATALOGUE) as fed:
        await fed.run(fed.signed(by_severity(), audience=("node-wales",)), presentation=MERGED)
        by_nation = SQL.replace("severity", "nation, severity")
        result = await with_connection(fed, lambda connection: connection.query(by_nation))
        assert {row.nation for row in result.table.rows} == set(NATIONS)


async def test_an_analyst_is_refused_before_anything_is_sent_at_the_columns_place(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=NATIONS, catalogue=CATALOGUE) as fed:

        def ask(connection: Connection) -> None:
            for sql, column in (
                (SQL, 8),
                ("SELECT COUNTIF(severity = 'Fatal') AS n FROM road.casualties", 16),
                ("SELECT COUNT(*) FROM road.casualties WHERE Severity = 'Fatal'", 44),
                ("SELECT COUNT(*) FROM road.casualties WHERE mode <> 'Car' AND severity = 'Slight'", 62),
            ):
                with pytest.raises(SqlRefusal, match="Each measures severity anew") as caught:
                    connection.ask(sql)
                assert caught.value.reason is Reason.NOT_COMPARABLE
                assert (caught.value.line, caught.value.column) == (1, column)
            connection.ask(SQL.replace("GROUP", "WHERE nation = 'Wales' GROUP"))
            connection.ask(SQL.replace("severity", "nation, severity"))

        await with_connection(fed, ask)


async def test_a_client_believes_no_result_that_merges_them(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=NATIONS, catalogue=CATALOGUE) as fed:
        by_nation = SQL.replace("severity", "nation, severity")
        question, agreement = await with_connection(fed, lambda c: (c.ask(by_nation), c.agreement))
        result = await fed.run(question.signed, presentation=question.presentation)
        assert verify(question, result, CATALOGUE, agreement).complete
        with pytest.raises(VerificationError, match="severity does not compare across nations"):
            verify(replace(question, presentation=MERGED), result, CATALOGUE, agreement)
