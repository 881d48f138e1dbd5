"""How messages are laid on the pipe: four bytes of length, most significant first, then a serialised message."""

import struct
from typing import BinaryIO

LENGTH = struct.Struct(">I")
MAX_FRAME = 64 * 2**20
"""Bytes. The largest answer has 10,000 cells and some hundreds of components of eight bytes a cell."""


def frame(payload: bytes) -> bytes:
    """A message as it is laid on the pipe. Raises ValueError if it is larger than any message may be."""
    if len(payload) > MAX_FRAME:
        raise ValueError("the frame is too large")
    return LENGTH.pack(len(payload)) + payload


def length_of(header: bytes) -> int:
    """The length that a header announces. Raises ValueError where no message is that long."""
    (length,) = LENGTH.unpack(header)
    if length > MAX_FRAME:
        raise ValueError("the frame is too large")
    return int(length)


def read_frame(pipe: BinaryIO) -> bytes | None:
    """The next message, waiting for it; None when the other side has closed, even halfway through a message."""
    header = pipe.read(LENGTH.size)
    if len(header) < LENGTH.size:
        return None
    length = length_of(header)
    payload = pipe.read(length)
    return payload if len(payload) == length else None


def write_frame(pipe: BinaryIO, payload: bytes) -> None:
    pipe.write(frame(payload))
    pipe.flush()
