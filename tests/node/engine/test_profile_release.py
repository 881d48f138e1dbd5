"""A profile is released only against the receipt of its own charge, with all of its noise drawn before any scan."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from concordat.v1 import engine_pb2
from concordat.v1.engine_pb2 import EngineResponse
from concordat_node.engine import main
from concordat_node.engine.holdings import Holdings, open_holdings
from concordat_node.engine.process import Engine
from concordat_node.engine.release import Failed, release
from concordat_node.importing.edition import EditionInfo, Loss
from concordat_privacy import noise
from concordat_privacy.laws import Law
from concordat_privacy.profile import plan_profile
from concordat_query.signing import Purpose
from fakes.editions import Row, build_edition
from fakes.engine import CASUALTIES, VISITS, FakeNode, query
from fakes.profiles import engine_request, expected_profile, profile_request

UNITS: list[list[Row]] = [
    [{"clinic": (n + r) % 6, "sex": n % 2, "cost": 5, "weight": None} for r in range(n % 4 + 1)] for n in range(30)
]
LOSSES = {3: Loss.ROW, 7: Loss.CLAMPED}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> FakeNode:
    holds = {VISITS: {"columns": {"sex": {"held": False}}}}
    return FakeNode(tmp_path_factory.mktemp("node"), holds=holds)


@pytest.fixture(scope="module")
def edition(node: FakeNode) -> EditionInfo:
    mapping = node.mapping(VISITS)
    return build_edition(
        node.folder / "state",
        VISITS,
        mapping.definition,
        UNITS,
        mapping_sha256=mapping.mapping_sha256,
        losses=LOSSES,
    )


@pytest.fixture(scope="module")
def holdings(node: FakeNode, edition: EditionInfo) -> Holdings:
    node.publish(CASUALTIES, [])
    return open_holdings(node.settings())


def asked(node: FakeNode, **more: Any) -> Any:
    return profile_request(node.catalogue.dataset(VISITS), VISITS, ("clinic",), **more)


def failure(request: engine_pb2.EngineRequest, holdings: Holdings) -> int:
    response = EngineResponse.FromString(main.answer(request.SerializeToString(), holdings))
    assert not response.components
    return response.failure


def test_a_paid_profile_gets_exact_figures_plus_the_noise_that_was_drawn(
    node: FakeNode, edition: EditionInfo, holdings: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Law] = []

    def draw(law: Law, cells: int) -> npt.NDArray[np.int64]:
        drawn.append(law)
        return np.arange(cells, dtype=np.int64) - 1000

    monkeypatch.setattr(noise, "draw", draw)
    dataset = node.catalogue.dataset(VISITS)
    plan = plan_profile(asked(node), dataset)
    found = release(engine_request(node, asked(node), edition), holdings)
    units = {number: (LOSSES.get(number, Loss(0)), rows) for number, rows in enumerate(UNITS)}
    exact = expected_profile(plan, dataset, units)
    assert [list(c.values) for c in found] == [[v + i - 1000 for i, v in enumerate(vector)] for vector in exact]
    assert drawn == [vector.law for vector in plan.vectors]
    assert [c.scale for c in found] == [law.scale for law in drawn]


def test_all_noise_is_drawn_before_anything_is_scanned(
    node: FakeNode, edition: EditionInfo, holdings: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    class Watched:
        def execute(self, statement: str) -> Any:
            seen.append("scan")
            return holdings.by_edition[edition.id].connection.execute(statement)

    def draw(scale: float, cells: int) -> npt.NDArray[np.int64]:
        seen.append("noise")
        return np.zeros(cells, dtype=np.int64)

    monkeypatch.setattr(noise, "draw", draw)
    holding = replace(holdings.by_edition[edition.id], connection=Watched())  # type: ignore[arg-type]
    watched = replace(holdings, by_edition={edition.id: holding})
    release(engine_request(node, asked(node), edition), watched)
    assert seen == ["noise"] * 4 + ["scan"] * 4


Forgery = Callable[[FakeNode, EditionInfo], engine_pb2.EngineRequest]


def _of_another_price(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    request = engine_request(node, asked(node), edition)
    request.profile.price_nano *= 2
    return request


def _cheaply_paid(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    return engine_request(node, asked(node), edition, price_nano=1)


def _with_another_key(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    request = engine_request(node, asked(node), edition)
    del request.profile.keys[:]
    return request


def _unsigned(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    request = engine_request(node, asked(node), edition)
    request.receipt.signature = node.analyst.sign(Purpose.RECEIPT, request.receipt.receipt)
    return request


def _never_charged(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    request = engine_request(node, asked(node), edition)
    receipt = engine_pb2.Receipt.FromString(request.receipt.receipt)
    receipt.sequence = 0
    request.receipt.receipt = receipt.SerializeToString()
    request.receipt.signature = node.ledger.sign(Purpose.RECEIPT, request.receipt.receipt)
    return request


def _of_another_node(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    return engine_request(node, asked(node), edition, node="node-powys")


def _on_a_query(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    paid = node.request(query(VISITS, ("clinic",)), edition)
    return engine_pb2.EngineRequest(profile=engine_request(node, asked(node), edition).profile, receipt=paid.receipt)


def _for_a_query(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    paid = engine_request(node, asked(node), edition)
    return engine_pb2.EngineRequest(query=node.signed(query(VISITS, ("clinic",))), receipt=paid.receipt)


def _of_another_edition(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    return engine_request(node, asked(node), edition, edition="0" * 32)


def _of_another_data_set(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    return engine_request(node, profile_request(node.catalogue.dataset(CASUALTIES), CASUALTIES), edition)


def _unsorted(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    return engine_request(node, replace(asked(node), keys=("sex", "clinic")), edition)


def _with_what_is_not_known(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    request = engine_request(node, asked(node), edition)
    request.profile.MergeFromString(b"\xf8\x07\x01")
    return request


def _without_a_limit(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    return engine_request(node, replace(asked(node), max_rows=0), edition)


def _of_a_measure(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    return engine_request(node, replace(asked(node), keys=("cost",)), edition)


def _of_what_is_not_held(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    return engine_request(node, replace(asked(node), keys=("sex",)), edition)


def _of_another_definition(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    return engine_request(node, replace(asked(node), definition_sha256="0" * 64), edition)


def _of_nothing(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    return engine_pb2.EngineRequest(receipt=engine_request(node, asked(node), edition).receipt)


@pytest.mark.parametrize(
    ("forgery", "code"),
    [
        (_of_another_price, EngineResponse.FAILURE_RECEIPT),
        (_cheaply_paid, EngineResponse.FAILURE_RECEIPT),
        (_with_another_key, EngineResponse.FAILURE_RECEIPT),
        (_unsigned, EngineResponse.FAILURE_RECEIPT),
        (_never_charged, EngineResponse.FAILURE_RECEIPT),
        (_of_another_node, EngineResponse.FAILURE_RECEIPT),
        (_on_a_query, EngineResponse.FAILURE_RECEIPT),
        (_for_a_query, EngineResponse.FAILURE_RECEIPT),
        (_of_another_edition, EngineResponse.FAILURE_EDITION),
        (_of_another_data_set, EngineResponse.FAILURE_RECEIPT),
        (_unsorted, EngineResponse.FAILURE_REQUEST),
        (_with_what_is_not_known, EngineResponse.FAILURE_REQUEST),
        (_without_a_limit, EngineResponse.FAILURE_REQUEST),
        (_of_a_measure, EngineResponse.FAILURE_REQUEST),
        (_of_what_is_not_held, EngineResponse.FAILURE_REQUEST),
        (_of_another_definition, EngineResponse.FAILURE_REQUEST),
        (_of_nothing, EngineResponse.FAILURE_REQUEST),
    ],
)
def test_a_forged_or_altered_request_fails_before_any_noise_or_scan(
    node: FakeNode,
    edition: EditionInfo,
    holdings: Holdings,
    forgery: Forgery,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(scale: float, cells: int) -> npt.NDArray[np.int64]:
        raise AssertionError("noise was drawn")

    monkeypatch.setattr(noise, "draw", never)
    closed = {name: replace(each, connection=None) for name, each in holdings.by_edition.items()}  # type: ignore[arg-type]
    assert failure(forgery(node, edition), replace(holdings, by_edition=closed)) == code


def test_a_price_that_opendp_does_not_confirm_is_refused(
    node: FakeNode, edition: EditionInfo, holdings: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noise, "price_by_map", lambda scale, squared: 10**9)
    with pytest.raises(Failed) as caught:
        release(engine_request(node, asked(node), edition), holdings)
    assert caught.value.failure == EngineResponse.FAILURE_PRICE


async def test_the_engines_process_answers_a_profile_whose_size_no_data_changes(
    node: FakeNode, edition: EditionInfo, tmp_path: Path
) -> None:
    sizes = []
    for each, units in ((node, None), (FakeNode(tmp_path, holds=node.holds), [])):
        info = edition if units is None else each.publish(VISITS, units)
        engine = await Engine.start(each.settings())
        try:
            request = engine_request(each, asked(each), info)
            found = await engine.profile(request.profile, request.receipt)
        finally:
            await engine.close()
        sizes.append([component.ByteSize() for component in found])
    assert sizes[0] == sizes[1]
