"""Messages on the pipe."""

import io

import pytest
from concordat_node.engine.frames import MAX_FRAME, frame, length_of, read_frame, write_frame


@pytest.mark.parametrize("payloads", [[], [b""], [b"a", b"", b"x" * 70_000]])
def test_messages_are_read_as_they_were_written(payloads: list[bytes]) -> None:
    pipe = io.BytesIO()
    for payload in payloads:
        write_frame(pipe, payload)
    pipe.seek(0)
    assert [read_frame(pipe) for _ in payloads] == payloads
    assert read_frame(pipe) is None


@pytest.mark.parametrize("kept", [1, 3, 4, 6])
def test_a_message_cut_short_is_the_end(kept: int) -> None:
    assert read_frame(io.BytesIO(frame(b"abc")[:kept])) is None


def test_no_message_is_larger_than_any_may_be() -> None:
    with pytest.raises(ValueError, match="too large"):
        frame(b"\0" * (MAX_FRAME + 1))
    with pytest.raises(ValueError, match="too large"):
        length_of(b"\xff\xff\xff\xff")
