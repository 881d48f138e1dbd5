"""A profile that does not prove itself is not read: every part of it, altered and signed again by whoever may sign."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from concordat.v1 import node_pb2
from concordat_privacy.profile import Subject, plan_profile
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.errors import VerificationError
from concordat_query.model import NullTest
from concordat_query.profile_request import profile_request_to_proto
from concordat_query.signing import Purpose, SigningKey
from concordat_query.wire import coverage_to_proto
from concordat_wire.profiles import read_described_profile, read_profile
from fakes.catalogue import small_catalogue
from fakes.engine import CASUALTIES
from fakes.profiles import components, profile_request

NODE = "wales"
NO_SEX = Coverage(columns=(ColumnCoverage("sex", held=False),))


@dataclass
class Case:
    """A node with a profile, and another party."""

    catalogue: Catalogue = field(default_factory=small_catalogue)
    key: SigningKey = field(default_factory=SigningKey.generate)
    stranger: SigningKey = field(default_factory=SigningKey.generate)

    def __post_init__(self) -> None:
        dataset = self.catalogue.dataset(CASUALTIES)
        self.asked = profile_request(dataset, CASUALTIES, ("severity", "sex"))
        self.plan = plan_profile(self.asked, dataset)
        self.agreement = Agreement.model_validate(
            {
                "id": "small",
                "version": 1,
                "title": "A small agreement",
                "catalogue_sha256": self.catalogue.sha256,
                "starts": "2020-01-01",
                "expires": "2090-01-01",
                "parties": [
                    {"node": NODE, "nation": "Wales", "public_key": self.key.public_key_text},
                    {"node": "scotland", "nation": "Scotland", "public_key": self.stranger.public_key_text},
                ],
                "analysts": [{"name": "Ann", "public_key": SigningKey.generate().public_key_text}],
                "populations": {"people": {"epsilon": 1.0, "delta": 1e-6}},
                "datasets": {},
                "defaults": {"epsilon": 0.5},
            }
        )

    def profile(self) -> node_pb2.Profile:
        head = node_pb2.Head(node=NODE, epoch=1, sequence=5).SerializeToString()
        return node_pb2.Profile(
            node=NODE,
            request=profile_request_to_proto(self.asked),
            edition=node_pb2.Edition(id="e1", commitment=b"c"),
            mapping_sha256="m",
            coverage=coverage_to_proto(Coverage()),
            mechanism="discrete_gaussian",
            components=components(self.plan, -7),
            head=node_pb2.SignedHead(head=head, signature=self.key.sign(Purpose.HEAD, head)),
        )

    def signed(self, profile: node_pb2.Profile, key: SigningKey | None = None) -> node_pb2.SignedProfile:
        data = profile.SerializeToString()
        return node_pb2.SignedProfile(profile=data, signature=(key or self.key).sign(Purpose.PROFILE, data))

    def holding(self) -> node_pb2.Holding:
        profile = self.profile()
        return node_pb2.Holding(
            dataset=CASUALTIES, mapping_sha256="m", edition=profile.edition, profile=self.signed(profile)
        )


@pytest.fixture
def case() -> Case:
    return Case()


def test_an_honest_profile_is_read(case: Case) -> None:
    profile = read_described_profile(case.holding(), NODE, case.catalogue, case.agreement)
    assert profile is not None
    assert (profile.node, profile.nation, profile.edition, profile.plan) == (NODE, "Wales", "e1", case.plan)
    assert profile.of(Subject.SIZES, "sex") == (-7, -7, -7)
    assert profile.of(Subject.SIZES, "mode") is None


def test_a_holding_without_a_profile_has_none(case: Case) -> None:
    assert read_described_profile(node_pb2.Holding(dataset=CASUALTIES), NODE, case.catalogue, case.agreement) is None


Tampering = Callable[[node_pb2.Profile], object]


def _set(path: str, value: object) -> Tampering:
    def tamper(profile: node_pb2.Profile) -> None:
        *parts, name = path.split(".")
        target: object = profile
        for part in parts:
            target = getattr(target, part)
        setattr(target, name, value)

    return tamper


@pytest.mark.parametrize(
    "tampering",
    [
        _set("node", "scotland"),
        _set("mechanism", "laplace"),
        _set("request.dataset", "health.visits"),
        _set("request.dataset", "unknown"),
        _set("request.definition_sha256", "0" * 64),
        _set("request.price_nano", 20_000_000),
        _set("request.price_nano", 0),
        _set("request.max_rows", 0),
        _set("head.signature", bytes(64)),
        lambda profile: profile.request.keys.append("year"),
        lambda profile: profile.request.keys.reverse(),
        lambda profile: profile.components.pop(),
        lambda profile: profile.components.reverse(),
        lambda profile: profile.components[0].values.append(1),
        lambda profile: setattr(profile.components[0], "scale", profile.components[0].scale / 2),
        lambda profile: profile.coverage.CopyFrom(coverage_to_proto(NO_SEX)),
        lambda profile: profile.coverage.CopyFrom(coverage_to_proto(Coverage(NullTest("height")))),
    ],
)  # fmt: skip
def test_a_profile_altered_in_any_part_is_refused_though_its_own_node_signed_it(
    case: Case, tampering: Tampering
) -> None:
    profile = case.profile()
    tampering(profile)
    with pytest.raises(VerificationError) as caught:
        read_profile(case.signed(profile), NODE, case.catalogue, case.agreement)
    assert caught.value.field == NODE


def test_a_profile_that_another_signed_is_refused(case: Case) -> None:
    with pytest.raises(VerificationError, match="signature"):
        read_profile(case.signed(case.profile(), case.stranger), NODE, case.catalogue, case.agreement)
    with pytest.raises(VerificationError, match="no party"):
        read_profile(case.signed(case.profile()), "powys", case.catalogue, case.agreement)


def test_a_signature_for_something_else_does_not_pass(case: Case) -> None:
    signed = case.signed(case.profile())
    signed.signature = case.key.sign(Purpose.ANSWER, signed.profile)
    with pytest.raises(VerificationError, match="signature"):
        read_profile(signed, NODE, case.catalogue, case.agreement)


def test_signed_garbage_is_refused(case: Case) -> None:
    signed = node_pb2.SignedProfile(profile=b"\xff\xff", signature=case.key.sign(Purpose.PROFILE, b"\xff\xff"))
    with pytest.raises(VerificationError, match="cannot be read"):
        read_profile(signed, NODE, case.catalogue, case.agreement)


@pytest.mark.parametrize("part", ["dataset", "mapping_sha256", "edition.id"])
def test_a_profile_of_something_else_than_is_described_is_refused(case: Case, part: str) -> None:
    holding = case.holding()
    target, _, name = part.rpartition(".")
    setattr(getattr(holding, target) if target else holding, name, "another")
    with pytest.raises(VerificationError, match="is of another"):
        read_described_profile(holding, NODE, case.catalogue, case.agreement)
