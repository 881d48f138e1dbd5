"""Verified results without servers: nodes' answers and declarations signed as nodes would sign them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from concordat.v1 import coordinator_pb2, node_pb2
from concordat_client import Result
from concordat_client.asking import SignedQuestion, ask
from concordat_client.verify import prove
from concordat_privacy.laws import MECHANISM_OF
from concordat_privacy.plan import held_components
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.signing import Purpose, SigningKey
from concordat_query.wire import coverage_to_proto, request_sha256
from fakes.catalogue import NATIONS, small_catalogue
from fakes.federation import ANALYST, OTHER, agreement_content, node_name

COUNTS = "SELECT nation, severity, COUNT(*) AS n FROM road.casualties GROUP BY nation, severity"
MEANS = "SELECT nation, severity, COUNT(*) AS n, AVG(age) AS mean_age FROM road.casualties GROUP BY nation, severity"
NO_AGE = Coverage(columns=(ColumnCoverage("age", held=False, difference="Age is not recorded."),))
Figures = Mapping[str, Sequence[Sequence[int]]]
"""By nation, a vector of cells for each component of the plan."""


@dataclass
class FakeParties:
    """An agreement whose every key is at hand. `coverage` is by nation; who is not in it holds all."""

    nations: Sequence[str] = tuple(NATIONS)
    catalogue: Catalogue = field(default_factory=small_catalogue)
    coverage: Mapping[str, Coverage] = field(default_factory=dict)
    keys: dict[str, SigningKey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = (*map(node_name, self.nations), ANALYST, OTHER)
        self.keys = self.keys or {name: SigningKey.generate() for name in names}
        self.agreement = Agreement.model_validate(
            agreement_content(self.catalogue, self.nations, self.keys, False, 10.0, None)
        )

    def ask(self, sql: str = COUNTS) -> SignedQuestion:
        return ask(sql, self.catalogue, self.agreement, self.keys[ANALYST], None)

    def answered(
        self, question: SignedQuestion, figures: Figures | None = None, lost: Sequence[str] = ()
    ) -> coordinator_pb2.Result:
        """What a coordinator passes on. Without figures, those of a nation are 1000 times its place, and the cell."""
        told = coordinator_pb2.Result()
        cells = range(question.plan.cells)
        for place, nation in enumerate(self.nations):
            node = node_name(nation)
            if node not in question.envelope.audience:
                continue
            if nation in lost:
                cause = coordinator_pb2.MissingNode.CAUSE_UNAVAILABLE
                told.missing.append(coordinator_pb2.MissingNode(node=node, cause=cause))
                told.charges.append(coordinator_pb2.Charge(node=node))
                continue
            own = figures[nation] if figures else [[1000 * (place + 1) + cell for cell in cells]] * 9
            self._answer(told, question, nation, own)
        return told

    def result(self, sql: str = COUNTS, figures: Figures | None = None, lost: Sequence[str] = ()) -> Result:
        question = self.ask(sql)
        return prove(question, self.answered(question, figures, lost), self.catalogue, self.agreement)

    def _answer(
        self, told: coordinator_pb2.Result, question: SignedQuestion, nation: str, figures: Sequence[Sequence[int]]
    ) -> None:
        node, coverage, plan = node_name(nation), self.coverage.get(nation, Coverage()), question.plan
        held = sorted(held_components(plan, self.catalogue.dataset(plan.query.dataset), coverage))
        if not held:
            declaration = node_pb2.Declaration(
                node=node,
                query_sha256=plan.query_sha256,
                catalogue_sha256=self.catalogue.sha256,
                mapping_sha256="0" * 64,
                coverage=coverage_to_proto(coverage),
            ).SerializeToString()
            missing = coordinator_pb2.MissingNode(node=node, cause=coordinator_pb2.MissingNode.CAUSE_NOT_HELD)
            missing.declaration.declaration = declaration
            missing.declaration.signature = self.keys[node].sign(Purpose.DECLARATION, declaration)
            missing.delivery.CopyFrom(self._delivery(question, node, declaration, 0))
            told.missing.append(missing)
            return
        rho = sum(plan.components[index].price_nano for index in held)
        head = node_pb2.Head(node=node, epoch=1, sequence=1).SerializeToString()
        answer = node_pb2.Answer(
            node=node,
            query_sha256=plan.query_sha256,
            catalogue_sha256=self.catalogue.sha256,
            agreement_id=self.agreement.id,
            agreement_version=self.agreement.version,
            edition=node_pb2.Edition(id=hashlib.sha256(node.encode()).hexdigest()[:32], commitment=b"c" * 32),
            definition_sha256=self.catalogue.dataset(plan.query.dataset).definition_sha256,
            mapping_sha256="0" * 64,
            coverage=coverage_to_proto(coverage),
            price_nano=rho,
            mechanism=MECHANISM_OF[plan.query.calculus],
            participants=question.envelope.audience,
            components=[
                node_pb2.Component(index=index, scale=plan.components[index].scale, values=figures[index])
                for index in held
            ],
            head=node_pb2.SignedHead(head=head, signature=self.keys[node].sign(Purpose.HEAD, head)),
        ).SerializeToString()
        signature = self.keys[node].sign(Purpose.ANSWER, answer)
        told.answers.append(node_pb2.SignedAnswer(answer=answer, signature=signature))
        told.deliveries.append(self._delivery(question, node, answer, rho))
        told.charges.append(coordinator_pb2.Charge(node=node, price_nano=rho))

    def _delivery(self, question: SignedQuestion, node: str, content: bytes, charged: int) -> node_pb2.SignedDelivery:
        delivery = node_pb2.Delivery(
            node=node,
            request_sha256=request_sha256(question.signed.envelope),
            content_sha256=hashlib.sha256(content).digest(),
            charged_nano=charged,
            agreement_id=self.agreement.id,
            agreement_version=self.agreement.version,
        ).SerializeToString()
        signature = self.keys[node].sign(Purpose.DELIVERY, delivery)
        return node_pb2.SignedDelivery(delivery=delivery, signature=signature)
