"""From a node's signed profile to what expectations need, believing nothing that the signature does not prove."""

import base64

from concordat.v1 import node_pb2
from concordat_privacy.expectations import Profile
from concordat_privacy.laws import MECHANISM_OF
from concordat_privacy.prices import check_calculus, currency_of
from concordat_privacy.profile import ProfilePlan, check_held, plan_profile
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.check import check_coverage
from concordat_query.coverage import Coverage
from concordat_query.errors import ConcordatError, VerificationError
from concordat_query.profile_request import ProfileRequest, profile_request_from_proto
from concordat_query.signing import Purpose, is_signed
from concordat_query.wire import coverage_from_proto, parse

from concordat_wire.answers import check_head


def read_described_profile(
    holding: node_pb2.Holding, node: str, catalogue: Catalogue, agreement: Agreement
) -> Profile | None:
    """The verified profile of the edition that a node describes, if it brings one. Raises VerificationError."""
    if not holding.HasField("profile"):
        return None
    profile = read_profile(holding.profile, node, catalogue, agreement)
    message = node_pb2.Profile.FromString(holding.profile.profile)
    _demand(message.request.dataset == holding.dataset, node, "the profile is of another data set")
    _demand(message.edition == holding.edition, node, "the profile is of another edition")
    _demand(message.mapping_sha256 == holding.mapping_sha256, node, "the profile is of another mapping")
    return profile


def read_profile(signed: node_pb2.SignedProfile, node: str, catalogue: Catalogue, agreement: Agreement) -> Profile:
    """A node's verified profile, of whatever edition it names. Raises VerificationError that names the node."""
    if node not in agreement.party_by_node:
        raise VerificationError("a profile came from a node that is no party of the agreement", field=node)
    party = agreement.party_by_node[node]
    genuine = is_signed(Purpose.PROFILE, signed.profile, signed.signature, base64.b64decode(party.public_key))
    _demand(genuine, node, "the profile's signature is bad")
    message = _parsed(signed, node)
    _demand(message.node == node, node, "the profile is another node's")
    check_head(message.head, node, agreement)
    try:
        request = profile_request_from_proto(message.request)
        dataset = catalogue.dataset(request.dataset)
        check_calculus(request.calculus, currency_of(agreement, dataset.population), dataset.population, "profile")
        plan = plan_profile(request, dataset)
        coverage = _coverage(message, request, catalogue)
    except ConcordatError as error:
        raise VerificationError(
            f"{node}: the profile does not fit catalogue and agreement: {error.message}", field=node
        ) from None
    mechanism = MECHANISM_OF[request.calculus]
    _demand(message.mechanism == mechanism, node, "the profile's noise is of another kind")
    return Profile(node, party.nation, message.edition.id, coverage, plan, _figures(message, plan))


def _coverage(message: node_pb2.Profile, request: ProfileRequest, catalogue: Catalogue) -> Coverage:
    coverage = coverage_from_proto(message.coverage)
    check_coverage(coverage, catalogue.dataset(request.dataset))
    check_held(request, coverage)
    return coverage


def _figures(message: node_pb2.Profile, plan: ProfilePlan) -> tuple[tuple[int, ...], ...]:
    indexes = [component.index for component in message.components]
    _demand(indexes == list(range(len(plan.vectors))), message.node, "the profile's vectors are not the planned ones")
    for component, vector in zip(message.components, plan.vectors, strict=True):
        _demand(component.scale == vector.law.scale, message.node, "the profile's noise scale is not the planned one")
        _demand(len(component.values) == vector.length, message.node, "a vector has not one figure for every value")
    return tuple(tuple(component.values) for component in message.components)


def _parsed(signed: node_pb2.SignedProfile, node: str) -> node_pb2.Profile:
    try:
        return parse(node_pb2.Profile, signed.profile, "profile")
    except ConcordatError as error:
        raise VerificationError(f"{node}: the profile cannot be read: {error.message}", field=node) from None


def _demand(holds: bool, node: str, what: str) -> None:
    if not holds:
        raise VerificationError(f"{node}: {what}; do not use it", field=node)
