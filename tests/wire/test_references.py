"""A reference is random, stands in one line of the log, and tells nothing of what was asked."""

import logging
import re

import pytest
from concordat_query.errors import Reason
from concordat_wire.references import log_failure, new_reference


def test_a_reference_is_short_drawn_anew_and_can_be_told_on_the_telephone() -> None:
    drawn = {new_reference() for _ in range(1000)}
    assert len(drawn) == 1000
    assert all(re.fullmatch(r"[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}", reference) for reference in drawn)


def test_the_log_gets_one_line_that_no_name_can_break(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    where = {"method": "a.B.C", "analyst": "ann\nlevel=ERROR reason=NONE", "caller": ""}
    reference = log_failure(Reason.BUSY, where)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == f"failed reference={reference} reason=BUSY method=a.B.C analyst=ann_level_ERROR_reason_NONE caller=-"
