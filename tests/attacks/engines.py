"""Engines in the test's own process: all is the product's but, where a mistake is planted, the noise."""

from collections.abc import Awaitable, Callable, Sequence
from unittest import mock

import numpy as np
import numpy.typing as npt
from audit.planted.mistakes import laplace_quantiles, lattice_quantiles
from concordat.v1 import engine_pb2, node_pb2, query_pb2
from concordat_node.engine import main
from concordat_node.engine.holdings import open_holdings
from concordat_node.engine.process import Engine
from concordat_node.engine.settings import EngineSettings
from concordat_privacy import noise
from concordat_privacy.laws import Law, Mechanism

Integers = npt.NDArray[np.int64]
Draw = Callable[[Sequence[tuple[Law, int]]], list[Integers]]
StartEngine = Callable[[EngineSettings], Awaitable[Engine]]


class EngineAtHand:
    """Answers as the engine's process does, bytes in and bytes out, with noise from `draw`."""

    def __init__(self, settings: EngineSettings, draw: Draw) -> None:
        self._holdings = open_holdings(settings)
        self._draw = draw

    async def require(self, edition: str) -> None:
        assert edition in self._holdings.by_edition

    async def release(
        self, signed: query_pb2.SignedQuery, receipt: engine_pb2.SignedReceipt
    ) -> list[node_pb2.Component]:
        request = engine_pb2.EngineRequest(query=signed, receipt=receipt)
        with mock.patch.object(noise, "draw_all", self._draw):
            response = main.answer(request.SerializeToString(), self._holdings)
        parsed = engine_pb2.EngineResponse.FromString(response)
        assert parsed.failure == engine_pb2.EngineResponse.FAILURE_UNSPECIFIED, parsed.failure
        return list(parsed.components)

    async def close(self) -> None:
        pass


def drawing(draw: Draw) -> StartEngine:
    async def start(settings: EngineSettings) -> Engine:
        return EngineAtHand(settings, draw)  # type: ignore[return-value]  # all that a node asks of an engine

    return start


HONEST = drawing(noise.draw_all)
"""Noise from OpenDP."""


def silent() -> StartEngine:
    """Planted: no noise at all."""
    return drawing(lambda wanted: [np.zeros(cells, dtype=np.int64) for _, cells in wanted])


def weakened(divisor: float, seed: int) -> StartEngine:
    """Planted: noise of a scale that is divided. Sampled from a seed, so that it is caught in every run or in none."""
    chance = np.random.default_rng(seed)
    return drawing(lambda wanted: [_of_law(law, chance.random(cells), divisor) for law, cells in wanted])


def reused(seed: int) -> StartEngine:
    """Planted: every query draws the same noise, at its own scale."""

    def draw(wanted: Sequence[tuple[Law, int]]) -> list[Integers]:
        chance = np.random.default_rng(seed)
        return [_of_law(law, chance.random(cells), 1.0) for law, cells in wanted]

    return drawing(draw)


def _of_law(law: Law, levels: npt.NDArray[np.float64], divisor: float) -> Integers:
    quantiles = laplace_quantiles if law.mechanism is Mechanism.LAPLACE else lattice_quantiles
    return quantiles(law.scale / divisor, levels)
