"""Nothing is released, and nothing scanned, unless query, receipt, edition and price prove each other."""

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
from concordat_node.engine.holdings import Holding, Holdings, open_holdings
from concordat_node.engine.release import Failed, release
from concordat_node.importing.edition import EditionInfo
from concordat_privacy import noise
from concordat_privacy.laws import Law, Mechanism
from concordat_privacy.plan import plan
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Aggregate, Calculus, Comparator, Comparison, NullTest, Query, Statistic
from concordat_query.signing import Purpose, SigningKey
from concordat_query.wire import calculus_to_proto
from fakes.editions import Row
from fakes.engine import CASUALTIES, COUNT, VISITS, FakeNode, query

ASKED = query(keys=("severity",), aggregates=(COUNT, Aggregate(Statistic.SUM, "age")))
ROWS: list[Row] = [{"year": 2014 + i % 3, "severity": i % 3, "mode": 0, "age": i} for i in range(60)]
WRONG = b"\0" * 32


class Watched:
    """A connection that remembers what it was asked."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.statements: list[str] = []

    def execute(self, statement: str) -> Any:
        self.statements.append(statement)
        return self.connection.execute(statement)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> FakeNode:
    return FakeNode(tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="module")
def edition(node: FakeNode) -> EditionInfo:
    return node.publish(CASUALTIES, [[row] for row in ROWS])


@pytest.fixture(scope="module")
def opened(node: FakeNode, edition: EditionInfo) -> Holdings:
    node.publish(VISITS, [[{"clinic": 0, "sex": 0, "cost": 5}] * 20])
    return open_holdings(node.settings())


@pytest.fixture
def watched(opened: Holdings) -> Watched:
    return Watched(next(iter(opened.by_edition.values())).connection)


@pytest.fixture
def holdings(opened: Holdings, watched: Watched) -> Holdings:
    by_edition: dict[str, Holding] = {
        name: replace(holding, connection=watched)  # type: ignore[arg-type]
        for name, holding in opened.by_edition.items()
    }
    return replace(opened, by_edition=by_edition)


@pytest.fixture
def no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    def silence(scale: float, cells: int) -> npt.NDArray[np.int64]:
        return np.zeros(cells, dtype=np.int64)

    monkeypatch.setattr(noise, "draw", silence)


def _failure(request: engine_pb2.EngineRequest, holdings: Holdings) -> int:
    response = EngineResponse.FromString(main.answer(request.SerializeToString(), holdings))
    assert not response.components
    return response.failure


def test_a_paid_query_gets_exact_figures_plus_the_noise_that_was_drawn(
    node: FakeNode, edition: EditionInfo, holdings: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([np.array([1, -2, 3]), np.array([100, 200, -300])])
    monkeypatch.setattr(noise, "draw", lambda scale, cells: next(drawn))
    components = release(node.request(ASKED, edition), holdings)
    planned = plan(ASKED, node.catalogue.dataset(CASUALTIES))
    counts, sums = [20, 20, 20], [sum(range(first, 60, 3)) for first in range(3)]
    by_kind = {planned.components[each.index].kind.value: list(each.values) for each in components}
    first, second = [1, -2, 3], [100, 200, -300]
    if components[0].index != 0 or planned.components[0].kind.value != "rows":
        first, second = second, first
    assert by_kind["rows"] == [a + b for a, b in zip(counts, first, strict=True)]
    assert by_kind["sum"] == [a + b for a, b in zip(sums, second, strict=True)]
    assert [each.scale for each in components] == [component.scale for component in planned.components]


def test_all_noise_is_drawn_before_anything_is_scanned(
    node: FakeNode, edition: EditionInfo, holdings: Holdings, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def draw(scale: float, cells: int) -> npt.NDArray[np.int64]:
        seen.append(len(watched.statements))
        return np.zeros(cells, dtype=np.int64)

    monkeypatch.setattr(noise, "draw", draw)
    release(node.request(ASKED, edition), holdings)
    assert seen == [0, 0]
    assert len(watched.statements) == 1


Forgery = Callable[[FakeNode, EditionInfo], engine_pb2.EngineRequest]


def _with(fake: FakeNode, info: EditionInfo, asked: Query = ASKED, **receipt: object) -> engine_pb2.EngineRequest:
    return engine_pb2.EngineRequest(query=fake.signed(asked), receipt=fake.receipt(asked, info, **receipt))


def _altered(node: FakeNode, edition: EditionInfo, part: str, field: str) -> engine_pb2.EngineRequest:
    request = node.request(ASKED, edition)
    message = getattr(request, part)
    data = bytearray(getattr(message, field))
    data[-1] ^= 1
    setattr(message, field, bytes(data))
    return request


def _signed_elsewhere(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    return replace(node, ledger=SigningKey.generate()).request(ASKED, edition)


def _signed_for_something_else(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    request = node.request(ASKED, edition)
    request.receipt.signature = node.ledger.sign(Purpose.HEAD, request.receipt.receipt)
    return request


def _with_envelope(node: FakeNode, edition: EditionInfo, **envelope: object) -> engine_pb2.EngineRequest:
    return engine_pb2.EngineRequest(query=node.signed(ASKED, **envelope), receipt=node.receipt(ASKED, edition))


def _for_another_query(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    other = replace(ASKED, where=NullTest("sex"))
    return engine_pb2.EngineRequest(query=node.signed(ASKED), receipt=node.receipt(other, edition))


def _not_canonical(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    asked = replace(ASKED, aggregates=tuple(reversed(ASKED.aggregates)))
    assert asked != ASKED
    return _with(node, edition, asked)


def _another_data_set(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    return _with(node, edition, query(VISITS))


def _unknown_code(node: FakeNode, edition: EditionInfo) -> engine_pb2.EngineRequest:
    return _with(node, edition, query(where=Comparison("severity", Comparator.EQUAL, "Mild")))


REQUEST, RECEIPT, EDITION = (
    EngineResponse.FAILURE_REQUEST,
    EngineResponse.FAILURE_RECEIPT,
    EngineResponse.FAILURE_EDITION,
)


@pytest.mark.parametrize(
    ("forge", "failure"),
    [
        (lambda node, edition: engine_pb2.EngineRequest(), REQUEST),
        (lambda node, edition: engine_pb2.EngineRequest(query=node.signed(ASKED)), RECEIPT),
        (lambda node, edition: _altered(node, edition, "query", "envelope"), REQUEST),
        (lambda node, edition: _altered(node, edition, "query", "signature"), REQUEST),
        (lambda node, edition: _altered(node, edition, "query", "public_key"), REQUEST),
        (lambda node, edition: _with_envelope(node, edition, audience=("node-england",)), REQUEST),
        (lambda node, edition: _with_envelope(node, edition, catalogue_sha256="0" * 64), REQUEST),
        (_not_canonical, REQUEST),
        (_unknown_code, REQUEST),
        (lambda node, edition: _altered(node, edition, "receipt", "receipt"), RECEIPT),
        (lambda node, edition: _altered(node, edition, "receipt", "signature"), RECEIPT),
        (_signed_elsewhere, RECEIPT),
        (_signed_for_something_else, RECEIPT),
        (_for_another_query, RECEIPT),
        (_another_data_set, RECEIPT),
        (lambda node, edition: _with(node, edition, node="node-england"), RECEIPT),
        (lambda node, edition: _with(node, edition, query_sha256=WRONG), RECEIPT),
        (lambda node, edition: _with(node, edition, price_nano=node.price(ASKED) - 1), RECEIPT),
        (lambda node, edition: _with(node, edition, price_nano=node.price(ASKED) + 1), RECEIPT),
        (lambda node, edition: _with(node, edition, edition="another"), EDITION),
    ],
)
def test_a_forged_or_altered_request_fails_before_any_noise_or_scan(
    node: FakeNode,
    edition: EditionInfo,
    holdings: Holdings,
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
    forge: Forgery,
    failure: int,
) -> None:
    def draw(scale: float, cells: int) -> npt.NDArray[np.int64]:
        raise AssertionError("noise was drawn")

    monkeypatch.setattr(noise, "draw", draw)
    assert _failure(forge(node, edition), holdings) == failure
    assert watched.statements == []


def test_a_pure_query_gets_laplace_noise_of_the_planned_scale(
    node: FakeNode, edition: EditionInfo, holdings: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Law] = []

    def draw(law: Law, cells: int) -> npt.NDArray[np.int64]:
        drawn.append(law)
        return np.zeros(cells, dtype=np.int64)

    monkeypatch.setattr(noise, "draw", draw)
    pure = replace(ASKED, calculus=Calculus.PURE)
    components = release(node.request(pure, edition), holdings)
    planned = plan(pure, node.catalogue.dataset(CASUALTIES))
    assert drawn == [component.law for component in planned.components]
    assert {law.mechanism for law in drawn} == {Mechanism.LAPLACE}
    assert [each.scale for each in components] == [law.scale for law in drawn]


@pytest.mark.parametrize("calculus", Calculus)
def test_a_receipt_of_the_same_amount_of_another_calculus_pays_for_nothing(
    node: FakeNode, edition: EditionInfo, holdings: Holdings, watched: Watched, calculus: Calculus
) -> None:
    (other,) = set(Calculus) - {calculus}
    asked = replace(ASKED, calculus=calculus)
    assert _failure(_with(node, edition, asked, calculus=calculus_to_proto(other)), holdings) == RECEIPT
    assert watched.statements == []
    assert release(node.request(asked, edition), holdings)


def test_bytes_that_are_no_request_fail_as_one(holdings: Holdings) -> None:
    assert EngineResponse.FromString(main.answer(b"\xff\xff", holdings)).failure == REQUEST


def test_a_price_that_opendp_does_not_confirm_is_refused(
    node: FakeNode, edition: EditionInfo, holdings: Holdings, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dearer(law: object, sensitivity: object) -> int:
        return 10**18

    monkeypatch.setattr(noise, "price_by_map", dearer)
    assert _failure(node.request(ASKED, edition), holdings) == EngineResponse.FAILURE_PRICE
    assert watched.statements == []


def test_an_error_says_nothing_of_what_it_was(
    node: FakeNode, edition: EditionInfo, holdings: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(scale: float, cells: int) -> npt.NDArray[np.int64]:
        raise ValueError("Could not convert string 'DO NOT TELL' to INT32")

    monkeypatch.setattr(noise, "draw", fail)
    response = main.answer(node.request(ASKED, edition).SerializeToString(), holdings)
    assert response == EngineResponse(failure=EngineResponse.FAILURE_COMPUTE).SerializeToString()


def test_a_refusal_of_the_noise_is_a_code_like_any_other(
    node: FakeNode, edition: EditionInfo, holdings: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(planned: object) -> None:
        raise Refusal(Reason.INVALID_PRICE, "too little")

    monkeypatch.setattr(noise, "check_prices", refuse)
    with pytest.raises(Failed) as failed:
        release(node.request(ASKED, edition), holdings)
    assert failed.value.failure == EngineResponse.FAILURE_PRICE


@pytest.mark.usefixtures("no_noise")
def test_sums_beyond_64_bits_wrap_after_the_noise_instead_of_failing(
    node: FakeNode, edition: EditionInfo, holdings: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noise, "draw", lambda scale, cells: np.full(cells, 2**63 - 1))
    components = release(node.request(ASKED, edition), holdings)
    assert all(value < -(2**62) for each in components for value in each.values)


@pytest.mark.usefixtures("no_noise")
def test_components_that_are_not_held_are_neither_answered_nor_charged(tmp_path: Path) -> None:
    node = FakeNode(tmp_path, holds={CASUALTIES: {"columns": {"age": {"held": False}}}})
    edition = node.publish(CASUALTIES, [[row] for row in ROWS])
    holdings = open_holdings(node.settings())
    planned = plan(ASKED, node.catalogue.dataset(CASUALTIES))
    (component,) = release(node.request(ASKED, edition), holdings)
    assert planned.components[component.index].scalar is None
    assert list(component.values) == [20, 20, 20]
    whole = node.receipt(ASKED, edition, price_nano=ASKED.price_nano)
    request = engine_pb2.EngineRequest(query=node.signed(ASKED), receipt=whole)
    assert _failure(request, holdings) == RECEIPT


def test_a_query_of_which_nothing_is_held_gets_nothing(tmp_path: Path) -> None:
    node = FakeNode(tmp_path, holds={CASUALTIES: {"columns": {"age": {"held": False}}}})
    edition = node.publish(CASUALTIES, [[row] for row in ROWS])
    asked = query(aggregates=(Aggregate(Statistic.SUM, "age"),))
    assert _failure(node.request(asked, edition), open_holdings(node.settings())) == RECEIPT


@pytest.mark.usefixtures("no_noise")
def test_an_edition_that_changes_after_the_start_is_not_read(tmp_path: Path) -> None:
    node = FakeNode(tmp_path)
    edition = node.publish(CASUALTIES, [[row] for row in ROWS])
    holdings = open_holdings(node.settings())
    assert release(node.request(ASKED, edition), holdings)
    edition.path.chmod(0o600)
    assert _failure(node.request(ASKED, edition), holdings) == EDITION


def test_an_edition_that_was_tampered_with_is_never_attached(tmp_path: Path) -> None:
    node = FakeNode(tmp_path)
    edition = node.publish(CASUALTIES, [[row] for row in ROWS])
    edition.path.chmod(0o600)
    data = bytearray(edition.path.read_bytes())
    data[-1] ^= 1
    edition.path.write_bytes(data)
    assert _failure(node.request(ASKED, edition), open_holdings(node.settings())) == EDITION


def test_an_edition_imported_through_another_mapping_is_never_attached(tmp_path: Path) -> None:
    edition = FakeNode(tmp_path).publish(CASUALTIES, [[row] for row in ROWS])
    node = FakeNode(tmp_path, holds={CASUALTIES: {"columns": {"age": {"held": False}}}})
    assert _failure(node.request(ASKED, edition), open_holdings(node.settings())) == EDITION


@pytest.mark.usefixtures("no_noise")
def test_an_owed_answer_is_read_off_the_edition_that_its_charge_names(tmp_path: Path) -> None:
    node = FakeNode(tmp_path)
    former = node.publish(CASUALTIES, [[row] for row in ROWS[:3]])
    current = node.publish(CASUALTIES, [[row] for row in ROWS])
    asked = query()
    holdings = open_holdings(node.settings(pinned=(former.id,)))
    counted = [list(release(node.request(asked, each), holdings)[0].values) for each in (former, current)]
    assert counted == [[3], [60]]
    assert _failure(node.request(asked, former), open_holdings(node.settings())) == EDITION


def test_every_answer_to_a_query_has_the_same_size_whatever_the_edition_holds(tmp_path: Path) -> None:
    sizes = set()
    for count in (0, 1, 60):
        folder = tmp_path / str(count)
        folder.mkdir()
        node = FakeNode(folder)
        edition = node.publish(CASUALTIES, [[row] for row in ROWS[:count]])
        request = node.request(replace(ASKED, price_nano=10), edition)
        sizes |= {len(main.answer(request.SerializeToString(), open_holdings(node.settings()))) for _ in range(5)}
    assert len(sizes) == 1
