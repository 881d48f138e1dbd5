"""An answer that does not prove itself is not read: every part of it, altered and signed again by whoever may sign."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from concordat.v1 import node_pb2
from concordat_privacy.plan import Plan, plan
from concordat_privacy.status import Status
from concordat_query.agreement import Agreement
from concordat_query.canonical import query_sha256
from concordat_query.catalogue import Catalogue
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.errors import VerificationError
from concordat_query.model import (
    Aggregate,
    Comparator,
    Comparison,
    Condition,
    Envelope,
    Membership,
    NullTest,
    Statistic,
)
from concordat_query.signing import Purpose, SigningKey
from concordat_query.wire import coverage_to_proto
from concordat_wire.answers import Cost, Given, answers_seed, check_head, read_answer, read_declaration, read_delivery
from fakes.catalogue import small_catalogue
from fakes.engine import query

ASKED = query("road.casualties", ["severity"], [Aggregate(Statistic.COUNT_ROWS), Aggregate(Statistic.AVG, "age")])
NO_AGE = Coverage(columns=(ColumnCoverage("age", held=False),))
NOTHING = Coverage(columns=(ColumnCoverage("severity", held=False),))
COUNT = 2
"""The index of COUNT(*): the mean's two components come first in canonical order."""
REQUEST = b"r" * 32
GIVEN = Given("wales", b"an answer", Cost(7, 3))


@dataclass
class Case:
    """A query, and a node that answers it."""

    catalogue: Catalogue = field(default_factory=small_catalogue)
    key: SigningKey = field(default_factory=SigningKey.generate)
    stranger: SigningKey = field(default_factory=SigningKey.generate)

    def __post_init__(self) -> None:
        self.agreement = _agreement(self.catalogue, self.key, self.stranger)
        self.plan: Plan = plan(ASKED, self.catalogue.dataset(ASKED.dataset))
        self.envelope = Envelope(ASKED, self.catalogue.sha256, "small", 1, ("wales",), "key", int(time.time()) + 60)

    def answer(self, coverage: Coverage = NO_AGE, indexes: tuple[int, ...] = (COUNT,)) -> node_pb2.Answer:
        return node_pb2.Answer(
            node="wales",
            query_sha256=query_sha256(ASKED),
            catalogue_sha256=self.catalogue.sha256,
            agreement_id="small",
            agreement_version=1,
            definition_sha256=self.catalogue.dataset(ASKED.dataset).definition_sha256,
            coverage=coverage_to_proto(coverage),
            differences=["counted at dusk"],
            price_nano=sum(self.plan.components[index].price_nano for index in indexes),
            mechanism="discrete_gaussian",
            components=[
                node_pb2.Component(index=index, scale=self.plan.components[index].scale, values=[-1, 0, 2**40])
                for index in indexes
            ],
            head=self.head("wales", self.key),
        )

    def head(self, node: str, key: SigningKey) -> node_pb2.SignedHead:
        head = node_pb2.Head(node=node, epoch=1, sequence=5).SerializeToString()
        return node_pb2.SignedHead(head=head, signature=key.sign(Purpose.HEAD, head))

    def signed(self, answer: node_pb2.Answer, key: SigningKey | None = None) -> node_pb2.SignedAnswer:
        data = answer.SerializeToString()
        return node_pb2.SignedAnswer(answer=data, signature=(key or self.key).sign(Purpose.ANSWER, data))

    def declared(self, coverage: Coverage, **more: object) -> node_pb2.SignedDeclaration:
        declaration = node_pb2.Declaration(
            node="wales",
            query_sha256=query_sha256(ASKED),
            catalogue_sha256=self.catalogue.sha256,
            coverage=coverage_to_proto(coverage),
        )
        declaration.MergeFrom(node_pb2.Declaration(**more))  # type: ignore[arg-type]
        data = declaration.SerializeToString()
        return node_pb2.SignedDeclaration(declaration=data, signature=self.key.sign(Purpose.DECLARATION, data))

    def delivery(self, **more: object) -> node_pb2.Delivery:
        delivery = node_pb2.Delivery(
            node="wales",
            request_sha256=REQUEST,
            content_sha256=hashlib.sha256(GIVEN.content).digest(),
            charged_nano=7,
            charged_delta_e15=3,
            agreement_id="small",
            agreement_version=1,
        )
        for name, value in more.items():
            setattr(delivery, name, value)
        return delivery

    def delivered(self, delivery: node_pb2.Delivery, key: SigningKey | None = None) -> node_pb2.SignedDelivery:
        data = delivery.SerializeToString()
        return node_pb2.SignedDelivery(delivery=data, signature=(key or self.key).sign(Purpose.DELIVERY, data))


