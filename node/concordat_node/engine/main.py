"""The engine's loop: one request, one response, until the node's service closes the pipe.

The first response is sent unasked and says whether the engine can serve, and from which editions. Whatever goes wrong
is one of a few codes.
"""

import os
from typing import BinaryIO

from concordat.v1 import engine_pb2
from concordat.v1.engine_pb2 import EngineResponse
from concordat_privacy import noise
from concordat_privacy.laws import Law, Mechanism
from concordat_query import wire
from concordat_query.errors import Refusal

from concordat_node.engine.frames import read_frame, write_frame
from concordat_node.engine.holdings import Holdings, open_holdings
from concordat_node.engine.release import Failed, release
from concordat_node.engine.settings import EngineSettings


def serve(settings: EngineSettings) -> None:
    """Serves the process's own standard input and output, which no library gets to see."""
    requests, responses = _take_pipes()
    try:
        holdings = open_holdings(settings)
        noise.draw(Law(Mechanism.GAUSSIAN, 1.0), 1)  # the first measurement takes OpenDP ten milliseconds
    except Exception:
        write_frame(responses, _failure(EngineResponse.FAILURE_EDITION))
        return
    write_frame(responses, EngineResponse(editions=sorted(holdings.by_edition)).SerializeToString())
    while (request := read_frame(requests)) is not None:
        write_frame(responses, answer(request, holdings))


def answer(request: bytes, holdings: Holdings) -> bytes:
    """The serialised response to a serialised request. Never raises: an error's text could hold a value."""
    try:
        parsed = wire.parse(engine_pb2.EngineRequest, request, "request")
        return EngineResponse(components=release(parsed, holdings)).SerializeToString()
    except Failed as failed:
        return _failure(failed.failure)
    except Refusal:
        return _failure(EngineResponse.FAILURE_REQUEST)
    except Exception:
        return _failure(EngineResponse.FAILURE_COMPUTE)


def _failure(failure: EngineResponse.Failure) -> bytes:
    return EngineResponse(failure=failure).SerializeToString()


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Both ends of the pipe under new numbers; the standard ones then lead nowhere, so a stray print harms nothing."""
    requests, responses = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    return requests, responses
