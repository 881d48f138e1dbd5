"""A query's whole way: Prepare everywhere, Commit everywhere, one result that proves itself."""

from pathlib import Path

import pytest
from concordat.v1 import coordinator_pb2, node_pb2
from concordat_query.wire import envelope_from_bytes
from concordat_wire.tables import from_ipc
from fakes.federation import FakeFederation, federation

Missing = coordinator_pb2.MissingNode
Step = coordinator_pb2.Progress


async def test_a_query_over_four_nodes_gives_four_answers_and_a_table_with_a_total(tmp_path: Path) -> None:
    async with federation(tmp_path) as fed:
        events = await fed.run_events(fed.signed())
        result = events[-1].result
        assert result.complete
        assert not result.missing
        assert [node_pb2.Answer.FromString(signed.answer).node for signed in result.answers] == list(fed.names)
        nations = from_ipc(result.table).column("nation").to_pylist()
        assert nations.count("United Kingdom") == 3
        assert nations.count("Wales") == 3
        steps = [(event.progress.node, event.progress.step) for event in events[:-1]]
        assert sorted(steps) == sorted(
            (name, step) for name in fed.names for step in (Step.STEP_PREPARED, Step.STEP_ANSWERED)
        )
        assert [charge.node for charge in result.charges] == list(fed.names)
        for charge in result.charges:
            assert charge.rho_nano == 10_000_000
            assert not charge.stored_answer
        for member in fed.members.values():
            assert await member.spent() == 10_000_000
            assert await member.reserved() == 0
