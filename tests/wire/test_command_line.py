"""How a command shows an error: what was wrong and where, its cause, what to do, what it cost, what to quote."""

import pytest
from concordat_query.errors import Charged, NodeFault, Reason, Refusal, SqlRefusal, Unavailable
from concordat_wire import command_line
from concordat_wire.command_line import shown


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr(command_line, "WIDTH", 300)


def labels(text: str) -> dict[str, str]:
    lines = (line.strip().split(maxsplit=1) for line in text.splitlines()[1:])
    return {line[0]: line[1] for line in lines if len(line) > 1}


def test_a_place_in_sql_is_shown_with_a_caret() -> None:
    error = SqlRefusal(
        Reason.UNKNOWN_CODE, "line 2, column 7: no", line=2, column=7, offset=15, text="SELECT a\nWHERE mode = 1"
    )
    lines = shown(error, charges=True).splitlines()
    assert lines[:3] == ["error: UNKNOWN_CODE: line 2, column 7: no", "  | WHERE mode = 1", "  |       ^"]


def test_cause_and_fix_are_the_published_ones() -> None:
    told = labels(shown(Refusal(Reason.KEY_REUSED, "no"), charges=False))
    assert told == {"cause": Reason.KEY_REUSED.cause, "fix": Reason.KEY_REUSED.fix}


@pytest.mark.parametrize("charged", list(Charged))
def test_what_was_charged_is_told_where_something_may_be(charged: Charged) -> None:
    error = Unavailable(Reason.NODE_UNAVAILABLE, "no", charged=charged)
    assert labels(shown(error, charges=True))["charged"] == charged.value
    assert "charged" not in labels(shown(error, charges=False))


def test_each_node_at_fault_is_told_with_its_reason_fix_and_the_reference_in_its_log() -> None:
    fault = NodeFault("node-wales", Reason.EDITION_UNAVAILABLE, "AAAA-2222")
    text = shown(Refusal(Reason.NODE_REFUSED, "no", nodes=(fault,), reference="BBBB-3333"), charges=True)
    assert "\n  node-wales: EDITION_UNAVAILABLE\n" in text
    assert Reason.EDITION_UNAVAILABLE.cause in text
    assert "reference  AAAA-2222, in the log of node-wales" in text
    assert text.endswith("\n  reference  BBBB-3333")


def test_nodes_with_one_reason_are_told_together_each_with_its_own_reference() -> None:
    faults = (
        NodeFault("node-wales", Reason.KEY_REUSED, "AAAA-2222"),
        NodeFault("node-england", Reason.BUSY, "CCCC-4444"),
        NodeFault("node-scotland", Reason.KEY_REUSED, "DDDD-5555"),
    )
    text = shown(Refusal(Reason.NODE_REFUSED, "no", nodes=faults), charges=True)
    assert "\n  node-wales, node-scotland: KEY_REUSED\n" in text
    assert text.count(Reason.KEY_REUSED.fix) == 1
    assert [text.count(fault.reference) for fault in faults] == [1, 1, 1]


def test_what_another_party_says_cannot_steer_the_terminal() -> None:
    fault = NodeFault("\x1b[8mnode", Reason.BUSY, "\x07\nfalse: line")
    text = shown(Unavailable(Reason.BUSY, "a\x1b[2Jb\r\nc", nodes=(fault,), reference="\u202e"), charges=True)
    assert text.isprintable() is False  # for its own line ends only
    assert text.replace("\n", "").isprintable()
    assert text.startswith("error: BUSY: a\\x1b[2Jb c\n")


def test_lines_are_no_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    text = shown(SqlRefusal(Reason.WRONG_TYPE, "no", line=1, column=1, offset=400, text="x" * 900), charges=True)
    assert all(len(line) <= 50 for line in text.splitlines())