def _agreement(catalogue: Catalogue, key: SigningKey, stranger: SigningKey) -> Agreement:
    return Agreement.model_validate(
        {
            "id": "small",
            "version": 1,
            "title": "t",
            "catalogue_sha256": catalogue.sha256,
            "starts": "2020-01-01",
            "expires": "2099-01-01",
            "parties": [
                {"node": "wales", "nation": "Wales", "public_key": key.public_key_text},
                {"node": "scotland", "nation": "Scotland", "public_key": stranger.public_key_text},
            ],
            "analysts": [{"name": "a", "public_key": key.public_key_text}],
            "populations": {},
            "datasets": {},
            "defaults": {"epsilon": 1},
        }
    )


@pytest.fixture
def case() -> Case:
    return Case()


def test_a_genuine_answer_is_read_with_its_vectors_coverage_and_differences(case: Case) -> None:
    read = read_answer(case.signed(case.answer()), case.envelope, case.plan, case.catalogue, case.agreement)
    assert (read.node, read.nation, read.coverage, read.differences) == ("wales", "Wales", NO_AGE, ("counted at dusk",))
    assert {index: vector.tolist() for index, vector in read.components.items()} == {COUNT: [-1, 0, 2**40]}


ALTERATIONS: dict[str, Callable[[node_pb2.Answer, Case], object]] = {
    "another query": lambda a, c: setattr(a, "query_sha256", b"0" * 32),
    "another catalogue": lambda a, c: setattr(a, "catalogue_sha256", "0" * 64),
    "another agreement": lambda a, c: setattr(a, "agreement_id", "big"),
    "another version": lambda a, c: setattr(a, "agreement_version", 2),
    "another definition": lambda a, c: setattr(a, "definition_sha256", "0" * 64),
    "another mechanism": lambda a, c: setattr(a, "mechanism", "discrete_laplace"),
    "another price": lambda a, c: setattr(a, "price_nano", a.price_nano + 1),
    "another scale": lambda a, c: setattr(a.components[0], "scale", a.components[0].scale * 2),
    "a value too few": lambda a, c: a.components[0].values.pop(),
    "a value too many": lambda a, c: a.components[0].values.append(1),
    "a component too few": lambda a, c: a.components.pop(),
    "a component twice": lambda a, c: a.components.append(a.components[0]),
    "a component that does not exist": lambda a, c: setattr(a.components[0], "index", 99),
    "coverage that holds more": lambda a, c: a.ClearField("coverage"),
    "coverage that cannot be read": lambda a, c: a.coverage.rows.conjunction.SetInParent(),
    "another's name": lambda a, c: setattr(a, "node", "scotland"),
    "a stranger's name": lambda a, c: setattr(a, "node", "france"),
}
EXPECTED = {
    "another query": "to another query",
    "another catalogue": "follows another catalogue",
    "another agreement": "under another agreement",
    "another version": "under another agreement",
    "another definition": "another data set definition",
    "another mechanism": "noise is of another kind",
    "another price": "price is not the planned one",
    "another scale": "scale is not the planned one",
    "a value too few": "all values of every cell",
    "a value too many": "all values of every cell",
    "a component too few": "components are not those",
    "a component twice": "components are not those",
    "a component that does not exist": "components are not those",
    "coverage that holds more": "components are not those",
    "coverage that cannot be read": "coverage cannot be read",
    "another's name": "does not ask this node",
    "a stranger's name": "no party",
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_an_answer_altered_in_any_part_is_refused_though_its_own_node_signed_it(case: Case, alteration: str) -> None:
    answer = case.answer()
    ALTERATIONS[alteration](answer, case)
    with pytest.raises(VerificationError, match=EXPECTED[alteration]):
        read_answer(case.signed(answer), case.envelope, case.plan, case.catalogue, case.agreement)


def test_a_log_head_must_stand_alone_as_its_nodes_own(case: Case) -> None:
    check_head(case.head("wales", case.key), "wales", case.agreement)
    with pytest.raises(VerificationError, match="log head's signature"):
        check_head(case.head("wales", case.stranger), "wales", case.agreement)
    with pytest.raises(VerificationError, match="log head is another's"):
        check_head(case.head("scotland", case.key), "wales", case.agreement)


def test_an_answer_signed_by_another_or_for_another_purpose_is_refused_by_name(case: Case) -> None:
    forged = case.signed(case.answer(), case.stranger)
    repurposed = case.signed(case.answer())
    repurposed.signature = case.key.sign(Purpose.HEAD, repurposed.answer)
    garbage = node_pb2.SignedAnswer(answer=b"\xff\xff")
    for signed, told in ((forged, "wales"), (repurposed, "wales"), (garbage, "cannot be read")):
        with pytest.raises(VerificationError, match=told):
            read_answer(signed, case.envelope, case.plan, case.catalogue, case.agreement)


def test_a_party_that_the_query_does_not_ask_cannot_answer(case: Case) -> None:
    answer = case.answer()
    answer.node = "scotland"
    with pytest.raises(VerificationError, match="does not ask"):
        read_answer(case.signed(answer, case.stranger), case.envelope, case.plan, case.catalogue, case.agreement)


def test_a_declaration_is_believed_only_where_its_coverage_holds_nothing_of_the_query(case: Case) -> None:
    rest = (case.envelope, case.plan, case.catalogue, case.agreement)
    absent = read_declaration(case.declared(NOTHING), *rest)
    assert (absent.node, absent.nation, absent.cause) == ("wales", "Wales", Status.NOT_HELD)
    with pytest.raises(VerificationError, match="holds a part"):
        read_declaration(case.declared(NO_AGE), *rest)
    for altered in ({"query_sha256": b"1" * 32}, {"catalogue_sha256": "1" * 64}, {"node": "scotland"}):
        with pytest.raises(VerificationError):
            read_declaration(case.declared(NOTHING, **altered), *rest)
    forged = replace_signature(case.declared(NOTHING), case.stranger)
    with pytest.raises(VerificationError, match="signature"):
        read_declaration(forged, *rest)


def replace_signature(signed: node_pb2.SignedDeclaration, key: SigningKey) -> node_pb2.SignedDeclaration:
    signed.signature = key.sign(Purpose.DECLARATION, signed.declaration)
    return signed


@pytest.mark.parametrize("charged", [Cost(7, 3), Cost()])
def test_a_delivery_tells_what_its_request_was_charged(case: Case, charged: Cost) -> None:
    told = case.delivery(charged_nano=charged.price_nano, charged_delta_e15=charged.delta_e15)
    delivered = case.delivered(told)
    assert read_delivery(delivered, GIVEN, REQUEST, case.envelope, case.agreement) == charged


@pytest.mark.parametrize(
    ("altered", "told"),
    [
        ({"node": "scotland"}, "another node's"),
        ({"request_sha256": b"s" * 32}, "to another request"),
        ({"content_sha256": b"s" * 32}, "something else"),
        ({"charged_nano": 6}, "another price"),
        ({"charged_nano": 0}, "another price"),
        ({"charged_delta_e15": 0}, "another price"),
        ({"charged_delta_e15": 4}, "another price"),
        ({"agreement_id": "big"}, "another agreement"),
        ({"agreement_version": 2}, "another agreement"),
    ],
)
def test_a_delivery_altered_in_any_part_is_refused_though_its_own_node_signed_it(
    case: Case, altered: dict[str, object], told: str
) -> None:
    delivered = case.delivered(case.delivery(**altered))
    with pytest.raises(VerificationError, match=f"wales: .*{told}"):
        read_delivery(delivered, GIVEN, REQUEST, case.envelope, case.agreement)


def test_a_delivery_missing_or_signed_by_another_or_for_another_purpose_is_refused(case: Case) -> None:
    forged = case.delivered(case.delivery(), case.stranger)
    repurposed = case.delivered(case.delivery())
    repurposed.signature = case.key.sign(Purpose.ANSWER, repurposed.delivery)
    garbage = node_pb2.SignedDelivery(delivery=b"\xff", signature=case.key.sign(Purpose.DELIVERY, b"\xff"))
    for signed, told in (
        (node_pb2.SignedDelivery(), "does not say"),
        (forged, "signature is bad"),
        (repurposed, "signature is bad"),
        (garbage, "cannot be read"),
    ):
        with pytest.raises(VerificationError, match=told):
            read_delivery(signed, GIVEN, REQUEST, case.envelope, case.agreement)


@pytest.mark.parametrize(
    "rows",
    [
        NullTest("colour"),
        Comparison("severity", Comparator.LESS, Decimal(3)),
        Comparison("age", Comparator.EQUAL, "old"),
        Membership("year", tuple(Decimal(2000 + number) for number in range(2001))),
    ],
)
def test_a_coverage_that_does_not_fit_the_data_set_is_its_nodes_fault_alone(case: Case, rows: Condition) -> None:
    coverage = Coverage(rows=rows, columns=(*NO_AGE.columns, *NOTHING.columns))
    with pytest.raises(VerificationError, match="wales"):
        read_answer(case.signed(case.answer(coverage)), case.envelope, case.plan, case.catalogue, case.agreement)
    with pytest.raises(VerificationError, match="wales"):
        read_declaration(case.declared(coverage), case.envelope, case.plan, case.catalogue, case.agreement)


def test_the_seed_depends_on_every_answer_and_not_on_their_order() -> None:
    assert answers_seed([b"a", b"bc"]) == answers_seed([b"bc", b"a"])
    assert answers_seed([b"a", b"bc"]) != answers_seed([b"ab", b"c"])
    assert answers_seed([b"a"]) != answers_seed([b"a", b"a"])
