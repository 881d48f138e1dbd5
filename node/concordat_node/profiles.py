"""A profile of an edition: asked for by the node's operator, charged, computed, signed and stored, once an edition.

The charge is one like any other: its request's answer key names data set and edition, so the ledger itself holds that
there is one charge and one profile, whatever crashes and whatever is asked the second time.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Protocol

from concordat.v1 import engine_pb2, node_pb2
from concordat_privacy.laws import MECHANISM_OF
from concordat_privacy.prices import check_calculus, currency_of
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Dataset
from concordat_query.errors import Reason, Refusal
from concordat_query.profile_request import (
    ProfileRequest,
    profile_request_from_bytes,
    profile_request_sha256,
    profile_request_to_proto,
)
from concordat_query.signing import Purpose, SigningKey

from concordat_node.admission import Holding
from concordat_node.answer import edition_to_proto
from concordat_node.importing.edition import EditionInfo
from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger.records import OPERATOR, Charge, Request

RESERVATION_SECONDS = 60


class Engine(Protocol):
    """The one that sees data, as far as profiles go."""

    async def require(self, edition: str) -> None: ...

    async def profile(
        self, asked: node_pb2.ProfileRequest, receipt: engine_pb2.SignedReceipt
    ) -> Sequence[node_pb2.Component]: ...


def profile_key(edition: EditionInfo) -> bytes:
    """The answer key of an edition's only profile, whatever it was asked to hold."""
    parts = ["concordat.profile.v1", edition.dataset, edition.id]
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).digest()


def check_allowed(asked: ProfileRequest, dataset: Dataset, agreement: Agreement) -> None:
    """Refuses what the agreement lets nobody ask for, since a profile becomes public, and a price in another calculus
    than the population's account."""
    currency = currency_of(agreement, dataset.population)
    check_calculus(asked.calculus, currency, dataset.population, "profile.calculus")
    permission = agreement.permission(asked.dataset)
    for key in asked.keys:
        if key not in permission.keys:
            raise Refusal(
                Reason.NOT_IN_AGREEMENT,
                f"the agreement does not let anyone group by {key!r}; it allows: {', '.join(permission.keys)}",
                field="profile.keys",
            )


def ledger_request(asked: ProfileRequest, dataset: Dataset, edition: EditionInfo) -> Request:
    """What the ledger is to charge. Key and hash are the edition's alone: a second profile is never another charge."""
    only = profile_key(edition)
    return Request(
        analyst=OPERATOR,
        idempotency_key=f"profile {edition.id}",
        envelope_sha256=only,
        query_sha256=profile_request_sha256(asked),
        population=dataset.population,
        edition=edition.id,
        price_nano=asked.price_nano,
        answer_key=only,
        signed_query=profile_request_to_proto(asked).SerializeToString(deterministic=True),
        calculus=asked.calculus,
    )


def charged_profile(ledger: Ledger, edition: EditionInfo) -> Charge | None:
    """The charge of this edition's profile, if there is one already, with the profile once that is stored."""
    return ledger.charge_of(OPERATOR, f"profile {edition.id}", profile_key(edition))


def charge_profile(ledger: Ledger, node: str, request: Request) -> Charge:
    """Charges it, durably. Refuses what the account cannot pay."""
    reservation = ledger.reserve(request, RESERVATION_SECONDS)
    return ledger.charge(request, reservation.id, (node,))


async def finish_profile(
    ledger: Ledger, engine: Engine, charge: Charge, edition: EditionInfo, holding: Holding, node: str, key: SigningKey
) -> bytes:
    """The stored profile of a charge, computed now if it was not before. Only the first one stored is ever shown."""
    if charge.answer is not None:
        return charge.answer
    request = profile_request_from_bytes(charge.request.signed_query)
    asked = profile_request_to_proto(request)
    components: list[node_pb2.Component] = sorted(await engine.profile(asked, charge.receipt), key=_index)
    profile = node_pb2.Profile(
        node=node,
        request=asked,
        edition=edition_to_proto(edition),
        mapping_sha256=holding.mapping_sha256,
        coverage=holding.coverage_message,
        mechanism=MECHANISM_OF[request.calculus],
        components=components,
        head=charge.head,
    ).SerializeToString(deterministic=True)
    signed = node_pb2.SignedProfile(profile=profile, signature=key.sign(Purpose.PROFILE, profile))
    return ledger.store(charge.request, signed.SerializeToString(deterministic=True))


def _index(component: node_pb2.Component) -> int:
    return component.index
